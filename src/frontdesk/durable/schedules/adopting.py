"""Owns how the schedules of a configuration come into the journal, change there, and leave it again."""

from collections.abc import AsyncIterator, Mapping
from hashlib import sha256
from typing import Final

import orjson

from frontdesk.base.clock import Clock
from frontdesk.durable.schedules.definition import Definition
from frontdesk.durable.schedules.life import KIND, NEXT
from frontdesk.durable.schedules.state import State
from frontdesk.ports.journal import NOBODY, Document, Filter, Journal, Start, Stream

_KEPT: Final = 30 * 86400.0
"""Seconds that a schedule is remembered which has left the file: within them it repeats nothing that has run."""

_SLICE: Final = 200


class Schedules:
    """The schedules of one gateway, or of several with one store and the same file.

    It needs no driver: whoever drives the journal finds what was begun and posted here.
    """

    def __init__(self, journal: Journal, clock: Clock) -> None:
        self._journal = journal
        self._clock = clock

    async def adopt(self, schedules: Mapping[str, Definition]) -> None:
        """Have these schedules come, and no others. What the journal has already stays as it is.

        Raises: StoreError; then some are adopted, and others not yet.
        """
        known = {stream.name: stream async for stream in streams_of(self._journal)}
        for name, definition in schedules.items():
            stream = known.pop(name, None) or await self._begin(name, definition)
            if stream is not None:
                await self._tell(stream, definition.document)
        for stream in known.values():
            if stream.status.ended is None:
                await self._tell(stream, None)
        await self._journal.forget(KIND, self._clock.time() - _KEPT, most=_SLICE)

    async def _begin(self, name: str, definition: Definition) -> Stream | None:
        """Make the stream of a schedule. Returns the one that another gateway has made meanwhile."""
        now = self._clock.time()
        state = State()
        state.adopt(definition, now)
        due = state.next
        started = await self._journal.start(
            Start(
                kind=KIND,
                name=name,
                digest=sha256(orjson.dumps(definition.document)).digest(),
                time=now,
                status=state.status(now),
                owner=NOBODY,
                events=[{"type": "Adopted"}],
                snapshot=state.document,
                timers={} if due is None else {NEXT: due},
            )
        )
        return None if started.state == "started" else started.stream

    async def _tell(self, stream: Stream, definition: Document | None) -> None:
        """Post a definition, unless it is the newest one that the stream was told."""
        loaded = await self._journal.load(stream.id)
        if loaded is None or loaded.snapshot is None:
            return  # another gateway has forgotten it
        told = loaded.messages[-1].document if loaded.messages else loaded.snapshot
        if told["definition"] != definition:
            await self._journal.post(stream.id, {"definition": definition})


async def streams_of(journal: Journal) -> AsyncIterator[Stream]:
    """List the streams of all schedules. Raises: StoreError."""
    token = ""
    while True:
        page = await journal.list(Filter(kind=KIND), most=_SLICE, token=token)
        for stream in page.streams:
            yield stream
        token = page.token
        if not token:
            return
