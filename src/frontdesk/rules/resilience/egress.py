"""Owns the choice of the identity that a request leaves as, where backends limit each of them. Pure."""

from typing import Final

_LONGEST: Final = 900.0
"""Seconds of a rest that nobody has asked for, at most."""


class Rotation:
    """Several identities of ours, and which of them rest because a backend has had enough of them."""

    def __init__(self, count: int, cooldown: float) -> None:
        """cooldown: seconds of the first rest; each one in a row is twice as long."""
        self._cooldown = cooldown
        self._rests_until = [0.0] * count
        self._in_a_row = [0] * count
        self._turn = 0
        self._used = [0] * count  # turn of the latest use

    def choose(self, now: float) -> int | None:
        """Return the identity that has been used least recently of those that do not rest; None: all do."""
        free = [at for at, until in enumerate(self._rests_until) if until <= now]
        if not free:
            return None
        at = min(free, key=self._used.__getitem__)
        self._turn += 1
        self._used[at] = self._turn
        return at

    def limited(self, at: int, now: float, asked: float | None) -> None:
        """Note that a backend has had enough of an identity. asked: seconds of its Retry-After."""
        rest = min(self._cooldown * 2.0 ** min(self._in_a_row[at], 62), _LONGEST)
        self._in_a_row[at] += 1
        self._rests_until[at] = max(self._rests_until[at], now + (rest if asked is None else asked))

    def served(self, at: int) -> None:
        """Note that a backend takes requests from an identity."""
        self._in_a_row[at] = 0

    def wait(self, now: float) -> float:
        """Return the seconds until one is free, 0.0 when one is."""
        return max(0.0, min(self._rests_until) - now)
