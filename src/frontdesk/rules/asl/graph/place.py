"""Owns where items of ordered rows stand from left to right: as straight above each other as can be.

Each row is moved towards what it is joined to, by least squares that keep order and distance. Knows no
height and nothing of states.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from frontdesk.rules.asl.graph.ranks import Item, Link

SWEEPS: Final = 16
"""Down and up in turn."""

_STIFF, _SOFT, _FREE = 4.0, 1.0, 0.01
"""How hard an item holds on to where it wants to be: between rows, a node, one that is joined to nothing."""


@dataclass(frozen=True, slots=True)
class Extent:
    """How far an item reaches from its middle, and how far to the right of it lines upwards are joined."""

    left: float
    right: float
    ear: float = 0.0


Extents = Mapping[Item, Extent]


def place(rows: list[list[Item]], links: list[Link], extents: Extents) -> dict[Item, float]:
    """Return the middles of all items, the leftmost edge at 0."""
    above: dict[Item, list[tuple[Item, float]]] = {}
    below: dict[Item, list[tuple[Item, float]]] = {}
    for link in links:
        slant = extents[link.upper].ear - extents[link.lower].ear if link.up else 0.0
        above.setdefault(link.lower, []).append((link.upper, slant))
        below.setdefault(link.upper, []).append((link.lower, -slant))
    middles: dict[Item, float] = {}
    for row in rows:
        _settle(row, extents, dict.fromkeys(row, (0.0, _SOFT)), middles)
    for sweep in range(SWEEPS):
        down = sweep % 2 == 0
        for row in rows if down else reversed(rows):
            wishes = {item: _wish(item, above if down else below, middles) for item in row}
            _settle(row, extents, wishes, middles)
    least = min(middle - extents[item].left for item, middle in middles.items())
    return {item: middle - least for item, middle in middles.items()}


def _wish(
    item: Item, joined: Mapping[Item, list[tuple[Item, float]]], middles: Mapping[Item, float]
) -> tuple[float, float]:
    """Return where an item wants to be, and how much."""
    others = joined.get(item)
    if not others:
        return middles[item], _FREE
    wish = sum(middles[other] + slant for other, slant in others) / len(others)
    return wish, _SOFT if item.node else _STIFF


def _settle(
    row: list[Item],
    extents: Extents,
    wishes: Mapping[Item, tuple[float, float]],
    middles: dict[Item, float],
) -> None:
    """Put a row where its items want to be, as far as order and distance allow.

    The distances are taken off first; then each run of items that are in each other's way moves to the
    mean of its wishes (isotonic regression by pooling adjacent violators).
    """
    offsets, offset = [], 0.0
    for at, item in enumerate(row):
        if at:
            offset += extents[row[at - 1]].right + extents[item].left
        offsets.append(offset)
    runs: list[tuple[float, float, int]] = []  # where it wants to be, how much, how many
    for item, shift in zip(row, offsets, strict=True):
        wish, weight = wishes[item]
        run = (wish - shift, weight, 1)
        while runs and runs[-1][0] > run[0]:
            other = runs.pop()
            total = other[1] + run[1]
            mean = (other[0] * other[1] + run[0] * run[1]) / total
            run = (mean, total, other[2] + run[2])
        runs.append(run)
    at = 0
    for mean, _, count in runs:
        for _ in range(count):
            middles[row[at]] = mean + offsets[at]
            at += 1
