"""Owns the function integration: request to event, invocation, result to reply.

Knows functions only as the `Invoker` port; the formats are `rules.events`.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Final, Protocol

import orjson

from frontdesk.base.clock import Clock
from frontdesk.base.streams import Field
from frontdesk.gateway.pipeline import run
from frontdesk.gateway.pipeline.build import RouteBuild
from frontdesk.gateway.pipeline.exchange import PARKED, Exchange, Parked, Reply
from frontdesk.gateway.pipeline.integrations.function_stream import StreamedBody
from frontdesk.gateway.pipeline.plan import Step
from frontdesk.gateway.pipeline.replies import refusal
from frontdesk.gateway.pipeline.tracing import CALLED, Traces
from frontdesk.ports.invoker import Call, Invocation, Invoker, Outcome, Stream
from frontdesk.rules.events.response import Malformed, Response, parse_v1, parse_v2
from frontdesk.rules.events.v1 import EventV1
from frontdesk.rules.events.v2 import EventV2

EVENTS: dict[str, type[EventV1 | EventV2]] = {"1.0": EventV1, "2.0": EventV2}
"""By payload format version."""

MAX_EVENT: Final = 6_291_556
"""Bytes of an event, base64 of a binary body included: Lambda's limit."""

_RETRY_AFTER: Field = (b"retry-after", b"1")


class Event(Protocol):
    """Makes what a function gets."""

    def encode(self, request: Exchange, trace: str) -> bytes:
        """Write the event as JSON. trace: the X-Amzn-Trace-Id to show."""
        ...


@dataclass(frozen=True, slots=True)
class Form:
    """How an API turns results of functions into answers.

    parse: reads a result. failed: status where the function failed or its result is no response.
    throttled: status where there is no place for one call more.
    """

    parse: Callable[[bytes], Response | Malformed]
    failed: int = 500
    throttled: int = 503


FORMS: Final[Mapping[str, Form]] = {"1.0": Form(parse_v1), "2.0": Form(parse_v2)}
"""Of HTTP APIs, by payload format version."""

INVOKE_STATUS: Final[Mapping[str, int]] = {
    "Unhandled": 200,
    "Unloadable": 200,
    "Throttled": 429,
    "Unavailable": 500,
}
"""Error of an Outcome → status of the Invoke call as AWS has it."""


def integration(build: RouteBuild) -> Step | None:
    """Build the call of `function` for a route."""
    route = build.route
    if route is None or route.function is None:
        return None
    streams = route.invoke_mode == "response_stream"
    integration = (StreamingFunction if streams else FunctionIntegration)(
        build.parts.invokers[route.function],
        EVENTS[route.payload](build.facts.event_facts(build.key)),
        FORMS[route.payload],
        timeout=route.timeout,
        clock=build.parts.clock,
        traces=build.parts.traces,
    )
    detail = f"function {route.function}, payload {route.payload}, timeout {route.timeout:g}s"
    if streams:
        detail += ", streams"
    at = (*build.at, "function")
    return Step("function", integration.invoke, detail, at, needs_body=True)


class FunctionIntegration:
    """The last stage of a route that a function answers."""

    __slots__ = ("_clock", "_event", "_form", "_invoker", "_timeout", "_traces")

    def __init__(
        self,
        invoker: Invoker,
        event: Event,
        form: Form,
        *,
        timeout: float,
        clock: Clock,
        traces: Traces,
    ) -> None:
        """timeout: seconds until the function is killed."""
        self._invoker = invoker
        self._event = event
        self._form = form
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
        invocation = self._invocation(ex, event, deadline, trace)
        call = self._invoker.invoke(invocation, partial(self._done, ex))
        ex.cancel_work = partial(self._stop, ex, call)
        ex.client.set_deadline(ex, deadline)
        return PARKED

    def _invocation(self, _ex: Exchange, event: bytes, deadline: float, trace: str) -> Invocation:
        return Invocation(event, deadline, trace)

    def _stop(self, ex: Exchange, call: Call, why: str) -> None:
        """Stop waiting. Only a timeout ends the function; a client that goes away does not, as in AWS."""
        ex.integration_latency = self._clock.monotonic() - ex.integration_started
        ex.integration_error = why
        call.cancel(kill=why == "timeout")

    def _done(self, ex: Exchange, outcome: Outcome) -> None:
        if not ex.answered:
            ex.integration_latency = self._clock.monotonic() - ex.integration_started
            ex.integration_request_id = outcome.request_id
            run.resume_by(ex, self._reply, ex, outcome)

    def _reply(self, ex: Exchange, outcome: Outcome) -> Reply:
        if outcome.error:
            return self._failure(ex, outcome)
        ex.invoke_status = 200
        response = self._parsed(ex, outcome.payload)
        if isinstance(response, Malformed):
            return self._malformed(ex, response)
        ex.integration_status = response.status
        return Reply(response.status, response.fields, response.body)

    def _parsed(self, _ex: Exchange, payload: bytes) -> Response | Malformed:
        return self._form.parse(payload)

    def _malformed(self, ex: Exchange, found: Malformed) -> Reply:
        ex.integration_error = found.reason
        return refusal(self._form.failed, "function:malformed")

    def _failure(self, ex: Exchange, outcome: Outcome) -> Reply:
        ex.invoke_status = INVOKE_STATUS[outcome.error]
        ex.integration_error = error_message(outcome)
        cause = f"function:{outcome.error.lower()}"
        if outcome.error == "Throttled":
            return refusal(self._form.throttled, cause, _RETRY_AFTER)
        return refusal(self._form.failed, cause)


class StreamingFunction(FunctionIntegration):
    """The last stage of a route whose function may answer in parts (`invoke_mode: response_stream`)."""

    __slots__ = ()

    def _invocation(self, ex: Exchange, event: bytes, deadline: float, trace: str) -> Invocation:
        return Invocation(event, deadline, trace, stream=partial(self._begin, ex))

    def _begin(self, ex: Exchange, stream: Stream) -> None:
        def answer(head: Response | Malformed) -> None:
            if isinstance(head, Malformed):
                body.cancel()
                run.resume(ex, self._malformed(ex, head))
            else:
                ex.integration_status = head.status
                run.resume(ex, Reply(head.status, head.fields, body))

        if ex.answered:
            stream.cancel()
            return
        ex.integration_latency = self._clock.monotonic() - ex.integration_started
        ex.integration_request_id = stream.request_id
        ex.invoke_status = 200
        body = StreamedBody(stream, answer)
        stream.attach(body)


def error_message(outcome: Outcome) -> str:
    """What the log says: the function's own errorMessage where it gave one."""
    try:
        message = orjson.loads(outcome.payload).get("errorMessage")
    except (ValueError, AttributeError):
        message = None
    return message if isinstance(message, str) else outcome.reason or outcome.error
