"""Owns values of somebody else's document with their places, and mappings of our keys made of them.

So that whatever is wrong with a key of ours is told at the place of the document that it comes from.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path as FilePath
from typing import Any

from frontdesk.base.errors import Position
from frontdesk.config.text import FileText
from frontdesk.config.tree import Node, Path, Tree, dotted


@dataclass(frozen=True, slots=True)
class Placed:
    """A value of a document, where it stands, and its path there."""

    value: Any
    node: Node
    path: Path = ()

    def get(self, key: str | int) -> "Placed | None":
        """Return the value of a key or list index; None where there is none, or null."""
        if not isinstance(self.value, (dict, list)) or key not in self.node.children:
            return None
        child = self.value[key]  # type: ignore[index]  # a list has nodes at its indexes
        return None if child is None else Placed(child, self.node.children[key], (*self.path, key))

    def below(self, key: str) -> "Placed":
        """Return the mapping or list of a key, an empty one where there is none."""
        return self.get(key) or Placed({}, self.node, self.path)

    def items(self) -> Iterator[tuple[str, "Placed"]]:
        """Go through a mapping; of anything else there are none."""
        for key in self.value if isinstance(self.value, dict) else ():
            yield key, Placed(self.value[key], self.node.children[key], (*self.path, key))

    def members(self) -> Iterator["Placed"]:
        """Go through a list; of anything else there are none."""
        for index, value in enumerate(self.value if isinstance(self.value, list) else ()):
            yield Placed(value, self.node.children[index], (*self.path, index))

    def text(self, key: str) -> str:
        """Return the text of a key, "" where there is none or something else."""
        value = self.value.get(key) if isinstance(self.value, dict) else None
        return value if isinstance(value, str) else ""

    def says(self, key: str) -> bool:
        """Tell whether the value of a key is true."""
        return isinstance(self.value, dict) and self.value.get(key) is True

    def position(self, *, of_key: bool = False) -> Position:
        """Say where the value stands, or its key."""
        node = self.node
        line, column = (node.key_line, node.key_column) if of_key else (node.line, node.column)
        return Position(node.file, line, column, dotted(self.path))


class Branch(Tree):
    """A mapping of our keys that grows, each with the place of the document that it comes from."""

    @classmethod
    def at(cls, origin: Placed) -> "Branch":
        """Begin one at a place."""
        return cls({}, _node(origin.node))

    def put(self, key: str, value: Any, origin: Placed) -> None:
        """Set a key to a plain value that comes from `origin` as a whole."""
        self.value[key], self.node.children[key] = planted(value, origin.node)

    def graft(self, key: str, origin: Placed) -> None:
        """Set a key to the very value of `origin`, each part at its own place."""
        self.value[key], self.node.children[key] = _copied(origin.value, origin.node)

    def branch(self, key: str, origin: Placed) -> "Branch":
        """Return the mapping of a key, which begins at `origin` where there is none yet."""
        if key not in self.value:
            self.value[key], self.node.children[key] = {}, _node(origin.node)
        return Branch(self.value[key], self.node.children[key])

    def lay_over(self, later: Placed) -> None:
        """Add a mapping of our keys; what both say is as there, key by key of inner mappings."""
        for key, item in later.items():
            if isinstance(item.value, dict) and isinstance(self.value.get(key), dict):
                Branch(self.value[key], self.node.children[key]).lay_over(item)
            else:
                self.graft(key, item)


def _copied(value: Any, node: Node) -> tuple[Any, Node]:
    """Copy a value: what several places of a document refer to must not grow at all of them."""
    own = _node(node)
    if isinstance(value, dict):
        parts = {key: _copied(item, node.children[key]) for key, item in value.items()}
        own.children.update({key: part[1] for key, part in parts.items()})
        return {key: part[0] for key, part in parts.items()}, own
    own.children = node.children  # lists and texts are never added to
    return value, own


def planted(value: Any, node: Node) -> tuple[Any, Node]:
    """Make the texts of a plain value those of a file, and give all of its parts one place."""
    own = _node(node)
    match value:
        case dict():
            parts = {key: planted(item, node) for key, item in value.items()}
            own.children.update({key: part[1] for key, part in parts.items()})
            return {key: part[0] for key, part in parts.items()}, own
        case list() | tuple():
            members = [planted(item, node) for item in value]
            own.children.update({index: part[1] for index, part in enumerate(members)})
            return [part[0] for part in members], own
        case str() if not isinstance(value, FileText):
            return FileText(value, FilePath(node.file).parent.absolute(), value), own
    return value, own


def _node(origin: Node) -> Node:
    return Node(
        origin.file, origin.line, origin.column, origin.key_line, origin.key_column, children={}
    )
