"""Owns an inbox in this process: what the port means, in the fewest words."""

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import count, islice
from math import inf
from operator import attrgetter

from frontdesk.ports.inbox import (
    SUPERSEDED,
    Along,
    Claim,
    Claimed,
    Counts,
    Delivered,
    Document,
    Finish,
    Finished,
    Held,
    Lease,
    OnDead,
    Page,
    Search,
    State,
    Turn,
)
from frontdesk.ports.journal import Started
from frontdesk.ports.queue import QueueStore
from frontdesk.stores.heads import page_token, place
from frontdesk.stores.inboxes import OPEN, age, ended, is_placed, row
from frontdesk.stores.memory.journal import MemoryJournal


@dataclass(slots=True)
class _Record:
    """A delivery. due: its turn, or the end of its lease; inf: once asked for; None: done with."""

    number: int
    claim: Claim
    state: State
    received: float
    due: float | None
    epoch: int
    attempts: int
    error: str
    processed: float | None
    body: bytes | None
    crashes: int = 0
    result: bytes = b""
    duplicates: int = 0
    replays: int = 0

    @property
    def rank(self) -> tuple[bool, float, int]:
        """Where it is in its ordering, from the first."""
        return self.state != "processing", self.claim.version, self.number

    @property
    def is_pending(self) -> bool:
        """Whether somebody deals with it, or will."""
        return self.due is not None and self.due < inf


class MemoryInbox:
    """See `ports.inbox.InboxStore`; gone with the process. It looks through all where others have an index."""

    def __init__(self, queues: QueueStore, journal: MemoryJournal) -> None:
        """queues, journal: of this process, too: what is committed along goes there."""
        self._queues = queues
        self._journal = journal
        self._records: dict[tuple[str, str], _Record] = {}
        self._numbers = count(1)

    async def claim(self, claim: Claim, *, now: float, until: float) -> Claimed:
        """See the port."""
        record = self._records.get((claim.source, claim.id))
        if record is not None:
            return self._repeated(record, claim, until)
        if claim.nonce and any(
            (each.claim.source, each.claim.nonce) == (claim.source, claim.nonce)
            for each in self._records.values()
        ):
            return Claimed("replayed", "ignored")
        number = next(self._numbers)
        placed = is_placed(claim)
        fresh = row(
            claim,
            now=now,
            until=until,
            blocked=placed
            and self._is_blocked(claim, (True, claim.version, number), claim.on_dead),
            superseded=placed and self._is_superseded(claim),
        )
        started = await self._along(claim.along, now) if fresh.state == "processed" else None
        self._records[claim.source, claim.id] = _Record(
            *(number, claim, fresh.state, now, fresh.due, fresh.epoch, fresh.attempts),
            *(fresh.error, fresh.processed, claim.body),
        )
        return Claimed("fresh", fresh.state, b"", fresh.held, fresh.attempts, started)

    async def take(self, leases: Mapping[str, Lease], *, most: int, now: float) -> Sequence[Turn]:
        """See the port."""
        return [
            _take(record, leases[record.claim.source].until)
            for record in islice(self._ready(leases, now), most)
        ]

    async def renew(self, held: Sequence[Held], *, until: float) -> Sequence[bool]:
        """See the port."""
        records = [self._of(each) for each in held]
        for record in records:
            if record is not None:
                record.due = until
        return [record is not None for record in records]

    async def finish(self, held: Held, finish: Finish, *, now: float) -> Finished:
        """See the port."""
        record = self._of(held)
        if record is None:
            return Finished(kept=False)
        started = await self._along(finish.along, now)
        record.state, record.due, record.error, record.result, lost, processed, *_ = ended(
            held, finish, now
        )
        record.attempts -= lost
        record.crashes = 0
        record.processed = processed or record.processed
        return Finished(kept=True, started=started)

    async def find(self, source: str, delivery: str) -> Document | None:
        """See the port."""
        record = self._records.get((source, delivery))
        if record is None:
            return None
        return Document(_shown(record), record.claim.headers, record.body, record.result)

    async def list(self, what: Search, *, most: int, token: str = "") -> Page:
        """See the port."""
        by = attrgetter(age(what), "number")
        before = place(token) if token else (inf, 0)
        found = [record for record in self._found(what) if by(record) < before]
        found.sort(key=by, reverse=True)
        more = len(found) > most
        return Page(
            [_shown(record) for record in found[:most]],
            page_token(*by(found[most - 1])) if more else "",
        )

    async def replay(self, what: Search, *, most: int, now: float, apart: float) -> int:
        """See the port."""
        at_rest = (
            record
            for record in self._found(what)
            if record.state not in ("received", "processing") and record.body is not None
        )
        found = list(islice(at_rest, most))
        for at, record in enumerate(found):
            record.state, record.due, record.attempts = "received", now + at * apart, 0
            record.crashes, record.error = 0, ""
            record.replays += 1
        return len(found)

    async def forget(
        self, source: str, *, before: float, bodies_before: float, most: int, waiting: bool = False
    ) -> int:
        """See the port."""
        records = [each for each in self._records.values() if each.claim.source == source]
        old = [
            each for each in records if each.received < before and (waiting or not each.is_pending)
        ]
        for record in old[:most]:
            del self._records[source, record.claim.id]
        with_body = [
            record
            for record in records
            if before <= record.received < bodies_before
            if record.body is not None and record.due is None
        ]
        for record in with_body[:most]:
            record.body = None
        return len(old[:most]) + len(with_body[:most])

    async def sources(self) -> Sequence[str]:
        """See the port."""
        return sorted({source for source, _ in self._records})

    async def counts(self) -> Sequence[Counts]:
        """See the port."""
        found: defaultdict[tuple[str, State], list[float]] = defaultdict(list)
        for record in self._records.values():
            if record.state in OPEN:
                found[record.claim.source, record.state].append(record.received)
        return [Counts(*key, len(times), min(times)) for key, times in found.items()]

    def _repeated(self, record: _Record, claim: Claim, until: float) -> Claimed:
        record.duplicates += 1
        if record.claim.digest != claim.digest:
            return Claimed("collision", record.state)
        blocked = self._is_blocked(claim, record.rank, claim.on_dead)
        if not claim.retake or record.state != "failed" or blocked:
            return Claimed("duplicate", record.state, record.result, None, record.attempts)
        held = _take(record, until).held
        return Claimed("again", "processing", b"", held, record.attempts)

    async def _along(self, along: Along, now: float) -> Started | None:
        # The start comes first: it may be refused, and then nothing is done.
        started = None if along.start is None else await self._journal.start(along.start)
        for queue, message in along.sends:
            await self._queues.send(queue, [message], now=now)
        return started

    def _ready(self, leases: Mapping[str, Lease], now: float) -> Iterator[_Record]:
        """Yield what may be taken, and be done with what is superseded."""
        pending = [each for each in self._records.values() if each.claim.source in leases]
        while True:
            due = [
                each
                for each in pending
                if each.due is not None
                and each.due <= now
                and not self._is_blocked(each.claim, each.rank, leases[each.claim.source].on_dead)
            ]
            old = [each for each in due if not each.replays and self._is_superseded(each.claim)]
            if not old:
                break
            for record in old:
                record.state, record.due, record.error = "ignored", None, SUPERSEDED
        yield from sorted(due, key=lambda record: (record.due, record.number))

    def _is_blocked(self, claim: Claim, rank: tuple[bool, float, int], on_dead: OnDead) -> bool:
        return any(
            (each.is_pending or (each.state == "dead" and on_dead == "block")) and each.rank < rank
            for each in self._ordered(claim)
        )

    def _is_superseded(self, claim: Claim) -> bool:
        return claim.version > -inf and any(
            each.state == "processed" and each.claim.version > claim.version
            for each in self._ordered(claim)
        )

    def _ordered(self, claim: Claim) -> Iterator[_Record]:
        """Yield all of the ordering of a delivery."""
        ordering = (claim.source, claim.ordering)
        for record in self._records.values():
            if claim.ordering and (record.claim.source, record.claim.ordering) == ordering:
                yield record

    def _found(self, what: Search) -> Iterator[_Record]:
        """Yield what a search finds, oldest first."""
        for record in self._records.values():
            claim = record.claim
            if (
                what.source in ("", claim.source)
                and what.id in ("", claim.id)
                and what.state in (None, record.state)
                and (not what.type or _fits(claim.type, what.type))
                and what.since <= record.received <= what.until
            ):
                yield record

    def _of(self, held: Held) -> _Record | None:
        """Find the delivery whose turn this still is."""
        record = self._records.get((held.source, held.id))
        is_held = record and (record.state, record.epoch) == ("processing", held.epoch)
        return record if is_held else None


def _take(record: _Record, until: float) -> Turn:
    record.crashes += record.state == "processing"
    record.state, record.due = "processing", until
    record.epoch += 1
    record.attempts += 1
    claim = record.claim
    assert record.body is not None  # it is kept until it was dealt with
    return Turn(
        Held(claim.source, claim.id, record.epoch),
        claim.type,
        claim.headers,
        record.body,
        record.received,
        record.attempts,
        record.crashes,
        claim.ordering,
        record.replays,
    )


def _fits(type_: str, asked: str) -> bool:
    return type_.startswith(asked[:-1]) if asked.endswith("*") else type_ == asked


def _shown(record: _Record) -> Delivered:
    claim = record.claim
    is_tried = record.state in ("received", "failed") and record.is_pending
    return Delivered(
        *(claim.source, claim.id, claim.type, record.state, record.received, record.attempts),
        *(record.due if is_tried else None, record.processed, record.error, claim.key),
        *(claim.ordering, record.duplicates, record.replays, len(claim.body)),
    )
