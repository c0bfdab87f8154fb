"""Owns functions of REST methods that are called as X-Amz-Invocation-Type says: at once, or later.

Knows asynchronous invocations only as the `Invocations` port. Source: AWS, "Set up asynchronous invocation
of the backend Lambda function".
"""

from collections.abc import Callable
from typing import Final

from frontdesk.base.errors import StoreError
from frontdesk.gateway.pipeline.build import RouteBuild
from frontdesk.gateway.pipeline.exchange import Exchange, Parked, Reply, Stage
from frontdesk.gateway.pipeline.integrations.execution_calls import ExecutionCalls
from frontdesk.gateway.pipeline.integrations.rest_request import INVOCATION_TYPE
from frontdesk.gateway.pipeline.integrations.rest_response import IntegrationResponses
from frontdesk.gateway.pipeline.integrations.rest_values import Answer
from frontdesk.gateway.pipeline.replies import JSON, refusal
from frontdesk.gateway.pipeline.tracing import CALLED
from frontdesk.ports.invocations import LARGEST

_MAPPED: Final = f"integration.request.header.{INVOCATION_TYPE}"
_AT_ONCE: Final = b"RequestResponse"
_ACCEPTED: Final = 202


def is_typed(build: RouteBuild) -> bool:
    """Whether a method maps how its function is called."""
    method = build.method
    assert method is not None
    return any(target.lower() == _MAPPED for target in method.integration.request_parameters)


def by_type(
    build: RouteBuild,
    at_once: Stage,
    fault: Callable[[Exchange], Reply | None],
    responses: IntegrationResponses,
) -> Stage:
    """Build the calls of a function. at_once: calls it and waits. fault: refuses a body that is no event."""
    method, parts = build.method, build.parts
    assert method is not None
    assert method.integration.function is not None
    name, _, qualifier = method.integration.function.partition(":")
    calls = ExecutionCalls(parts.clock, method.timeout)

    async def accept(ex: Exchange, trace: str) -> Reply:
        event = bytes(ex.body) or b"{}"
        try:
            request_id = await parts.invocations.accept(name, qualifier, event, trace=trace)
        except StoreError as error:
            return _unavailable(ex, error.message)
        if request_id is None:  # a reload has taken it away, while the request was under way
            return _unavailable(ex, f"there is no such function: {name}")
        ex.integration_request_id = request_id
        ex.invoke_status = _ACCEPTED
        return responses.reply(ex, Answer("", [JSON], b""))

    def later(ex: Exchange) -> Reply | Parked:
        kind = _invocation_type(ex)
        if kind != b"Event":
            ex.integration_error = f"no such X-Amz-Invocation-Type: {kind.decode('latin-1')[:64]}"
            return refusal(500, "integration:invocation_type")
        if len(ex.body) > LARGEST:
            return refusal(413, "function:event_too_large")
        return fault(ex) or calls.park(ex, accept(ex, parts.traces.amazon(ex, CALLED)))

    return lambda ex: (at_once if _invocation_type(ex) == _AT_ONCE else later)(ex)


def _invocation_type(ex: Exchange) -> bytes:
    """Return what is mapped, or what holds where nothing is."""
    assert ex.transformation is not None
    _, values = ex.transformation.headers.get(INVOCATION_TYPE, ("", (_AT_ONCE,)))
    return values[-1]


def _unavailable(ex: Exchange, why: str) -> Reply:
    ex.invoke_status = 500
    ex.integration_error = why
    return refusal(500, "function:unavailable")
