"""Reads `.tf` files into blocks: attributes not evaluated yet, each with its place.

The grammar is python-hcl2's; its tree is kept as it is for `evaluate`. Knows no meaning of any block.
"""

import functools
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from frontdesk.base.errors import ConfigError, Finding, Position

_EXTRA: Final = "pip install 'frontdesk[terraform]'"


@dataclass(frozen=True, slots=True)
class Expression:
    """The right side of an attribute. tree: of the grammar's rules."""

    tree: Any
    at: Position


@dataclass(slots=True)
class Body:
    """What stands between the braces of a block, or in a file."""

    attributes: dict[str, Expression] = field(default_factory=dict)
    blocks: list["Block"] = field(default_factory=list)

    def of(self, kind: str) -> Iterator["Block"]:
        """Go through the blocks of a kind."""
        return (block for block in self.blocks if block.kind == kind)


@dataclass(frozen=True, slots=True)
class Block:
    """`kind "label" "label" { body }`."""

    kind: str
    labels: tuple[str, ...]
    body: Body
    at: Position


def read_hcl(path: Path) -> Body:
    """Read one file.

    Raises: ConfigError where it cannot be read, or is no HCL.
    """
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise _failed(Position(str(path), 1, 1, ""), f"cannot read this file: {error}") from None
    return read_hcl_text(text, str(path))


def read_hcl_text(text: str, name: str) -> Body:
    """Read the text of a file. name: for places.

    Raises: ConfigError where it is no HCL.
    """
    parse, syntax_error = _parser()
    try:
        tree = parse(text)
    except syntax_error as error:
        line = max(1, getattr(error, "line", 1))
        column = max(1, getattr(error, "column", 1))
        found = (text.splitlines() or [""])[min(line, text.count("\n") + 1) - 1].strip()
        where = Position(name, line, column, "")
        raise _failed(where, "cannot read this as Terraform's language", found[:80]) from None
    return _body(tree.children[0], name)


@functools.cache
def _parser() -> tuple[Any, type[Exception]]:
    """Load the grammar: about a second, so that only who imports pays for it."""
    try:
        import hcl2
        from lark.exceptions import UnexpectedInput
    except ModuleNotFoundError:
        where = Position("terraform", 1, 1, "")
        raise _failed(where, f"reading Terraform needs a library: {_EXTRA}") from None
    return hcl2.parses_to_tree, UnexpectedInput


def _failed(where: Position, message: str, value: str = "") -> ConfigError:
    return ConfigError((Finding("error", "terraform", where, message, value),))


def _body(tree: Any, name: str) -> Body:
    body = Body()
    for child in tree.children:
        if child.data == "attribute":
            key, _, expression = child.children
            body.attributes[_word(key)] = Expression(expression, _place(child, name))
        elif child.data == "block":
            body.blocks.append(_block(child, name))
    return body


def _block(tree: Any, name: str) -> Block:
    words = [
        _word(child)
        for child in tree.children
        if getattr(child, "data", "") in ("identifier", "keyword", "literal_value", "string")
    ]
    inner = next(child for child in tree.children if getattr(child, "data", "") == "body")
    return Block(words[0], tuple(words[1:]), _body(inner, name), _place(tree, name))


def _word(tree: Any) -> str:
    """Read an identifier, or a label in quotes."""
    if tree.data == "string":
        return "".join(str(part.children[0]) for part in tree.children[1:-1])
    return str(tree.children[0])


def _place(tree: Any, name: str) -> Position:
    return Position(name, tree.meta.line, tree.meta.column, "")
