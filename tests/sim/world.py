"""A small world with one process that runs state machines: a clock that is advanced, a journal that fails, crashes.

The journal outlives crashes; everything else of a process does not. Who asks (a client) and who does tasks
(functions) live elsewhere: they bear a lost answer, and ask again.
"""

import asyncio
import json
import re
from collections import Counter
from typing import NamedTuple

from frontdesk.base.errors import StoreError
from frontdesk.base.wheel import Wheel
from frontdesk.durable.driver import Driver, Pace
from frontdesk.durable.executions.codec import history_of
from frontdesk.durable.executions.express import KIND as EXPRESS
from frontdesk.durable.executions.express import ExpressWorkflow
from frontdesk.durable.executions.process import Process
from frontdesk.durable.executions.service import DurableExecutions
from frontdesk.durable.machines import FileMachine, Machines
from frontdesk.durable.tasks.executions import SyncTasks
from frontdesk.durable.tasks.jobs import Jobs
from frontdesk.durable.tasks.table import Doers
from frontdesk.stores.memory.catalog import MemoryCatalog
from frontdesk.stores.memory.journal import MemoryJournal

STEP = 0.5
"""Seconds that the clock is advanced by once nothing happens any more."""

LONGEST = 900.0
"""Seconds of the clock after which a world is stuck."""

PACE = Pace(lease=6.0, look=1.0)

_NEVER_THE_SAME = re.compile(
    r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}"  # a UUID
    r"|(?<=Date\": )[0-9.]+"
    r"|[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9:.]+Z"
    r"|(?<=\")[A-Za-z0-9_-]{90,}={0,2}(?=\")"  # a token
)


_CHANGING = {"join", "start", "append", "post", "load"}
_GIVING = {"due", "posted"}


class Clock:
    def __init__(self):
        self.now = 1000.0
        self._calendar = 1_700_000_000.0

    def monotonic(self):
        return self.now

    def time(self):
        return self._calendar + self.now

    def jump(self, seconds):
        """Set the calendar, as an operator or NTP may."""
        self._calendar += seconds


class Fault(NamedTuple):
    """What goes wrong at a call of the journal, counted from 0. kind: see FAULTS."""

    kind: str
    call: int


FAULTS = {
    "crashed-before": (True, "before", 1),
    "crashed-after": (True, "after", 1),
    "refused": (False, "before", 1),
    "lost": (False, "after", 1),
    "lost-and-away": (False, "after", 4),
}
"""Whether the process crashes; whether the journal has done it; how many calls the journal is away for."""


class FaultyJournal:
    """The journal as one process sees it."""

    def __init__(self, world, process):
        self._world = world
        self._process = process

    def __getattr__(self, name):
        method = getattr(self._world.journal, name)

        async def call(*values, **named):
            return await self._call(name, lambda: method(*values, **named))

        return call

    async def _call(self, name, do):
        world = self._world
        if self._process.dead.is_set():
            await asyncio.Future()  # it does nothing any more
        number = len(world.calls)
        world.calls.append(name)
        crashes, when = self._fault(number)
        if when == "before" or world.away:
            await self._fail(crashes)
        result = await do()
        if name in _CHANGING or (name in _GIVING and result):
            world.telling.append(number)
        if when == "after":
            await self._fail(crashes)
        return result

    def _fault(self, number):
        if self._world.fault is None:
            return False, None
        kind, first = self._world.fault
        crashes, when, calls = FAULTS[kind]
        if not first <= number < first + calls:
            return False, None
        return crashes, when if number == first else "before"

    async def _fail(self, crashes):
        if crashes:
            self._process.dead.set()
            await asyncio.Future()
        raise StoreError("the journal is away")


class FakeDoer:
    """Functions that run elsewhere: each is a script of its name, input and attempt."""

    def __init__(self, world, process):
        self._world = world
        self._process = process

    def do(self, task, answer):
        world, invoke = self._world, task.invoke
        name = task.resource.name or invoke.arguments["FunctionName"]
        world.invoked(name, invoke)
        given = invoke.arguments
        if task.resource.service:
            given = given.get("Payload", {})
        if task.resource.has_token:
            world.tokens[name] = invoke.token
            self._soon(answer.submitted, {})
            return
        (function,) = [world.functions[part] for part in name.split(":") if part in world.functions]
        outcome = function(given, invoke.attempt)
        if outcome is None:
            return
        if isinstance(outcome, Exception):
            self._soon(answer.failed, type(outcome).__name__, str(outcome))
        else:
            payload = {"Payload": outcome, "StatusCode": 200}
            self._soon(answer.succeeded, payload if task.resource.service else outcome)

    def _soon(self, tell, *values):
        def unless_dead():
            if not self._process.dead.is_set():
                tell(*values)

        asyncio.get_running_loop().call_soon(unless_dead)


class OneProcess:
    """A process of Frontdesk, as far as executions go."""

    def __init__(self, world):
        clock = world.clock
        self.dead = asyncio.Event()
        self.wheel = Wheel(clock.monotonic())
        self._jobs = Jobs(clock, self.wheel)
        journal = FaultyJournal(world, self)
        where = {"region": "eu-west-1", "account": "123456789012"}
        self.machines = Machines(world.catalog, clock, **where)
        functions = FakeDoer(world, self)
        rows = {("lambda", "invoke"): functions, ("lambda", "invoke.waitForTaskToken"): functions}
        process = Process(
            self.machines,
            Doers(functions, functions, rows),
            self._jobs,
            clock,
            self.wheel,
            log=lambda *_: None,
        )
        workflows = {"execution": process, EXPRESS: ExpressWorkflow(process)}
        self.driver = process.driver = Driver(journal, clock, self.wheel, workflows, PACE)
        self.executions = DurableExecutions(process, self.driver, self.machines, clock)
        sync = SyncTasks(self.executions, self._jobs)
        rows["states", "startExecution.sync"] = rows["states", "startExecution.sync:2"] = sync

    async def start(self, machines):
        await self.machines.start()
        await self.machines.adopt(machines)
        while True:
            try:
                return await self.driver.start()
            except StoreError:
                pass  # whoever looks after it starts it again

    async def end(self):
        """Take away what is in memory."""
        self.dead.set()
        tasks = list(self.driver._tasks)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        await self._jobs.stop()
        self.machines.stop()


class World:
    """machines: definitions by name. functions: what each makes of (input, attempt): an output, an
    exception that is its error, None: it never answers."""

    def __init__(self, machines, functions, fault=None):
        self.clock = Clock()
        self.journal = MemoryJournal()
        self.catalog = MemoryCatalog(self.clock)
        self.functions = functions
        self.fault = fault
        self.away = False  # the journal is, as long as this is set
        self.calls = []
        self.telling = []  # numbers of the calls that have changed or given something
        self.tokens = {}
        self.invocations = Counter()
        self.repeated = []
        self._machines = {
            name: FileMachine(name, json.dumps(definition), False, 1e9, "OFF")
            for name, definition in machines.items()
        }
        self._waiting = []

    # What a scenario does.

    async def start(self, machine, given=None, name="e"):
        """Start an execution, once it is acknowledged; return its ARN."""
        text = json.dumps({} if given is None else given)
        return (await self.ask(lambda all_: all_.start(machine, text, name=name))).arn

    async def ask(self, what):
        """Ask the process that lives, until one has answered."""
        while True:
            process = self.process
            asked = asyncio.ensure_future(what(process.executions))
            gone = asyncio.ensure_future(process.dead.wait())
            await asyncio.wait({asked, gone}, return_when=asyncio.FIRST_COMPLETED)
            gone.cancel()
            if asked.done():
                try:
                    return asked.result()
                except StoreError:
                    pass
            asked.cancel()
            await self.pass_by(1.0)

    async def pass_by(self, seconds):
        """Wait until the clock has advanced."""
        over = asyncio.get_running_loop().create_future()
        self.at(self.clock.now + seconds, lambda: over.set_result(None))
        await over

    def at(self, when, do):
        """Have something done when the clock has come so far."""
        self._waiting.append((when, do))

    async def until(self, condition):
        while not (found := condition()):
            await self.pass_by(STEP)
        return found

    async def ended(self, arn):
        """Wait until an execution has ended; return how."""
        while (seen := await self.ask(lambda all_: all_.describe(arn))).ended is None:
            await self.pass_by(STEP)
        return seen

    # What happens by itself.

    async def run(self, scenario):
        """Play a scenario until it is over and no execution runs."""
        loop = asyncio.get_running_loop()
        self.process = OneProcess(self)
        booting = asyncio.ensure_future(self.process.start(self._machines))
        playing = asyncio.ensure_future(scenario(self))
        end = self.clock.now + LONGEST
        try:
            while not (playing.done() and self._at_rest()):
                assert self.clock.now < end, f"stuck:\n{self.describe()}"
                while loop._ready:  # noqa: ASYNC110 - until nobody has anything to do
                    await asyncio.sleep(0)
                if booting.done():
                    booting.result()
                if self.process.dead.is_set():
                    booting.cancel()
                    await self.process.end()
                    self.process = OneProcess(self)
                    booting = asyncio.ensure_future(self.process.start(self._machines))
                    continue
                self._advance()
            return playing.result()
        finally:
            booting.cancel()
            playing.cancel()
            await self.process.end()

    def _advance(self):
        self.clock.now += STEP
        due = [do for when, do in self._waiting if when <= self.clock.now]
        self._waiting = [(when, do) for when, do in self._waiting if when > self.clock.now]
        for do in due:
            do()
        self.process.wheel.advance(self.clock.now)

    def _at_rest(self):
        return all(
            one.head.owner is None and one.stream.status.ended is not None
            for one in self.journal._records.values()
        )

    def invoked(self, name, invoke):
        """Note that a task is done; it must be outstanding in the journal."""
        command = f"{invoke.attempt}:{invoke.key}"
        self.invocations[name, _same(invoke.key), invoke.attempt] += 1
        if not any(command in one.head.outbox for one in self.journal._records.values()):
            self.repeated.append(command)

    # What is left.

    def histories(self):
        """Return of each execution what is the same however it came about: each event below its causes."""
        return {
            _same(f"{record.stream.kind}:{record.stream.name}"): (
                record.stream.status.name,
                Counter(causes(history_of(record.events))),
            )
            for record in self.journal._records.values()
        }

    def describe(self):
        lines = [f"fault: {self.fault} of {len(self.calls)} calls", f"at {self.clock.now}"]
        for one in self.journal._records.values():
            lines.append(f"{one.stream} {one.head}")
            lines += [f"    {event[0:4]}" for step in one.events for event in step.get("out", [])]
        return "\n".join(lines)


def causes(history):
    """Yield each event with those that led to it."""
    paths = {0: ()}
    for event in history:
        name = (event.details or {}).get("name", "")
        paths[event.id] = (*paths[event.previous], f"{event.type} {_same(name)}")
        yield paths[event.id], _same(json.dumps(event.details, sort_keys=True))


def _same(text):
    return _NEVER_THE_SAME.sub("*", text)
