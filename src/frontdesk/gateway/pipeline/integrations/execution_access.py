"""Owns the resources of an execution that a route has started: its status, its result, its end."""

from collections.abc import Awaitable, Callable
from typing import Final

from frontdesk.config.models.execution import Access, ExecutionAccess
from frontdesk.gateway.pipeline.build import RouteBuild
from frontdesk.gateway.pipeline.exchange import Exchange, Parked, Reply
from frontdesk.gateway.pipeline.integrations.execution_answers import (
    RUNNING,
    output_of,
    status_of,
)
from frontdesk.gateway.pipeline.integrations.execution_calls import ExecutionCalls
from frontdesk.gateway.pipeline.integrations.execution_links import ExecutionLinks
from frontdesk.gateway.pipeline.plan import Step
from frontdesk.gateway.pipeline.replies import problem
from frontdesk.ports.executions import ExecutionError, Executions


def access(build: RouteBuild) -> Step | None:
    """Build what answers at a resource of an execution."""
    operation = build.operation
    if not isinstance(operation, ExecutionAccess):
        return None
    executions = build.parts.executions
    links = ExecutionLinks(build, operation.about, operation.machine)
    calls, look = ExecutionCalls(build.parts.clock, operation.timeout), _LOOKS[operation.access]

    def run(ex: Exchange) -> Parked:
        return calls.park(ex, reply(ex))

    async def reply(ex: Exchange) -> Reply:
        arn = links.arn(ex)
        if arn is None:
            raise ExecutionError("ExecutionDoesNotExist", "a link that is none of ours")
        return await look(executions, ex, arn)

    detail = f"{operation.access} of an execution of {operation.machine}"
    return Step("execution", run, detail, (*build.at, "state_machine"))


async def _status(executions: Executions, _ex: Exchange, arn: str) -> Reply:
    return status_of(await executions.describe(arn), 200, "")


async def _result(executions: Executions, ex: Exchange, arn: str) -> Reply:
    execution = await executions.describe(arn)
    return (
        status_of(execution, 202, "") if execution.status in RUNNING else output_of(ex, execution)
    )


async def _stop(executions: Executions, _ex: Exchange, arn: str) -> Reply:
    if (await executions.describe(arn)).status not in RUNNING:
        return problem(409, "execution-over", "The execution has ended.", "state_machine:over")
    await executions.stop(arn)
    return status_of(await executions.describe(arn), 200, "")


_LOOKS: Final[dict[Access, Callable[[Executions, Exchange, str], Awaitable[Reply]]]] = {
    "status": _status,
    "stop": _stop,
    "result": _result,
}
