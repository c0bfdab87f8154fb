"""A world for drivers: a clock that is advanced, a journal that can fail, and lives that do what a script says."""

import asyncio
import contextlib
from dataclasses import dataclass, field

from frontdesk.base.errors import StoreError
from frontdesk.base.wheel import Wheel
from frontdesk.durable.driver import Driver, Pace
from frontdesk.durable.life import Fired, Posted, Told, Turn
from frontdesk.ports.journal import Start, Status
from frontdesk.stores.memory.journal import MemoryJournal

NOW = 1_700_000_000.0
RUNNING = Status("RUNNING")


class Clock:
    """A clock that stands."""

    def __init__(self) -> None:
        self.now = 1000.0

    def monotonic(self) -> float:
        return self.now

    def time(self) -> float:
        return NOW + self.now


class Failing:
    """A journal whose next calls of a method fail: `before` it is committed, or `after`; or it is `silent` then."""

    def __init__(self, journal) -> None:
        self._journal = journal
        self.faults: dict[str, list[str]] = {}

    def __getattr__(self, name):
        method = getattr(self._journal, name)

        async def call(*args, **kwargs):
            fault = self.faults.get(name) and self.faults[name].pop(0)
            if fault == "before":
                raise StoreError("no answer")
            result = await method(*args, **kwargs)
            if fault == "after":
                raise StoreError("no answer")
            if fault == "silent":
                await asyncio.Event().wait()
            return result

        return call


@dataclass
class Doing:
    """A command that somebody does."""

    key: str
    command: dict
    tell: object
    cancelled: bool = False

    def cancel(self) -> None:
        self.cancelled = True


@dataclass
class Life:
    """Reacts as its world's script says, and remembers."""

    world: "World"
    name: str
    happened: list = field(default_factory=list)

    def react(self, _now, happenings):
        turn = Turn()
        for one in happenings:
            self.happened.append(one)
            self.world.script(one, turn)
        return turn

    def act(self, key, command, tell):
        doing = Doing(key, command, tell)
        self.world.doings.append(doing)
        return doing


class World:
    """One journal, one clock, and processes that drive what is in it.

    script: told each happening with the turn to fill; by default whatever is told of a command ends the stream.
    """

    def __init__(self, journal=None, **pace) -> None:
        self.clock = Clock()
        self.journal = Failing(journal or MemoryJournal())
        self.lives: list[Life] = []
        self.doings: list[Doing] = []
        self.script = self.end_when_told
        self._pace = Pace(**pace)
        self._processes: list[tuple[Driver, Wheel]] = []

    async def process(self):
        """Start a process that drives."""
        wheel = Wheel(self.clock.monotonic())
        driver = Driver(self.journal, self.clock, wheel, {"k": self}, self._pace)
        self._processes.append((driver, wheel))
        await driver.start()
        await self.settle()
        return driver

    async def revive(self, loaded):
        self.lives.append(Life(self, loaded.stream.name))
        return self.lives[-1]

    async def begin(self, driver, name="one", **what):
        """Start a stream with one event, and commands or timers."""
        what = {"events": [{"started": True}], "status": RUNNING} | what
        start = Start(kind="k", name=name, digest=b"", time=self.clock.time(), owner=0, **what)
        self.lives.append(Life(self, name))
        started = await driver.begin(start, self.lives[-1])
        await self.settle()
        return started

    async def advance(self, seconds, *, without=()) -> None:
        """Let time pass, in small pieces; for processes in `without` nothing happens meanwhile."""
        end = self.clock.now + seconds
        while self.clock.now < end:
            self.clock.now = min(end, self.clock.now + 0.25)
            for driver, wheel in self._processes:
                if driver not in without:
                    wheel.advance(self.clock.now)
            await self.settle()

    def kill(self, driver) -> None:
        """End a process without a word to the journal."""
        self._processes = [one for one in self._processes if one[0] is not driver]
        driver.stopping = True
        for held in list(driver._held.values()):
            held.let_go()

    async def settle(self) -> None:
        """Let everything happen that does not wait for time."""
        for _ in range(60):
            await asyncio.sleep(0)

    def end_when_told(self, one, turn) -> None:
        """End the stream with the first thing that is told."""
        if isinstance(one, Told):
            turn.events.append({"told": one.what})
            turn.done.add(one.key)
            turn.status = Status("DONE", ended=self.clock.time())

    async def stream(self, name="one"):
        return await self.journal.find("k", name)

    async def events(self, name="one"):
        stream = await self.stream(name)
        return await self.journal.read(stream.id, 1, 99)


async def closed(*drivers):
    for driver in drivers:
        with contextlib.suppress(StoreError):
            await driver.stop(0.0)


__all__ = ["NOW", "RUNNING", "Fired", "Posted", "Told", "World", "closed"]
