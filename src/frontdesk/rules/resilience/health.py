"""Owns the health of targets: which of several are left alone for a while. Pure.

Passive: by what becomes of requests, in a row or as a share. Active: by probes of our own. Source of the
terms: outlier detection of gateway errors, and health checking, as service proxies do them.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from frontdesk.rules.resilience.window import TimeWindow


@dataclass(frozen=True, slots=True)
class HealthSettings:
    """When a target is left alone.

    failures: in a row that eject; 0: never. eject: seconds to stay away. rate: share of failed requests
    that ejects, 0.0: none; over `window` seconds with `minimum` requests. most: share of the targets that
    may be ejected at once. healthy, unhealthy: probes in a row that change the mind about a target.
    """

    failures: int = 5
    eject: float = 30.0
    rate: float = 0.0
    window: float = 30.0
    minimum: int = 20
    most: float = 1.0
    healthy: int = 2
    unhealthy: int = 3


def _untold(_until: float) -> None:
    """Stand in where nobody is told of ejections."""


class TargetHealth:
    """The recent record of one target."""

    __slots__ = ("_failures", "_on_eject", "_probed", "_settings", "ejected_until", "up")

    def __init__(
        self, settings: HealthSettings, on_eject: Callable[[float], None] = _untold
    ) -> None:
        """on_eject: told until when the target stays away, and again when that becomes later."""
        self._settings = settings
        self._on_eject = on_eject
        self._failures = 0
        self._probed = 0  # probes in a row that speak against `up`
        self.ejected_until = 0.0
        """Monotonic second until which requests keep away."""
        self.up = True
        """What probes say; True before they say anything."""

    def succeeded(self, now: float) -> None:  # noqa: ARG002 - RatedHealth looks at it
        """Note a usable answer: the count of failures begins anew."""
        self._failures = 0

    def failed(self, now: float) -> None:
        """Note a failure at monotonic second `now`.

        Back from an ejection one failure ejects again, until an answer has been usable.
        """
        self._failures += 1
        if 0 < self._settings.failures <= self._failures:
            self._eject(now)

    def _eject(self, now: float) -> None:
        self.ejected_until = now + self._settings.eject
        self._on_eject(self.ejected_until)

    def probed(self, *, healthy: bool) -> bool:
        """Note the result of a probe; returns whether it has changed `up`."""
        if healthy is self.up:
            self._probed = 0
            return False
        self._probed += 1
        if self._probed < (self._settings.healthy if healthy else self._settings.unhealthy):
            return False
        self._probed = 0
        self.up = healthy
        return True


class RatedHealth(TargetHealth):
    """One that ejects by the share of failures, too."""

    __slots__ = ("_window",)

    def __init__(
        self, settings: HealthSettings, on_eject: Callable[[float], None] = _untold
    ) -> None:
        super().__init__(settings, on_eject)
        self._window = TimeWindow(settings.window)

    def succeeded(self, now: float) -> None:
        """Note a usable answer."""
        super().succeeded(now)
        self._window.add(now, failed=False)

    def failed(self, now: float) -> None:
        """Note a failure; ejected, the target begins with an empty record."""
        super().failed(now)
        window, settings = self._window, self._settings
        window.add(now, failed=True)
        if window.calls >= settings.minimum and window.failures >= settings.rate * window.calls:
            self._eject(now)
            window.clear()


def target_health(
    settings: HealthSettings, on_eject: Callable[[float], None] = _untold
) -> TargetHealth:
    """Make the record of a target, of the kind that the settings need."""
    kind = RatedHealth if settings.rate else TargetHealth
    return kind(settings, on_eject)


def eligible(healths: Sequence[TargetHealth], now: float, most: float = 1.0) -> list[int]:
    """Return the indices of the targets to choose from, at least one.

    Left out: those whose probes fail, and those that are ejected, the ones that come back soonest first;
    ejected are `most` of all targets and no more. If nothing would be left, all are used.
    """
    ejected = [at for at, health in enumerate(healths) if now < health.ejected_until]
    allowed = int(most * len(healths))
    if len(ejected) > allowed:
        ejected = sorted(ejected, key=lambda at: healths[at].ejected_until)[:allowed]
    usable = [at for at, health in enumerate(healths) if health.up and at not in ejected]
    return usable or list(range(len(healths)))
