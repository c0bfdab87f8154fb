"""Owns reading YAML 1.2 (and so JSON) text into plain values, with the position of every key and value.

Built on libyaml's events: nothing recurses, so depth and aliases are bounded while reading. Unlike
YAML 1.1, `no`, `on` and `12:30` stay texts and `010` is ten. Keys are always texts. Knows no model.
"""

import math
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

import yaml

from frontdesk.base.errors import Finding, Position
from frontdesk.config.tree import Node, Tree, dotted

MAX_DEPTH: Final = 64
NO_TAGS: Final[Mapping[str, str]] = {}
MAX_ALIASED: Final = 1000
"""Values that all aliases of a file may repeat: far above need, far below a bomb."""

_CONSTANTS: Final[dict[str, bool | None]] = {
    "": None,
    "~": None,
    "null": None,
    "Null": None,
    "NULL": None,
    "true": True,
    "True": True,
    "TRUE": True,
    "false": False,
    "False": False,
    "FALSE": False,
}
_NUMERIC: Final = frozenset("+-.0123456789")
"""What numbers begin with."""
# Differs: [long-numbers] longer ones stay texts: identifiers, whose digits no JSON reader keeps.
_INTEGER = re.compile(r"[-+]?[0-9]{1,18}")
_BASED = re.compile(r"0o[0-7]{1,20}|0x[0-9a-fA-F]{1,15}")
_FLOAT = re.compile(r"[-+]?(?:\.[0-9]+|[0-9]+\.[0-9]*|[0-9]+(?=[eE]))(?:[eE][-+]?[0-9]{1,3})?")
_TAB_FIRST = re.compile(rb" *\t")


class Unreadable(Exception):  # noqa: N818 - it carries a finding to `read`, nobody else sees it
    """Reading cannot go on. finding: why."""

    def __init__(self, finding: Finding) -> None:
        super().__init__(finding.message)
        self.finding = finding


@dataclass(slots=True)
class _Open:
    """A mapping or list that has begun and not ended."""

    value: Any
    node: Node
    anchor: str | None
    began: int  # values read before it
    tag: str | None = None
    key: str | None = None  # of a mapping: the key that waits for its value
    key_line: int = 0
    key_column: int = 0


class _Reader:
    def __init__(self, file: str, tags: Mapping[str, str]) -> None:
        self.file = file
        self.tags = tags
        self.findings: list[Finding] = []
        self.open: list[_Open] = []
        self.top: tuple[Any, Node] | None = None
        self.anchors: dict[str, tuple[Any, Node, int]] = {}
        self.count = 0
        self.aliased = 0

    def read(self, text: str) -> None:
        next_event = yaml.CSafeLoader(text).get_event
        while (event := next_event()) is not None:
            handle = _HANDLERS.get(type(event))
            if handle is not None:
                handle(self, event)

    def scalar(self, event: Any) -> None:
        if event.tag is not None:
            self._refuse_tag(event)
        holder = self.open[-1] if self.open else None
        if holder is not None and holder.key is None and isinstance(holder.value, dict):
            self._key(holder, event)
            return
        value = plain_value(event.value) if event.implicit[0] else event.value
        self.count += 1
        node = self._node(event, {})
        if event.tag is not None:
            value, node = self._tagged(value, node, event.tag)
        if event.anchor:
            self.anchors[event.anchor] = (value, node, 1)
        self._add(value, node)

    def begin(self, event: Any) -> None:
        if event.tag is not None:
            self._refuse_tag(event)
        if len(self.open) == MAX_DEPTH:
            raise Unreadable(self._finding(event, "depth", f"nested more than {MAX_DEPTH} deep"))
        if self.open and isinstance(self.open[-1].value, dict) and self.open[-1].key is None:
            raise Unreadable(self._finding(event, "key", "expected a text as key"))
        value: Any = {} if type(event) is yaml.MappingStartEvent else []
        self.count += 1
        node = self._node(event, {})
        self.open.append(_Open(value, node, event.anchor, self.count - 1, event.tag))

    def end(self, _event: Any) -> None:
        closed = self.open.pop()
        value, node = closed.value, closed.node
        if closed.tag is not None:
            value, node = self._tagged(value, node, closed.tag)
        if closed.anchor:
            size = self.count - closed.began
            self.anchors[closed.anchor] = (value, node, size)
        self._add(value, node)

    def alias(self, event: Any) -> None:
        if self.open and isinstance(self.open[-1].value, dict) and self.open[-1].key is None:
            raise Unreadable(self._finding(event, "key", "expected a text as key"))
        found = self.anchors.get(event.anchor)
        if found is None:
            raise Unreadable(
                self._finding(event, "alias", f"no anchor before this: {event.anchor}")
            )
        value, node, size = found
        self.aliased += size
        self.count += size
        if self.aliased > MAX_ALIASED:
            message = f"aliases repeat more than {MAX_ALIASED} values"
            raise Unreadable(self._finding(event, "alias", message))
        self._add(value, self._node(event, node.children))

    def document(self, event: Any) -> None:
        if self.top is not None:
            raise Unreadable(self._finding(event, "syntax", "expected one document in the file"))

    def _key(self, holder: _Open, event: Any) -> None:
        key: str = event.value
        mark = event.start_mark
        line, column = mark.line + 1, mark.column + 1
        first = holder.node.children.get(key)
        if first is not None:
            finding = self._finding(event, "duplicate-key", f"duplicate key: {key}")
            hint = f"it is first given in line {first.key_line}; keep one of them"
            self.findings.append(
                Finding("error", finding.id, finding.where, finding.message, hint=hint)
            )
        holder.key, holder.key_line, holder.key_column = key, line, column

    def _add(self, value: Any, node: Node) -> None:
        if not self.open:
            self.top = (value, node)
            return
        holder = self.open[-1]
        key = holder.key
        if key is not None:
            node.key_line, node.key_column = holder.key_line, holder.key_column
            holder.node.children.setdefault(key, node)
            holder.value.setdefault(key, value)
            holder.key = None
        else:
            holder.node.children[len(holder.value)] = node
            holder.value.append(value)

    def _node(self, event: Any, children: dict[str | int, Node]) -> Node:
        mark = event.start_mark
        line, column = mark.line + 1, mark.column + 1
        return Node(self.file, line, column, line, column, children)

    # Differs: [yaml-tags] YAML has tags, and JSON surrogate pairs, which libyaml refuses.
    def _refuse_tag(self, event: Any) -> None:
        if event.tag not in self.tags:
            self.findings.append(
                self._finding(event, "tag", f"tags are not supported: {event.tag}")
            )

    def _tagged(self, value: Any, node: Node, tag: str) -> tuple[Any, Node]:
        """Return a value, or what its tag makes of it: a mapping with one key."""
        key = self.tags.get(tag)
        if key is None:
            return value, node
        whole = Node(node.file, node.line, node.column, node.line, node.column, {key: node})
        return {key: value}, whole

    def _finding(self, event: Any, kind: str, message: str) -> Finding:
        mark = event.start_mark
        keys = (
            len(open_.value) if isinstance(open_.value, list) else open_.key for open_ in self.open
        )
        path = dotted(tuple(key for key in keys if key is not None))
        where = Position(self.file, mark.line + 1, mark.column + 1, path)
        return Finding("error", kind, where, message)


_HANDLERS: Final = {
    yaml.AliasEvent: _Reader.alias,
    yaml.DocumentStartEvent: _Reader.document,
    yaml.MappingEndEvent: _Reader.end,
    yaml.MappingStartEvent: _Reader.begin,
    yaml.ScalarEvent: _Reader.scalar,
    yaml.SequenceEndEvent: _Reader.end,
    yaml.SequenceStartEvent: _Reader.begin,
}


def plain_value(text: str) -> str | int | float | bool | None:
    """Read an unquoted scalar by the core schema of YAML 1.2 §10.3.2; not-a-number and infinity stay texts."""
    if text in _CONSTANTS:
        return _CONSTANTS[text]
    if text[0] not in _NUMERIC:
        return text
    if _INTEGER.fullmatch(text):
        return int(text)
    if _BASED.fullmatch(text):
        return int(text, 0)
    if _FLOAT.fullmatch(text):
        number = float(text)
        return number if math.isfinite(number) else text
    return text


def read_yaml(
    data: bytes, file: str, tags: Mapping[str, str] = NO_TAGS
) -> tuple[Tree | None, list[Finding]]:
    """Read one file. file: its name in positions. tags: `!Ref x` becomes {key of the tag: x}.

    Returns the tree (None when reading had to stop, or the top is no mapping) and what is wrong.
    """
    reader = _Reader(file, tags)
    start = Position(file, 1, 1, "")
    try:
        reader.read(data.decode("utf-8-sig"))
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        where = Position(file, line, 1, "")
        return None, [Finding("error", "syntax", where, "expected UTF-8 text")]
    except Unreadable as error:
        return None, [*reader.findings, error.finding]
    except yaml.YAMLError as error:
        return None, [*reader.findings, _syntax(error, data, file)]
    value, node = reader.top or ({}, Node(file, 1, 1, 1, 1, {}))
    if value is None:
        value = {}
    if not isinstance(value, dict):
        finding = Finding("error", "type", start, "expected a mapping at the top of the file")
        return None, [*reader.findings, finding]
    return Tree(value, node), reader.findings


def _syntax(error: yaml.YAMLError, data: bytes, file: str) -> Finding:
    mark = getattr(error, "problem_mark", None) or getattr(error, "context_mark", None)
    line, column = (mark.line + 1, mark.column + 1) if mark else (1, 1)
    problem = getattr(error, "problem", None) or getattr(error, "reason", None) or "not YAML"
    context = getattr(error, "context", None)
    message = f"{context}: {problem}" if context else str(problem)
    at_fault = b"".join(data.split(b"\n")[line - 1 : line])  # nothing where the fault is the end
    has_tab = _TAB_FIRST.match(at_fault) is not None
    hint = "indent with spaces, not tabs" if has_tab else ""
    return Finding("error", "syntax", Position(file, line, column, ""), message, hint=hint)
