"""The Executions port: start state machines, see what became of them, answer tasks that wait.

Owns the contract between whoever asks (the door, AWS's wire API, the command line) and whoever runs state
machines. Adapters: `durable.executions`, and `gateway.workers` for processes that only serve.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple, Protocol

from frontdesk.base.errors import FrontdeskError
from frontdesk.ports.journal import Document
from frontdesk.rules.asl.history import HistoryEvent
from frontdesk.rules.asl.outlook import Expected


class ExecutionError(FrontdeskError):
    """Something that is refused. code: AWS's name of the error, such as `ExecutionDoesNotExist`."""

    def __init__(self, code: str, message: str, *, hint: str = "") -> None:
        super().__init__(message, hint=hint)
        self.code = code


class Execution(NamedTuple):
    """One execution as it stands.

    arn, machine, version, alias, map_run: ARNs, "" where there is none. status: AWS's word. started,
    ended, redriven: seconds since 1970. input, output: JSON text; output only of SUCCEEDED. trace: the
    X-Amzn-Trace-Id that it was started with. digest: of the definition that it is pinned to.
    """

    arn: str
    machine: str
    name: str
    status: str
    started: float
    input: str = "{}"
    ended: float | None = None
    output: str | None = None
    error: str | None = None
    cause: str | None = None
    version: str = ""
    alias: str = ""
    map_run: str = ""
    redrives: int = 0
    redriven: float | None = None
    trace: str = ""
    express: bool = False
    digest: str = ""


class ExecutionPage(NamedTuple):
    """A part of a list; input, output, error and cause are not read. token: gives the next part; "": the last."""

    executions: Sequence[Execution]
    token: str


class HistoryPage(NamedTuple):
    """A part of a history. token: gives the next part; "": this was the last."""

    events: Sequence[HistoryEvent]
    token: str


class Census(NamedTuple):
    """How a machine's executions do.

    running: now. failed: failed or timed out, of those started within a day; 100 of each at most. last: when
    the newest was started, seconds since 1970; None: there is none.
    """

    running: int
    failed: int
    last: float | None


class MapRun(NamedTuple):
    """A distributed Map of one execution, as it stands.

    arn, execution: ARNs. status: RUNNING, SUCCEEDED, FAILED, ABORTED. started, ended, redriven: seconds since
    1970. most: children at once. tolerated_count, tolerated_percentage: of items that may fail. items,
    children: how many are pending, running, succeeded, failed, timedOut, aborted, resultsWritten.
    """

    arn: str
    execution: str
    status: str
    started: float
    ended: float | None
    most: int
    tolerated_count: int
    tolerated_percentage: float
    items: Mapping[str, int]
    children: Mapping[str, int]
    redrives: int = 0
    redriven: float | None = None


@dataclass(frozen=True, slots=True)
class MapRunBounds:
    """Bounds of a map run; None: as before. most: children at once, 0: no bound. count, percentage: of items that may fail."""

    most: int | None = None
    count: int | None = None
    percentage: float | None = None


class Executions(Protocol):
    """All executions of one gateway, or of all gateways with one store. Used on one event loop.

    machine: an ARN, a part of one, or a name, each with `:version` or `:alias` or without. Every method
    raises ExecutionError with AWS's codes, and StoreError when the store cannot do it.
    """

    async def start(
        self, machine: str, given: str, *, name: str = "", trace: str = "", nesting: int = 0
    ) -> Execution:
        """Start an execution; return when that is committed.

        given: JSON text. name: "" for a random one. The same name with the same input while it runs is
        the same execution. nesting: how many executions have led to it. Raises: StateMachineDoesNotExist,
        ExecutionAlreadyExists, InvalidName, InvalidExecutionInput; ExecutionLimitExceeded, where it is too deep.
        """
        ...

    async def run(
        self, machine: str, given: str, *, name: str = "", trace: str = "", within: float
    ) -> Execution:
        """Run an execution and wait for its end, `within` seconds at most: RUNNING says it was longer.

        Express machines run in memory, and are given up when nobody waits any more.
        """
        ...

    async def describe(self, arn: str) -> Execution:
        """Look at one. Raises: ExecutionDoesNotExist, InvalidArn."""
        ...

    async def settled(self, arn: str, *, within: float) -> Execution:
        """Look at one once it has ended, or when the time is over."""
        ...

    async def list(
        self,
        *,
        machine: str = "",
        map_run: str = "",
        status: str | None = None,
        most: int = 100,
        token: str = "",
    ) -> ExecutionPage:
        """List those of one machine or of one map run, newest first."""
        ...

    async def history(
        self, arn: str, *, most: int, token: str = "", newest_first: bool = False
    ) -> HistoryPage:
        """Read what has happened. Raises: InvalidToken, for a token of another list."""
        ...

    async def stop(self, arn: str, error: str | None = None, cause: str | None = None) -> float:
        """Stop one, return when (seconds since 1970); one that has ended stays as it is."""
        ...

    async def redrive(self, arn: str) -> float:
        """Have one go on where it failed; return when. Raises: ExecutionNotRedrivable."""
        ...

    async def map_run(self, arn: str) -> MapRun:
        """Look at a map run. Raises: ResourceNotFound."""
        ...

    async def map_runs(self, execution: str) -> Sequence[MapRun]:
        """List those of an execution, newest first. Raises: ExecutionDoesNotExist."""
        ...

    async def update_map_run(self, arn: str, bounds: MapRunBounds) -> None:
        """Give a map run other bounds. Raises: ResourceNotFound; ValidationException, where it has ended."""
        ...

    async def succeed(self, token: str, output: str) -> None:
        """Answer a task by its token. Raises: InvalidToken, TaskTimedOut, InvalidOutput."""
        ...

    async def fail(self, token: str, error: str | None = None, cause: str | None = None) -> None:
        """Fail a task by its token. Raises: InvalidToken, TaskTimedOut."""
        ...

    async def beat(self, token: str) -> None:
        """Tell that a task is alive. Raises: InvalidToken, TaskTimedOut."""
        ...


class ExecutionRecords(Protocol):
    """What an operator asks of an execution beyond that; of the same adapter, `durable.executions`.

    Every method raises ExecutionError ExecutionDoesNotExist or InvalidArn, and StoreError.
    """

    async def outlook(self, arn: str) -> Sequence[Expected]:
        """List the states that it is in, outer ones first, without leasing it; none once it has ended."""
        ...

    async def events(self, arn: str) -> Sequence[HistoryEvent]:
        """Read its whole history, oldest first; see `rules.asl.history.MOST_EVENTS`."""
        ...

    async def steps(self, arn: str, *, first: int, most: int) -> Sequence[Document]:
        """Read its steps as the journal has them, counted from 1; see `durable.executions`."""
        ...

    async def census(self, machines: Sequence[str]) -> Mapping[str, Census]:
        """Count the executions of some machines, by name; of express ones nothing is kept."""
        ...
