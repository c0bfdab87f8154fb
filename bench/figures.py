"""Owns the arithmetic of results: medians, spreads, ratios of pairs, and goals met or missed."""

from collections.abc import Sequence
from dataclasses import dataclass
from statistics import median


@dataclass(frozen=True)
class Figure:
    """The median of several rounds, with the lowest and the highest."""

    median: float
    low: float
    high: float

    @classmethod
    def of(cls, values: Sequence[float]) -> "Figure":
        """Sum up at least one value."""
        return cls(median(values), min(values), max(values))

    @property
    def spread(self) -> float:
        """Distance from lowest to highest as a share of the median."""
        return (self.high - self.low) / self.median if self.median else 0.0


def ratio(ours: Sequence[float], theirs: Sequence[float]) -> Figure:
    """Compare round by round: the median of the pairs' ratios, not the ratio of two medians."""
    return Figure.of([mine / other for mine, other in zip(ours, theirs, strict=True)])


@dataclass(frozen=True)
class Goal:
    """A figure to reach. text: as the table shows it, such as "≥ 1.8"."""

    limit: float
    at_least: bool

    @property
    def text(self) -> str:
        """Return the limit with its direction."""
        return f"{'≥' if self.at_least else '≤'} {self.limit:g}"

    def met(self, reached: float) -> bool:
        """Say whether a median reaches the goal."""
        return reached >= self.limit if self.at_least else reached <= self.limit


def at_least(limit: float) -> Goal:
    """Return a goal that more is better for."""
    return Goal(limit, at_least=True)


def at_most(limit: float) -> Goal:
    """Return a goal that less is better for."""
    return Goal(limit, at_least=False)


@dataclass(frozen=True)
class Finding:
    """One line of the result: what was found, against its goal if it has one.

    unit: "x", "req/s", "ms", "%", "MB" or the like. note: what the reader must know.
    """

    what: str
    figure: Figure
    unit: str
    goal: Goal | None = None
    note: str = ""

    @property
    def verdict(self) -> str:
        """Return "met", "missed", or "" without a goal."""
        if self.goal is None:
            return ""
        return "met" if self.goal.met(self.figure.median) else "missed"
