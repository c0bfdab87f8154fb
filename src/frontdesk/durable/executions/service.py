"""Owns what may be asked of executions: the adapter of `ports.executions`. Knows no task and no wire format."""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from hashlib import sha256
from typing import Final

import orjson

from frontdesk.base.clock import Clock
from frontdesk.base.recent import Recent
from frontdesk.durable.driver import Commit, Driver, tell
from frontdesk.durable.executions import reading
from frontdesk.durable.executions.census import census
from frontdesk.durable.executions.doing import Ended
from frontdesk.durable.executions.execution import ExecutionLife
from frontdesk.durable.executions.map_runs import map_runs_of, parent_of
from frontdesk.durable.executions.pinned import Pinned
from frontdesk.durable.executions.places import (
    NOT_KEPT,
    Token,
    invalid_token,
    is_child,
    kind_of_map_run,
    place_of,
    read_token,
)
from frontdesk.durable.executions.process import Process
from frontdesk.durable.machines import Machines, Target
from frontdesk.ports.executions import (
    Census,
    Execution,
    ExecutionError,
    ExecutionPage,
    HistoryPage,
    MapRun,
    MapRunBounds,
)
from frontdesk.ports.journal import Document, Filter, Journal, Stream, TokenError
from frontdesk.rules.asl.check import json_fault
from frontdesk.rules.asl.data.errors import StateError
from frontdesk.rules.asl.data.scope import LARGEST_PAYLOAD, hold_payload, json_text, size
from frontdesk.rules.asl.history import MOST_EVENTS, HistoryEvent
from frontdesk.rules.asl.model import Json
from frontdesk.rules.asl.names import is_name
from frontdesk.rules.asl.outlook import Expected, outlook
from frontdesk.rules.asl.run import Facts
from frontdesk.rules.asl.run import Status as RunStatus

_LOOK: Final = 0.25
"""Seconds between two looks at an execution that another process drives."""

_PATIENCE: Final = 5.0
"""Seconds that what was asked of an execution is waited for."""

_STEPS: Final = 200
"""Steps that are read together."""

_REDRIVABLE: Final = 14 * 86_400.0
"""Seconds after its end in which an execution may be redriven, as at AWS."""

_ANSWERED: Final = 10_000
"""Tokens that are remembered after their answer."""


class DurableExecutions:
    """See `ports.executions.Executions` and `ExecutionRecords`."""

    def __init__(
        self,
        process: Process,
        driver: Driver,
        machines: Machines,
        clock: Clock,
        *,
        deepest: int = 1000,
    ) -> None:
        """deepest: how many executions may lead to one more."""
        self._deepest = deepest
        self._process = process
        self._driver = driver
        self._journal: Journal = driver.journal
        self._machines = machines
        self._clock = clock
        self._answered: Recent[str, bool] = Recent(_ANSWERED)

    # Starting.

    async def start(
        self, machine: str, given: str, *, name: str = "", trace: str = "", nesting: int = 0
    ) -> Execution:
        """See Executions."""
        target, value = self._asked(machine, given, name)
        if nesting > self._deepest:
            # Differs: [nested-executions] AWS bounds open executions instead, at a million of an account.
            told = f"State machines have started each other {self._deepest} times in a row already"
            raise ExecutionError("ExecutionLimitExceeded", told)
        pinned = self._pinned(target, value, name or self._process.uuid(), trace, nesting)
        if target.revision.express:
            started = await self._process.record_express(pinned)
            return _begun(pinned, given, started.stream.started)
        stream = await self._record(target, pinned, given)
        return _begun(pinned, given, stream.started)

    async def _record(self, target: Target, pinned: Pinned, given: str) -> Stream:
        """Commit the start of an execution in the journal. Raises: ExecutionError, StoreError."""
        started = await self._process.record(pinned, _digest(target, given))
        stream = started.stream
        is_same = started.state == "same" and stream.status.ended is None
        if started.state != "started" and not is_same:
            told = f"Execution Already Exists: '{pinned.facts.execution}'"
            raise ExecutionError("ExecutionAlreadyExists", told)
        return stream

    async def start_along(
        self, machine: str, given: str, *, name: str, trace: str, commit: Commit
    ) -> None:
        """Start an execution by a commit that is not only its own, and go on with it at once.

        commit: see `driver`; where the name is taken, nothing more is started. Raises: ExecutionError before
        it is asked, see Executions.start; what it raises.
        """
        target, value = self._asked(machine, given, name)
        pinned = self._pinned(target, value, name, trace)
        await self._process.record_along(pinned, _digest(target, given), commit)

    async def run(
        self, machine: str, given: str, *, name: str = "", trace: str = "", within: float
    ) -> Execution:
        """See Executions."""
        target, value = self._asked(machine, given, name)
        pinned = self._pinned(target, value, name or self._process.uuid(), trace)
        if not target.revision.express:
            stream = await self._record(target, pinned, given)
            return await self._end_of(stream, pinned.facts.execution, within)
        begun = _begun(pinned, given, self._clock.time())
        over: asyncio.Future[Ended | None] = asyncio.get_running_loop().create_future()
        volatile = await self._process.volatile(pinned, lambda ended: tell(over, ended))
        volatile.begin()
        try:
            ended = await self._driver.within(over, within)
        finally:
            volatile.cancel()
        if ended is None:
            return begun
        return begun._replace(
            status=ended.status,
            ended=self._clock.time(),
            output=json_text(ended.output) if ended.status == RunStatus.SUCCEEDED else None,
            error=ended.error,
            cause=ended.cause,
        )

    def _asked(self, machine: str, given: str, name: str) -> tuple[Target, Json]:
        target = self._machines.target(machine, self._process.fraction())
        if name and not is_name(name):
            raise ExecutionError("InvalidName", f"Invalid Name: '{name}'")
        return target, _read_input(given)

    def _pinned(
        self, target: Target, given: Json, name: str, trace: str, nesting: int = 0
    ) -> Pinned:
        revision = target.revision
        execution = f"{target.arn.replace(':stateMachine:', ':execution:')}:{name}"
        if revision.express:
            execution = (
                f"{target.arn.replace(':stateMachine:', ':express:')}:{name}:{self._process.uuid()}"
            )
        return Pinned(
            digest=revision.digest,
            facts=Facts(
                execution=execution,
                name=name,
                machine=target.arn,
                machine_name=target.name,
                role=revision.role,
                region=target.arn.split(":")[3],
                express=revision.express,
            ),
            given=given,
            version=target.version_arn,
            alias=target.alias_arn,
            trace=trace or self._process.new_trace(),
            log=target.log,
            nesting=nesting,
        )

    # Looking.

    async def describe(self, arn: str) -> Execution:
        """See Executions."""
        return await reading.execution(self._journal, await self._stream(arn), arn)

    async def settled(self, arn: str, *, within: float) -> Execution:
        """See Executions."""
        return await self._end_of(await self._stream(arn), arn, within)

    async def _end_of(self, stream: Stream, arn: str, within: float) -> Execution:
        """Wait for the end of an execution. stream: as it was a moment ago."""
        deadline = self._clock.monotonic() + within
        while stream.status.ended is None and (left := deadline - self._clock.monotonic()) > 0:
            life = await self._driver.end_of(stream.id, within=min(left, _LOOK))
            if isinstance(life, ExecutionLife):
                return reading.execution_of(life, stream, arn)
            if self._driver.life(stream.id) is None:
                stream = await self._stream(arn)
        if stream.status.ended is None:
            stream = await self._stream(arn)
        return await reading.execution(self._journal, stream, arn)

    async def list(
        self,
        *,
        machine: str = "",
        map_run: str = "",
        status: str | None = None,
        most: int = 100,
        token: str = "",
    ) -> ExecutionPage:
        """See Executions."""
        target = None
        if map_run:
            kind = kind_of_map_run(map_run)
        else:
            target = self._machines.target(machine, 0.0)
            if target.revision.express:
                told = "This operation is not supported by this type of state machine"
                raise ExecutionError("StateMachineTypeNotSupported", told, hint=NOT_KEPT)
            kind = f"execution/{target.name}"
        try:
            page = await self._journal.list(
                Filter(kind=kind, status=status), most=most, token=token
            )
        except TokenError:
            raise invalid_token() from None
        found = [await reading.listed(self._journal, stream) for stream in page.streams]
        if target is not None and (target.alias_arn or target.version_arn):
            wanted = target.alias_arn or target.version_arn
            found = [one for one in found if wanted in (one.alias, one.version)]
        return ExecutionPage(found, page.token)

    async def history(
        self, arn: str, *, most: int, token: str = "", newest_first: bool = False
    ) -> HistoryPage:
        """See Executions."""
        stream = await self._stream(arn)
        return await reading.history(self._journal, stream, most, token, newest_first=newest_first)

    async def outlook(self, arn: str) -> Sequence[Expected]:
        """See ExecutionRecords."""
        stream = await self._stream(arn)
        if stream.status.ended is not None:
            return []
        loaded = await self._journal.load(stream.id)
        if loaded is None:
            return []
        life = await self._process.revive(loaded)
        timers = reading.timers_by_key(loaded.timers, self._clock.time())
        return outlook(life.program, life.run, timers)

    async def events(self, arn: str) -> Sequence[HistoryEvent]:
        """See ExecutionRecords."""
        return await reading.whole_history(self._journal, await self._stream(arn))

    async def steps(self, arn: str, *, first: int, most: int) -> Sequence[Document]:
        """See ExecutionRecords."""
        stream = await self._stream(arn)
        return await self._journal.read(stream.id, first, first + most - 1)

    async def census(self, machines: Sequence[str]) -> Mapping[str, Census]:
        """See ExecutionRecords."""
        return await census(self._journal, machines, self._clock.time())

    async def map_run(self, arn: str) -> MapRun:
        """See Executions."""
        parent = await parent_of(self._journal, kind_of_map_run(arn))
        stream = await self._journal.find(parent.kind, parent.name) if parent else None
        runs = await map_runs_of(self._journal, self._machines, stream) if stream else []
        for run in runs:
            if run.arn.endswith(arn.rpartition(":mapRun:")[2]):
                return run
        raise ExecutionError("ResourceNotFound", f"Resource not found: '{arn}'")

    async def map_runs(self, execution: str) -> Sequence[MapRun]:
        """See Executions."""
        return await map_runs_of(self._journal, self._machines, await self._stream(execution))

    # Changing.

    async def stop(self, arn: str, error: str | None = None, cause: str | None = None) -> float:
        """See Executions."""
        stream = await self._stream(arn)
        if stream.status.ended is None:
            message = {"type": "Stopped", "error": error, "cause": cause}
            await self._driver.post(stream.id, message)
            stopped = await self.settled(arn, within=_PATIENCE)
            return stopped.ended or self._clock.time()
        return stream.status.ended

    async def redrive(self, arn: str) -> float:
        """See Executions."""
        stream = await self._stream(arn)
        told = await self._why_not_redriven(stream)
        if told:
            raise ExecutionError("ExecutionNotRedrivable", told)
        now = self._clock.time()
        await self._post(stream, {"type": "Redriven"})
        return now

    async def update_map_run(self, arn: str, bounds: MapRunBounds) -> None:
        """See Executions."""
        run = await self.map_run(arn)
        if run.ended is not None:
            raise ExecutionError("ValidationException", f"Map Run is {run.status}: '{arn}'")
        stream = await self._stream(run.execution)
        await self._post(
            stream, {"type": "MapRunUpdated", "arn": run.arn, "bounds": asdict(bounds)}
        )

    async def _post(self, stream: Stream, message: Document) -> None:
        """Post to an execution, and wait for a while until it has taken that."""
        await self._driver.post(stream.id, message)
        first = stream.seq + 1
        deadline = self._clock.monotonic() + _PATIENCE
        while self._clock.monotonic() < deadline:
            steps = await self._journal.read(stream.id, first, first + _STEPS - 1)
            if any(one["in"]["type"] == message["type"] for one in steps):
                return
            first += len(steps)
            await self._driver.pause(_LOOK / 5)

    async def _why_not_redriven(self, stream: Stream) -> str:
        """Say what is against a redrive, "" where nothing is."""
        status, ended = stream.status
        if status in {RunStatus.RUNNING, RunStatus.SUCCEEDED}:
            return f"Execution is {status} and cannot be redriven"
        if is_child(stream.kind):
            return "Execution is part of a map run and is redriven with its parent"
        if ended is not None and self._clock.time() - ended > _REDRIVABLE:
            return "Execution ended more than 14 days ago and cannot be redriven"
        if await reading.events_of(self._journal, stream) + 1 >= MOST_EVENTS:
            return f"Execution has reached the maximum number of history events ({MOST_EVENTS})"
        return ""

    async def succeed(self, token: str, output: str) -> None:
        """See Executions."""
        try:
            value = orjson.loads(output)
            hold_payload("token", value)
        except orjson.JSONDecodeError as error:
            raise ExecutionError("InvalidOutput", f"Invalid Output: '{error}'") from None
        except StateError as error:
            raise ExecutionError("InvalidOutput", f"Invalid Output: '{error.cause}'") from None
        await self._answer(token, {"type": "TaskSucceeded", "output": value})

    async def fail(self, token: str, error: str | None = None, cause: str | None = None) -> None:
        """See Executions."""
        await self._answer(token, {"type": "TaskFailed", "error": error, "cause": cause})

    async def beat(self, token: str) -> None:
        """See Executions."""
        await self._say(token, {"type": "Heartbeat"})

    async def started_activity(self, token: str, worker: str | None) -> None:
        """Tell that a worker has taken the task of an activity. Raises: ExecutionError."""
        await self._say(token, {"type": "ActivityStarted", "worker": worker})

    async def _answer(self, token: str, message: Document) -> None:
        if self._answered.get(token):
            raise _task_over()
        self._answered.put(token, True)
        try:
            await self._say(token, message)
        except BaseException:  # a caller may leave meanwhile
            self._answered.put(token, False)
            raise

    async def _say(self, token: str, message: Document) -> None:
        """Post to the execution of a token, if it waits for that."""
        read = read_token(token)
        stream = await self._journal.find(*read.place)
        if stream is None:
            raise invalid_token()
        if not await self._awaits(stream, read, token):
            raise _task_over()
        told = {**message, "key": read.key, "attempt": read.attempt, "token": token}
        await self._driver.post(stream.id, told)

    async def _awaits(self, stream: Stream, read: Token, token: str) -> bool:
        if stream.status.ended is not None:
            return False
        life = self._driver.life(stream.id)
        if isinstance(life, ExecutionLife):
            return life.awaits(read.key, read.attempt, token)
        loaded = await self._journal.load(stream.id)
        if loaded is None or any(
            one.document.get("token") == token and one.document["type"] in reading.ANSWERS
            for one in loaded.messages
        ):
            return False
        revived = await self._process.revive(loaded)
        return revived.awaits(read.key, read.attempt, token)

    async def _stream(self, arn: str) -> Stream:
        stream = await self._journal.find(*place_of(arn))
        if stream is None:
            told = f"Execution Does Not Exist: '{arn}'"
            raise ExecutionError("ExecutionDoesNotExist", told)
        return stream


def _digest(target: Target, given: str) -> bytes:
    """Tell the same start from another one."""
    return sha256(f"{target.arn}\n{given}".encode()).digest()


def _begun(pinned: Pinned, given: str, started: float) -> Execution:
    facts = pinned.facts
    return Execution(
        arn=facts.execution,
        machine=facts.machine,
        name=facts.name,
        status=RunStatus.RUNNING.value,
        started=started,
        input=given,
        version=pinned.version,
        alias=pinned.alias,
        trace=pinned.trace,
        express=facts.express,
        digest=pinned.digest,
    )


def _read_input(given: str) -> Json:
    """Read the input of an execution. Raises: ExecutionError, InvalidExecutionInput."""
    told = "Invalid execution input."
    if given and len(given.encode()) <= LARGEST_PAYLOAD:
        try:
            value: Json = orjson.loads(given)
            size(value)
        except orjson.JSONDecodeError:
            told = json_fault(given) or told
        except StateError as error:
            told = error.cause
        else:
            return value
    raise ExecutionError(
        "InvalidExecutionInput", f"Invalid State Machine Execution Input: '{told}'"
    )


def _task_over() -> ExecutionError:
    told = "Task Timed Out: 'Provided task does not exist anymore'"
    return ExecutionError("TaskTimedOut", told)
