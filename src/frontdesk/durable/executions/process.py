"""Owns what this process does for executions: their lives, their tasks, their children, their parents, their log."""

import os
from collections.abc import Callable, Coroutine, Sequence
from typing import Any, Final

from frontdesk.base.clock import Clock
from frontdesk.base.ids import random_uuid
from frontdesk.base.telemetry import Registry
from frontdesk.base.wheel import Wheel
from frontdesk.durable.driver import Commit, Driver
from frontdesk.durable.executions.codec import history_of
from frontdesk.durable.executions.counting import ExecutionMetrics
from frontdesk.durable.executions.doing import Ended
from frontdesk.durable.executions.execution import ExecutionLife
from frontdesk.durable.executions.express import KIND as EXPRESS
from frontdesk.durable.executions.express import ExpressLife
from frontdesk.durable.executions.pinned import Pinned, pinned_of, program_of, replay
from frontdesk.durable.executions.places import kind_of_map_run
from frontdesk.durable.executions.tracing import ExecutionSpans, within_attempt
from frontdesk.durable.executions.volatile import Volatile
from frontdesk.durable.life import Work
from frontdesk.durable.machines import Machines
from frontdesk.durable.tasks.jobs import Jobs
from frontdesk.durable.tasks.table import Doers
from frontdesk.durable.tasks.task import Answer, Task
from frontdesk.ports.journal import (
    NOBODY,
    Document,
    Filter,
    Loaded,
    Start,
    Started,
    Status,
    Stream,
)
from frontdesk.ports.tracing import Tracer
from frontdesk.rules.asl.history import HistoryEvent, aws_event
from frontdesk.rules.asl.interpreter import begin
from frontdesk.rules.asl.resources import Resource
from frontdesk.rules.asl.run import Status as RunStatus
from frontdesk.rules.http.trace_context import read_recorded

Log = Callable[[str, dict[str, Any]], None]
"""Takes the name of a machine and an event of an execution, as AWS's log has it."""

_BLOCK: Final = 16 * 256
"""Random bytes that are read at once: a system call lets the store's thread in, and costs a turn each."""

_OFF: Final = "OFF"
_FATAL: Final = ("ExecutionFailed", "ExecutionTimedOut", "ExecutionAborted")
_FAULTS: Final = ("Failed", "TimedOut", "Aborted")
_IS_LOGGED: Final[dict[str, Callable[[str], bool]]] = {
    "ALL": lambda _: True,
    "ERROR": lambda event_type: event_type.endswith(_FAULTS),
    "FATAL": lambda event_type: event_type in _FATAL,
}


class Process:
    """See `doing.Surroundings` and, of executions in the journal, `life.Workflow`."""

    def __init__(
        self,
        machines: Machines,
        doers: Doers,
        jobs: Jobs,
        clock: Clock,
        wheel: Wheel,
        *,
        log: Log,
        registry: Registry | None = None,
        entropy: Callable[[int], bytes] = os.urandom,
        tracer: Tracer | None = None,
    ) -> None:
        """tracer: None where spans are sent nowhere."""
        self.driver: Driver
        self._machines = machines
        self._doers = doers
        self._jobs = jobs
        self._clock = clock
        self._wheel = wheel
        self._log = log
        self._metrics = ExecutionMetrics(registry or Registry())
        self._entropy = entropy
        self._tracer = tracer
        self._random = b""
        self._drawn = 0

    # As a Workflow.

    async def revive(self, loaded: Loaded) -> ExecutionLife:
        """See Workflow."""
        pinned = pinned_of(loaded.snapshot, loaded.events)
        program = program_of(await self._machines.program(pinned.digest), pinned)
        return ExecutionLife(
            program,
            pinned,
            replay(program, pinned, loaded.snapshot, loaded.events),
            self,
            timers_set=loaded.timers,
            commands=loaded.commands,
            steps=len(loaded.events),
            spans=await self._spans_so_far(pinned, loaded.stream),
        )

    # Beginning.

    async def record(self, pinned: Pinned, digest: bytes) -> Started:
        """Commit the start of an execution, and go on with it. digest: of what it is started with. Raises: StoreError."""
        life, start = await self._prepare(pinned, digest)
        return await self.driver.begin(start, life)

    async def record_along(self, pinned: Pinned, digest: bytes, commit: Commit) -> None:
        """Begin an execution by a commit that is not only its own. Raises: StoreError, and what `commit` raises."""
        if pinned.facts.express:
            express, start = self._prepare_express(pinned)
            await self.driver.begin_along(start, express, commit)
        else:
            life, start = await self._prepare(pinned, digest)
            await self.driver.begin_along(start, life, commit)

    async def record_express(self, pinned: Pinned) -> Started:
        """Commit the start of an Express execution, and run it. Raises: StoreError."""
        life, start = self._prepare_express(pinned)
        return await self.driver.begin(start, life)

    async def _prepare(self, pinned: Pinned, digest: bytes) -> tuple[ExecutionLife, Start]:
        life = await self._life(pinned, recorded=True)
        now = (
            int(self._clock.time() * 1000) / 1000
        )  # as its history has it, where it may end at once
        turn = life.start(now)
        start = Start(
            kind=pinned.kind,
            name=pinned.facts.name,
            digest=digest,
            time=now,
            status=turn.status or Status(RunStatus.RUNNING.value),
            owner=NOBODY,
            events=turn.events,
            timers={key: at for key, at in turn.timers.items() if at is not None},
            commands=turn.commands,
        )
        return life, start

    def _prepare_express(self, pinned: Pinned) -> tuple[ExpressLife, Start]:
        life = ExpressLife(pinned, self)
        turn = life.start()
        start = Start(
            kind=f"{EXPRESS}/{pinned.facts.machine_name}",
            name=pinned.facts.execution.rpartition(":")[2],
            digest=b"",
            time=self._clock.time(),
            status=Status(RunStatus.RUNNING.value),
            owner=NOBODY,
            events=turn.events,
            commands=turn.commands,
        )
        return life, start

    async def volatile(self, pinned: Pinned, over: Callable[[Ended], None]) -> Volatile:
        """Make an execution in memory, to be begun. Raises: StoreError."""
        life = await self._life(pinned, recorded=False)
        return Volatile(life, self._clock, self._wheel, over)

    async def _life(self, pinned: Pinned, *, recorded: bool) -> ExecutionLife:
        program = program_of(await self._machines.program(pinned.digest), pinned)
        run = begin(program, pinned.given, pinned.facts)
        spans = self._spans(pinned)
        return ExecutionLife(program, pinned, run, self, recorded=recorded, spans=spans)

    # Traces.

    def new_trace(self) -> str:
        """Begin the trace of an execution that nobody's request has led to; "" where there are none."""
        return "" if self._tracer is None else self._tracer.new()

    def _spans(self, pinned: Pinned) -> ExecutionSpans | None:
        """Return what makes the spans of an execution, if its trace is sampled."""
        if self._tracer is None:
            return None
        caller = read_recorded(pinned.trace)
        return caller and ExecutionSpans(self._tracer.record, caller, pinned.facts)

    async def _spans_so_far(self, pinned: Pinned, stream: Stream) -> ExecutionSpans | None:
        """Return the same of one that has gone on for a while. Raises: StoreError."""
        spans = self._spans(pinned)
        if spans is not None:
            spans.recall(history_of(await self.driver.journal.read(stream.id, 1, stream.seq)))
        return spans

    def within_attempt(self, trace: str, key: str, attempt: int) -> str:
        """See Surroundings."""
        return trace if self._tracer is None else within_attempt(trace, key, attempt)

    # As Surroundings.

    def uuid(self) -> str:
        """Make a random UUID."""
        return random_uuid(self.seed())

    def fraction(self) -> float:
        """Draw a number from 0 up to 1."""
        return int.from_bytes(self.seed()) / 2**128

    def seed(self) -> bytes:
        """See Surroundings."""
        if self._drawn == len(self._random):
            self._random, self._drawn = self._entropy(_BLOCK), 0
        self._drawn += 16
        return self._random[self._drawn - 16 : self._drawn]

    def do(self, task: Task, answer: Answer) -> Work | None:
        """See Surroundings."""
        return self._doers.do(task, answer)

    def recalls(self, resource: Resource) -> bool:
        """See Surroundings."""
        return self._doers.recalls(resource)

    def recall(self, task: Task, over: Callable[[], None]) -> Work | None:
        """See Surroundings."""
        return self._doers.recall(task, over)

    def start_child(self, child: Pinned, over: Callable[[], None]) -> Work | None:
        """See Surroundings."""

        async def work() -> None:
            await self._jobs.to_its_end(child.map_run, self.record(child, b""))

        return self._aside(work, over)

    def run_child(self, child: Pinned, over: Callable[[Ended], None]) -> Work | None:
        """See Surroundings."""
        running: list[Volatile] = []

        async def work() -> None:
            volatile = await self.volatile(child, over)
            running.append(volatile)
            volatile.begin()

        return _Both(self._aside(work, lambda: None), running)

    def stop_children(self, map_run: str, over: Callable[[], None]) -> Work | None:
        """See Surroundings."""
        what = Filter(kind=kind_of_map_run(map_run), status=RunStatus.RUNNING.value)
        message = {"type": "Stopped", "error": None, "cause": None}

        async def work() -> None:
            await self._jobs.ended(map_run)  # starts may be committed only now
            token = ""
            while True:
                page = await self.driver.journal.list(what, most=500, token=token)
                for stream in page.streams:
                    await self.driver.post(stream.id, message)
                token = page.token
                if not token:
                    return

        return self._aside(work, over)

    def tell_parent(
        self, child: Pinned, message: Document, over: Callable[[], None]
    ) -> Work | None:
        """See Surroundings."""
        parent = child.parent
        assert parent is not None

        async def work() -> None:
            stream = await self.driver.journal.find(parent.kind, parent.name)
            if stream is not None:
                await self.driver.post(stream.id, message)

        return self._aside(work, over)

    def saw(self, pinned: Pinned, began: int, events: Sequence[HistoryEvent]) -> None:
        """See Surroundings."""
        self._metrics.saw(pinned, began, events)
        if pinned.log == _OFF:
            return
        is_logged = _IS_LOGGED[pinned.log]
        for event in events:
            if is_logged(event.type):
                self._log(pinned.facts.machine_name, _logged(pinned, event))

    def _aside(
        self, work: Callable[[], Coroutine[Any, Any, None]], over: Callable[[], None]
    ) -> Work:
        async def work_and_tell() -> None:
            await work()
            over()

        return self._jobs.run(work_and_tell)


class _Both:
    """A task that makes something, and what it has made."""

    def __init__(self, making: Work, made: Sequence[Volatile]) -> None:
        self._making = making
        self._made = made

    def cancel(self) -> None:
        """See Work."""
        self._making.cancel()
        for one in self._made:
            one.cancel()


def _logged(pinned: Pinned, event: HistoryEvent) -> dict[str, Any]:
    """Write an event as AWS's log has it, all as text."""
    written = aws_event(event)
    details = [value for key, value in written.items() if key.endswith("EventDetails")]
    return {
        "id": str(event.id),
        "type": event.type,
        "details": details[0] if details else {},
        "previous_event_id": str(event.previous),
        "event_timestamp": str(event.at),
        "execution_arn": pinned.facts.execution,
    }
