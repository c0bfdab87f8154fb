"""Owns how variables are written in texts of `serverless.yml`: `${source:address, default}`, nested too.

What CloudFormation's `Sub` reads (`${Name}`, `${Name.Attribute}`, `${AWS::Region}`, `${!x}`) is no
variable. Looks nothing up.
"""

import re
from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True, slots=True)
class Quoted:
    """A text in quotes, as a default."""

    text: str


@dataclass(frozen=True, slots=True)
class Variable:
    """`${…}`. alternatives: the first that is there counts."""

    alternatives: "tuple[Quoted | Pieces, ...]"


Pieces = tuple["str | Variable", ...]
"""A text with variables in it."""

_BEGIN: Final = r"\$\{(?!AWS::|[A-Za-z0-9]+\.|[A-Za-z0-9]+\}|!)"
_TEXT: Final = re.compile(_BEGIN)
_INSIDE: Final = re.compile(rf"{_BEGIN}|[(),}}]")
_QUOTED: Final = re.compile(r"\s*('[^']*'|\"[^\"]*\")\s*(?=[,}])")


def pieces_of(text: str) -> Pieces:
    """Find the variables of a text.

    Raises: ValueError for one that has no end.
    """
    pieces: list[str | Variable] = []
    at = 0
    while found := _TEXT.search(text, at):
        pieces.append(text[at : found.start()])
        variable, at = _variable(text, found.end())
        pieces.append(variable)
    pieces.append(text[at:])
    return tuple(piece for piece in pieces if piece != "")


def _variable(text: str, at: int) -> tuple[Variable, int]:
    """Read what follows `${`, and say where it ends."""
    alternatives: list[Quoted | Pieces] = []
    while True:
        if quoted := _QUOTED.match(text, at):
            alternative: Quoted | Pieces = Quoted(quoted[1][1:-1])
            at = quoted.end()
        else:
            alternative, at = _alternative(text, at)
        alternatives.append(alternative)
        if text[at : at + 1] != ",":
            return Variable(tuple(alternatives)), at + 1
        at += 1


def _alternative(text: str, at: int) -> tuple[Pieces, int]:
    """Read up to a comma or brace that belongs to nothing inside."""
    pieces: list[str | Variable] = []
    depth, start = 0, at
    while found := _INSIDE.search(text, at):
        at = found.end()
        if found[0] == "${":
            pieces.append(text[start : found.start()])
            inner, at = _variable(text, at)
            pieces.append(inner)
            start = at
        elif found[0] in "()":
            depth += 1 if found[0] == "(" else -1
        elif not depth or found[0] == "}":
            pieces.append(text[start : found.start()])
            stripped = (each.strip() if isinstance(each, str) else each for each in pieces)
            return tuple(piece for piece in stripped if piece != ""), found.start()
    raise ValueError("this variable has no end")
