"""Owns the circuit breaker: after too many failures calls are refused for a while, then a few probe.

Pure: it changes with the calls that it is asked about, by no timer.

Source: M. Nygard, "Release It!"; the rates are those of resilience4j.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final, Literal

from frontdesk.rules.resilience.window import CallWindow, TimeWindow, Window

State = Literal["closed", "open", "half_open", "isolated", "disabled"]
"""isolated: by an operator, every call is refused. disabled: by an operator, every call passes."""

Order = Literal["isolated", "disabled", "closed"]
"""What an operator may say."""

REFUSED: Final = -1
"""The permit of a call that may not be made."""

_LONGEST_RESET: Final = 600.0
_LOST_PROBE: Final = 60.0  # seconds after which a probe is taken for lost
_RATE_PROBES: Final = 5


@dataclass(frozen=True, slots=True)
class BreakerSettings:
    """When a breaker opens, and for how long. Either `failures` in a row or, with 0 there, rates.

    rate, slow_rate: shares of failed and of slow calls, 0.0 to 1.0, that open. slow: seconds from which
    a call is slow. window: seconds; calls: the last so many instead, where not 0. minimum: calls below
    which no rate counts. reset: seconds it stays open. growth: factor of that for each time that
    it opens again without having closed, 10 minutes at most.
    """

    failures: int = 5
    rate: float = 0.5
    slow_rate: float = 1.0
    slow: float = 60.0
    window: float = 30.0
    calls: int = 0
    minimum: int = 20
    reset: float = 30.0
    growth: float = 1.0

    @property
    def probes(self) -> int:
        """Calls that are let through at once to see whether it is better."""
        return 1 if self.failures else min(_RATE_PROBES, self.minimum)


class Breaker:
    """The breaker of one upstream.

    `admit` each call; a permit that is not REFUSED goes to `record` or to `release`, once. Permits from
    before the last change of state are void: such calls neither open nor close it.
    """

    __slots__ = (
        "_in_a_row",
        "_open_until",
        "_out",
        "_probed",
        "_probes_at",
        "_reopened",
        "_settings",
        "_window",
        "calm",
        "generation",
        "on_change",
        "refused",
        "state",
        "why",
    )

    def __init__(
        self, settings: BreakerSettings, on_change: Callable[[State], None] | None = None
    ) -> None:
        """on_change: told each new state."""
        self._settings = settings
        self.on_change = on_change
        self.state: State = "closed"
        self.refused = 0
        """Calls refused so far."""
        self.why = ""
        """Why it is not closed."""
        self.calm = settings.failures > 0
        """Whether the permit is `generation` without asking, and a call that succeeds changes nothing."""
        self.generation = 0
        """The permit of all calls since the last change of state."""
        self._in_a_row = 0
        self._window: Window = (
            CallWindow(settings.calls) if settings.calls else TimeWindow(settings.window)
        )
        self._open_until = 0.0
        self._reopened = 0
        self._out = 0  # probes under way
        self._probed = [0, 0, 0]  # probes over, failed, slow
        self._probes_at = 0.0  # when the last one was let through

    def admit(self, now: float) -> int:
        """Ask for a call at monotonic second `now`: returns its permit, or REFUSED."""
        if self.state == "closed":
            return self.generation
        return self._admit_probe(now)

    def wait(self, now: float) -> float:
        """Return the seconds until a refused call may be worth another try."""
        return max(0.0, self._open_until - now)

    def order(self, to: Order) -> None:
        """Do what an operator says: `closed` leaves it to itself again."""
        if to == "closed":
            self._close()
        else:
            self.why = "by an operator"
            self._become(to)

    def record(
        self, permit: int, now: float, *, failed: bool, took: float, asked: float = 0.0
    ) -> None:
        """Note what became of a call. took: its seconds. asked: those of its Retry-After."""
        if permit != self.generation:
            return
        settings = self._settings
        if self.state == "half_open":
            self._record_probe(now, failed=failed, slow=took >= settings.slow, asked=asked)
        elif not settings.failures:
            window = self._window
            window.add(now, failed=failed, slow=took >= settings.slow)
            calls = window.calls
            if calls >= settings.minimum and self._beyond(calls, window.failures, window.slow):
                self._open(now, asked, _shares(calls, window.failures, window.slow))
        elif not failed:
            self._in_a_row = 0
            self.calm = self.state == "closed"
        else:
            self.calm = False
            self._in_a_row += 1
            if self._in_a_row >= settings.failures:
                self._open(now, asked, f"failures in a row: {self._in_a_row}")

    def release(self, permit: int) -> None:
        """Give back the permit of a call that says nothing about the upstream: cancelled, refused later."""
        if permit == self.generation and self.state == "half_open":
            self._out -= 1

    def _admit_probe(self, now: float) -> int:
        if self.state == "disabled":
            return self.generation
        if self.state == "open" and now >= self._open_until:
            self._become("half_open")
            self._out = 0
            self._probed = [0, 0, 0]
        if self.state == "half_open":
            if self._out and now - self._probes_at >= _LOST_PROBE:
                self._out = 0
                self.generation += 1  # should they come back after all
            if self._out + self._probed[0] < self._settings.probes:
                self._out += 1
                self._probes_at = now
                return self.generation
        self.refused += 1
        return REFUSED

    def _record_probe(self, now: float, *, failed: bool, slow: bool, asked: float) -> None:
        self._out -= 1
        probed = self._probed
        probed[0] += 1
        probed[1] += failed
        probed[2] += slow
        probes = self._settings.probes
        if self._settings.failures:
            self._open(now, asked, "the probe has failed") if failed else self._close()
        elif self._beyond(probes, probed[1], probed[2]):  # certain, whatever the others bring
            self._open(now, asked, f"of probes {_shares(*probed)}")
        elif probed[0] >= probes:
            self._close()

    def _beyond(self, calls: int, failures: int, slow: int) -> bool:
        settings = self._settings
        return failures >= settings.rate * calls or slow >= settings.slow_rate * calls

    def _open(self, now: float, asked: float, why: str) -> None:
        if self.state == "disabled":
            return
        settings = self._settings
        self.why = why
        reset = min(settings.reset * settings.growth**self._reopened, _LONGEST_RESET)
        self._reopened = min(self._reopened + 1, 62)  # as in Backoff: no float overflows
        self._open_until = now + max(reset, asked)
        self._become("open")

    def _close(self) -> None:
        self._in_a_row = 0
        self._reopened = 0
        self.why = ""
        self._window.clear()
        self._become("closed")

    def _become(self, state: State) -> None:
        self.state = state
        self.calm = state == "closed" and self._settings.failures > 0
        self.generation += 1
        if self.on_change is not None:
            self.on_change(state)


def _shares(calls: int, failures: int, slow: int) -> str:
    return f"{failures} of {calls} calls failed, {slow} were slow"
