"""Owns deadlines: a hashed timer wheel that costs nothing per request. Knows no event loop.

One `Timer` per connection, child or pool entry is made once and moved. Moving a deadline *later* only
stores a number (the timer is looked at again when its old slot comes round); moving it *earlier*
re-files it, because an idle limit of 75 s must not hide a deadline of 29 s.

A shell calls `advance(now)` every `TICK` seconds while `len(wheel)` is not 0. Timers fire up to
one tick late, never early.
"""

from collections.abc import Callable

TICK = 0.05
"""Seconds between two looks at the wheel: the precision of every timeout."""

_SLOTS = 1024
_IDLE = float("inf")  # the deadline of a stopped timer


def _nobody() -> None:
    """Be called in place of who was let go of."""


class Timer:
    """A deadline that can be moved. Made by `Wheel.timer`; idle until `at` is called."""

    __slots__ = ("_filed", "_looked_at", "_wheel", "callback", "deadline")

    def __init__(self, wheel: "Wheel", callback: Callable[[], None]) -> None:
        self._wheel = wheel
        self._filed = 0  # tick under which the wheel holds this timer; 0: not filed
        self._looked_at = _IDLE  # deadlines from this second on need no earlier tick
        self.callback = callback
        self.deadline = _IDLE

    def at(self, deadline: float) -> None:
        """Fire once at `deadline` (monotonic seconds) instead of any earlier arrangement."""
        self.deadline = deadline
        if deadline < self._looked_at:
            self._wheel._file(self, deadline)  # noqa: SLF001 - the two are one mechanism

    def stop(self) -> None:
        """Do not fire. The wheel forgets the timer when its slot comes round."""
        self.deadline = _IDLE

    def forget(self) -> None:
        """Do not fire any more, and let go at once of whoever would have been called: a slot may be far away."""
        self.deadline = _IDLE
        self.callback = _nobody


class Wheel:
    """All deadlines of one event loop."""

    __slots__ = ("_now", "_slots", "_waiting", "on_first")

    def __init__(self, now: float, on_first: Callable[[], None] | None = None) -> None:
        """now: monotonic seconds. on_first: called when the wheel stops being empty."""
        self._now = int(now / TICK)
        self._slots: list[list[tuple[int, Timer]]] = [[] for _ in range(_SLOTS)]
        self._waiting = 0
        self.on_first = on_first

    def __len__(self) -> int:
        """Entries still filed, stopped timers among them."""
        return self._waiting

    def timer(self, callback: Callable[[], None]) -> Timer:
        """Make an idle timer that will call `callback`."""
        return Timer(self, callback)

    def advance(self, now: float) -> None:
        """Fire every timer whose deadline has passed. Callbacks may arm timers."""
        target = int(now / TICK)
        # After a long sleep every slot needs one look at most.
        first = max(self._now + 1, target - _SLOTS + 1)
        for tick in range(first, target + 1):
            self._now = tick
            slot = self._slots[tick % _SLOTS]
            if slot:
                self._slots[tick % _SLOTS] = []
                self._turn(slot, target, now)
        self._now = max(self._now, target)

    def _turn(self, slot: list[tuple[int, Timer]], target: int, now: float) -> None:
        errors: list[Exception] = []
        for filed, timer in slot:
            self._waiting -= 1
            if timer._filed != filed:  # noqa: SLF001 - re-filed earlier; this entry is stale
                continue
            timer._filed = 0  # noqa: SLF001
            timer._looked_at = _IDLE  # noqa: SLF001
            deadline = timer.deadline
            if deadline == _IDLE:
                continue
            if filed <= target and deadline <= now:
                timer.deadline = _IDLE
                try:
                    timer.callback()
                except Exception as error:  # noqa: BLE001 - the timers behind it have their turn first
                    errors.append(error)
            else:
                self._file(timer, deadline)
        if errors:
            raise errors[0] if len(errors) == 1 else ExceptionGroup("timers", errors)

    def _file(self, timer: Timer, deadline: float) -> None:
        tick = max(int(deadline / TICK) + 1, self._now + 1)
        timer._filed = tick  # noqa: SLF001
        timer._looked_at = (tick - 1) * TICK  # noqa: SLF001
        self._slots[tick % _SLOTS].append((tick, timer))
        self._waiting += 1
        if self._waiting == 1 and self.on_first is not None:
            self.on_first()
