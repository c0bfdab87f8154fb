"""Owns routes by which somebody outside answers a task that waits for its token.

Who has the token may answer: no log of ours shows it, and where it stands in the path neither the path.
"""

from collections.abc import Awaitable, Callable
from typing import Final

import orjson

from frontdesk.gateway.pipeline.build import RouteBuild
from frontdesk.gateway.pipeline.exchange import Exchange, Parked, Reply
from frontdesk.gateway.pipeline.integrations.execution_calls import ExecutionCalls
from frontdesk.gateway.pipeline.plan import Step
from frontdesk.gateway.pipeline.replies import problem
from frontdesk.gateway.pipeline.values import bind
from frontdesk.ports.executions import ExecutionError, Executions

Answer = Callable[[Executions, str, bytes], Awaitable[None]]
"""Answers a task: whoever runs it, its token, the body of the request."""


_LONGEST_ERROR: Final = 256
_LONGEST_CAUSE: Final = 32_768
"""Characters of a failure, as SendTaskFailure takes them."""


class _UnfitError(Exception):
    """A body that says no outcome; told to the client."""


def integration(build: RouteBuild) -> Step | None:
    """Build the answer to a task for a route."""
    route = build.route
    if route is None or route.task_token is None:
        return None
    executions, token = build.parts.executions, bind(route.task_token)
    calls, answer = ExecutionCalls(build.parts.clock, route.timeout), _ANSWERS[route.outcome]

    async def reply(found: str, body: bytes) -> Reply:
        try:
            await answer(executions, found, body)
        except _UnfitError as error:
            return problem(400, "invalid-request", str(error), "task_token:body")
        return Reply(204, [])

    async def nobody() -> Reply:
        raise ExecutionError("InvalidToken", "the request has no token")

    def run(ex: Exchange) -> Parked:
        found = token(ex)
        return calls.park(ex, reply(found, ex.body) if found else nobody())

    at = (*build.at, "task_token")
    return Step("task token", run, f"{route.outcome} of a task", at, needs_body=True)


async def _succeed(executions: Executions, token: str, body: bytes) -> None:
    _document(body)
    await executions.succeed(token, body.decode() or "{}")


async def _fail(executions: Executions, token: str, body: bytes) -> None:
    said = _document(body)
    if not isinstance(said, dict):
        raise _UnfitError("A failure is an object of error and cause.")
    error, cause = said.get("error"), said.get("cause")
    if not all(each is None or isinstance(each, str) for each in (error, cause)):
        raise _UnfitError("The error and the cause of a failure are texts.")
    if len(error or "") > _LONGEST_ERROR or len(cause or "") > _LONGEST_CAUSE:
        told = f"An error has {_LONGEST_ERROR} characters at most, and a cause {_LONGEST_CAUSE}."
        raise _UnfitError(told)
    await executions.fail(token, error, cause)


async def _beat(executions: Executions, token: str, _body: bytes) -> None:
    await executions.beat(token)


_ANSWERS: Final[dict[str, Answer]] = {"success": _succeed, "failure": _fail, "heartbeat": _beat}


def _document(body: bytes) -> object:
    try:
        return orjson.loads(body or b"{}")
    except orjson.JSONDecodeError:
        raise _UnfitError("The body is no valid JSON.") from None
