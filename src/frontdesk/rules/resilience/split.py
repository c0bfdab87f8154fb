"""Owns which share of requests goes where. Pure: the random number is a value."""

from collections.abc import Sequence
from hashlib import sha256

_POINTS = 2.0**64


def chosen(shares: Sequence[float], point: float) -> int:
    """Return which share `point` (0.0 to 1.0, 1.0 excluded) falls into; `len(shares)` for the rest.

    shares: of the whole, 1.0 together at most.
    """
    for at, share in enumerate(shares):
        point -= share
        if point < 0.0:
            return at
    return len(shares)


def point_of(key: str) -> float:
    """Turn a text into a point that is the same whenever and wherever it is asked for."""
    digest = sha256(key.encode("utf-8", "surrogatepass")).digest()
    return (
        int.from_bytes(digest[:8], "big") >> 11 << 11
    ) / _POINTS  # what a float holds: below 1.0
