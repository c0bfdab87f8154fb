"""Plays gateways with schedules on one journal and a clock of the test: machines, functions, drivers, crashes."""

import asyncio
from itertools import count

from frontdesk.base.telemetry import Registry
from frontdesk.base.wheel import Wheel
from frontdesk.config.models.root import Config
from frontdesk.durable.driver import Driver, Pace
from frontdesk.durable.schedules.adopting import Schedules
from frontdesk.durable.schedules.definition import definitions
from frontdesk.durable.schedules.life import KIND, ScheduleWorkflow
from frontdesk.durable.schedules.targets import Targets
from frontdesk.ports.executions import Execution, ExecutionError
from frontdesk.ports.invoker import Outcome

PACE = Pace(lease=60.0, look=5.0)
STEP = 5.0
NOON = 20_000 * 86400 + 12 * 3600
"""Of 4 October 2024, a Friday; the clock begins half a second later."""

HOUR = 3600
CONFIG = {
    "name": "x",
    "region": "eu-central-1",
    "account": "123456789012",
    "functions": {"f": {"handler": "m.f", "aliases": {"live": {"version": "$LATEST"}}}},
    "state_machines": {"charge": {"definition": {"StartAt": "A", "States": {}}}},
}


def config(**schedules):
    """Make a configuration with these schedules; what does not say otherwise is of the machine `charge`."""
    entries = {
        name: entry if "function" in entry else {"state_machine": "charge", **entry}
        for name, entry in schedules.items()
    }
    return Config.model_validate({**CONFIG, "schedules": entries})


class Clock:
    def __init__(self):
        self.now = 0.0
        self.jumped = NOON + 0.5

    def monotonic(self):
        return self.now

    def time(self):
        return self.now + self.jumped


class Machines:
    """Executions of the port, by name. faults: raised by the next starts, one each."""

    def __init__(self):
        self.started = []
        self.attempts = []
        self.faults = []

    async def start(self, machine, given, *, name="", trace=""):
        self.attempts.append(name)
        if self.faults:
            raise self.faults.pop(0)
        if name in [one for _, one, _ in self.started]:
            raise ExecutionError("ExecutionAlreadyExists", "it is there")
        self.started.append((machine, name, given))
        return Execution("arn", machine, name, "RUNNING", 0.0)

    @property
    def names(self):
        return [name for _, name, _ in self.started]


class Function:
    """An Invoker. errors: of the next outcomes; None: it never answers."""

    def __init__(self):
        self.calls = []
        self.errors = []
        self.cancelled = 0

    def invoke(self, invocation, done):
        self.calls.append(invocation)
        error = self.errors.pop(0) if self.errors else ""
        if error is not None:
            asyncio.get_running_loop().call_soon(done, Outcome(b"{}", error, "a reason"))
        return self

    def cancel(self, *, kill):
        assert not kill
        self.cancelled += 1


class Gateway:
    def __init__(self, stage):
        self.registry = Registry()
        self.wheel = Wheel(stage.clock.monotonic())
        workflow = ScheduleWorkflow(Targets(stage.machines, stage.function_of), self.registry)
        self.driver = Driver(stage.journal, stage.clock, self.wheel, {KIND: workflow}, PACE)

    def counted(self):
        return {sample.labels: sample.value for sample in self.registry.samples()}


class Stage:
    """One journal, one clock, what is called, and gateways that come and go."""

    def __init__(self, journal):
        self.journal = journal
        self.clock = Clock()
        self.machines = Machines()
        self.function = Function()
        self.schedules = Schedules(journal, self.clock)
        self.gateways = []
        self._numbers = count()

    def function_of(self, name, qualifier):
        return self.function if (name, qualifier) in {("f", ""), ("f", "live")} else None

    async def open(self):
        gateway = Gateway(self)
        self.gateways.append(gateway)
        await gateway.driver.start()
        await self.settle()
        return gateway

    async def crash(self, gateway):
        """Have a gateway stop at once, without a word: its lease lapses."""
        self.gateways.remove(gateway)
        gateway.driver.stopping = True
        for task in list(gateway.driver._tasks):
            task.cancel()
        for held in list(gateway.driver._held.values()):
            held.let_go()
        await self.settle(gateway)

    async def close(self):
        for gateway in self.gateways:
            await gateway.driver.stop(0.0)

    async def adopt(self, **schedules):
        await self.schedules.adopt(definitions(config(**schedules)))

    async def play(self, seconds, step=STEP):
        """Have time go on, and all that comes of it be done."""
        until = self.clock.now + seconds
        while self.clock.now < until:
            self.clock.now = min(self.clock.now + step, until)
            for gateway in list(self.gateways):
                gateway.wheel.advance(self.clock.now)
            await self.settle()

    async def settle(self, *more):
        """Wait until nobody does anything, but for those who wait for the clock."""
        quiet = 0
        while quiet < 5:
            await asyncio.sleep(0)
            tasks = {task for each in (*self.gateways, *more) for task in each.driver._tasks}
            done = (
                tasks and (await asyncio.wait(tasks, timeout=0.2, return_when="FIRST_COMPLETED"))[0]
            )
            quiet = 0 if done else quiet + 1 + 4 * bool(tasks)

    async def stream(self, name):
        stream = await self.journal.find(KIND, name)
        return None if stream is None else await self.journal.load(stream.id)

    async def events(self, name):
        loaded = await self.stream(name)
        return await self.journal.read(loaded.stream.id, 1, loaded.stream.seq)
