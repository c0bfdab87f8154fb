"""Owns the file's content as plain values beside the position of each. Knows no model and no YAML."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

from frontdesk.base.errors import Position

T = TypeVar("T")

Path = tuple[str | int, ...]
"""Keys and list indexes from the top of the file to a value."""


@dataclass(slots=True)
class Node:
    """Where a value stands, and where its key does (the same for list members and the top).

    children: by key or list index; empty for scalars.
    """

    file: str
    line: int
    column: int
    key_line: int
    key_column: int
    children: "dict[str | int, Node]"


@dataclass(slots=True)
class Tree:
    """One file, or several merged: the top mapping and its node."""

    value: dict[str, Any]
    node: Node

    def node_at(self, path: Path) -> Node | None:
        """Find the node of a path, or None where the file says nothing."""
        node: Node | None = self.node
        for part in path:
            node = node.children.get(part) if node else None
        return node

    def value_at(self, path: Path) -> Any:
        """Find the value of a path, or None where the file says nothing."""
        value: Any = self.value
        for part in path:
            match value:
                case dict():
                    value = value.get(part)
                case list() if isinstance(part, int) and part < len(value):
                    value = value[part]
                case _:
                    return None
        return value

    def known(self, path: Path) -> Path:
        """Keep the parts of `path` that lead through the file, as many as can be, dropping the others.

        pydantic's error paths also name list positions and union members that the file did not write.
        """
        return _known(self.node, path)

    def place(self, path: Path) -> Position | None:
        """Say where the key at `path` stands, or None where the file says nothing."""
        node = self.node_at(path)
        if node is None:
            return None
        return Position(node.file, node.key_line, node.key_column, dotted(path))

    def position(self, path: Path, *, of_key: bool = False) -> Position:
        """Say where the value (or the key) at `path` stands; of the nearest known parent if absent."""
        node = self.node_at(path)
        if node is None:
            path = self.known(path)
            node = self.node_at(path) or self.node
        line, column = (node.key_line, node.key_column) if of_key else (node.line, node.column)
        return Position(node.file, line, column, dotted(path))

    def merge(self, later: "Tree") -> Iterator[tuple[Path, Position]]:
        """Add another file's content, to the last item; what both say is kept as it is here.

        Yields what both say, with the position in the later file.
        """
        yield from _merge(self.value, self.node, later.value, later.node, ())

    def match(self, pattern: tuple[str, ...]) -> Iterator[tuple[Path, Any]]:
        """Yield path and value of everything that `pattern` fits; `*` stands for any one key or index."""
        found: list[tuple[Path, Any]] = [((), self.value)]
        for part in pattern:
            if part == "*":
                found = [
                    ((*path, key), item) for path, value in found for key, item in _members(value)
                ]
            else:
                found = [
                    ((*path, part), value[part])
                    for path, value in found
                    if isinstance(value, dict) and part in value
                ]
        yield from found


class Places:
    """Looks up where keys stand, in a tree that changes no more. Many of them stand beside each other."""

    def __init__(self, tree: Tree) -> None:
        self._top = tree.node
        self._last: dict[int, tuple[Path, Node | None, str]] = {}
        """By length of their paths, what was found last, and the path as in messages."""

    def place(self, *path: str | int) -> Position | None:
        """See Tree.place. path: at least one key."""
        _, node, text = self._find(path)
        return Position(node.file, node.key_line, node.key_column, text) if node else None

    def _find(self, path: Path) -> tuple[Path, Node | None, str]:
        if not path:
            return path, self._top, ""
        last = self._last.get(len(path))
        if last is None or last[0] != path:
            _, above, text = self._find(path[:-1])
            key = path[-1]
            last = path, above and above.children.get(key), _joined(text, key)
            self._last[len(path)] = last
        return last


class Patterns(Generic[T]):
    """Several patterns of `Tree.match`, found in one walk over the tree. Each stands for something."""

    def __init__(self, meanings: Iterable[tuple[tuple[str, ...], T]]) -> None:
        """meanings: pairs of a pattern and what it stands for."""
        self._top: _Fork[T] = _Fork()
        for pattern, meaning in meanings:
            fork = self._top
            for part in pattern:
                fork = fork.next(part)
            fork.meanings.append(meaning)

    def match(self, tree: Tree) -> Iterator[tuple[T, Path, Any]]:
        """Yield what each pattern stands for that fits, with path and value of what it fits."""
        found: list[tuple[T, Path, Any]] = []
        _match(self._top, (), tree.value, found)
        yield from found


class _Fork(Generic[T]):
    """Where patterns that begin alike part. meanings: of those that end here. anything: where `*` leads."""

    __slots__ = ("anything", "by_key", "meanings")

    def __init__(self) -> None:
        self.meanings: list[T] = []
        self.anything: _Fork[T] | None = None
        self.by_key: dict[str, _Fork[T]] = {}

    def next(self, part: str) -> "_Fork[T]":
        """Return where a part of a pattern leads."""
        if part != "*":
            return self.by_key.setdefault(part, _Fork())
        if self.anything is None:
            self.anything = _Fork()
        return self.anything


def _match(fork: _Fork[T], path: Path, value: Any, found: list[tuple[T, Path, Any]]) -> None:
    found += [(meaning, path, value) for meaning in fork.meanings]
    by_key = fork.by_key
    if by_key and isinstance(value, dict):
        for key, item in value.items():
            if key in by_key:
                _match(by_key[key], (*path, key), item, found)
    if fork.anything is not None:
        for at, item in _members(value):
            _match(fork.anything, (*path, at), item, found)


def _known(node: Node, path: Path) -> Path:
    if not path:
        return ()
    with_it: Path = ()
    child = node.children.get(path[0])
    if child is not None:
        with_it = (path[0], *_known(child, path[1:]))
        if len(with_it) == len(path):
            return path
        if len(with_it) == len(path) - 1 and not _leads(node, path[1:]):
            return with_it  # nothing shorter leads as far
    without = _known(node, path[1:])
    # `function` may be a union member's name before the key `cache`, beside a key `function`.
    return with_it if len(with_it) > len(without) else without


def _leads(node: Node, path: Path) -> bool:
    found: Node | None = node
    for part in path:
        if found is None:
            return False
        found = found.children.get(part)
    return found is not None


def _merge(
    value: dict[str, Any], node: Node, later: dict[str, Any], later_node: Node, path: Path
) -> Iterator[tuple[Path, Position]]:
    for key, item in later.items():
        inner, child = (*path, key), later_node.children[key]
        if key not in value:
            value[key], node.children[key] = item, child
        elif isinstance(item, dict) and isinstance(value[key], dict):
            yield from _merge(value[key], node.children[key], item, child, inner)
        else:
            yield inner, Position(child.file, child.key_line, child.key_column, dotted(inner))


def _members(value: object) -> Iterable[tuple[str | int, Any]]:
    if isinstance(value, dict):
        return value.items()
    return enumerate(value) if isinstance(value, list) else ()


def dotted(path: Path) -> str:
    """Write a path as in messages: `apis.x.routes.GET /a.scopes[0]`."""
    text = ""
    for part in path:
        text = _joined(text, part)
    return text


def _joined(above: str, key: str | int) -> str:
    return f"{above}[{key}]" if isinstance(key, int) else f"{above}.{key}" if above else key
