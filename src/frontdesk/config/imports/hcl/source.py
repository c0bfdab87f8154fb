"""Reads `.tf` files into blocks: attributes not evaluated yet, each with its place.

The grammar is python-hcl2's; its tree is kept as it is for `evaluate`. Knows no meaning of any block.
"""

import functools
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from frontdesk.base.errors import ConfigError, Finding, Position
from frontdesk.config.imports.files import FileRefused, Project

_EXTRA: Final = "pip install 'frontdesk[terraform]'"


@dataclass(frozen=True, slots=True)
class Expression:
    """The right side of an attribute. tree: of the grammar's rules."""

    tree: Any
    at: Position

    @property
    def word(self) -> str:
        """The bare word that it is, "" where it is more."""
        tree = self.tree
        while getattr(tree, "data", "") == "expr_term" and len(tree.children) == 1:
            (tree,) = tree.children
        return str(tree.children[0]) if getattr(tree, "data", "") == "identifier" else ""


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


def read_hcl(path: Path, project: Project) -> Body:
    """Read one file.

    Raises: ConfigError where it cannot be read, or is no HCL.
    """
    try:
        return read_hcl_text(project.text(path), str(path))
    except FileRefused as error:
        raise _failed(Position(str(path), 1, 1, ""), str(error)) from None


def read_hcl_text(text: str, name: str) -> Body:
    """Read the text of a file. name: for places.

    Raises: ConfigError where it is no HCL.
    """
    parse, syntax_error = _parser()
    try:
        return _body(parse(text).children[0], name)
    except syntax_error as error:
        at = getattr(error, "line", 0), getattr(error, "column", 0)
        line, column = (max(1, each) if isinstance(each, int) else 1 for each in at)
        found = text.splitlines()[line - 1 : line]
        where = Position(name, line, column, "")
        shown = found[0].strip()[:80] if found else ""
        raise _failed(where, "cannot read this as Terraform's language", shown) from None
    except RecursionError:
        raise _failed(Position(name, 1, 1, ""), "this is nested too deep") from None


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
