"""Owns requests that leave as one of several identities: an address of ours, or the proxy between us.

Which one is next is `rules.resilience.egress`; each identity has connections of its own.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final

from frontdesk.base.clock import Clock
from frontdesk.base.errors import UpstreamError
from frontdesk.base.streams import Duplex, Fields, Source
from frontdesk.client.call import Call
from frontdesk.client.proxies import Identity
from frontdesk.rules.resilience.egress import Rotation
from frontdesk.rules.resilience.retry_after import asked_wait

_NOT_THERE: Final = frozenset({"resolve", "connect", "connect_timeout", "tls"})
"""Reasons of failures before anything was sent."""


@dataclass(frozen=True, slots=True)
class EgressSettings:
    """Identities of ours. on: answers that say that one is limited.

    cooldown: seconds that a limited one rests. honour: for as long as Retry-After asks, where it does.
    failover: a call whose body is complete is sent by another one at once, until all are limited.
    """

    identities: tuple[Identity, ...]
    on: frozenset[int] = frozenset({429})
    cooldown: float = 60.0
    honour: bool = True
    failover: bool = False


class Egress:
    """Sends each call as the identity whose turn it is."""

    def __init__(
        self, settings: EgressSettings, ways: Sequence[Callable[[Call], None]], clock: Clock
    ) -> None:
        """ways: what sends a call, for each identity."""
        self._settings = settings
        self._ways = ways
        self._clock = clock
        self._rotation = Rotation(len(ways), settings.cooldown)

    def send(self, call: Call) -> None:
        """Send a call, or fail it while all identities rest."""
        now = self._clock.monotonic()
        at = self._rotation.choose(now)
        if at is None:
            wait = max(1.0, self._rotation.wait(now))
            call.fail(UpstreamError("egress_limited", "all addresses rest", retry_after=wait))
        else:
            others = len(self._ways) - 1 if self._settings.failover else 0
            self._ways[at](_Leaving(call, self, at, others if type(call.body) is bytes else 0))

    def send_again(self, call: Call, others: int) -> bool:
        """Send a call as another identity. others: how many are left to try. False: there is none."""
        at = self._rotation.choose(self._clock.monotonic()) if others else None
        if at is None:
            return False
        self._ways[at](_Leaving(call, self, at, others - 1))
        return True

    def limits(self, status: int) -> bool:
        """Whether a status says that an identity is limited."""
        return status in self._settings.on

    def answered(self, at: int, status: int, fields: Fields) -> Fields:
        """Learn from an answer; returns its fields as they hold for the other identities, too."""
        if not self.limits(status):
            self._rotation.served(at)
            return fields
        now = self._clock.monotonic()
        asked = asked_wait(fields, self._clock.time())
        self._rotation.limited(at, now, asked if self._settings.honour else None)
        wait = self._rotation.wait(now)
        others = [field for field in fields if field[0].lower() != b"retry-after"]
        return [*others, (b"Retry-After", b"%d" % -(-wait // 1))]


class _Leaving(Call):
    """A call on its way as one identity."""

    __slots__ = ("_at", "_call", "_egress", "_others")

    def __init__(self, call: Call, egress: Egress, at: int, others: int) -> None:
        """others: how many identities may still be tried."""
        super().__init__(call.method, call.head, call.body)
        self.has_host = call.has_host
        self.upgrade = call.upgrade
        self.repeatable = call.repeatable
        call.carrier = self
        self._call = call
        self._egress = egress
        self._at = at
        self._others = others

    def respond(
        self, status: int, fields: Fields, body: bytes | Source, tunnel: Duplex | None
    ) -> None:
        egress = self._egress
        fields = egress.answered(self._at, status, fields)
        call = self._part()
        if egress.limits(status) and egress.send_again(call, self._others):
            if type(body) is not bytes:
                body.cancel()  # type: ignore[union-attr]  # a Source
        else:
            call.respond(status, fields, body, tunnel)

    def fail(self, error: UpstreamError) -> None:
        call = self._part()
        if error.reason not in _NOT_THERE or not self._egress.send_again(call, self._others):
            call.fail(error)

    def drop(self, call: Call, *, too_slow: bool) -> None:  # noqa: ARG002 - it has only one
        """Let go of the call, which was cancelled."""
        self._part()
        self.cancel(too_slow=too_slow)

    def _part(self) -> Call:
        call = self._call
        call.carrier = None
        call.address = self.address
        return call
