"""Owns answers that several gateways share: memory in front, Redis behind.

What is dropped by one gateway is noted in a stream, which the others read once a second; nothing that
was fetched before is kept behind it.
"""

import asyncio
from collections.abc import Coroutine, Iterable
from dataclasses import dataclass
from importlib.resources import files
from typing import Any, Final

import orjson

from frontdesk.base.clock import Clock
from frontdesk.base.errors import StoreError
from frontdesk.base.wheel import Wheel
from frontdesk.ports.cache import Entry, Flight, Waiter
from frontdesk.stores.memory.cache import MAX_BYTES, MAX_ENTRY, MemoryCache, MemoryFlight
from frontdesk.stores.redis.link import Link

LOOK: Final = 1.0
"""Seconds between two looks at what others have dropped."""

_KEEP: Final = (files(__package__) / "keep.lua").read_text(encoding="utf-8")
_NOTED: Final = 10_000
"""Entries of the stream, about: many more than are made between two looks."""
_AT_ONCE: Final = 1000
_ASKED: Final = 100
"""Keys of one round trip: a megabyte each, at worst."""


@dataclass(slots=True, eq=False)
class _Question:
    """A key that is looked for behind. left: nobody waits for it any more."""

    key: str
    now: float
    flight: Flight
    waiter: Waiter
    left: bool = False


class RedisCache(MemoryCache):
    """See `ports.cache.Cache`. While Redis is lost, each gateway has its own answers."""

    def __init__(
        self,
        link: Link,
        prefix: str,
        clock: Clock,
        wheel: Wheel,
        *,
        max_bytes: int = MAX_BYTES,
        max_entry: int = MAX_ENTRY,
    ) -> None:
        """prefix: of its keys; gateways with the same one share their answers. max_bytes: in memory here."""
        super().__init__(max_bytes, max_entry)
        self._link = link
        self._prefix = prefix
        self._clock = clock
        self._stream = f"{prefix}dropped"
        self._keeper = link.script(_KEEP)
        self._questions: dict[tuple[str, Waiter], _Question] = {}
        self._asking: asyncio.Task[None] | None = None
        self._sending: set[asyncio.Task[None]] = set()
        self._arriving: Entry | None = None
        self._known = (
            ""  # the last entry of the stream that was read; "": it has not been looked at
        )
        self._timer = wheel.timer(self._look)

    def join(self, key: str, now: float, waiter: Waiter | None) -> Flight | None:
        """See the port."""
        flight = super().join(key, now, waiter)
        if flight is None or waiter is None or self._link.lost:
            return flight
        self._questions[key, waiter] = _Question(key, now, flight, waiter)
        if self._asking is None:
            self._asking = asyncio.get_running_loop().create_task(self._ask())
        return None

    def leave(self, key: str, waiter: Waiter) -> None:
        """See the port."""
        super().leave(key, waiter)
        question = self._questions.get((key, waiter))
        if question is not None:
            question.left = True

    def discard(self, key: str) -> None:
        """See the port. The others learn of it within two seconds."""
        super().discard(key)
        self._send(self._drop_behind(key))

    async def flush(self, prefix: str = "") -> int:
        """See the port. The others learn of it within two seconds. Raises: StoreError, of Redis."""
        found = self._forget_all(prefix)
        await self._note("prefix", prefix)
        pattern = _literally(self._prefix + prefix) + "*"
        at = await self._unlink_some(pattern, 0)
        while at:
            at = await self._unlink_some(pattern, at)
        return found

    def landed(self, flight: MemoryFlight, entry: Entry) -> None:
        """Keep an answer here and behind, and give it to those who wait."""
        super().landed(flight, entry)
        if entry is not self._arriving and self._known and self._entries.get(flight.key) is entry:
            self._send(self._keep_behind(flight.key, entry))

    def close(self) -> None:
        """See the port."""
        self._timer.stop()
        for task in (*self._sending, *filter(None, [self._asking])):
            task.cancel()

    # -- looking behind -----------------------------------------------------------------------------

    async def _ask(self) -> None:
        """Look for all keys that are asked for: those of one turn of the loop go together."""
        try:
            while self._questions:
                questions = list(self._questions.values())[:_ASKED]
                found = await self._find([question.key for question in questions])
                for question, data in zip(questions, found, strict=True):
                    del self._questions[question.key, question.waiter]
                    self._tell(question, data)
        finally:
            self._asking = None

    async def _find(self, keys: list[str]) -> list[bytes | None]:
        try:
            if not self._known:
                await self._read_stream()
            return await self._link.call(
                lambda redis: redis.mget([self._prefix + key for key in keys])
            )
        except StoreError:
            return [None] * len(keys)

    def _tell(self, question: _Question, data: bytes | None) -> None:
        entry = None if data is None else _read(data)
        if entry is not None and question.now < entry.fresh:
            self._arriving = entry
            question.flight.land(entry)
            self._arriving = None
            if not question.left:
                question.waiter(entry)
        elif question.left:
            question.flight.abandon()
        else:
            question.waiter(question.flight)

    # -- changing what is behind ----------------------------------------------------------------------

    def _send(self, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.get_running_loop().create_task(_quietly(work))
        self._sending.add(task)
        task.add_done_callback(self._sending.discard)

    async def _keep_behind(self, key: str, entry: Entry) -> None:
        keys = [self._prefix + key, self._stream]
        told = [self._known, key, _written(entry), int(entry.expires * 1000)]
        await self._link.call(lambda _redis: self._keeper(keys, told))

    async def _drop_behind(self, key: str) -> None:
        await self._note("key", key)
        await self._unlink([self._prefix + key])

    async def _note(self, what: str, name: str) -> None:
        await self._link.call(
            lambda redis: redis.xadd(self._stream, {what: name}, maxlen=_NOTED, approximate=True)
        )

    async def _unlink_some(self, pattern: str, at: int) -> int:
        """Drop some of the answers that a pattern matches; return where to go on, 0 for nowhere."""
        after, keys = await self._link.call(lambda redis: redis.scan(at, pattern, _AT_ONCE))
        await self._unlink(key for key in keys if key != self._stream.encode())
        return int(after)

    async def _unlink(self, keys: Iterable[str | bytes]) -> None:
        if gone := list(keys):
            await self._link.call(lambda redis: redis.unlink(*gone))

    # -- what others have dropped ----------------------------------------------------------------------

    def _look(self) -> None:
        self._send(self._read_stream())

    async def _read_stream(self) -> None:
        self._timer.at(self._clock.monotonic() + LOOK)
        if not self._known:
            newest = await self._link.call(lambda redis: redis.xrevrange(self._stream, count=1))
            self._known = newest[0][0].decode() if newest else "0-0"
            return
        noted = await self._link.call(lambda redis: redis.xrange(self._stream, f"({self._known}"))
        for number, fields in noted:
            self._known = number.decode()
            for what, name in fields.items():
                (self._forget_all if what == b"prefix" else self._forget)(name.decode())


async def _quietly(work: Coroutine[Any, Any, None]) -> None:
    """Do what may be left undone while Redis is lost, which the link has told of."""
    try:
        await work
    except StoreError:
        return


def _literally(text: str) -> str:
    """Write a text for a pattern that it alone matches."""
    return "".join(f"\\{each}" if each in "*?[]^\\-" else each for each in text)


def _written(entry: Entry) -> bytes:
    """Write the parts but the body as JSON, which has no line end, and behind one the body."""
    fields = [[each.decode("latin-1") for each in field] for field in entry.fields]
    vary = [name.decode("latin-1") for name in entry.vary]
    head = [entry.status, fields, entry.stored, entry.fresh, entry.expires, vary]
    return orjson.dumps(head) + b"\n" + entry.body


def _read(data: bytes) -> Entry:
    head, _, body = data.partition(b"\n")
    status, fields, stored, fresh, expires, vary = orjson.loads(head)
    pairs = [(name.encode("latin-1"), value.encode("latin-1")) for name, value in fields]
    names = tuple(name.encode("latin-1") for name in vary)
    return Entry(status, pairs, body, stored, fresh, expires, names)
