"""Owns queues in this process: what the port means, in the fewest words."""

from collections import Counter
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import count, islice
from math import inf

from frontdesk.ports.queue import (
    LOOKED_THROUGH,
    REMEMBERED,
    Counts,
    Kept,
    Message,
    Outgoing,
    Queue,
    Receipt,
    Received,
    Sent,
)


@dataclass(slots=True)
class _Record:
    """A message. visible: when it can be received. receives: in this queue; earlier: in those before."""

    number: int
    queue: str
    message: Outgoing
    sent: float
    visible: float
    receives: int = 0
    earlier: int = 0
    first: float = 0.0
    source: str = ""


class MemoryQueues:
    """See `ports.queue.QueueStore`; gone with the process. It looks through all messages where others have an index."""

    def __init__(self) -> None:
        self._records: dict[int, _Record] = {}
        self._known: dict[tuple[str, str], tuple[float, Sent]] = {}
        self._numbers = count(1)

    async def send(
        self, queue: Queue, messages: Sequence[Outgoing], *, now: float
    ) -> Sequence[Sent]:
        """See the port."""
        return [self._send(queue, message, now) for message in messages]

    async def receive(
        self, queue: Queue, *, most: int, now: float, visibility: float | None = None
    ) -> Received:
        """See the port."""
        # Differs: [in-flight-limit] AWS hands out no more once 120,000 messages are hidden.
        until = now + (queue.visibility if visibility is None else visibility)
        messages: list[Message] = []
        fates: Counter[str] = Counter()
        while found := list(islice(self._ready(queue, now), most - len(messages))):
            for record in found:
                fate = queue.fate(record.sent, record.receives, now)
                fates[fate] += 1
                if fate == "due":
                    record.visible = until
                    record.receives += 1
                    record.first = record.first or now
                    messages.append(_message(record))
                else:
                    del self._records[record.number]
                if fate == "dead":
                    self._bury(queue, record, now)
            if visibility == 0:
                break  # they could be received at once
        return Received(messages, fates["dead"], fates["expired"])

    async def delete(
        self, queue: Queue, receipts: Sequence[Receipt], *, now: float
    ) -> Sequence[bool]:
        """See the port."""
        records = [self._of(queue, receipt) for receipt in receipts]
        done = [
            record is not None and not (queue.fifo and record.visible <= now) for record in records
        ]
        for receipt, is_done in zip(receipts, done, strict=True):
            if is_done:
                self._records.pop(receipt.number, None)
        return done

    async def change(
        self, queue: Queue, receipts: Sequence[Receipt], *, visibility: float, now: float
    ) -> Sequence[bool]:
        """See the port."""
        done = []
        for receipt in receipts:
            record = self._of(queue, receipt)
            hidden = record is not None and record.visible > now
            if record is not None and hidden:
                record.visible = now + visibility
            done.append(hidden)
        return done

    async def postpone(
        self, queue: Queue, receipt: Receipt, *, attributes: bytes, visibility: float, now: float
    ) -> bool:
        """See the port."""
        record = self._of(queue, receipt)
        if record is not None:
            record.visible = now + visibility
            record.message = record.message._replace(attributes=attributes)
        return record is not None

    async def names(self, prefix: str) -> Collection[str]:
        """See the port."""
        return {each.queue for each in self._records.values() if each.queue.startswith(prefix)}

    async def sources(self, name: str) -> Mapping[str, int]:
        """See the port."""
        return Counter(record.source for record in self._in(name) if record.source)

    async def peek(self, name: str, *, after: int, most: int) -> Sequence[Kept]:
        """See the port."""
        found = (record for record in self._in(name) if record.number > after)
        return [Kept(_message(record), record.visible) for record in islice(found, most)]

    async def drop(self, name: str, numbers: Collection[int]) -> int:
        """See the port."""
        found = [record.number for record in self._in(name) if record.number in numbers]
        for number in found:
            del self._records[number]
        return len(found)

    async def move(
        self,
        name: str,
        to: str,
        *,
        source: str | None,
        most: int,
        now: float,
        numbers: Collection[int] | None = None,
    ) -> int:
        """See the port."""
        ready = (
            record
            for record in self._in(name)
            if record.visible <= now
            and source in (None, record.source)
            and (numbers is None or record.number in numbers)
        )
        found = list(islice(ready, most))
        for record in found:
            del self._records[record.number]
            # Differs: [redriven-id] AWS gives redriven messages new ids.
            self._keep(_Record(next(self._numbers), to, record.message, now, now))
        return len(found)

    async def forget(self, name: str, before: float, *, most: int) -> int:
        """See the port."""
        sent = (record.number for record in self._in(name) if record.sent <= before)
        found = list(islice(sent, most))
        for number in found:
            del self._records[number]
        if before == inf:
            self._known = {key: known for key, known in self._known.items() if key[0] != name}
        return len(found)

    async def forget_known(self, before: float) -> None:
        """See the port."""
        self._known = {key: known for key, known in self._known.items() if known[0] > before}

    async def counts(self, name: str, *, now: float) -> Counts:
        """See the port."""
        records = list(self._in(name))
        hidden = [record for record in records if record.visible > now]
        in_flight = sum(record.receives > 0 for record in hidden)
        return Counts(
            len(records) - len(hidden),
            in_flight,
            len(hidden) - in_flight,
            min((record.sent for record in records), default=None),
        )

    def _send(self, queue: Queue, message: Outgoing, now: float) -> Sent:
        key = (queue.name, queue.sameness(message))
        if queue.fifo:
            since, known = self._known.get(key, (-inf, None))
            if known is not None and since > now - REMEMBERED:
                return known._replace(again=True)
        delay = queue.delay if message.delay is None else message.delay
        record = _Record(next(self._numbers), queue.name, message, now, now + delay)
        self._keep(record)
        sent = Sent(message.id, record.number)
        if queue.fifo:
            self._known[key] = (now, sent)
        return sent

    def _ready(self, queue: Queue, now: float) -> Iterator[_Record]:
        """Yield what can be received now, in the order of receiving."""
        # Differs: [fair-queues] AWS gives groups of a standard queue their turns.
        if not queue.fifo:
            ready = [record for record in self._in(queue.name) if record.visible <= now]
            yield from sorted(ready, key=lambda record: (record.visible, record.number))
            return
        records = list(self._in(queue.name))
        hidden = [record for record in records if record.visible > now]
        taken = {record.message.group for record in hidden if record.receives}
        for record in records[:LOOKED_THROUGH]:
            group = record.message.group
            if record.visible > now:
                taken.add(group)  # those behind it wait for it
            elif group not in taken:
                yield record

    def _bury(self, queue: Queue, record: _Record, now: float) -> None:
        number = next(self._numbers)
        total = record.receives + record.earlier
        source = queue.name
        moved = replace(record, number=number, queue=queue.dead_letter, source=source)
        self._keep(replace(moved, visible=now, receives=0, earlier=total))

    def _of(self, queue: Queue, receipt: Receipt) -> _Record | None:
        """Find the message whose last receipt this is."""
        record = self._records.get(receipt.number)
        is_last = record and (record.queue, record.receives) == (queue.name, receipt.receives)
        return record if is_last else None

    def _in(self, name: str) -> Iterator[_Record]:
        return (record for record in self._records.values() if record.queue == name)

    def _keep(self, record: _Record) -> None:
        self._records[record.number] = record


def _message(record: _Record) -> Message:
    message = record.message
    return Message(
        Receipt(record.number, record.receives),
        message.id,
        message.body,
        message.attributes,
        message.group,
        message.deduplication,
        record.sent,
        record.receives + record.earlier,
        record.first,
        record.source,
    )
