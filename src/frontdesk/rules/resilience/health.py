"""Owns passive health: a target whose answers keep failing is left alone for a while. Pure.

Source of the terms: outlier detection of consecutive gateway errors, as service proxies do it.
"""

from collections.abc import Sequence


class PassiveHealth:
    """The recent record of one target."""

    __slots__ = ("_eject", "_ejected_until", "_failures", "_limit")

    def __init__(self, limit: int, eject: float) -> None:
        """limit: consecutive failures that eject; 0: never. eject: seconds to stay away."""
        self._limit = limit
        self._eject = eject
        self._failures = 0
        self._ejected_until = 0.0

    def succeeded(self) -> None:
        """Note a usable answer: the count of failures begins anew."""
        self._failures = 0

    def failed(self, now: float) -> None:
        """Note a failure at monotonic second `now`.

        Back from an ejection one failure ejects again, until an answer has been usable.
        """
        self._failures += 1
        if self._limit and self._failures >= self._limit:
            self._ejected_until = now + self._eject

    def ejected(self, now: float) -> bool:
        """Whether the target should be left alone at monotonic second `now`."""
        return now < self._ejected_until


def eligible(healths: Sequence[PassiveHealth], now: float) -> list[int]:
    """Return the indices of the targets to choose from: those not ejected, or all if all are."""
    return [at for at, health in enumerate(healths) if not health.ejected(now)] or list(
        range(len(healths))
    )
