"""Owns the one repeating timer of an event loop: it turns the wheel while the wheel holds anything.

Knows nothing of what the wheel's timers are for.
"""

import asyncio

from frontdesk.base.clock import Clock
from frontdesk.base.wheel import TICK, Wheel


class Heartbeat:
    """Calls `wheel.advance` every `TICK` seconds while `len(wheel)` is not 0; sleeps otherwise.

    `start` it on the loop that the wheel's callbacks belong to; `close` ends it.
    """

    def __init__(self, wheel: Wheel, clock: Clock) -> None:
        self._wheel = wheel
        self._monotonic = clock.monotonic
        self._loop: asyncio.AbstractEventLoop
        self._next: asyncio.TimerHandle | None = None

    def start(self) -> None:
        """Begin to beat on the running loop, for timers filed earlier too."""
        self._loop = asyncio.get_running_loop()
        self._wheel.on_first = self._arm
        if len(self._wheel):
            self._arm()

    def close(self) -> None:
        """Beat no more. Timers of the wheel stay where they are."""
        self._wheel.on_first = None
        if self._next is not None:
            self._next.cancel()
            self._next = None

    def _arm(self) -> None:
        if self._next is None:
            self._next = self._loop.call_later(TICK, self._beat)

    def _beat(self) -> None:
        self._next = None
        try:
            self._wheel.advance(self._monotonic())
        finally:  # a callback that raises must not stop everyone else's deadlines
            if len(self._wheel) and self._wheel.on_first is not None:
                self._arm()
