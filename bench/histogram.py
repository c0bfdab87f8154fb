"""Owns a histogram of latencies with three exact digits at any scale, as HDR histograms have."""

from dataclasses import dataclass, field

_HALF = 1024
"""Each power of two is cut into this many cells: a cell is at most 0.1 % wide."""


@dataclass
class Histogram:
    """Counts of whole nanoseconds, 0 to about an hour.

    Cells 0..2047 hold their own value; above, a cell of shift s covers 2**s neighbouring values.
    """

    counts: dict[int, int] = field(default_factory=dict)
    total: int = 0
    highest: int = 0

    def record(self, nanoseconds: int) -> None:
        """Add one value; a negative one counts as zero."""
        value = max(nanoseconds, 0)
        shift = max(0, value.bit_length() - 11)
        cell = shift * _HALF + (value >> shift)
        self.counts[cell] = self.counts.get(cell, 0) + 1
        self.total += 1
        self.highest = max(self.highest, value)

    def percentile(self, percent: float) -> int:
        """Return the smallest recorded level that `percent` of all values do not exceed, in ns.

        The answer is the middle of its cell, never above the highest value. 0 when empty.
        """
        wanted = max(1, -(-self.total * percent // 100))
        seen = 0
        for cell in sorted(self.counts):
            seen += self.counts[cell]
            if seen >= wanted:
                return min(_middle(cell), self.highest)
        return self.highest


def _middle(cell: int) -> int:
    if cell < 2 * _HALF:
        return cell
    shift = cell // _HALF - 1
    low = (cell - shift * _HALF) << shift
    return low + (1 << shift) // 2
