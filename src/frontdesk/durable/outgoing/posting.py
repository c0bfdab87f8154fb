"""Owns one attempt: the request, signed and sent, and what came back. Decides nothing.

Source: the Standard Webhooks specification; for receivers it does not trust, OWASP's pages on SSRF.
"""

import asyncio
from typing import Final, NamedTuple

from frontdesk import __version__
from frontdesk.base.clock import Clock
from frontdesk.base.errors import UpstreamError
from frontdesk.base.streams import Fields
from frontdesk.base.wheel import Wheel
from frontdesk.client.asking import Asked
from frontdesk.client.origins import Origins
from frontdesk.client.pool import PoolLimits
from frontdesk.client.session.requests import Base, field_lines
from frontdesk.client.upstreams import Upstream, UpstreamSettings
from frontdesk.durable.outgoing.destinations import Reach
from frontdesk.durable.outgoing.settings import Settings
from frontdesk.ports.deliveries import Attempt, Endpoint, Message, Turn
from frontdesk.rules.resilience.retry_after import asked_wait
from frontdesk.rules.webhooks.attempts import Result
from frontdesk.stores.vault.endpoints import Endpoints
from frontdesk.webhooks import sign

READ: Final = 64 * 1024
"""Bytes of an answer's body that are read; the rest may come or not."""

KEPT: Final = 4 * 1024
"""Bytes of an answer's head, and of its body, that are kept."""

_WAYS: Final = 1000
_CONNECT: Final = 5.0


class Posted(NamedTuple):
    """An attempt, and what is to be judged of it."""

    attempt: Attempt
    result: Result


class _Way(NamedTuple):
    """How an endpoint is reached. timeout: seconds. public: its address is judged."""

    origin: str
    timeout: float
    public: bool
    reach: Reach


class Poster:
    """Makes attempts. Used on one event loop."""

    def __init__(self, endpoints: Endpoints, clock: Clock, wheel: Wheel) -> None:
        self._endpoints = endpoints
        self._clock = clock
        self._wheel = wheel
        self._ways: Origins[_Way, Upstream] = Origins(self._make, _WAYS)

    def close(self) -> None:
        """Close all connections; attempts under way fail."""
        self._ways.close()

    async def post(self, turn: Turn, settings: Settings) -> Posted:
        """Make an attempt; whatever becomes of it is its result.

        Raises: LockedError, where it cannot be signed: that is no attempt.
        """
        endpoint = self._endpoints.opened(turn.endpoint)
        began, start = self._clock.time(), self._clock.monotonic()
        url = endpoint.url
        asked: list[Asked] = []
        status, fields, body, reason = 0, Fields(), b"", ""
        try:
            if settings.reach.problem(url):
                raise UpstreamError("blocked", f"not a URL that may be called: {url}")
            async with asyncio.timeout(settings.timeout):
                status, fields, body = await self._ask(
                    endpoint, turn.message, settings, now=began, asked=asked
                )
        except TimeoutError:
            reason = "timeout"
        except UpstreamError as error:
            reason = error.reason
        wait = asked_wait(fields, self._clock.time()) if status else None
        result = Result(status, reason, wait)
        took = self._clock.monotonic() - start
        address = asked[0].address if asked else ""
        attempt = Attempt(
            turn.number, began, took, status, result.error, address, _head(fields), body[:KEPT]
        )
        return Posted(attempt, result)

    async def _ask(
        self,
        endpoint: Endpoint,
        message: Message,
        settings: Settings,
        *,
        now: float,
        asked: list[Asked],
    ) -> tuple[int, Fields, bytes]:
        """Send a request and read its answer. asked: is added to. Raises: UpstreamError."""
        origin, target, _ = Base("").locate(endpoint.url, None, None)
        reach = settings.reach
        way = _Way(origin, settings.timeout, not reach.knows(endpoint.url), reach)
        upstream = await self._ways.get(way)
        head = f"POST {target} HTTP/1.1\r\n" + field_lines(_fields(endpoint, message, now))
        call = Asked("POST", head.encode("latin-1"), message.payload, READ)
        call.repeatable = True  # by its id the receiver can tell
        asked.append(call)
        try:
            upstream.send(call)
            status, fields, body = await call.answered
        finally:
            call.cancel()  # where nobody waits any more; else nothing happens
        assert isinstance(body, bytes)
        return status, fields, body

    def _make(self, way: _Way) -> Upstream:
        settings = UpstreamSettings(
            (way.origin,),
            name=way.origin,
            limits=PoolLimits(connect=min(_CONNECT, way.timeout), read=way.timeout),
            public=way.public,
            inside=way.reach.networks,
        )
        return Upstream(settings, self._wheel, self._clock)


def _fields(endpoint: Endpoint, message: Message, now: float) -> dict[str, str]:
    good = [each for each in endpoint.secrets if each.not_after is None or now < each.not_after]
    signed = sign("standard-webhooks", message.payload, good, id=message.id, now=now)
    return {
        **dict(endpoint.headers),
        "Content-Type": "application/json",
        "User-Agent": f"frontdesk-webhooks/{__version__}",
        **signed.headers,
    }


def _head(fields: Fields) -> str:
    lines = b"".join([b"%b: %b\r\n" % field for field in fields])
    return lines[:KEPT].decode("latin-1")
