"""Run a state machine in a unit test: no server, no cloud, hours of waits in milliseconds.

    run = run_local(definition, {"id": 7}, tasks={"charge": lambda payload: {"status": 200}})
    assert run.status == "SUCCEEDED"

The clock is fake and randomness repeats, so the same call gives the same run.
"""

import heapq
import json
import traceback
from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from difflib import get_close_matches
from typing import Any, Final

import orjson

from frontdesk.base.errors import FrontdeskError
from frontdesk.rules.asl.check import read_definition
from frontdesk.rules.asl.data.errors import StateError
from frontdesk.rules.asl.data.scope import hold_payload
from frontdesk.rules.asl.diagnostics import Diagnostic
from frontdesk.rules.asl.history import HistoryEvent, aws_event
from frontdesk.rules.asl.interpreter import begin, step
from frontdesk.rules.asl.invocations import invocation_result, invoked_payload, read_function
from frontdesk.rules.asl.messages import (
    CancelTask,
    ChildFailed,
    ChildSucceeded,
    Continue,
    Continued,
    Event,
    Fail,
    Finish,
    Invoke,
    StartChild,
    Started,
    StartTimer,
    TaskFailed,
    TaskSubmitted,
    TaskSucceeded,
    TaskTimedOut,
    TimerFired,
)
from frontdesk.rules.asl.model import ABSENT, Machine, MapState
from frontdesk.rules.asl.parse import parse_machine
from frontdesk.rules.asl.program import Program, compile_machine
from frontdesk.rules.asl.resources import Kind, read_resource
from frontdesk.rules.asl.run import Facts, Run

__all__ = [
    "NEVER",
    "After",
    "DefinitionError",
    "InputError",
    "LocalRun",
    "StuckError",
    "TaskError",
    "UnknownTaskError",
    "run_local",
]

Task = Callable[[Any], Any]
"""Gets the payload of a function, or the arguments of another resource; returns JSON, `After` or `NEVER`."""

_HOW: Final = "give tasks={{'{0}': …}}, or --task {0}=python:MODULE.CALLABLE"

NEVER: Final = object()
"""What a task returns that never answers: only a timeout goes on."""

_PLACE: Final = "us-east-1:123456789012"
_START: Final = datetime(2026, 1, 1, tzinfo=UTC)


class TaskError(Exception):
    """Raised by a task to fail with an error of this name, as Retry and Catch see it."""

    def __init__(self, name: str, cause: str | None = None) -> None:
        super().__init__(name, cause)
        self.name = name
        self.cause = cause


@dataclass(frozen=True, slots=True)
class After:
    """What a task returns that takes time of the fake clock. result: a TaskError fails it then."""

    seconds: float
    result: Any


class DefinitionError(FrontdeskError):
    """The definition is not valid. diagnostics: everything that is wrong with it."""

    code = "definition"

    def __init__(self, diagnostics: list[Diagnostic]) -> None:
        super().__init__("\n".join(str(one) for one in diagnostics))
        self.diagnostics = diagnostics


class InputError(FrontdeskError):
    """The input or the variables are no JSON, or larger than AWS takes."""

    code = "input"


class UnknownTaskError(FrontdeskError):
    """A state asks for something that `tasks` does not have."""

    code = "unknown_task"


class StuckError(FrontdeskError):
    """The execution waits for a task that never answers and has no timeout."""

    code = "stuck"


@dataclass(frozen=True, slots=True)
class LocalRun:
    """How an execution ended.

    status: SUCCEEDED, FAILED or TIMED_OUT. output: of SUCCEEDED. error, cause: of FAILED, where there
    are any. history: as GetExecutionHistory gives it; events: the same before that. waited_seconds: of
    the fake clock.
    """

    status: str
    output: Any
    error: str | None
    cause: str | None
    waited_seconds: float
    events: tuple[HistoryEvent, ...] = field(repr=False)

    @property
    def history(self) -> list[dict[str, Any]]:
        """The events as AWS writes them."""
        return [aws_event(event) for event in self.events]


def run_local(
    definition: Mapping[str, Any] | str | Machine,
    input: Any = None,  # noqa: A002 - AWS's word, and the natural one
    tasks: Mapping[str, Task] | None = None,
    *,
    variables: Mapping[str, Any] | None = None,
    now: datetime = _START,
    machine_name: str = "local",
    execution_name: str = "local",
) -> LocalRun:
    """Run a state machine to its end on a fake clock.

    definition: in the Amazon States Language, as an object or its JSON text. input: any JSON value; None
    for `{}`. tasks: by Resource, by name or ARN of a function, or by name of an activity. A function gets
    its payload, all others their arguments; what they return is the result, of `lambda:invoke` the
    `Payload` in it. A task of `.waitForTaskToken` finds the token in its arguments, and what it returns is
    what somebody sends with that token. Items of an ItemReader are what its task returns. Exceptions fail a
    task as on Lambda: error is the class's name. variables: workflow variables that exist at the start.
    Raises: DefinitionError, InputError, UnknownTaskError, StuckError.
    """
    machine = definition if isinstance(definition, Machine) else _read(definition)
    world = _World(tasks or {}, int(now.timestamp() * 1000))
    facts = Facts(
        execution=f"arn:aws:states:{_PLACE}:execution:{machine_name}:{execution_name}",
        name=execution_name,
        machine=f"arn:aws:states:{_PLACE}:stateMachine:{machine_name}",
        machine_name=machine_name,
        role="arn:aws:iam::123456789012:role/local",
        region="us-east-1",
    )
    program = compile_machine(machine)
    given = {} if input is None else _given(input)
    run = begin(program, given, facts, variables=_given(dict(variables or {})))
    return world.play(_Execution(program, run))


def _read(definition: Mapping[str, Any] | str) -> Machine:
    document = read_definition(definition) if isinstance(definition, str) else definition
    read = [document] if isinstance(document, Diagnostic) else parse_machine(document)
    if isinstance(read, Machine):
        return read
    raise DefinitionError(read)


def _given(value: Any) -> Any:
    try:
        plain = _plain(value)
        hold_payload("input", plain)
    except (RecursionError, TypeError, ValueError, StateError) as error:
        raise InputError(f"no input for an execution: {error}") from error
    return plain


def _plain(value: Any) -> Any:
    """Copy a value as JSON would carry it, so that nobody changes what is another's."""
    return orjson.loads(json.dumps(value, allow_nan=False))


@dataclass(slots=True, eq=False)
class _Execution:
    """One execution. parent: whose child it is, with what its end is told by."""

    program: Program
    run: Run
    events: list[HistoryEvent] = field(default_factory=list)
    parent: "tuple[_Execution, StartChild] | None" = None
    over: bool = False


class _World:
    """The fake clock and everything that happens on it. Moments are milliseconds since 1970."""

    def __init__(self, tasks: Mapping[str, Task], now: int) -> None:
        self._tasks = tasks
        self._began = self._now = now
        self._seeds = 0
        self._later: list[tuple[int, int, _Execution, _Make]] = []
        self._ready: deque[tuple[_Execution, _Make]] = deque()
        self._order = 0
        self._children: dict[tuple[str, int], list[_Execution]] = {}

    def play(self, execution: _Execution) -> LocalRun:
        """Run an execution to its end."""
        self._ready.append((execution, Started))
        while not execution.over:
            self._step()
        run = execution.run
        return LocalRun(
            status=run.status.value,
            output=run.output,
            error=run.error,
            cause=run.cause,
            waited_seconds=(self._now - self._began) / 1000,
            events=tuple(execution.events),
        )

    def _step(self) -> None:
        if not self._ready:
            if not self._later:
                raise StuckError(
                    "the execution waits for a task that never answers",
                    hint="give the state TimeoutSeconds, or answer",
                )
            at, _, execution, make = heapq.heappop(self._later)
            self._now = max(self._now, at)
            self._ready.append((execution, make))
        execution, make = self._ready.popleft()
        if execution.over:
            return
        self._seeds += 1
        event = make(now=self._now, seed=self._seeds.to_bytes(16, "big"))
        made = step(execution.program, execution.run, event)
        execution.events += made.history
        for command in made.commands:
            act = _ACTS.get(type(command))
            if act is not None:
                act(self, execution, command)

    def _at(self, moment: int, execution: _Execution, make: "_Make") -> None:
        self._order += 1
        heapq.heappush(self._later, (moment, self._order, execution, make))

    def go_on(self, execution: _Execution, _command: Continue) -> None:
        self._ready.append((execution, Continued))

    def start_timer(self, execution: _Execution, command: StartTimer) -> None:
        self._at(command.at, execution, _keyed(TimerFired, command))

    def invoke(self, execution: _Execution, command: Invoke) -> None:
        answer = self._answer(command)
        result = answer.result
        for limit, heartbeat in ((command.timeout, False), (command.heartbeat, True)):
            if limit is not None:
                late = _keyed(TaskTimedOut, command, heartbeat=heartbeat)
                self._at(self._now + limit * 1000, execution, late)
        if result is NEVER:
            return
        if isinstance(result, TaskError):
            make = _keyed(TaskFailed, command, error=result.name, cause=result.cause)
        else:
            make = _keyed(TaskSucceeded, command, output=result)
        if read_resource(command.resource).pattern:
            self._ready.append((execution, _keyed(TaskSubmitted, command, output={})))
        if answer.seconds:
            self._at(self._now + round(answer.seconds * 1000), execution, make)
        else:
            self._ready.append((execution, make))

    def _answer(self, command: Invoke) -> After:
        """Ask a task what it answers, and when. Failures are TaskErrors."""
        task, given, is_function = self._find(command)
        try:
            answer = task(_plain(given))
            timed = answer if isinstance(answer, After) else After(0, answer)
            if timed.result is NEVER or isinstance(timed.result, TaskError):
                return timed
            result = _plain(timed.result)
        except TaskError as error:
            return After(0, error)
        except Exception as error:  # noqa: BLE001 - whatever a function raises is its error, as on Lambda
            return After(0, _as_lambda_tells(error, command.key))
        resource = read_resource(command.resource)
        if is_function and resource.kind is Kind.SERVICE and not resource.pattern:
            result = invocation_result(result, command.key)
        return After(timed.seconds, result)

    def _find(self, command: Invoke) -> tuple[Task, Any, bool]:
        """Return the task that a state asks for, what it is given, and whether it is a function."""
        resource = read_resource(command.resource)
        names, given, is_function = [command.resource], command.arguments, False
        if command.results is not ABSENT:
            given = {"Arguments": given, "Results": command.results["Executions"]}
        if resource.kind is not Kind.SERVICE:
            names += [resource.name, read_function(resource.name).name]
            is_function = resource.kind is Kind.FUNCTION
        elif resource.service == "lambda" and isinstance(given, dict) and "FunctionName" in given:
            asked = str(given["FunctionName"])
            names = [asked, read_function(asked).name, *names]
            given, is_function = invoked_payload(given), True
        for name in names:
            if name in self._tasks:
                return self._tasks[name], given, is_function
        near = get_close_matches(names[0], self._tasks, n=1) or get_close_matches(
            read_function(names[0]).name, self._tasks, n=1
        )
        raise UnknownTaskError(
            f"no task for what state {command.state!r} asks for: {names[0]}",
            hint=f"did you mean {near[0]!r}?" if near else _HOW.format(names[0]),
        )

    def start_child(self, execution: _Execution, command: StartChild) -> None:
        state = execution.program.states[command.state]
        assert isinstance(state, MapState)
        program = compile_machine(state.item_processor)
        facts = execution.run.facts
        child = facts.of_child(command.map_run, command.index, express=command.express)
        run = begin(program, command.input, child)
        made = _Execution(program, run, parent=(execution, command))
        self._children.setdefault((command.key, command.attempt), []).append(made)
        self._ready.append((made, Started))

    def cancel(self, _execution: _Execution, command: CancelTask) -> None:
        """Stop the children of a Map that is over; other tasks have nothing to stop."""
        for child in self._children.pop((command.key, command.attempt), ()):
            child.over = True

    def finish(self, execution: _Execution, command: Finish) -> None:
        self._tell(execution, ChildSucceeded, output=command.output)

    def fail(self, execution: _Execution, command: Fail) -> None:
        self._tell(execution, ChildFailed, error=command.error, cause=command.cause)

    def _tell(self, execution: _Execution, kind: "_Make", **values: Any) -> None:
        execution.over = True
        if execution.parent is not None:
            owner, started = execution.parent
            make = _keyed(kind, started, index=started.index, **values)
            self._ready.append((owner, make))


_Make = Callable[..., Event]


def _keyed(kind: _Make, command: Any, **values: Any) -> _Make:
    """Return what makes the answer to a command, when its time has come."""
    return lambda **moment: kind(key=command.key, attempt=command.attempt, **values, **moment)


_ACTS: Final[dict[type, Callable[[_World, _Execution, Any], None]]] = {
    CancelTask: _World.cancel,
    Continue: _World.go_on,
    Fail: _World.fail,
    Finish: _World.finish,
    Invoke: _World.invoke,
    StartChild: _World.start_child,
    StartTimer: _World.start_timer,
}


def _as_lambda_tells(error: Exception, request_id: str) -> TaskError:
    """Return a function's exception as Lambda's Python runtime tells it."""
    document = {
        "errorMessage": str(error),
        "errorType": type(error).__name__,
        "requestId": request_id,
        "stackTrace": traceback.format_tb(error.__traceback__)[1:],
    }
    return TaskError(type(error).__name__, json.dumps(document, separators=(",", ":")))
