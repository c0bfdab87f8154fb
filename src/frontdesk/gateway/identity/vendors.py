"""Owns what is asked of the senders of webhooks themselves: certificates that they publish, and confirmations.

Knows no scheme: whoever asks has checked that a URL is the vendor's.
"""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Final

from frontdesk.base.clock import Clock, SystemClock
from frontdesk.base.errors import UpstreamError
from frontdesk.base.recent import Recent
from frontdesk.gateway.identity.fetch import Fetched, fetch

Fetch = Callable[[str, float, bool], Awaitable[Fetched]]
"""Fetches a URL within seconds; True: at public addresses only. Raises: UpstreamError."""

KEPT: Final = 86_400.0
"""Seconds that a certificate is kept."""

_FAILED: Final = 10.0
"""Seconds until a certificate is asked for again that could not be had."""

_MOST_KEPT: Final = 64
_AT_ONCE: Final = 8
"""Fetches under way: anybody can name certificates that are not there."""

_SECONDS: Final = 5.0


class Vendors:
    """Used on one event loop."""

    def __init__(self, clock: Clock = SystemClock, get: Fetch = fetch) -> None:
        self._clock = clock
        self._get = get
        self._kept: Recent[str, tuple[float, bytes | UpstreamError]] = Recent(_MOST_KEPT)
        self._asked: dict[str, asyncio.Task[bytes]] = {}

    async def certificate(self, url: str) -> bytes:
        """Return what is published at a URL, one day old at most. Raises: UpstreamError."""
        until, found = self._kept.get(url) or (0.0, b"")
        if self._clock.monotonic() >= until:
            # Whoever asks may leave; the others who wait for the same still get it.
            return await asyncio.shield(self._asked.get(url) or self._ask(url))
        if isinstance(found, UpstreamError):
            raise found
        return found

    async def confirm(self, url: str) -> None:
        """Visit a URL. Raises: UpstreamError unless it answers with 2xx."""
        await self._fetched(url)

    def _ask(self, url: str) -> "asyncio.Task[bytes]":
        if len(self._asked) >= _AT_ONCE:
            raise UpstreamError("bulkhead_full", "too many certificates are being fetched")
        task = self._asked[url] = asyncio.get_running_loop().create_task(self._fetch(url))
        task.add_done_callback(lambda task: self._done(url, task))
        return task

    def _done(self, url: str, task: "asyncio.Task[bytes]") -> None:
        del self._asked[url]
        _ = task.cancelled() or task.exception()  # it may be that nobody waits any more

    async def _fetch(self, url: str) -> bytes:
        now = self._clock.monotonic()
        try:
            published = await self._fetched(url)
        except UpstreamError as error:
            self._kept.put(url, (now + _FAILED, error))
            raise
        self._kept.put(url, (now + KEPT, published))
        return published

    async def _fetched(self, url: str) -> bytes:
        answer = await self._get(url, _SECONDS, True)
        if not 200 <= answer.status < 300:
            raise UpstreamError("unavailable", f"answered {answer.status}: {url.partition('?')[0]}")
        return answer.body
