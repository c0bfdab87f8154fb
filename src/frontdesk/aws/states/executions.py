"""Owns the operations on executions, and the answers to tasks that wait.

Source: AWS, Step Functions, API reference, StartExecution and its neighbours; recorded answers.
"""

import math
from typing import Any, Final

from frontdesk.aws.states.arns import check_arn, machine_of
from frontdesk.aws.states.machines import METADATA
from frontdesk.aws.states.paging import page_size
from frontdesk.durable.machines import Machines
from frontdesk.ports.executions import Execution, ExecutionError, Executions
from frontdesk.rules.asl.history import aws_event

_EXPRESS_SECONDS: Final = 310.0
"""Longer than an Express execution may be."""

_BILLED_MEMORY: Final = 64
"""MB that AWS bills at least."""

_ENDED_BADLY: Final = frozenset(("FAILED", "TIMED_OUT", "ABORTED"))


class ExecutionOperations:
    """The operations whose subject is an execution."""

    def __init__(self, machines: Machines, executions: Executions) -> None:
        self._machines = machines
        self._executions = executions

    async def start(self, members: dict[str, Any]) -> dict[str, Any]:
        """StartExecution."""
        arn = members["stateMachineArn"]
        check_arn(arn, "stateMachine")
        execution = await self._executions.start(
            arn,
            members.get("input", "{}"),
            name=members.get("name", ""),
            trace=members.get("traceHeader", ""),
        )
        return {"executionArn": execution.arn, "startDate": _instant(execution.started)}

    async def start_sync(self, members: dict[str, Any]) -> dict[str, Any]:
        """StartSyncExecution: one that fails is no error of the request."""
        arn = members["stateMachineArn"]
        check_arn(arn, "stateMachine")
        if not self._machines.target(arn, 0.0).revision.express:
            raise _wrong_type()
        execution = await self._executions.run(
            arn,
            members.get("input", "{}"),
            name=members.get("name", ""),
            trace=members.get("traceHeader", ""),
            within=_EXPRESS_SECONDS,
        )
        ended = execution.ended if execution.ended is not None else execution.started
        milliseconds = math.ceil((ended - execution.started) * 10) * 100
        return {
            **_outcome(execution, members),
            "stopDate": _instant(ended),
            "billingDetails": {
                "billedMemoryUsedInMB": _BILLED_MEMORY,
                "billedDurationInMilliseconds": milliseconds,
            },
        }

    async def describe(self, members: dict[str, Any]) -> dict[str, Any]:
        """DescribeExecution."""
        arn = members["executionArn"]
        check_arn(arn, "execution")
        execution = await self._executions.describe(arn)
        return {**_listed(execution), **_outcome(execution, members), **_redriving(execution)}

    async def list_executions(self, members: dict[str, Any]) -> dict[str, Any]:
        """ListExecutions, newest first."""
        arn, map_run = members.get("stateMachineArn", ""), members.get("mapRunArn", "")
        if bool(arn) == bool(map_run):
            raise ExecutionError(
                "ValidationException", "Must provide a StateMachine ARN or MapRun ARN"
            )
        if map_run:
            check_arn(map_run, "mapRun")
        elif "redriveFilter" in members:
            raise ExecutionError("ValidationException", "The redriveFilter needs a MapRun ARN.")
        else:
            machine_of(arn)
            if self._machines.target(arn, 0.0).revision.express:
                raise _wrong_type()
        found = await self._executions.list(
            machine=arn,
            map_run=map_run,
            status=members.get("statusFilter"),
            most=page_size(members),
            token=members.get("nextToken", ""),
        )
        redriven = {"REDRIVEN": True, "NOT_REDRIVEN": False}.get(members.get("redriveFilter", ""))
        answer: dict[str, Any] = {
            "executions": [
                _listed(one)
                for one in found.executions
                if redriven is None or redriven == (one.redrives > 0)
            ]
        }
        return {**answer, "nextToken": found.token} if found.token else answer

    async def history(self, members: dict[str, Any]) -> dict[str, Any]:
        """GetExecutionHistory."""
        arn = members["executionArn"]
        check_arn(arn, "execution")
        found = await self._executions.history(
            arn,
            most=page_size(members),
            token=members.get("nextToken", ""),
            newest_first=members.get("reverseOrder", False),
        )
        data = members.get("includeExecutionData", True)
        answer: dict[str, Any] = {"events": [aws_event(one, data=data) for one in found.events]}
        return {**answer, "nextToken": found.token} if found.token else answer

    async def stop(self, members: dict[str, Any]) -> dict[str, Any]:
        """StopExecution. One that has ended stays as it is."""
        arn = members["executionArn"]
        check_arn(arn, "execution")
        stopped = await self._executions.stop(arn, members.get("error"), members.get("cause"))
        return {"stopDate": stopped}

    async def redrive(self, members: dict[str, Any]) -> dict[str, Any]:
        """RedriveExecution."""
        arn = members["executionArn"]
        check_arn(arn, "execution")
        return {"redriveDate": await self._executions.redrive(arn)}

    # -- tasks that wait ------------------------------------------------------------------------------

    async def succeed(self, members: dict[str, Any]) -> dict[str, Any]:
        """SendTaskSuccess."""
        await self._executions.succeed(members["taskToken"], members["output"])
        return {}

    async def fail(self, members: dict[str, Any]) -> dict[str, Any]:
        """SendTaskFailure."""
        await self._executions.fail(
            members["taskToken"], members.get("error"), members.get("cause")
        )
        return {}

    async def beat(self, members: dict[str, Any]) -> dict[str, Any]:
        """SendTaskHeartbeat."""
        await self._executions.beat(members["taskToken"])
        return {}


def _listed(execution: Execution) -> dict[str, Any]:
    """Write what lists show of an execution."""
    answer = {
        "executionArn": execution.arn,
        "stateMachineArn": execution.machine,
        "name": execution.name,
        "status": execution.status,
        "startDate": _instant(execution.started),
        "redriveCount": execution.redrives,
    }
    more = {
        "stopDate": execution.ended,
        "mapRunArn": execution.map_run or None,
        "stateMachineVersionArn": execution.version or None,
        "stateMachineAliasArn": execution.alias or None,
        "redriveDate": execution.redriven,
    }
    return answer | {name: value for name, value in more.items() if value is not None}


def _outcome(execution: Execution, members: dict[str, Any]) -> dict[str, Any]:
    """Write how an execution began, and how it ended."""
    included = members.get("includedData") != METADATA
    answer: dict[str, Any] = {
        "executionArn": execution.arn,
        "stateMachineArn": execution.machine,
        "name": execution.name,
        "status": execution.status,
        "startDate": _instant(execution.started),
        "inputDetails": {"included": included},
    }
    if included:
        # Differs: [states-input-text] the text of an input is kept by its value, without its white space
        answer["input"] = execution.input
    if execution.output is not None:
        answer["outputDetails"] = {"included": included}
        if included:
            answer["output"] = execution.output
    more = {"error": execution.error, "cause": execution.cause}
    if not included:
        more = {}
    more["traceHeader"] = execution.trace or None
    return answer | {name: value for name, value in more.items() if value is not None}


def _redriving(execution: Execution) -> dict[str, Any]:
    if execution.status in _ENDED_BADLY:
        by_map_run = bool(execution.map_run)
        return {"redriveStatus": "REDRIVABLE_BY_MAP_RUN" if by_map_run else "REDRIVABLE"}
    return {
        "redriveStatus": "NOT_REDRIVABLE",
        "redriveStatusReason": f"Execution is {execution.status} and cannot be redriven",
    }


def _instant(seconds: float) -> float:
    """Round a time as AWS does, so that an execution does not end before it began."""
    return math.floor(seconds * 1000) / 1000


def _wrong_type() -> ExecutionError:
    return ExecutionError(
        "StateMachineTypeNotSupported",
        "This operation is not supported by this type of state machine",
    )
