"""Owns what a row is given and what it hands back; no row prints anything itself."""

from collections.abc import Callable
from dataclasses import dataclass, field

from bench.figures import Finding
from bench.scene import Scene
from bench.series import Effort, Rounds


@dataclass(frozen=True)
class Bench:
    """One run: what everybody shares, and how long to measure."""

    scene: Scene
    effort: Effort


@dataclass(frozen=True)
class Series:
    """Interleaved rounds under a title."""

    title: str
    rounds: Rounds


@dataclass(frozen=True)
class Result:
    """What a row found. settings: configuration texts of the contenders by file name."""

    findings: list[Finding]
    series: list[Series] = field(default_factory=list)
    settings: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Row:
    """A row of the bench: its name for --rows, what it is about, and how to run it."""

    name: str
    about: str
    run: Callable[[Bench], Result]
