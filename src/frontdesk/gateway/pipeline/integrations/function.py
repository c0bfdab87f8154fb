"""Owns the function integration: request to event, invocation, result to reply.

Knows functions only as the `Invoker` port; the formats are `rules.events`.
"""

from functools import partial
from typing import Final

import orjson

from frontdesk.base.clock import Clock
from frontdesk.base.streams import Field
from frontdesk.gateway.pipeline import run
from frontdesk.gateway.pipeline.build import RouteBuild
from frontdesk.gateway.pipeline.exchange import PARKED, Exchange, Parked, Reply
from frontdesk.gateway.pipeline.plan import Step
from frontdesk.gateway.pipeline.replies import refusal
from frontdesk.gateway.pipeline.tracing import CALLED, Traces
from frontdesk.ports.invoker import Call, Invocation, Invoker, Outcome
from frontdesk.rules.events.response import PARSERS, Malformed
from frontdesk.rules.events.v1 import EventV1
from frontdesk.rules.events.v2 import EventV2

EVENTS: dict[str, type[EventV1 | EventV2]] = {"1.0": EventV1, "2.0": EventV2}
"""By payload format version."""

MAX_EVENT: Final = 6_291_556
"""Bytes of an event, base64 of a binary body included: Lambda's limit."""

_RETRY_AFTER: Field = (b"retry-after", b"1")

FAILURES: dict[str, tuple[int, int, tuple[Field, ...]]] = {
    "Unhandled": (500, 200, ()),
    "Unloadable": (500, 200, ()),
    "Throttled": (503, 429, (_RETRY_AFTER,)),
    "Unavailable": (500, 500, ()),
}
"""Error of an Outcome → status for the client, status of the Invoke call as AWS has it, more fields."""


def integration(build: RouteBuild) -> Step | None:
    """Build the call of `function` for a route."""
    route = build.route
    if route is None or route.function is None:
        return None
    integration = FunctionIntegration(
        build.parts.invokers[route.function],
        EVENTS[route.payload](build.facts.event_facts(build.key)),
        payload=route.payload,
        timeout=route.timeout,
        clock=build.parts.clock,
        traces=build.parts.traces,
    )
    detail = f"function {route.function}, payload {route.payload}, timeout {route.timeout:g}s"
    place = build.place("apis", build.api_name, "routes", build.key, "function")
    return Step("function", integration.invoke, detail, place, needs_body=True)


class FunctionIntegration:
    """The last stage of a route that a function answers."""

    __slots__ = ("_clock", "_event", "_invoker", "_parse", "_timeout", "_traces")

    def __init__(
        self,
        invoker: Invoker,
        event: EventV1 | EventV2,
        *,
        payload: str,
        timeout: float,
        clock: Clock,
        traces: Traces,
    ) -> None:
        """payload: format of the result, "1.0" or "2.0". timeout: seconds until the function is killed."""
        self._invoker = invoker
        self._event = event
        self._parse = PARSERS[payload]
        self._timeout = timeout
        self._clock = clock
        self._traces = traces

    def invoke(self, ex: Exchange) -> Reply | Parked:
        """Start the function and park; the outcome resumes the exchange."""
        trace = self._traces.amazon(ex, CALLED)
        event = self._event.encode(ex, trace)
        if len(event) > MAX_EVENT:
            return refusal(413, "function:event_too_large")
        ex.integration_started = now = self._clock.monotonic()
        deadline = now + self._timeout
        call = self._invoker.invoke(Invocation(event, deadline, trace), partial(self._done, ex))
        ex.cancel_work = partial(self._stop, ex, call)
        ex.client.set_deadline(ex, deadline)
        return PARKED

    def _stop(self, ex: Exchange, call: Call, why: str) -> None:
        """Stop waiting. Only a timeout ends the function; a client that goes away does not, as in AWS."""
        ex.integration_latency = self._clock.monotonic() - ex.integration_started
        ex.integration_error = why
        call.cancel(kill=why == "timeout")

    def _done(self, ex: Exchange, outcome: Outcome) -> None:
        if not ex.answered:
            ex.integration_latency = self._clock.monotonic() - ex.integration_started
            ex.integration_request_id = outcome.request_id
            run.resume(ex, self._reply(ex, outcome))

    def _reply(self, ex: Exchange, outcome: Outcome) -> Reply:
        if outcome.error:
            return _failure(ex, outcome)
        ex.invoke_status = 200
        response = self._parse(outcome.payload)
        if isinstance(response, Malformed):
            ex.integration_error = response.reason
            return refusal(500, "function:malformed")
        ex.integration_status, fields, body = response
        return Reply(ex.integration_status, fields, body)


def _failure(ex: Exchange, outcome: Outcome) -> Reply:
    status, ex.invoke_status, fields = FAILURES[outcome.error]
    ex.integration_error = _error_message(outcome)
    return refusal(status, f"function:{outcome.error.lower()}", *fields)


def _error_message(outcome: Outcome) -> str:
    """What the log says: the function's own errorMessage where it gave one."""
    try:
        message = orjson.loads(outcome.payload).get("errorMessage")
    except (ValueError, AttributeError):
        message = None
    return message if isinstance(message, str) else outcome.reason or outcome.error
