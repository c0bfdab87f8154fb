"""Owns an execution that is in memory only: Express, and items of an Express map. Knows no journal.

react -> act ... -> over. Killed with the process; who has recorded its start runs it again.
"""

import logging
from collections import deque
from collections.abc import Callable
from math import inf
from typing import Any, Final

from frontdesk.base.clock import Clock
from frontdesk.base.wheel import Timer, Wheel
from frontdesk.durable.executions import timers
from frontdesk.durable.executions.doing import Ended
from frontdesk.durable.executions.execution import ExecutionLife
from frontdesk.durable.life import Fired, Happening, Told, Turn, Work

_LOG: Final = logging.getLogger(__name__)

LONGEST: Final = 300.0
"""Seconds that an Express execution may take, as at AWS."""

_BROKEN: Final = Ended("FAILED", error="States.Runtime", cause="An internal error occurred.")


class Volatile:
    """Runs one life to its end, on the event loop."""

    def __init__(
        self, life: ExecutionLife, clock: Clock, wheel: Wheel, over: Callable[[Ended], None]
    ) -> None:
        """over: called once, with the end; may be called before `begin` has returned."""
        self._life = life
        self._clock = clock
        self._wheel = wheel
        self._over: Callable[[Ended], None] | None = over
        self._happenings: deque[Happening] = deque()
        self._outstanding: dict[str, Work | None] = {}
        self._timers: dict[str, float] = {}
        self._timer: Timer | None = None
        self._armed = inf  # seconds since 1970: when the wheel comes back to it
        self._busy = False

    def begin(self) -> None:
        """Start it."""
        now = self._clock.time()
        self._timers[timers.own(self._life.pinned.facts.execution, 0)] = now + LONGEST
        self._busy = True
        self._take(self._life.start(now))
        self._go_on()

    def cancel(self) -> None:
        """Give it up; nobody is told."""
        self._over = None
        self._let_go()

    def _happen(self, happening: Happening) -> None:
        self._happenings.append(happening)
        if not self._busy:
            self._busy = True
            self._go_on()

    def _go_on(self) -> None:
        """React until there is nothing left to react to."""
        while self._happenings and self._over is not None:
            happening = self._happenings.popleft()
            try:
                turn = self._life.react(self._clock.time(), [happening])
            except Exception:  # noqa: BLE001 - whoever waits for it must hear of its end
                _LOG.exception("an Express execution cannot go on")
                self._end(_BROKEN)
                return
            self._take(turn)
        self._busy = False
        self._arm()

    def _take(self, turn: Turn) -> None:
        turn.settle(self._timers, self._outstanding)
        for key, command in turn.commands.items():
            self._outstanding[key] = None
            work = self._life.act(key, command, self._teller(key))
            if work is not None and key in self._outstanding:
                self._outstanding[key] = work
        if turn.status is not None and turn.status.ended is not None:
            self._end(self._life.ended)

    def _teller(self, key: str) -> Callable[[Any], None]:
        def tell(what: Any) -> None:
            if key in self._outstanding:
                self._happen(Told(key, what))

        return tell

    def _fire(self) -> None:
        self._armed = inf
        now = self._clock.time()
        for key in [key for key, at in self._timers.items() if at <= now]:
            if self._timers.pop(key, inf) <= now:  # an earlier one may have moved it
                self._happen(Fired(key))
        self._arm()

    def _arm(self) -> None:
        if not self._timers or self._over is None:
            return
        first = min(self._timers.values())
        if first < self._armed:  # else it comes back soon enough, and looks again
            self._armed = first
            if self._timer is None:
                self._timer = self._wheel.timer(self._fire)
            self._timer.at(self._clock.monotonic() + max(0.0, first - self._clock.time()))

    def _end(self, end: Ended) -> None:
        over, self._over = self._over, None
        self._let_go()
        if over is not None:
            over(end)

    def _let_go(self) -> None:
        if self._timer is not None:
            self._timer.forget()
        outstanding, self._outstanding = self._outstanding, {}
        for work in outstanding.values():
            if work is not None:
                work.cancel()
