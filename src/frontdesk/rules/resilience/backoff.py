"""Owns how long to wait before another attempt. Pure: the random number is a value.

Source of the forms: AWS Architecture Blog, "Exponential Backoff And Jitter".
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final, Literal

Jitter = Literal["none", "full", "equal", "decorrelated"]

_LARGEST_EXPONENT: Final = 62  # 2.0 ** 1075 would overflow; no maximum is beyond this


@dataclass(frozen=True, slots=True)
class Backoff:
    """Growing waits: `base` seconds, times `multiplier` after each failure, `maximum` at most.

    jitter: none; full: anything up to the wait; equal: its upper half; decorrelated: from `base` to
    three times the wait before.
    """

    base: float = 1.0
    maximum: float = 10.0
    multiplier: float = 2.0
    jitter: Jitter = "full"

    def wait(self, failed: int, chance: float, previous: float = 0.0) -> float:
        """Return the seconds to wait after failed attempt number `failed`, which counts from 1.

        chance: a random number from 0 to 1. previous: the wait before this one, 0.0 for none.
        """
        return _JITTERS[self.jitter](self, failed, chance, previous)

    def cap(self, failed: int) -> float:
        """Return the seconds of the wait without jitter."""
        return min(self.base * self.multiplier ** min(failed - 1, _LARGEST_EXPONENT), self.maximum)


def _none(backoff: Backoff, failed: int, _chance: float, _previous: float) -> float:
    return backoff.cap(failed)


def _full(backoff: Backoff, failed: int, chance: float, _previous: float) -> float:
    return chance * backoff.cap(failed)


def _equal(backoff: Backoff, failed: int, chance: float, _previous: float) -> float:
    half = backoff.cap(failed) / 2
    return half + chance * half


def _decorrelated(backoff: Backoff, _failed: int, chance: float, previous: float) -> float:
    base = backoff.base
    longest = 3 * max(previous, base)
    return min(backoff.maximum, base + chance * (longest - base))


_JITTERS: Final[Mapping[str, Callable[[Backoff, int, float, float], float]]] = {
    "decorrelated": _decorrelated,
    "equal": _equal,
    "full": _full,
    "none": _none,
}
