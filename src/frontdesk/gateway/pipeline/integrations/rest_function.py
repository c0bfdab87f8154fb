"""Owns the AWS integration of REST APIs with a function: a body of the template's making in, any JSON out.

Source: AWS, "Set up Lambda custom integrations in API Gateway".
"""

from typing import Any, Final

import orjson

from frontdesk.gateway.pipeline.build import RouteBuild
from frontdesk.gateway.pipeline.exchange import Exchange, Parked, Reply
from frontdesk.gateway.pipeline.integrations.function import (
    INVOKE_STATUS,
    Form,
    FunctionIntegration,
    error_message,
)
from frontdesk.gateway.pipeline.integrations.rest_event import by_type, is_typed
from frontdesk.gateway.pipeline.integrations.rest_response import IntegrationResponses
from frontdesk.gateway.pipeline.integrations.rest_values import Answer
from frontdesk.gateway.pipeline.plan import Step
from frontdesk.gateway.pipeline.replies import refusal
from frontdesk.ports.invoker import Outcome
from frontdesk.rules.events.response import parse_rest

_FORM: Final = Form(parse_rest, failed=500, throttled=500)
_FAILED: Final = frozenset({"Unhandled", "Unloadable"})
"""Errors of an outcome that has an error object of the function's."""


class _Body:
    """The event of a function is the body of the integration's request."""

    def encode(self, request: Exchange, trace: str) -> bytes:  # noqa: ARG002 - in no event of ours
        """See function.Event."""
        return request.body or b"{}"


def integration(build: RouteBuild) -> Step:
    """Build the call of the function that answers a method."""
    method = build.method
    assert method is not None
    name = method.integration.function
    assert name is not None
    responses = IntegrationResponses(build)
    called = RestFunction(
        build.parts.invokers[name],
        _Body(),
        _FORM,
        timeout=method.timeout,
        clock=build.parts.clock,
        traces=build.parts.traces,
        responses=responses,
    )
    detail = f"function {name}, AWS, timeout {method.timeout:g}s, {responses.told}"
    at = (*build.at, "integration")
    if is_typed(build):
        run = by_type(build, called.invoke, called.fault, responses)
        return Step("function", run, f"{detail}, at once or later", at)
    return Step("function", called.invoke, detail, at)


class RestFunction(FunctionIntegration):
    """The last stage of a method that a function answers by integration responses."""

    __slots__ = ("_responses",)

    def __init__(self, *args: Any, responses: IntegrationResponses, **settings: Any) -> None:
        """The rest: see FunctionIntegration."""
        super().__init__(*args, **settings)
        self._responses = responses

    def invoke(self, ex: Exchange) -> Reply | Parked:
        """See FunctionIntegration."""
        return self.fault(ex) or super().invoke(ex)

    def fault(self, ex: Exchange) -> Reply | None:
        """Refuse what is no JSON, as Lambda does."""
        try:
            orjson.loads(ex.body or b"{}")
        except orjson.JSONDecodeError as error:
            ex.integration_error = f"the body for the function is no JSON: {error}"
            return refusal(500, "integration:no_json")
        return None

    def _reply(self, ex: Exchange, outcome: Outcome) -> Reply:
        if not outcome.error:
            ex.invoke_status = 200
            return self._responses.reply(ex, Answer("", _JSON, outcome.payload))
        if outcome.error not in _FAILED:
            return self._failure(ex, outcome)
        ex.invoke_status = INVOKE_STATUS[outcome.error]
        ex.integration_error = said = error_message(outcome)
        return self._responses.reply(ex, Answer(said, _JSON, outcome.payload))


_JSON: Final = [(b"content-type", b"application/json")]
