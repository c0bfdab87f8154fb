"""Owns the two deadlines of a client connection, behind one timer. Does not know what is due."""

from collections.abc import Callable
from typing import Final

from frontdesk.base.wheel import Wheel

NEVER: Final = float("inf")


class Deadlines:
    """exchange: by when it must be answered. client: until when it may keep us waiting.

    Both are monotonic seconds or NEVER. `due` is called by the earlier of them, or before: it looks what
    is over, sets that to NEVER, and calls `arm`.
    """

    __slots__ = ("_timer", "client", "exchange")

    def __init__(self, wheel: Wheel, due: Callable[[], None]) -> None:
        self._timer = wheel.timer(due)
        self.exchange = NEVER
        self.client = NEVER

    def answer_by(self, deadline: float) -> None:
        """Expect the answer by `deadline`."""
        self.exchange = deadline
        if deadline < self._timer.deadline:
            self._timer.at(deadline)

    def hear_by(self, deadline: float) -> None:
        """Expect something of the client by `deadline`."""
        self.client = deadline
        if deadline < self._timer.deadline:
            self._timer.at(deadline)

    def arm(self) -> None:
        """Be called for what is left, after `due`."""
        deadline = min(self.exchange, self.client)
        if deadline < self._timer.deadline:
            self._timer.at(deadline)

    def end(self) -> None:
        """Be called no more. The wheel keeps the timer for a while; it must not keep `due` with it."""
        self.exchange = self.client = NEVER
        self._timer.stop()
        self._timer.callback = _nothing


def _nothing() -> None:
    """Follow a connection that is over."""
