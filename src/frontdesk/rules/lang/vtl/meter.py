"""Owns what a rendering may cost, and the count of what it has cost so far. Knows no template."""

from dataclasses import dataclass
from typing import NoReturn

from frontdesk.rules.lang.vtl.errors import TemplateLimitError

CHARACTERS_PER_STEP = 256
"""So many characters of a text can be read or copied in the time of one step, roughly."""


# Differs: [template-limits] AWS names those of turns and of a template's length alone.
@dataclass(frozen=True, slots=True)
class Limits:
    """What one rendering may cost.

    steps: parts of the template evaluated, and items looked at, over all turns of all loops; a step takes
    about a tenth of a microsecond. output: characters of the result. text: characters of all texts
    made on the way. turns: of one #foreach, as in AWS. depth: macros, #define and #evaluate inside
    each other.
    """

    steps: int = 500_000
    output: int = 10 * 1024 * 1024
    text: int = 40 * 1024 * 1024
    turns: int = 1000
    depth: int = 20


class Meter:
    """What is left of the limits for one rendering. Its methods raise TemplateLimitError."""

    __slots__ = ("depth", "limits", "steps", "text")

    def __init__(self, limits: Limits) -> None:
        self.limits = limits
        self.steps = limits.steps
        self.text = limits.text
        self.depth = limits.depth

    def spend(self, steps: int) -> None:
        """Count steps."""
        self.steps -= steps
        if self.steps < 0:
            exceeded(f"takes more than {self.limits.steps:,} steps")

    def read(self, text: str) -> None:
        """Count the reading of a text."""
        self.spend(1 + len(text) // CHARACTERS_PER_STEP)

    def make(self, text: str) -> str:
        """Count a text that was made, and hand it back."""
        self.text -= len(text)
        if self.text < 0:
            self.reserve(0)
        return text

    def reserve(self, characters: int) -> None:
        """Refuse to make a text that would be too long; it is counted when it is made."""
        if self.text < characters:
            exceeded(f"makes texts of more than {self.limits.text:,} characters")

    def enter(self) -> None:
        """Go one call deeper; `leave` takes it back."""
        self.depth -= 1
        if self.depth < 0:
            exceeded(f"nests calls deeper than {self.limits.depth}")

    def leave(self) -> None:
        """Come back from a call."""
        self.depth += 1


def exceeded(what: str) -> NoReturn:
    """Refuse to go on. what: completes the sentence "the template …"."""
    raise TemplateLimitError(f"the template {what}")
