"""A small world in which a process runs state machines: its clock is advanced, its journal fails, it crashes or stands still.

The journal outlives crashes; everything else of a process does not. Who asks (a client) and who does tasks
(functions) live elsewhere: they bear a lost answer, and ask again.
"""

import asyncio
import contextlib
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
    "crashed-before": ("crash", "before", 1),
    "crashed-after": ("crash", "after", 1),
    "refused": ("fail", "before", 1),
    "lost": ("fail", "after", 1),
    "lost-and-away": ("fail", "after", 4),
    "stood-still-before": ("stop", "before", 1),
    "stood-still-after": ("stop", "after", 1),
}
"""What happens; whether the journal has done its part; how many calls it is away for."""

STOPPED = 15.0
"""Seconds for which a process stands still: meanwhile another one has taken over."""


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
        await self._process.awake()
        number = len(world.calls)
        world.calls.append(name)
        what, when = self._fault(number)
        if when == "before" or world.away:
            await self._fail(what)
        result = await do()
        if name in _CHANGING or (name in _GIVING and result):
            world.telling.append(number)
        if when == "after":
            await self._fail(what)
        return result

    def _fault(self, number):
        if self._world.fault is None:
            return "", ""
        kind, first = self._world.fault
        what, when, calls = FAULTS[kind]
        if not first <= number < first + calls:
            return "", ""
        return what, when if number == first else "before"

    async def _fail(self, what):
        if what == "crash":
            self._process.dead.set()
        elif what == "stop":
            self._process.stand_still()
        else:
            raise StoreError("the journal is away")
        await self._process.awake()


class FakeDoer:
    """Functions that run elsewhere: each is a script of its name, input and attempt."""

    def __init__(self, world, process):
        self._world = world
        self._process = process
        self._telling = set()

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
        async def tell_it():
            await self._process.awake()
            tell(*values)

        self._telling.add(asyncio.ensure_future(tell_it()))

    def end(self):
        for telling in self._telling:
            telling.cancel()


class OneProcess:
    """A process of Frontdesk, as far as executions go."""

    def __init__(self, world):
        clock = world.clock
        self.dead, self.away = asyncio.Event(), asyncio.Event()
        self._world = world
        self._moving = asyncio.Event()
        self._moving.set()
        self.wheel = Wheel(clock.monotonic())
        self._jobs = Jobs(clock, self.wheel)
        journal = FaultyJournal(world, self)
        where = {"region": "eu-west-1", "account": "123456789012"}
        self.machines = Machines(world.catalog, clock, **where)
        self._functions = functions = FakeDoer(world, self)
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

    def stand_still(self):
        """Do nothing for a while; then go on as if nothing had been."""
        self._moving.clear()
        self.away.set()
        self._world.at(self._world.clock.now + STOPPED, self._moving.set)

    async def awake(self):
        """Wait while the process stands still; for ever, where it is dead."""
        if self.dead.is_set():
            self.away.set()
            await asyncio.Future()
        await self._moving.wait()

    def advance(self):
        if self._moving.is_set():
            self.wheel.advance(self._world.clock.now)

    async def end(self):
        """Take away what is in memory."""
        self.dead.set()
        self._functions.end()
        await _cancelled([task for tasks in self._jobs._lasting.values() for task in tasks])
        await _cancelled(self.driver._tasks)
        await self._jobs.stop()
        self.machines.stop()


async def _cancelled(tasks):
    tasks = list(tasks)
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)


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
        self._processes = {}  # those that are not dead, and what starts each

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
            gone = asyncio.ensure_future(process.away.wait())
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
        self._boot()
        playing = asyncio.ensure_future(scenario(self))
        end = self.clock.now + LONGEST
        try:
            while not (playing.done() and self._at_rest()):
                assert self.clock.now < end, f"stuck:\n{self.describe()}"
                while loop._ready:  # noqa: ASYNC110 - until nobody has anything to do
                    await asyncio.sleep(0)
                if self.process.away.is_set():
                    if self.process.dead.is_set():
                        await self._end(self.process)
                    self._boot()
                else:
                    self._advance()
            return playing.result()
        finally:
            playing.cancel()
            for process in list(self._processes):
                await self._end(process)

    def _boot(self):
        self.process = OneProcess(self)
        self._processes[self.process] = asyncio.ensure_future(self.process.start(self._machines))

    async def _end(self, process):
        booting = self._processes.pop(process)
        booting.cancel()
        await process.end()
        with contextlib.suppress(asyncio.CancelledError):
            await booting

    def _advance(self):
        self.clock.now += STEP
        due = [do for when, do in self._waiting if when <= self.clock.now]
        self._waiting = [(when, do) for when, do in self._waiting if when > self.clock.now]
        for do in due:
            do()
        for process in self._processes:
            process.advance()

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
