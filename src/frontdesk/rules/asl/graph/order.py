"""Owns the order within each row: by the middle of what items are joined to, so that few lines cross.

Sweeps down and up, then lets neighbours change places; the best order wins. Knows no size.
"""

from bisect import bisect_right, insort
from collections.abc import Callable
from itertools import pairwise
from typing import Final

from frontdesk.rules.asl.graph.ranks import Item, Rows

SWEEPS: Final = 8
"""Down and up in turn; more find little."""

MOST_EXCHANGES: Final = 2
"""Rounds of exchanging neighbours after each sweep."""

_Neighbours = dict[Item, list[Item]]


def order(rows: Rows) -> list[list[Item]]:
    """Return the rows with their items in the order to draw them."""
    above: _Neighbours = {}
    below: _Neighbours = {}
    for link in rows.links:
        above.setdefault(link.lower, []).append(link.upper)
        below.setdefault(link.upper, []).append(link.lower)
    current = [list(row) for row in rows.rows]
    best, fewest = [list(row) for row in current], crossings(current, below)
    for sweep in range(SWEEPS):
        if not fewest:
            break
        _sweep(current, above if sweep % 2 == 0 else below, downwards=sweep % 2 == 0)
        _exchange(current, above, below)
        found = crossings(current, below)
        if found < fewest:
            best, fewest = [list(row) for row in current], found
    return best


def crossings(rows: list[list[Item]], below: _Neighbours) -> int:
    """Count how often lines between neighbouring rows cross."""
    return sum(_between(upper, _positions(lower), below) for upper, lower in pairwise(rows))


def _between(upper: list[Item], position: dict[Item, int], below: _Neighbours) -> int:
    count = 0
    ends: list[int] = []
    for item in upper:
        own = sorted(position[one] for one in below.get(item, ()))
        count += sum(len(ends) - bisect_right(ends, end) for end in own)
        for end in own:
            insort(ends, end)
    return count


def _positions(row: list[Item]) -> dict[Item, int]:
    return {item: at for at, item in enumerate(row)}


def _sweep(rows: list[list[Item]], joined: _Neighbours, *, downwards: bool) -> None:
    order_of_rows = range(1, len(rows)) if downwards else range(len(rows) - 2, -1, -1)
    for at in order_of_rows:
        position = _positions(rows[at - 1 if downwards else at + 1])
        rows[at].sort(key=_middle(position, joined, _positions(rows[at])))


def _middle(
    position: dict[Item, int], joined: _Neighbours, own: dict[Item, int]
) -> Callable[[Item], float]:
    def middle(item: Item) -> float:
        ends = [position[one] for one in joined.get(item, ())]
        return sum(ends) / len(ends) if ends else own[item]

    return middle


def _exchange(rows: list[list[Item]], above: _Neighbours, below: _Neighbours) -> None:
    """Let neighbours change places where fewer lines cross then."""
    for _ in range(MOST_EXCHANGES):
        changed = False
        for at, row in enumerate(rows):
            over = _positions(rows[at - 1]) if at else {}
            under = _positions(rows[at + 1]) if at + 1 < len(rows) else {}
            for place in range(len(row) - 1):
                left, right = row[place], row[place + 1]
                now = _pair(left, right, over, above) + _pair(left, right, under, below)
                then = _pair(right, left, over, above) + _pair(right, left, under, below)
                if then < now:
                    row[place], row[place + 1] = right, left
                    changed = True
        if not changed:
            return


def _pair(left: Item, right: Item, position: dict[Item, int], joined: _Neighbours) -> int:
    """Count how often the lines of two neighbours cross."""
    return sum(
        position[one] > position[other]
        for one in joined.get(left, ())
        for other in joined.get(right, ())
    )
