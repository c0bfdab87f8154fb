"""Owns records in this process: what the port means, in the fewest words."""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from itertools import count
from typing import Any

from frontdesk.ports.records import (
    MENTIONED,
    REMEMBERED,
    Change,
    Mentions,
    Name,
    Publication,
    Query,
    Row,
    Subscriber,
    Table,
    Texts,
)


@dataclass(slots=True)
class _Written:
    """A row. made: when it was written."""

    row: Row
    made: float

    def lives(self, now: float) -> bool:
        return self.row.ttl is None or self.row.ttl > now


@dataclass(slots=True)
class _Waiting:
    """A change. due: when it can be taken."""

    change: Change
    due: float = 0.0


@dataclass(slots=True)
class _Tables:
    command: dict[Name, dict[int, _Written]] = field(default_factory=dict)
    data: dict[Name, dict[int, _Written]] = field(default_factory=dict)
    history: dict[Name, dict[int, _Written]] = field(default_factory=dict)


class MemoryRecords:
    """See `ports.records.RecordStore`; gone with the process. It looks through all where others have an index."""

    def __init__(self) -> None:
        self._tables = _Tables()
        self._counters: Counter[tuple[str, str]] = Counter()
        self._subscribers: dict[Subscriber, float] = {}
        self._changes: dict[int, _Waiting] = {}
        self._numbers = count(1)

    async def publish(self, publication: Publication, *, now: float) -> bool:
        """See the port."""
        row, data = publication.row, publication.data
        name = Name(publication.module, row.pk, row.sk)
        commands = self._tables.command.setdefault(name, {})
        known = self._last("data", name, now)
        taken = commands.get(row.version)
        if taken is not None and taken.lives(now):
            return False
        if known is not None and known.row.version != row.version - 1:
            return False
        commands[row.version] = _Written(row, now)
        former = commands.get(row.version - 1)
        if former is not None and publication.command_ttl is not None:
            former.row = former.row._replace(ttl=publication.command_ttl)
        if known is not None:
            self._keep_in_history(name, known.row, publication.history_ttl, now)
        shown = row._replace(document=data, status="")
        self._tables.data[name] = {row.version: _Written(shown, now)}
        kinds = {"hook"} if publication.by_hand else {"hook", "handler"}
        before = None if known is None else known.row.document
        self._tell(kinds, name, row.version, (before, data), now)
        return True

    async def get(
        self, table: Table, name: Name, version: int | None = None, *, now: float
    ) -> Row | None:
        """See the port."""
        if version is None:
            found = self._last(table, name, now)
        else:
            found = self._rows(table).get(name, {}).get(version)
        return found.row if found is not None and found.lives(now) else None

    async def query(self, query: Query, *, now: float) -> Sequence[Row]:
        """See the port."""
        found = [
            row
            for row in self._data(query.module, now)
            if row.pk == query.pk and query.span.holds(row.sk)
        ]
        found.sort(key=lambda row: row.sk, reverse=query.descending)
        return found[: query.most]

    async def mentions(
        self, where: Texts, mark: str, *, after: tuple[object, ...], most: int
    ) -> Mentions:
        """See the port."""
        texts: list[tuple[tuple[Any, ...], Iterable[str | None]]]
        if where == "changes":
            changes = (each.change for each in self._changes.values())
            texts = [((each.number,), (each.before, each.after)) for each in changes]
        else:
            table = getattr(self._tables, where)
            texts = [
                ((*name, version), (each.row.document,))
                for name, rows in table.items()
                for version, each in rows.items()
            ]
        some = sorted(each for each in texts if each[0] > after)[:most]
        behind = (text.partition(mark) for _, of in some for text in of if text)
        found = {rest[:MENTIONED] for _, is_there, rest in behind if is_there}
        return Mentions(found, some[-1][0] if len(some) == most else None)

    async def browse(
        self, module: str, *, after: tuple[str, str], most: int, now: float
    ) -> Sequence[Row]:
        """See the port."""
        found = [row for row in self._data(module, now) if (row.pk, row.sk) > after]
        return sorted(found, key=lambda row: (row.pk, row.sk))[:most]

    async def versions(self, name: Name, *, before: int, most: int, now: float) -> Sequence[Row]:
        """See the port."""
        rows = self._tables.command.get(name, {})
        found = [rows[version] for version in sorted(rows, reverse=True) if version < before]
        return [each.row for each in found if each.lives(now)][:most]

    async def modules(self) -> Sequence[str]:
        """See the port."""
        return sorted({module for module, _, _ in self._tables.data})

    async def archive(self, name: Name, *, ttl: int | None, now: float) -> Row | None:
        """See the port."""
        known = self._last("data", name, now)
        if known is None:
            return None
        self._keep_in_history(name, known.row, ttl, now)
        return self._tables.history[name][known.row.version].row

    async def set_status(
        self, name: Name, version: int, status: str, notice: str, *, now: float
    ) -> bool:
        """See the port."""
        found = self._tables.command.get(name, {}).get(version)
        if found is None:
            return False
        found.row = found.row._replace(status=status)
        self._tell({"status"}, name, version, (None, notice), now)
        return True

    async def set_ttl(self, name: Name, version: int, ttl: int | None) -> bool:
        """See the port."""
        found = [self._rows(table).get(name, {}).get(version) for table in ("command", "data")]
        for each in found:
            if found[0] is not None and each is not None:
                each.row = each.row._replace(ttl=ttl)
        return found[0] is not None

    async def count(self, pk: str, sk: str) -> int:
        """See the port."""
        self._counters[pk, sk] += 1
        return self._counters[pk, sk]

    async def subscribe(self, subscriber: Subscriber, *, now: float) -> None:
        """See the port."""
        self._subscribers[subscriber] = now

    async def unsubscribe(self, name: str, module: str) -> None:
        """See the port."""
        for each in [each for each in self._subscribers if each[:2] == (name, module)]:
            del self._subscribers[each]
        self._drop(
            number
            for number, waiting in self._changes.items()
            if (waiting.change.subscriber, waiting.change.name.module) == (name, module)
        )

    async def subscribers(self) -> Sequence[Subscriber]:
        """See the port."""
        return sorted(self._subscribers)

    async def take(
        self, subscriber: str, *, most: int, now: float, until: float
    ) -> Sequence[Change]:
        """See the port."""
        taken: list[Change] = []
        seen: set[Name] = set()
        for waiting in self._changes.values():
            change = waiting.change
            if change.subscriber != subscriber or change.name in seen:
                continue
            seen.add(change.name)
            if waiting.due <= now and len(taken) < most:
                waiting.due = until
                waiting.change = change._replace(tries=change.tries + 1)
                taken.append(waiting.change)
        return taken

    async def settle(self, changes: Sequence[Change]) -> None:
        """See the port."""
        self._drop(change.number for change in changes if self._is_last(change))

    async def postpone(self, change: Change, *, until: float) -> None:
        """See the port."""
        if self._is_last(change):
            self._changes[change.number].due = until

    async def waiting(self, subscriber: str) -> tuple[int, float | None]:
        """See the port."""
        made = [
            waiting.change.made
            for waiting in self._changes.values()
            if waiting.change.subscriber == subscriber
        ]
        return len(made), min(made, default=None)

    async def forget(self, now: float, *, most: int) -> int:
        """See the port."""
        gone = 0
        for table in ("command", "data", "history"):
            rows = self._rows(table)
            old = [
                (name, version)
                for name, versions in rows.items()
                for version, written in versions.items()
                if not written.lives(now)
            ]
            for name, version in old[:most]:
                self._remove(rows, name, version)
                gone += 1
        for subscriber, since in list(self._subscribers.items()):
            if since <= now - REMEMBERED:
                await self.unsubscribe(subscriber.name, subscriber.module)
        return gone

    async def trim(self, table: Table, module: str, before: float, *, most: int) -> int:
        """See the port."""
        rows = self._rows(table)
        old = [
            (name, version)
            for name, versions in rows.items()
            for version, written in versions.items()
            if name.module == module and written.made <= before
            if table != "command" or version < max(versions)
        ]
        for name, version in old[:most]:
            self._remove(rows, name, version)
        return len(old[:most])

    def close(self) -> None:
        """See the port."""

    def _rows(self, table: str) -> dict[Name, dict[int, _Written]]:
        rows: dict[Name, dict[int, _Written]] = getattr(self._tables, table)
        return rows

    def _data(self, module: str, now: float) -> Iterable[Row]:
        for (of_module, _, _), rows in self._tables.data.items():
            if of_module == module:
                yield from (each.row for each in rows.values() if each.lives(now))

    def _last(self, table: str, name: Name, now: float) -> _Written | None:
        living = [each for each in self._rows(table).get(name, {}).values() if each.lives(now)]
        return max(living, key=lambda each: each.row.version, default=None)

    def _keep_in_history(self, name: Name, row: Row, ttl: int | None, now: float) -> None:
        kept = self._tables.history.setdefault(name, {})
        there = kept.get(row.version)
        if there is None or not there.lives(now):
            kept[row.version] = _Written(row._replace(ttl=ttl), now)

    def _tell(
        self, kinds: set[str], name: Name, version: int, images: tuple[str | None, str], now: float
    ) -> None:
        for (subscriber, module, kind), seen in self._subscribers.items():
            if module == name.module and kind in kinds and seen > now - REMEMBERED:
                number = next(self._numbers)
                change = Change(number, subscriber, name, version, *images, now, 0)
                self._changes[number] = _Waiting(change)

    def _is_last(self, change: Change) -> bool:
        waiting = self._changes.get(change.number)
        return waiting is not None and waiting.change.tries == change.tries

    def _drop(self, numbers: Iterable[int]) -> None:
        for number in list(numbers):
            self._changes.pop(number, None)

    @staticmethod
    def _remove(rows: dict[Name, dict[int, _Written]], name: Name, version: int) -> None:
        del rows[name][version]
        if not rows[name]:
            del rows[name]
