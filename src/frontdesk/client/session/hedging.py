"""Owns hedged requests: a second one when the first takes longer than most do; the first good answer counts."""

import asyncio
from collections import deque
from collections.abc import Callable
from math import ceil
from typing import Any, Final

from frontdesk.base.errors import UpstreamError
from frontdesk.client.asking import Answered, Asked
from frontdesk.client.session.timers import Timers
from frontdesk.client.upstreams import Upstream

_CALLS: Final = 1000
_SHARE: Final = 0.95
_LEAST: Final = 0.01  # seconds
_UNKNOWN: Final = 1.0  # seconds, before any call was measured


class Latencies:
    """How long the last calls took."""

    def __init__(self) -> None:
        self._recent: deque[float] = deque(maxlen=_CALLS)
        self._usual = _UNKNOWN
        self._since = 0

    def add(self, seconds: float) -> None:
        """Note a call. What is usual is found anew every 50 calls, and for each of the first."""
        self._recent.append(seconds)
        self._since += 1
        if self._since >= min(50, len(self._recent)):
            self._since = 0
            ordered = sorted(self._recent)
            self._usual = max(_LEAST, ordered[ceil(_SHARE * len(ordered)) - 1])

    def usual(self) -> float:
        """Return what 95 % of them took, in seconds."""
        return self._usual


async def hedged(
    upstream: Upstream,
    make: Callable[[], Asked],
    timers: Timers,
    *,
    now: float,
    delay: float,
    until: float,
) -> Answered:
    """Send a request, and after `delay` seconds another one, as far as the retry budget has room.

    make: makes a request. until: monotonic second at which both are given up. Raises: UpstreamError.
    """
    first = make()
    calls = [first]
    wake: asyncio.Future[None] = asyncio.get_running_loop().create_future()

    def expire() -> None:
        for call in calls:
            call.expire()

    expiry = timers.borrow(until, expire)
    alarm = timers.borrow(now + delay, lambda: wake.set_result(None))
    cost = 0
    try:
        upstream.send(first)
        either: set[asyncio.Future[Any]] = {first.answered, wake}
        await asyncio.wait(either, return_when=asyncio.FIRST_COMPLETED)
        if not first.answered.done():
            cost = upstream.budget.take(now + delay, throttled=False, first=True)
            if cost:
                calls.append(make())
                upstream.send(calls[1])
        return await _first_good([call.answered for call in calls])
    finally:
        if cost:
            upstream.budget.hedged()
        timers.give_back(alarm)
        timers.give_back(expiry)
        for call in calls:
            call.cancel()
            if call.answered.done() and not call.answered.cancelled():
                call.answered.exception()  # of the loser: nobody asks


async def _first_good(answers: "list[asyncio.Future[Answered]]") -> Answered:
    """Return the first answer below 500, else what came last."""
    waiting = set(answers)
    while True:
        done, waiting = await asyncio.wait(waiting, return_when=asyncio.FIRST_COMPLETED)
        for answer in done:
            if not waiting or not _poor(answer):
                return answer.result()


def _poor(answer: "asyncio.Future[Answered]") -> bool:
    return isinstance(answer.exception(), UpstreamError) or answer.result().status >= 500
