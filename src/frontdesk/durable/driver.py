"""Owns the driving of durable work: one owner of the journal, its lease, and the streams that it holds.

    due -> revive -> react -> append -> act ... -> released: a row and a timer, nothing in memory

Safety is the journal's (fencing): whatever this process believes, an append of a stream that somebody else
holds is refused. Knows no kind of work (see `life`).
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Coroutine, Mapping
from contextlib import suppress
from dataclasses import dataclass
from typing import Any, Final, TypeAlias, TypeVar

from frontdesk.base.clock import Clock
from frontdesk.base.errors import StoreError
from frontdesk.base.metrics import JOURNAL_APPEND, TIMERS_LAG
from frontdesk.base.telemetry import Registry
from frontdesk.base.wheel import Wheel
from frontdesk.durable.held import Held
from frontdesk.durable.life import Life, Workflow
from frontdesk.durable.outage import Outage
from frontdesk.ports.journal import (
    NOBODY,
    Document,
    FencedError,
    Journal,
    Loaded,
    Start,
    Started,
)

_LOG: Final = logging.getLogger(__name__)

T = TypeVar("T")

Commit: TypeAlias = Callable[[Start], Awaitable[Started | None]]
"""Commits a start, with what is somebody else's, and says what came of it; None: it was not to be."""

_SET_ASIDE: Final = (1.0, 10.0, 60.0, 600.0)
"""Seconds until a stream that cannot be revived is tried again: the n-th time, then always the last."""

_IN_DOUBT: Final = (1.0, 10.0, 60.0)
"""Seconds until each look for a start whose answer was lost; a store gives up what takes longer."""


_MESSAGES: Final = 1000
"""Read in one look. More of one stream wait for their turn; those of a sick stream keep nobody waiting."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Pace:
    """How a driver shares the work. All times in seconds.

    lease: after so long without a sign of life others take over. look: between two looks for what is due.
    slice: streams leased in one look. most: held at once; others wait in the journal.
    """

    lease: float = 6.0
    look: float = 0.25
    slice: int = 200
    most: int = 20_000


def tell(over: asyncio.Future[T | None], what: T | None) -> None:
    """Tell whoever waits, unless that was told before."""
    if not over.done():
        over.set_result(what)


class Driver:
    """Drives the streams of some workflows. Used on one event loop."""

    def __init__(
        self,
        journal: Journal,
        clock: Clock,
        wheel: Wheel,
        workflows: Mapping[str, Workflow],
        pace: Pace = Pace(),
        *,
        registry: Registry | None = None,
        committed: Callable[[Life], None] = lambda _life: None,
    ) -> None:
        """workflows: by what stands before the first slash of the kind of their streams.

        committed: is told of each life that has a turn committed.
        """
        self.journal = journal
        self.clock = clock
        self.wheel = wheel
        self.owner = NOBODY
        self.stopping = False
        registry = registry or Registry()
        self.append_seconds = registry.histogram(JOURNAL_APPEND)
        self.timers_lag = registry.histogram(TIMERS_LAG)
        self.committed = committed
        self._workflows = workflows
        self._pace = pace
        self._held: dict[int, Held] = {}
        self._aside: dict[int, int] = {}
        self._ends: dict[int, list[asyncio.Future[Life | None]]] = {}
        self._tasks: set[asyncio.Task[None]] = set()
        self._looking = False
        self._look_again = False
        self._in_doubt = False
        self._lasts = 0.0  # monotonic seconds: until then nobody takes over
        self._look_timer = wheel.timer(self.look)
        self._renew_timer = wheel.timer(self._renew_soon)
        self._joining = asyncio.Lock()
        self._untold = Outage(_LOG, "the store does not tell what is due")
        self._unrenewed = Outage(_LOG, "the lease was not renewed")

    # Life of the driver.

    async def start(self) -> None:
        """Begin to take what is due. Raises: StoreError."""
        await self._join(NOBODY)
        self._renew_timer.at(self.clock.monotonic() + self._pace.lease / 3)
        self.look()

    async def stop(self, drain: float) -> None:
        """Take nothing more, let what is being done end for up to `drain` seconds, and let go of all."""
        self.stopping = True
        self._look_timer.stop()
        deadline = self.clock.monotonic() + drain
        while self._is_working and self.clock.monotonic() < deadline:
            await self.pause(0.05)
        self._renew_timer.stop()
        self._let_go_of_all()
        for task in list(self._tasks):
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        await self._leave()

    # What others ask.

    async def begin(self, start: Start, life: Life) -> Started:
        """Commit the start of a stream, and go on with it. `start.owner` is set here.

        Raises: StoreError; whether it was committed, a second `begin` of the same name tells.
        """
        started = await self.begin_along(start, life, self.journal.start)
        assert started is not None
        return started

    async def begin_along(self, start: Start, life: Life, commit: Commit) -> Started | None:
        """See `begin`. commit: may be asked again, with another owner, where it raises FencedError."""
        while True:
            crowded = self.stopping or len(self._held) >= self._pace.most
            owner = self.owner if start.commands and not crowded else NOBODY
            try:
                started = await commit(start._replace(owner=owner))
                break
            except FencedError:
                await self._join(owner)
            except (StoreError, asyncio.CancelledError):  # whoever asked may have left meanwhile
                if owner != NOBODY:  # else it waits for whoever looks
                    self._spawn(self._find(start, owner))
                raise
        if started is not None and started.state == "started":
            self.committed(life)
            if owner != NOBODY and not self.is_late:
                self._hold(life, started, start)
            elif owner != NOBODY:
                self._in_doubt = True
                self.look()
            elif start.commands:
                self.look()
            elif start.timers:
                self._look_by(min(start.timers.values()))
            if start.status.ended is not None:
                self.ended(started.stream.id)
        return started

    async def post(self, stream: int, document: Document) -> bool:
        """Commit a message to a stream, and have whoever holds it take it. False: there is none."""
        posted = await self.journal.post(stream, document)
        if posted:
            self.look()
        return posted

    async def end_of(self, stream: int, *, within: float) -> Life | None:
        """Wait until this process has brought a stream to its end; return its life. None: the time is over."""
        end: asyncio.Future[Life | None] = asyncio.get_running_loop().create_future()
        ends = self._ends.setdefault(stream, [])
        ends.append(end)
        try:
            return await self.within(end, within)
        finally:
            ends.remove(end)
            if not ends and self._ends.get(stream) is ends:
                del self._ends[stream]

    async def within(self, over: asyncio.Future[T | None], seconds: float) -> T | None:
        """Wait for something to be told (see `tell`), by the wheel. None: the time is over."""
        timer = self.wheel.timer(lambda: tell(over, None))
        timer.at(self.clock.monotonic() + seconds)
        try:
            return await over
        finally:
            timer.forget()

    def life(self, stream: int) -> Life | None:
        """Return the life of a stream that this process holds."""
        held = self._held.get(stream)
        return None if held is None else held.life

    @property
    def held(self) -> int:
        """How many streams this process holds."""
        return len(self._held)

    # As held.Keeper.

    @property
    def is_late(self) -> bool:
        """See Keeper."""
        return self.clock.monotonic() >= self._lasts

    def work(self, held: Held) -> None:
        """See Keeper."""
        self._spawn(self._go_on(held))

    def released(self, held: Held, due: float | None) -> None:
        """See Keeper."""
        self._forget(held)
        if due is not None:
            self._look_by(due)

    def ended(self, stream: int) -> None:
        """See Keeper."""
        for end in self._ends.get(stream, ()):
            tell(end, self.life(stream))

    async def pause(self, seconds: float) -> None:
        """See Keeper."""
        await self.within(asyncio.get_running_loop().create_future(), seconds)

    # Streams.

    def _hold(self, life: Life, started: Started, start: Start) -> None:
        held = Held(self, life, started.stream)
        self._held[held.stream] = held
        held.resume(dict(start.timers), dict(start.commands))

    async def _find(self, start: Start, owner: int) -> None:
        """Go on with a stream whose start is committed although nobody was told, or will be: a store may be slow."""
        looks = 0
        while looks < len(_IN_DOUBT) and not self.stopping and self.owner == owner:
            await self.pause(_IN_DOUBT[looks])
            try:
                stream = await self.journal.find(start.kind, start.name)
                loaded = stream and await self.journal.load(stream.id)
            except StoreError:
                continue
            looks += 1
            if loaded:
                is_untouched = loaded.stream.seq == len(start.events)
                is_this = (loaded.stream.digest, loaded.stream.started) == (
                    start.digest,
                    start.time,
                )
                if is_untouched and is_this and loaded.stream.id not in self._held:
                    await self._revive(loaded, owner)
                return

    async def _go_on(self, held: Held) -> None:
        try:
            await held.go_on()
        except FencedError:
            self._drop(held)
            await self._renew()  # tells whether only this one is somebody else's
        except Exception:  # noqa: BLE001 - one that cannot go on must not hold up the others
            told = {"stream": held.stream}
            _LOG.exception("a durable stream cannot go on; it is tried again later", extra=told)
            self._drop(held)
            self._set_aside(held.stream)

    def _drop(self, held: Held) -> None:
        held.let_go()
        self._forget(held)

    def _forget(self, held: Held) -> None:
        if self._held.get(held.stream) is held:
            del self._held[held.stream]

    def _let_go_of_all(self) -> None:
        held, self._held = self._held, {}
        for each in held.values():
            each.let_go()

    @property
    def _is_working(self) -> bool:
        return any(each.is_working for each in self._held.values())

    async def _revive(self, loaded: Loaded, owner: int) -> None:
        """Go on with a stream that `owner` has leased, unless this is another owner by now."""
        stream = loaded.stream
        try:
            life = await self._workflows[stream.kind.partition("/")[0]].revive(loaded)
        except Exception:  # noqa: BLE001 - one that cannot go on must not hold up the others
            told = {"stream": stream.id, "kind": stream.kind, "stream_name": stream.name}
            _LOG.exception("a durable stream cannot go on; it is tried again later", extra=told)
            self._set_aside(stream.id)
            return
        if self.owner != owner:
            return
        former = self._held.get(stream.id)
        if former is not None:
            former.let_go()  # it was let go of, but the store's answer was lost
        self._aside.pop(stream.id, None)
        held = Held(self, life, stream)
        self._held[stream.id] = held
        held.resume(dict(loaded.timers), dict(loaded.commands), loaded.messages)

    def _set_aside(self, stream: int) -> None:
        """Keep a stream that cannot go on, so that it is not leased again and again, and try later."""
        times = self._aside.get(stream, 0)
        self._aside[stream] = times + 1
        wait = _SET_ASIDE[min(times, len(_SET_ASIDE) - 1)]
        timer = self.wheel.timer(lambda: self._try_soon(stream))
        timer.at(self.clock.monotonic() + wait)

    def _try_soon(self, stream: int) -> None:
        self._spawn(self._try_again(stream))

    async def _try_again(self, stream: int) -> None:
        owner = self.owner
        if self.stopping or stream not in self._aside or stream in self._held:
            return
        try:
            loaded = await self.journal.load(stream)
        except StoreError:
            self._set_aside(stream)
            return
        if loaded is not None:
            await self._revive(loaded, owner)

    # Looking for what is due.

    def look(self) -> None:
        """Look soon for what is due and for what was posted."""
        if self.stopping or self.owner == NOBODY:
            return
        if self._looking:
            self._look_again = True
            return
        self._looking = True
        self._spawn(self._look())

    def _look_by(self, due: float) -> None:
        """Look no later than at an instant."""
        at = self.clock.monotonic() + max(0.0, due - self.clock.time())
        if not self.stopping and at < self._look_timer.deadline:
            self._look_timer.at(at)

    async def _look(self) -> None:
        owner = self.owner
        try:
            self._look_again = True
            while self._look_again and not self.stopping:
                self._look_again = False
                if self._in_doubt:
                    await self._join(self.owner)  # it may have leased what it was not told of
                owner = self.owner
                await self._take(owner)
        except FencedError:
            await self._rejoin(owner)
        except StoreError as error:
            self._untold.failed(error)
        else:
            self._untold.over()
        finally:
            self._looking = False
            self._look_by(self.clock.time() + self._pace.look)

    async def _take(self, owner: int) -> None:
        room = min(self._pace.slice, self._pace.most - len(self._held))
        if room > 0:
            self._in_doubt = True
            found = await self.journal.due(owner, now=self.clock.time(), most=room)
            self._in_doubt = bool(found) and self.is_late  # others may have leased them since
            if self._in_doubt or len(found) == room:
                self._look_again = True
            if self._in_doubt:
                return
            for loaded in found:
                await self._revive(loaded, owner)
        messages = await self.journal.posted(owner, most=_MESSAGES, without=self._aside)
        for stream, message in messages:
            held = self._held.get(stream)
            if held is not None:
                held.post(message)

    # The lease.

    def _renew_soon(self) -> None:
        self._renew_timer.at(self.clock.monotonic() + self._pace.lease / 3)
        self._spawn(self._renew())

    async def _renew(self) -> None:
        owner, lasts = self.owner, self.clock.monotonic() + self._pace.lease
        try:
            await self.journal.renew(owner, until=self.clock.time() + self._pace.lease)
            self._unrenewed.over()
            if self.owner == owner:
                self._lasts = lasts
        except FencedError:
            await self._rejoin(owner)
        except StoreError as error:
            self._unrenewed.failed(error)

    async def _rejoin(self, former: int) -> None:
        """Lose everything, because somebody else has taken over from `former`, and begin anew."""
        if not self.stopping:
            _LOG.warning("this process was taken for dead; others go on with what it held")
            with suppress(StoreError):  # the next renewal finds the same
                await self._join(former)

    async def _join(self, former: int) -> None:
        """Become another owner than `former`, unless that has happened meanwhile."""
        async with self._joining:
            if self.owner != former:
                return
            lasts = self.clock.monotonic() + self._pace.lease
            owner = await self.journal.join(until=self.clock.time() + self._pace.lease)
            await self._leave()
            self._let_go_of_all()
            self._aside.clear()
            self.owner, self._lasts = owner, lasts
            self._in_doubt = False
        self.look()

    async def _leave(self) -> None:
        """Let others take over at once."""
        if self.owner != NOBODY:
            with suppress(FencedError, StoreError):
                await self.journal.renew(self.owner, until=0.0)

    def _spawn(self, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.get_running_loop().create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._over)

    def _over(self, task: "asyncio.Task[None]") -> None:
        self._tasks.discard(task)
        if not task.cancelled() and (error := task.exception()) is not None:
            _LOG.error("the driver of durable work failed", exc_info=error)
