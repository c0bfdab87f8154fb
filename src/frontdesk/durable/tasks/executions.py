"""Owns the tasks that other state machines do: `states:startExecution`, waited for or not.

Nothing is remembered here: a child's name is given or made from the attempt, and its trace says whose child
it is. So a start that is repeated after a crash finds its own child.
Source: AWS, "Start a new AWS Step Functions state machine from a running execution".
"""

from collections.abc import Callable
from hashlib import blake2b
from typing import Any, Final

from frontdesk.durable.life import Work
from frontdesk.durable.tasks.jobs import Jobs
from frontdesk.durable.tasks.refusals import arguments_of, service_cause, text_argument
from frontdesk.durable.tasks.task import Answer, Task
from frontdesk.ports.executions import Execution, ExecutionError, Executions
from frontdesk.rules.asl.arns import machine_name
from frontdesk.rules.asl.data.errors import StateError
from frontdesk.rules.asl.data.scope import json_text
from frontdesk.rules.asl.errors import TASK_FAILED
from frontdesk.rules.asl.sdk import sdk_metadata
from frontdesk.rules.http.trace_context import read_amazon, write_amazon
from frontdesk.rules.lang.compact_json import from_json

_RUNNING: Final = "RUNNING"
_SUCCEEDED: Final = "SUCCEEDED"

_WITHIN: Final = 60.0
"""Seconds of one wait for the end of a child; the next one follows."""


class StartTasks:
    """Tasks that end when the child has started, or when somebody sends their token."""

    def __init__(self, executions: Executions, jobs: Jobs) -> None:
        self._executions = executions
        self._jobs = jobs

    def do(self, task: Task, answer: Answer) -> Work | None:
        """See Doer."""
        return self._jobs.run(lambda: self._do(task, answer), answer)

    async def _do(self, task: Task, answer: Answer) -> None:
        try:
            child = await _start(self._executions, task)
        except (ExecutionError, StateError) as error:
            _refuse(task, answer, error)
        else:
            give = answer.submitted if task.resource.has_token else answer.succeeded
            give(_started(task, child))


class SyncTasks:
    """Tasks of `.sync` and `.sync:2`: they end as the child does, and the child ends with them."""

    def __init__(self, executions: Executions, jobs: Jobs) -> None:
        self._executions = executions
        self._jobs = jobs

    def do(self, task: Task, answer: Answer) -> Work | None:
        """See Doer."""
        return self._jobs.run(lambda: self._do(task, answer), answer)

    async def _do(self, task: Task, answer: Answer) -> None:
        try:
            child = await self._jobs.to_its_end(task.id, _start(self._executions, task))
            answer.submitted(_started(task, child))
            while child.status == _RUNNING:
                child = await self._executions.settled(child.arn, within=_WITHIN)
        except (ExecutionError, StateError) as error:
            _refuse(task, answer, error)
        else:
            _tell_end(task, answer, child)

    def recall(self, task: Task, over: Callable[[], None]) -> Work:
        """See Recaller. It stops the child."""
        return self._jobs.run(lambda: self._recall(task, over))

    async def _recall(self, task: Task, over: Callable[[], None]) -> None:
        await self._jobs.ended(task.id)  # its start may be committed only now
        try:
            child = await self._executions.describe(_child_arn(task))
            if child.trace == _trace(task):
                await self._executions.stop(child.arn)
        except (ExecutionError, StateError):
            pass  # it never started, or is gone
        over()


# -- the start --------------------------------------------------------------------------------------


async def _start(executions: Executions, task: Task) -> Execution:
    """Start the child of an attempt, or find it. Raises: ExecutionError, StateError, StoreError."""
    machine, trace = text_argument(task, "StateMachineArn"), _trace(task)
    try:
        return await executions.start(
            machine, _input(task), name=_name(task), trace=trace, nesting=task.nesting + 1
        )
    except ExecutionError as error:
        if error.code != "ExecutionAlreadyExists":
            raise
        child = await executions.describe(_child_arn(task))
        if child.trace != trace:
            raise
        return child


def _input(task: Task) -> str:
    """Return what the child is given: a text is taken for JSON text."""
    given = arguments_of(task).get("Input")
    if isinstance(given, str):
        return given
    return "{}" if given is None else json_text(given)


def _name(task: Task) -> str:
    return str(arguments_of(task).get("Name") or task.id)


def _child_arn(task: Task) -> str:
    machine = machine_name(text_argument(task, "StateMachineArn"))
    place = ":".join(task.facts.execution.split(":")[:5])
    return f"{place}:execution:{machine}:{_name(task)}"


def _trace(task: Task) -> str:
    """Return the X-Amzn-Trace-Id of the child: it goes on the caller's trace, and its Parent is the attempt."""
    caller = read_amazon(task.trace)
    execution = blake2b(task.facts.execution.encode(), digest_size=16).hexdigest()
    attempt = blake2b(task.id.encode(), digest_size=8).hexdigest()
    if caller is None:
        return write_amazon(execution, attempt, sampled=False)
    return write_amazon(caller.trace_id, attempt, sampled=bool(caller.sampled))


# -- the answers ------------------------------------------------------------------------------------


def _started(task: Task, child: Execution) -> dict[str, Any]:
    return {
        "ExecutionArn": child.arn,
        **sdk_metadata(task.id, "application/x-amz-json-1.0"),
        "StartDate": child.started,
    }


def _tell_end(task: Task, answer: Answer, child: Execution) -> None:
    if child.status == _SUCCEEDED:
        parsed = task.resource.pattern == "sync:2"
        answer.succeeded(_described(child, from_json if parsed else str))
    else:
        answer.failed(TASK_FAILED, json_text(_described(child, str)))


def _described(child: Execution, read: Callable[[str], Any]) -> dict[str, Any]:
    """Describe a child that has ended. read: makes values of its input and output."""
    described: dict[str, Any] = {
        "ExecutionArn": child.arn,
        "Input": read(child.input),
        "InputDetails": {"Included": True},
        "Name": child.name,
        "StartDate": round(child.started * 1000),
        "StateMachineArn": child.machine,
        "Status": child.status,
        "StopDate": round((child.ended or child.started) * 1000),
    }
    if child.output is not None:
        described |= {"Output": read(child.output), "OutputDetails": {"Included": True}}
    optional = {
        "Cause": child.cause,
        "Error": child.error,
        "StateMachineAliasArn": child.alias or None,
        "StateMachineVersionArn": child.version or None,
    }
    described |= {name: value for name, value in optional.items() if value is not None}
    return dict(sorted(described.items()))


def _refuse(task: Task, answer: Answer, error: ExecutionError | StateError) -> None:
    if isinstance(error, StateError):
        answer.failed(error.name, error.cause)
        return
    cause = service_cause("AWSStepFunctions", error.code, error.message, task.id)
    answer.failed(f"StepFunctions.{error.code.removesuffix('Exception')}Exception", cause)
