"""Owns a Journal in this process: what the port means, in the fewest words."""

from collections import Counter
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from itertools import count, islice
from math import inf
from typing import Any

import orjson

from frontdesk.ports.journal import (
    NOBODY,
    Append,
    Counts,
    Document,
    FencedError,
    Filter,
    Loaded,
    Message,
    Page,
    Start,
    Started,
    Stream,
)
from frontdesk.stores.heads import Head, advance, begin, first_kept, page_token, place, post


@dataclass(slots=True)
class _Record:
    stream: Stream
    head: Head
    events: list[Document]
    appends: list[int]
    """Numbers of the first events of those that are left."""
    snapshot: tuple[int, Document | None]
    commands: dict[str, Document]
    messages: list[Message]


class MemoryJournal:
    """See `ports.journal.Journal`; gone with the process. It looks through all streams where others have an index."""

    def __init__(self) -> None:
        self._owners: dict[int, float] = {}
        self._records: dict[int, _Record] = {}
        self._ids = count(1)
        self._owner_ids = count(1)

    async def join(self, *, until: float) -> int:
        """See the port."""
        owner = next(self._owner_ids)
        self._owners[owner] = until
        return owner

    async def renew(self, owner: int, *, until: float) -> None:
        """See the port."""
        self._expect_owner(owner)
        self._owners[owner] = until

    async def start(self, start: Start) -> Started:
        """See the port."""
        if start.owner != NOBODY:
            self._expect_owner(start.owner)
        known = await self.find(start.kind, start.name)
        if known is not None:
            return Started("same" if known.digest == start.digest else "other", known)
        head = begin(start)
        stream = Stream(
            next(self._ids),
            start.kind,
            start.name,
            start.digest,
            start.time,
            head.status,
            head.seq,
        )
        record = _Record(stream, head, [], [], (0, None), {}, [])
        _write(record, start, head)
        self._records[stream.id] = record
        return Started("started", record.stream)

    async def append(self, append: Append) -> int:
        """See the port."""
        record = self._records.get(append.stream)
        head = advance(record.head if record else None, append)
        assert record is not None
        _write(record, append, head)
        return head.seq

    async def post(self, stream: int, document: Document) -> bool:
        """See the port."""
        record = self._records.get(stream)
        if record is None:
            return False
        head, kept = post(record.head), _kept(document)
        record.head = head
        record.messages.append(Message(head.posted, kept))
        return True

    async def due(self, owner: int, *, now: float, most: int) -> Sequence[Loaded]:
        """See the port."""
        self._expect_owner(owner)
        found = sorted(self._waiting(now), key=lambda record: record.head.due or 0.0)[:most]
        for lapsed in self._lapsed(now, owner):
            left = self._held(lapsed)
            room = most - len(found)
            found += left[:room]
            if len(left) <= room:
                del self._owners[lapsed]
        for record in found:
            record.head = record.head._replace(owner=owner, due=None)
        return [_loaded(record) for record in found]

    async def posted(
        self, owner: int, *, most: int, without: Collection[int] = ()
    ) -> Sequence[tuple[int, Message]]:
        """See the port."""
        messages = (
            (record.stream.id, message)
            for record in self._held(owner)
            if record.stream.id not in without
            for message in record.messages
        )
        return list(islice(messages, most))

    async def load(self, stream: int) -> Loaded | None:
        """See the port."""
        record = self._records.get(stream)
        return _loaded(record) if record else None

    async def find(self, kind: str, name: str) -> Stream | None:
        """See the port."""
        streams = (record.stream for record in self._records.values())
        return next((each for each in streams if (each.kind, each.name) == (kind, name)), None)

    async def read(self, stream: int, first: int, last: int) -> Sequence[Document]:
        """See the port."""
        record = self._records.get(stream)
        if record is None or not record.events:
            return []
        left = record.appends[0]
        return record.events[max(first - left, 0) : max(last - left + 1, 0)]

    async def list(
        self, what: Filter, *, most: int, token: str = "", newest_first: bool = True
    ) -> Page:
        """See the port."""
        after = place(token) if token else (inf, 0) if newest_first else (-inf, 0)
        found = sorted(
            (
                (each.started, each.id)
                for each in (record.stream for record in self._records.values())
                if each.kind == what.kind
                and what.status in (None, each.status.name)
                and what.since <= each.started <= what.until
            ),
            reverse=newest_first,
        )
        rest = [at for at in found if (at < after if newest_first else at > after)]
        streams = [self._records[id_].stream for _, id_ in rest[:most]]
        return Page(streams, page_token(*rest[most - 1]) if len(rest) > most else "")

    async def forget(self, kind: str, before: float, *, most: int) -> int:
        """See the port."""
        ended = [
            (status.ended, id_)
            for id_, record in self._records.items()
            if f"{record.stream.kind}/".startswith(f"{kind}/") and record.head.owner is None
            if (status := record.stream.status).ended is not None and status.ended < before
        ]
        oldest = sorted(ended)[:most]
        for _, id_ in oldest:
            del self._records[id_]
        return len(oldest)

    async def trim(self, stream: int, before: int) -> None:
        """See the port."""
        record = self._records.get(stream)
        if record is not None:
            kept = first_kept(record.head, record.snapshot[0], before)
            gone = sum(first <= kept for first in record.appends) - 1
            if gone > 0:
                del record.events[: record.appends[gone] - record.appends[0]]
                del record.appends[:gone]

    async def counts(self, status: str, *, now: float) -> Counts:
        """See the port."""
        streams = (record.stream for record in self._records.values())
        kinds = Counter(each.kind for each in streams if each.status.name == status)
        return Counts(dict(kinds), len(list(self._waiting(now))))

    def _expect_owner(self, owner: int) -> None:
        if owner not in self._owners:
            raise FencedError(owner)

    def _lapsed(self, now: float, owner: int) -> Sequence[int]:
        return [id_ for id_, until in self._owners.items() if until <= now and id_ != owner]

    def _held(self, owner: int) -> Sequence[_Record]:
        return [record for record in self._records.values() if record.head.owner == owner]

    def _waiting(self, now: float) -> Iterator[_Record]:
        for record in self._records.values():
            if record.head.due is not None and record.head.due <= now:
                yield record


def _write(record: _Record, append: Start | Append, head: Head) -> None:
    events, commands, snapshot = _kept([append.events, append.commands, append.snapshot])
    record.head = head
    record.stream = record.stream._replace(status=head.status, seq=head.seq)
    if events:
        record.events += events
        record.appends.append(head.seq - len(events) + 1)
    record.commands |= commands
    record.commands = {key: each for key, each in record.commands.items() if key in head.outbox}
    record.messages = [message for message in record.messages if message.number > head.taken]
    if snapshot is not None:
        record.snapshot = (head.seq, snapshot)


def _loaded(record: _Record) -> Loaded:
    seq, snapshot = record.snapshot
    return Loaded(
        record.stream,
        snapshot,
        record.events[seq - record.appends[0] + 1 :] if record.events else [],
        record.head.timers,
        record.commands,
        list(record.messages),
    )


def _kept(written: Any) -> Any:
    """Return what JSON keeps of it."""
    return orjson.loads(orjson.dumps(written))
