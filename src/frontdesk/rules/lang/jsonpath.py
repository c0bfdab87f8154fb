"""Owns JSONPath in the dialect of Jayway, which AWS's templates, mappings and state machines speak.

A path is read once and then finds as often as one likes. Knows no template and no state machine.

    path    = "$" *( "." name | "." "*" | ".." ( name | "*" | bracket ) | bracket )
    bracket = "[" ( quoted *( "," quoted ) | index *( "," index ) | last | slice | "*" | "?(" filter ")" ) "]"
    last    = "(@.length" "-" index ")"
    slice   = [ index ] ":" [ index ] [ ":" [ index ] ]            filter: see `jsonpath_filter`

Definite paths (names and single indexes only) give one value; all others give a list in document
order, which may be empty. Several names at the end give one object of those that are there, in the middle
the value of each. A search counts what it looks at, so that no document makes it slow.
Source: Jayway JsonPath's README; AWS, "$input variables", "Paths" of the Amazon States Language.
"""

import re
from collections.abc import Callable, Iterable, Sequence
from enum import Enum
from functools import lru_cache
from typing import Any, Final

from frontdesk.base.errors import FrontdeskError

MOST_VISITED: Final = 1_000_000
"""Values that one search looks at, where nobody counts along."""

LONGEST: Final = 4096
"""Characters of a path."""

Spend = Callable[[int], None]
"""Told how many values are about to be looked at; it may raise."""

Select = Callable[[Any, Any, Spend], Iterable[Any]]
"""Picks values out of one value: (value, whole document, spend)."""


class Missing(Enum):
    """The type of `MISSING`, so that a checker can tell it from every JSON value."""

    MISSING = "missing"


MISSING: Final = Missing.MISSING
"""What a definite path finds where there is nothing; null is a value."""


class PathError(FrontdeskError):
    """A path that cannot be read. column: where, counted from 1."""

    code = "json_path"

    def __init__(self, message: str, *, column: int, hint: str = "") -> None:
        super().__init__(message, hint=hint)
        self.column = column


class PathLimitError(FrontdeskError):
    """A search that would look at more than `MOST_VISITED` values."""

    code = "json_path_limit"


class Path:
    """A compiled path.

    keys: the names and indexes of a definite path, to walk or to write by; None of an indefinite one.
    """

    __slots__ = ("_is_one", "_segments", "keys", "text")

    def __init__(self, text: str, segments: "tuple[Segment, ...]") -> None:
        keys = tuple(segment.key for segment in segments)
        self.text = text
        self.keys = None if None in keys else keys
        self._is_one = False
        if segments and segments[-1].names:
            *before, last = segments
            self._is_one = None not in keys[:-1] and not last.deep
            merged = _merged(last.names, whole=last.deep)
            segments = (*before, Segment(merged, deep=last.deep))
        self._segments = segments

    @property
    def definite(self) -> bool:
        """Whether it names one place only."""
        return self.keys is not None

    def find(self, document: Any, spend: Spend | None = None) -> Any:
        """Return the value of a definite path, or MISSING; of others, the list of what matches.

        document: JSON values. spend: counts instead of our own limit.
        Raises: PathLimitError, or what `spend` raises.
        """
        if self.keys is not None:
            return walk(document, self.keys)
        found = self.matches(document, document, spend or _Visits().spend)
        if self._is_one:
            return found[0] if found else MISSING
        return found

    def matches(self, value: Any, document: Any, spend: Spend) -> list[Any]:
        """List all that matches, beginning at `value`. document: what `$` means in filters."""
        found = [value]
        for segment in self._segments:
            below = _with_descendants(found, spend) if segment.deep else found
            found = []
            for one in below:
                spend(1)
                found.extend(segment.select(one, document, spend))
        return found


class Segment:
    """One step of a path.

    key: the name or index of a definite step. names: where there are several. deep: of all descendants, too.
    """

    __slots__ = ("deep", "key", "names", "select")

    def __init__(
        self,
        select: Select,
        *,
        key: str | int | None = None,
        names: tuple[str, ...] = (),
        deep: bool = False,
    ) -> None:
        self.select = select
        self.key = None if deep else key
        self.names = names
        self.deep = deep


class _Visits:
    def __init__(self) -> None:
        self._left = MOST_VISITED

    def spend(self, visits: int) -> None:
        self._left -= visits
        if self._left < 0:
            raise PathLimitError(f"the path looks at more than {MOST_VISITED:,} values")


@lru_cache(maxsize=1024)
def compile_path(text: str) -> Path:
    """Read a path; one without `$` begins at the whole document, too.

    Raises: PathError.
    """
    if len(text) > LONGEST:
        raise PathError(f"path longer than {LONGEST} characters", column=LONGEST + 1)
    written = text if text.startswith("$") else f"$.{text}"
    path, end = read_path(written, 0)
    if end < len(written):
        raise _unreadable(written, end)
    return path


def read_path(text: str, at: int, depth: int = 0) -> tuple[Path, int]:
    """Read the path whose `$` or `@` stands at `at`, as far as it goes; return it and its end."""
    begin, segments = at, []
    at += 1
    while at < len(text) and text[at] in ".[":
        segment, at = _segment(text, at, depth)
        segments.append(segment)
    return Path(text[begin:at], tuple(segments)), at


_NAME: Final = re.compile(r"[^\s.\[\]()'\",*?=<>!&|]+")
_QUOTED: Final = re.compile(r"""\s*(?:'((?:[^'\\]|\\.)*)'|"((?:[^"\\]|\\.)*)")\s*""", re.DOTALL)
_INDEX: Final = re.compile(r"\s*(-?\d{1,10})\s*")
_SLICE: Final = re.compile(r"\s*(-?\d{1,10})?\s*:\s*(-?\d{1,10})?\s*(?::\s*(-?\d{1,10})?\s*)?\]")
_LAST: Final = re.compile(r"\[\s*\(\s*@\.length\s*-\s*([1-9]\d{0,9})\s*\)\s*\]")
_STAR: Final = re.compile(r"\[\s*\*\s*\]")
_FILTER: Final = re.compile(r"\[\s*\?\s*\(")
_ESCAPE: Final = re.compile(r"\\(.)", re.DOTALL)


def _segment(text: str, at: int, depth: int) -> tuple[Segment, int]:
    deep = text.startswith("..", at)
    if text[at] == ".":
        at += 2 if deep else 1
        if text.startswith("*", at):
            return Segment(_children, deep=deep), at + 1
        if name := _NAME.match(text, at):
            # Differs: [path-functions] Jayway has `.length()`, `.min()` and their like.
            if text.startswith("(", name.end()):
                raise PathError(f"functions are not part of paths here: {name[0]}()", column=at + 1)
            return Segment(_named((name[0],)), key=name[0], deep=deep), name.end()
        if not deep or not text.startswith("[", at):
            raise _unreadable(text, at)
    return _bracket(text, at, deep, depth)


def _bracket(text: str, at: int, deep: bool, depth: int) -> tuple[Segment, int]:
    if star := _STAR.match(text, at):
        return Segment(_children, deep=deep), star.end()
    if begun := _FILTER.match(text, at):
        # Late, because filters hold paths and paths hold filters.
        from frontdesk.rules.lang.jsonpath_filter import read_filter

        accepts, at = read_filter(text, begun.end(), depth + 1)
        if text[at : at + 2] != ")]":
            raise _unreadable(text, at)
        return Segment(_filtered(accepts, deep=deep), deep=deep), at + 2
    if last := _LAST.match(text, at):
        index = -int(last[1])
        return Segment(_indexed((index,)), key=index, deep=deep), last.end()
    at += 1
    if bounds := _SLICE.match(text, at):
        numbers = [None if number is None else int(number) for number in bounds.groups()]
        if numbers[2] == 0:
            raise PathError("a slice cannot have the step 0", column=at + 1)
        return Segment(_sliced(slice(*numbers)), deep=deep), bounds.end()
    if _QUOTED.match(text, at):
        quoted, at = _listed(text, at, _QUOTED)
        names = tuple(
            _ESCAPE.sub(r"\1", one[1] if one[1] is not None else one[2]) for one in quoted
        )
        several = names if len(names) > 1 else ()
        return Segment(_named(names), key=_single(names), names=several, deep=deep), at
    found, at = _listed(text, at, _INDEX)
    indexes = tuple(int(one[1]) for one in found)
    return Segment(_indexed(indexes), key=_single(indexes), deep=deep), at


def _listed(text: str, at: int, item: re.Pattern[str]) -> tuple[list[re.Match[str]], int]:
    """Read items between commas, up to the closing bracket."""
    items = []
    while found := item.match(text, at):
        items.append(found)
        at = found.end()
        if text.startswith("]", at):
            return items, at + 1
        if not text.startswith(",", at):
            break
        at += 1
    raise _unreadable(text, at)


def _single(keys: tuple[str, ...] | tuple[int, ...]) -> str | int | None:
    return keys[0] if len(keys) == 1 else None


def _unreadable(text: str, at: int) -> PathError:
    shown = text[at : at + 20] or "the end"
    return PathError(
        f"path not understood at {shown}",
        column=at + 1,
        hint="paths look like $.items[0].name or $['items'][*]",
    )


def walk(value: Any, keys: Sequence[Any]) -> Any | Missing:
    """Return what stands below a value by names and indexes, or MISSING."""
    for key in keys:
        if isinstance(value, dict):
            if key not in value:
                return MISSING
        elif not _has_index(value, key):
            return MISSING
        value = value[key]
    return value


def _has_index(value: Any, key: Any) -> bool:
    return isinstance(value, list) and type(key) is int and -len(value) <= key < len(value)


def _with_descendants(values: list[Any], spend: Spend) -> list[Any]:
    """List values and all below them, each before what it contains."""
    found = []
    waiting = values[::-1]
    while waiting:
        value = waiting.pop()
        if isinstance(value, dict | list):
            spend(1 + len(value))
            found.append(value)
            waiting.extend(reversed(list(_below(value))))
    return found


def _below(value: Any) -> Iterable[Any]:
    if isinstance(value, dict):
        return value.values()
    return value if isinstance(value, list) else ()


def _children(value: Any, _document: Any, spend: Spend) -> Iterable[Any]:
    found = list(_below(value))
    spend(len(found))
    return found


def _named(names: tuple[str, ...]) -> Select:
    def select(value: Any, _document: Any, _spend: Spend) -> Iterable[Any]:
        if isinstance(value, dict):
            return [value[name] for name in names if name in value]
        return ()

    return select


def _merged(names: tuple[str, ...], *, whole: bool) -> Select:
    """Pick the members of an object as one. whole: only where it has all of them."""

    def select(value: Any, _document: Any, _spend: Spend) -> Iterable[Any]:
        if not isinstance(value, dict):
            return ()
        members = {name: value[name] for name in names if name in value}
        return () if whole and len(members) < len(set(names)) else (members,)

    return select


def _indexed(indexes: tuple[int, ...]) -> Select:
    def select(value: Any, _document: Any, _spend: Spend) -> Iterable[Any]:
        if isinstance(value, list):
            size = len(value)
            return [value[index] for index in indexes if -size <= index < size]
        return ()

    return select


def _sliced(bounds: slice) -> Select:
    def select(value: Any, _document: Any, spend: Spend) -> Iterable[Any]:
        if isinstance(value, list):
            spend(len(value))
            return value[bounds]
        return ()

    return select


def _filtered(accepts: Callable[[Any, Any, Spend], bool], *, deep: bool) -> Select:
    """Pick the items of a list; of an object itself, but of its members where all levels are searched."""

    def select(value: Any, document: Any, spend: Spend) -> Iterable[Any]:
        candidates = _below(value) if deep or isinstance(value, list) else (value,)
        return [one for one in candidates if accepts(one, document, spend)]

    return select
