"""Owns the timers that calls borrow: each is made once, and moved for the next call."""

import asyncio
from collections.abc import Awaitable, Callable

from frontdesk.base.errors import UpstreamError
from frontdesk.base.wheel import Timer, Wheel


def _nothing() -> None:
    """Nobody waits."""


class Timers:
    """Idle timers of one wheel."""

    def __init__(self, wheel: Wheel, monotonic: Callable[[], float]) -> None:
        self._wheel = wheel
        self._monotonic = monotonic
        self._idle: list[Timer] = []

    def borrow(self, deadline: float, callback: Callable[[], None]) -> Timer:
        """Have `callback` called at a monotonic second, unless the timer is given back before."""
        timer = self._idle.pop() if self._idle else self._wheel.timer(_nothing)
        timer.callback = callback
        timer.at(deadline)
        return timer

    def give_back(self, timer: Timer) -> None:
        """Stop a timer."""
        timer.stop()
        timer.callback = _nothing
        self._idle.append(timer)

    async def sleep(self, seconds: float) -> None:
        """Wait."""
        over: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        timer = self.borrow(self._monotonic() + seconds, lambda: _settle(over))
        try:
            await over
        finally:
            self.give_back(timer)

    async def within(self, deadline: float, job: Awaitable[None]) -> None:
        """Wait for a job, but not beyond a monotonic second. Raises: UpstreamError("timeout")."""
        task = asyncio.ensure_future(job)
        late = False

        def expire() -> None:
            nonlocal late
            late = True
            task.cancel()

        timer = self.borrow(deadline, expire)
        try:
            await task
        except asyncio.CancelledError:
            if late:
                raise UpstreamError("timeout", "no answer in time") from None
            if not _cancelled():
                raise UpstreamError("cancelled", "the client was closed") from None
            raise
        finally:
            self.give_back(timer)


def _cancelled() -> bool:
    """Whether it is the caller who is cancelled, and not what he waits for."""
    caller = asyncio.current_task()
    return caller is not None and caller.cancelling() > 0


def _settle(over: "asyncio.Future[None]") -> None:
    if not over.done():
        over.set_result(None)
