"""Owns comparing two loaded configurations: which keys differ, and where each stands. Reads no file."""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Literal

from frontdesk.base.errors import Position
from frontdesk.config.load import Loaded
from frontdesk.config.masking import secret_texts
from frontdesk.config.secrets import MASK
from frontdesk.config.tree import Path
from frontdesk.config.validation import shown

_INLINE = 4  # keys of a mapping that is shown whole

Kind = Literal["added", "removed", "changed"]


@dataclass(frozen=True, slots=True)
class Change:
    """One key that differs. Where a mapping came or went as a whole, its own key stands for what is in it.

    where: in the new files; of what was removed, in the old ones. before, after: as people may see them,
    references unresolved and secrets masked; "" where there is none.
    """

    kind: Kind
    path: Path
    where: Position
    before: str = ""
    after: str = ""

    def __str__(self) -> str:
        values = " → ".join(filter(None, (self.before, self.after)))
        return f"{self.where}: {self.kind}: {self.where.path}: {values}"


def changes(old: Loaded, new: Loaded) -> list[Change]:
    """List what `new` says otherwise than `old`, in order of place."""
    found = _Comparison(old, new).below((), old.tree.value, new.tree.value)
    return sorted(found, key=lambda change: (change.where.file, change.where.line))


class _Comparison:
    def __init__(self, old: Loaded, new: Loaded) -> None:
        self.old = old
        self.new = new

    @cached_property
    def secrets(self) -> set[str]:
        return {*secret_texts(self.old.config), *secret_texts(self.new.config)}

    def below(self, path: Path, before: Any, after: Any) -> Iterator[Change]:
        """Compare two values that differ."""
        if not (isinstance(before, dict) and isinstance(after, dict)):
            yield self.changed(path, before, after)
            return
        for key in before.keys() & after.keys():
            if before[key] != after[key]:
                yield from self.below((*path, key), before[key], after[key])
        for key in before.keys() - after.keys():
            gone = (*path, key)
            where = self.old.tree.position(gone, of_key=True)
            yield Change("removed", gone, where, before=self.shown(before[key], key))
        for key in after.keys() - before.keys():
            come = (*path, key)
            where = self.new.tree.position(come, of_key=True)
            yield Change("added", come, where, after=self.shown(after[key], key))

    def changed(self, path: Path, before: Any, after: Any) -> Change:
        where = self.new.tree.position(path, of_key=True)
        was, will = self.shown(before, path[-1]), self.shown(after, path[-1])
        return Change("changed", path, where, was, will if will != was else f"another {will}")

    def shown(self, value: Any, key: str | int) -> str:
        match value:
            case str() if str.__str__(value) in self.secrets and not _referenced(value):
                return MASK
            case list() if not any(map(_is_nested, value)):
                return f"[{', '.join(self.shown(item, key) for item in value)}]"
            case dict() if 0 < len(value) <= _INLINE and not any(map(_is_nested, value.values())):
                items = (f"{name}: {self.shown(item, name)}" for name, item in value.items())
                return f"{{{', '.join(items)}}}"
        return shown(value, key)


def _is_nested(value: object) -> bool:
    return isinstance(value, (dict, list))


def _referenced(text: str) -> bool:
    return bool(getattr(text, "referenced", False))
