"""Owns the drawing of random numbers and ids from a seed that is given: the same seed draws the same.

Knows neither where seeds come from nor what is drawn for. No source of secrets: who knows the seed
knows what will be drawn.
"""

from collections.abc import Sequence
from hashlib import blake2b
from typing import Final, TypeVar

_Item = TypeVar("_Item")
_PRECISION: Final = 53
"""Bits of a fraction: those that a double holds."""


class Chance:
    """A row of draws. seed: bytes of any number; 16 random ones make ids unique."""

    __slots__ = ("_drawn", "_key", "_seed")

    def __init__(self, seed: bytes) -> None:
        self._seed = seed
        self._key = b""  # made at the first draw: most steps draw nothing
        self._drawn = 0

    def fraction(self) -> float:
        """Draw a number from 0.0 up to, and not including, 1.0."""
        return (self._bits() >> (128 - _PRECISION)) / (1 << _PRECISION)

    def below(self, bound: int) -> int:
        """Draw an integer from 0 up to, and not including, `bound` (1 to 2^64)."""
        return self._bits() * bound >> 128

    def shuffled(self, items: Sequence[_Item]) -> list[_Item]:
        """Return the items in an order that is drawn."""
        order = list(items)
        for end in range(len(order) - 1, 0, -1):
            other = self.below(end + 1)
            order[end], order[other] = order[other], order[end]
        return order

    def uuid(self) -> str:
        """Draw an id in the form of a UUID of version 4 (RFC 9562 §5.4)."""
        bits = self._bits()
        bits = bits & ~(0xF << 76) | 4 << 76
        digits = f"{bits & ~(3 << 62) | 2 << 62:032x}"
        return "-".join((digits[:8], digits[8:12], digits[12:16], digits[16:20], digits[20:]))

    def _bits(self) -> int:
        """Draw 128 bits."""
        if not self._key:
            self._key = blake2b(self._seed, digest_size=32).digest()
        self._drawn += 1
        return int.from_bytes(
            blake2b(self._drawn.to_bytes(8, "big"), key=self._key, digest_size=16).digest(), "big"
        )
