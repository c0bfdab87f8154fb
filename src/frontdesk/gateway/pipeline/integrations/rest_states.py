"""Owns the AWS integration of REST APIs with Step Functions: the input of an action in, its document out.

The template of the request writes what the action asks for. What the file names, and nothing else, may be
started, stopped and described. Source: AWS, "Creating a Step Functions API using API Gateway".
"""

from collections.abc import Awaitable, Callable, Mapping
from typing import Any, Final, NamedTuple

import orjson

from frontdesk.base.errors import StoreError
from frontdesk.gateway.pipeline.build import RouteBuild
from frontdesk.gateway.pipeline.exchange import Exchange, Parked, Reply
from frontdesk.gateway.pipeline.integrations.execution_answers import RUNNING
from frontdesk.gateway.pipeline.integrations.execution_calls import ExecutionCalls
from frontdesk.gateway.pipeline.integrations.rest_response import IntegrationResponses
from frontdesk.gateway.pipeline.integrations.rest_values import Answer
from frontdesk.gateway.pipeline.plan import Step
from frontdesk.gateway.pipeline.replies import JSON, refusal
from frontdesk.gateway.pipeline.tracing import CALLED
from frontdesk.ports.executions import Execution, ExecutionError, Executions
from frontdesk.rules.asl.arns import read_machine


class _Asked(NamedTuple):
    """One request for an action. machine: what to start. given: the members of the request."""

    executions: Executions
    machine: str
    given: Mapping[str, str]
    trace: str
    within: float


_Document = dict[str, Any]
_Action = Callable[[_Asked], Awaitable[_Document | None]]
"""Does what is asked and returns its document; None: it takes longer than the route has."""


def integration(build: RouteBuild) -> Step:
    """Build the action on a state machine that answers a method."""
    method = build.method
    assert method is not None
    machine, action = method.integration.state_machine, method.integration.action
    assert machine is not None
    assert action is not None
    responses, executions = IntegrationResponses(build), build.parts.executions
    calls, traces = ExecutionCalls(build.parts.clock, method.timeout), build.parts.traces
    act, member = _ACTIONS[action]
    name = machine.partition(":")[0]

    async def reply(ex: Exchange, trace: str) -> Reply:
        try:
            given = _members(ex.body)
            if not _concerns(name, given.get(member)):
                message = f"not authorized to perform: states:{action} on resource: {given[member]}"
                raise ExecutionError("AccessDeniedException", message)
            chosen = given.get("stateMachineArn") or machine
            document = await act(_Asked(executions, chosen, given, trace, method.timeout))
        except ExecutionError as error:
            return _failed(ex, "400", error.code, error.message)
        except StoreError as error:
            return _failed(ex, "503", "ServiceUnavailable", error.message)
        if document is None:
            return refusal(504, "integration_timeout")
        return responses.reply(ex, Answer("200", [JSON], orjson.dumps(document)))

    def _failed(ex: Exchange, status: str, code: str, message: str) -> Reply:
        ex.integration_error = f"{code}: {message}"
        body = orjson.dumps({"__type": code, "message": message})
        return responses.reply(ex, Answer(status, [JSON], body))

    def run(ex: Exchange) -> Parked:
        return calls.park(ex, reply(ex, traces.amazon(ex, CALLED)))

    detail = f"{action} of {machine}, timeout {method.timeout:g}s, {responses.told}"
    return Step("state machine", run, detail, (*build.at, "integration"))


def _members(body: bytes) -> Mapping[str, str]:
    """Read the members of a request, which are all texts. Raises: ExecutionError."""
    try:
        found = orjson.loads(body or b"{}")
    except orjson.JSONDecodeError:
        found = None
    if not isinstance(found, dict) or not all(isinstance(each, str) for each in found.values()):
        raise ExecutionError("SerializationException", "expected a JSON object of texts")
    return found


def _concerns(machine: str, arn: str | None) -> bool:
    """Tell whether an ARN is of the machine, or of an execution of it; without one the machine is meant."""
    if arn is None:
        return True
    found = read_machine(arn)
    if found is not None:
        return found.name == machine
    return arn.split(":")[5:7] in (["execution", machine], ["express", machine])


async def _start(asked: _Asked) -> _Document:
    execution = await asked.executions.start(
        asked.machine,
        asked.given.get("input", "{}"),
        name=asked.given.get("name", ""),
        trace=asked.trace,
    )
    return {"executionArn": execution.arn, "startDate": execution.started}


# Differs: [sync-standard] AWS refuses StartSyncExecution of standard machines.
async def _run(asked: _Asked) -> _Document | None:
    execution = await asked.executions.run(
        asked.machine,
        asked.given.get("input", "{}"),
        name=asked.given.get("name", ""),
        trace=asked.trace,
        within=asked.within,
    )
    return None if execution.status in RUNNING else _told(execution)


async def _stop(asked: _Asked) -> _Document:
    given = asked.given
    stopped = await asked.executions.stop(
        given.get("executionArn", ""), given.get("error"), given.get("cause")
    )
    return {"stopDate": stopped}


async def _describe(asked: _Asked) -> _Document:
    return _told(await asked.executions.describe(asked.given.get("executionArn", "")))


_ACTIONS: Final[Mapping[str, tuple[_Action, str]]] = {
    "DescribeExecution": (_describe, "executionArn"),
    "StartExecution": (_start, "stateMachineArn"),
    "StartSyncExecution": (_run, "stateMachineArn"),
    "StopExecution": (_stop, "executionArn"),
}
"""What each does, and which of its members says with what."""


def _told(execution: Execution) -> _Document:
    document = {
        "executionArn": execution.arn,
        "stateMachineArn": execution.machine,
        "name": execution.name,
        "status": execution.status,
        "startDate": execution.started,
        "input": execution.input,
    }
    ending = {
        "stopDate": execution.ended,
        "output": execution.output,
        "error": execution.error,
        "cause": execution.cause,
    }
    return document | {key: value for key, value in ending.items() if value is not None}
