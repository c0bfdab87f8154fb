"""Owns what operations of a Journal in PostgreSQL come to: rows, by columns, for its two functions. Knows no connection."""

from collections.abc import Collection, Mapping, Sequence
from typing import Any, NamedTuple, Self, TypeAlias

from frontdesk.ports.journal import Append, FencedError, SequenceError, Start
from frontdesk.stores.heads import Head, Written, advance, begin, columns, post, read_head

Columns: TypeAlias = list[Sequence[Any]]
"""Parameters of a function: one for each column of its rows."""


class Known(NamedTuple):
    """A head, and how its row has it: status, ended, seq, owner, due, and the rest as it was written."""

    head: Head
    row: Sequence[Any]

    @classmethod
    def of(cls, head: Head) -> Self:
        """Write a head."""
        return cls(head, columns(head))

    @classmethod
    def read(cls, row: Sequence[Any]) -> Self:
        """Read a row."""
        return cls(read_head(row), row)


class Starting(NamedTuple):
    """A start. begins: the head of its stream."""

    start: Start
    begins: Known
    written: Written

    @classmethod
    def of(cls, start: Start, written: Written) -> Self:
        """Make its head. Raises: ValueError, for what no stream can have."""
        return cls(start, Known.of(begin(start)), written)

    @property
    def row(self) -> Sequence[Any]:
        """The parameters of `frontdesk_journal_start` for it."""
        start = self.start
        return (start.kind, start.name, start.digest, start.time, *self.begins.row, *self.written)


class Appending(NamedTuple):
    """An append."""

    append: Append
    written: Written

    @property
    def stream(self) -> int:
        """The id of its stream."""
        return self.append.stream


class Posting(NamedTuple):
    """A message to a stream. document: JSON."""

    stream: int
    document: bytes


Change: TypeAlias = Appending | Posting


class Changes:
    """What appends and messages make of the heads of their streams, one after the other.

    results: of each, or the error to raise. after: the heads that have changed. certain: none was refused,
    and every head was known.
    """

    def __init__(self, changes: Sequence[Change], former: Mapping[int, Known]) -> None:
        """former: the heads that are known."""
        self.results: list[int | bool | Exception] = []
        self._former = former
        self._heads: dict[int, Head] = {}
        self._events: list[tuple[int, int, bytes, bytes | None]] = []
        self._snapshots: dict[int, tuple[int, bytes]] = {}
        self._posts: list[tuple[int, int, bytes]] = []
        self._taken: dict[int, int] = {}
        for each in changes:
            head = self._head(each.stream)
            try:
                if isinstance(each, Posting):
                    self.results.append(self._post(each, head))
                else:
                    self.results.append(self._append(each, head))
            except (FencedError, SequenceError, ValueError) as error:
                self.results.append(error)
        self.after = {stream: Known.of(head) for stream, head in self._heads.items()}
        self.certain = all(
            result is not False and not isinstance(result, Exception) for result in self.results
        )

    @property
    def columns(self) -> Columns:
        """The parameters of `frontdesk_journal_change`; none, where nothing changes."""
        if not self.after:
            return []
        changed = []
        for stream, (_, row) in self.after.items():
            status, _, seq, owner, _, rest = self._former[stream].row
            changed.append((stream, owner, status, seq, rest, *row))
        # What is taken at once leaves no row.
        posts = [each for each in self._posts if each[1] > self._taken.get(each[0], 0)]
        return [
            *in_columns(changed, 11),
            *in_columns(self._events, 4),
            *in_columns([(stream, *one) for stream, one in self._snapshots.items()], 3),
            *in_columns(posts, 3),
            *in_columns(self._taken.items(), 2),
        ]

    def _head(self, stream: int) -> Head | None:
        changed = self._heads.get(stream)
        if changed is None and stream in self._former:
            return self._former[stream].head
        return changed

    def _append(self, appending: Appending, before: Head | None) -> int:
        (append, written), stream = appending, appending.stream
        after = advance(before, append)
        assert before is not None
        self._heads[stream] = after
        if written.events is not None:
            self._events.append((stream, before.seq + 1, written.events, written.commands))
        if written.snapshot is not None:
            self._snapshots[stream] = (after.seq, written.snapshot)
        if after.taken > before.taken:
            self._taken[stream] = after.taken
        return after.seq

    def _post(self, posting: Posting, before: Head | None) -> bool:
        if before is None:
            return False
        after = self._heads[posting.stream] = post(before)
        self._posts.append((posting.stream, after.posted, posting.document))
        return True


def in_columns(rows: Collection[Sequence[Any]], width: int) -> Columns:
    """Turn rows into columns, which are empty where there are none."""
    return list(zip(*rows, strict=True)) if rows else [()] * width
