"""Owns the choice of one target among several. Pure: knows loads, no connections."""

from collections.abc import Callable, Mapping, Sequence
from typing import Final

Balance = Callable[[int, Sequence[int]], int]
"""Takes the number of earlier choices and the requests in flight per candidate (at least one
candidate); returns the index of the chosen one."""


def round_robin(turn: int, loads: Sequence[int]) -> int:
    """Take the candidates in order, one after the other."""
    return turn % len(loads)


def least_request(turn: int, loads: Sequence[int]) -> int:
    """Take the candidate with the fewest requests in flight; among equals, one after the other."""
    count = len(loads)
    return min(range(count), key=lambda at: (loads[at], (at - turn) % count))


BALANCES: Final[Mapping[str, Balance]] = {
    "least_request": least_request,
    "round_robin": round_robin,
}
