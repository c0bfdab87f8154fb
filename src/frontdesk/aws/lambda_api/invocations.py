"""Owns Invoke and InvokeWithResponseStream. Knows functions only as Invokers.

Source: AWS Lambda API Reference, "Invoke" and "InvokeWithResponseStream"; recorded answers.
"""

import asyncio
from base64 import b64decode, b64encode
from collections.abc import Callable
from typing import Any, Final

import orjson

from frontdesk.aws.event_stream import CONTENT_TYPE, encode_event
from frontdesk.aws.lambda_api.asked import Asked, Target, invalid_members
from frontdesk.aws.wire import REQUEST_ID, ApiError, error_reply
from frontdesk.base.streams import Field, Fields, Sink
from frontdesk.gateway.pipeline.exchange import Reply
from frontdesk.gateway.pipeline.replies import JSON
from frontdesk.gateway.pipeline.tracing import CALLED, Traces
from frontdesk.ports import invocations as asynchronous
from frontdesk.ports.invoker import Invocation, Invoker, Outcome, Stream

MAX_PAYLOAD: Final = 6_291_456
MAX_CLIENT_CONTEXT: Final = 3_583
_KINDS: Final = ("Event", "RequestResponse", "DryRun")
_RETRY_AFTER: Final[Field] = (b"retry-after", b"1")


class Invocations:
    """Runs functions for callers of the API."""

    def __init__(
        self, find: Callable[[Target], Invoker], later: asynchronous.Invocations | None
    ) -> None:
        """find: raises ApiError where there is no such function. later: None: nothing is kept for later."""
        self._find = find
        self._later = later
        self._traces = Traces()

    async def invoke(self, asked: Asked) -> Reply:
        """Invoke: answer with the result, or the function's own error, which is 200 as well."""
        invoker = self._find(asked.target)
        kind = _kind(asked, b"x-amz-invocation-type")
        invocation = self._invocation(asked)
        if kind == "DryRun":
            return Reply(204, [])
        if kind == "Event":
            return await self._accept(asked.target, invocation)
        outcome = await _outcome(invoker, invocation)
        return _refused(outcome) or _answered(asked, outcome, invocation.trace)

    async def invoke_with_response_stream(self, asked: Asked) -> Reply:
        """InvokeWithResponseStream: answer in events, as the result comes."""
        invoker = self._find(asked.target)
        kind = _kind(asked, b"x-amz-invocation-type")
        invocation = self._invocation(asked)
        if kind == "DryRun":
            return Reply(204, [])
        tail = _wants_log(asked)
        begun = await _begun(invoker, invocation, tail)
        if isinstance(begun, Outcome):
            return _refused(begun) or _gathered(begun, invocation.trace, tail)
        return Reply(200, _stream_fields(begun.request_id, invocation.trace), begun)

    async def _accept(self, target: Target, invocation: Invocation) -> Reply:
        """Keep an invocation for later, and say so when it is committed. It has no client context, as at AWS."""
        if self._later is None:
            # Differs: [no-event-invocations] AWS queues the event and answers 202.
            raise ApiError(
                400,
                "UnsupportedOperationException",
                "Functions that are served alone have no store for asynchronous invocations. Use "
                "RequestResponse, or ask a gateway to invoke them later.",
            )
        event, trace = invocation.event, invocation.trace
        if len(event) > asynchronous.LARGEST:
            raise _too_large(asynchronous.LARGEST)
        request_id = await self._later.accept(*target, event, trace=trace)
        if request_id is None:  # it has been removed meanwhile
            raise ApiError(404, "ResourceNotFoundException", f"Function not found: {target.name}")
        fields = [(REQUEST_ID, request_id.encode()), (b"x-amzn-trace-id", trace.encode("latin-1"))]
        return Reply(202, fields)

    def _invocation(self, asked: Asked) -> Invocation:
        ex = asked.ex
        event = ex.body or b"{}"
        if len(event) > MAX_PAYLOAD:
            raise _too_large(MAX_PAYLOAD)
        try:
            orjson.loads(event)
        except ValueError as error:
            raise ApiError(
                400,
                "InvalidRequestContentException",
                f"Could not parse request body into json: Could not parse payload into json: {error}",
            ) from None
        trace = self._traces.amazon(ex, CALLED)
        # The function's own timeout ends it: whoever calls the API waits for that, as at AWS.
        return Invocation(event, float("inf"), trace, _client_context(asked), trigger="other")


def _too_large(most: int) -> ApiError:
    return ApiError(
        413,
        "RequestTooLargeException",
        f"Request must be smaller than {most} bytes for the InvokeFunction operation",
    )


# -- the request ------------------------------------------------------------------------------------


def _kind(asked: Asked, name: bytes) -> str:
    kind = asked.header(name, "RequestResponse")
    if kind not in _KINDS:
        raise invalid_members(
            f"Value '{kind[:64]}' at 'invocationType' failed to satisfy constraint: Member must "
            f"satisfy enum value set: [{', '.join(_KINDS)}]"
        )
    return kind


def _client_context(asked: Asked) -> str:
    encoded = asked.header(b"x-amz-client-context")
    try:
        text = b64decode(encoded, validate=True).decode()
        fits = not encoded or isinstance(orjson.loads(text), dict)
    except ValueError:
        fits = False
    if not fits or len(encoded) > MAX_CLIENT_CONTEXT:
        raise ApiError(
            400,
            "InvalidRequestContentException",
            "Client context must be a valid Base64-encoded JSON object "
            f"of at most {MAX_CLIENT_CONTEXT} bytes.",
        )
    return text


def _wants_log(asked: Asked) -> bool:
    return asked.header(b"x-amz-log-type") == "Tail"


# -- the run ----------------------------------------------------------------------------------------


async def _outcome(invoker: Invoker, invocation: Invocation) -> Outcome:
    """Run to the end. Whose caller goes away runs on, as at AWS."""
    done: asyncio.Future[Outcome] = asyncio.get_running_loop().create_future()
    call = invoker.invoke(invocation, done.set_result)
    try:
        return await done
    except asyncio.CancelledError:
        call.cancel(kill=False)
        raise


async def _begun(invoker: Invoker, invocation: Invocation, tail: bool) -> "Events | Outcome":
    """Run until a stream begins, or to the end where none does."""
    begun: asyncio.Future[Events | Outcome] = asyncio.get_running_loop().create_future()

    def stream(parts: Stream) -> None:
        begun.set_result(Events(parts, tail))

    def done(outcome: Outcome) -> None:
        if not begun.done():
            begun.set_result(outcome)
        elif isinstance(events := begun.result(), Events):
            events.finish(outcome)

    invocation.stream = stream
    call = invoker.invoke(invocation, done)
    try:
        return await begun
    except asyncio.CancelledError:
        call.cancel(kill=False)
        raise


# -- the answer ---------------------------------------------------------------------------------------


def _refused(outcome: Outcome) -> Reply | None:
    """Write the answer where nothing ran; None: something did."""
    if outcome.error == "Throttled":
        error = ApiError(429, "TooManyRequestsException", "Rate Exceeded.", Reason=outcome.reason)
        return error_reply(error, _RETRY_AFTER)
    if outcome.error == "Unavailable":
        return error_reply(ApiError(500, "ServiceException", outcome.reason))
    return None


def _answered(asked: Asked, outcome: Outcome, trace: str) -> Reply:
    fields: Fields = [
        JSON,
        (REQUEST_ID, outcome.request_id.encode()),
        (b"x-amz-executed-version", outcome.version.encode()),
        (b"x-amzn-trace-id", trace.encode("latin-1")),
    ]
    if outcome.error:
        fields.append((b"x-amz-function-error", b"Unhandled"))
    if _wants_log(asked):
        fields.append((b"x-amz-log-result", b64encode(outcome.log_tail)))
    return Reply(200, fields, outcome.payload)


def _gathered(outcome: Outcome, trace: str, tail: bool) -> Reply:
    fields = _stream_fields(outcome.request_id, trace)
    fields.append((b"x-amz-executed-version", outcome.version.encode()))
    payload = b"" if outcome.error else _chunk(outcome.payload)
    return Reply(200, fields, payload + _complete(outcome, tail))


def _stream_fields(request_id: str, trace: str) -> Fields:
    return [
        (b"content-type", CONTENT_TYPE),
        (REQUEST_ID, request_id.encode()),
        (b"x-amzn-trace-id", trace.encode("latin-1")),
    ]


def _chunk(payload: bytes) -> bytes:
    return encode_event("PayloadChunk", "application/octet-stream", payload)


def _complete(outcome: Outcome, tail: bool) -> bytes:
    told: dict[str, Any] = {}
    if outcome.error:
        told |= {
            "ErrorCode": "Unhandled",
            "ErrorDetails": outcome.payload.decode("utf-8", "replace"),
        }
    if tail:
        told["LogResult"] = b64encode(outcome.log_tail).decode()
    return encode_event("InvokeComplete", "application/json", orjson.dumps(told))


class Events:
    """A streamed result as events: the Source of the answer, and the Sink of the stream.

    It ends with the outcome, which comes after the last part and tells of errors and the log.
    """

    length: int | None = None

    def __init__(self, stream: Stream, tail: bool) -> None:
        self._stream = stream
        self._tail = tail
        self._sink: Sink | None = None
        self._outcome: Outcome | None = None
        self.request_id = stream.request_id

    def attach(self, sink: Sink) -> None:
        """See Source."""
        self._sink = sink
        self._stream.attach(self)
        self._complete()

    def pause(self) -> None:
        """See Source."""
        self._stream.pause()

    def resume(self) -> None:
        """See Source."""
        self._stream.resume()

    def cancel(self) -> None:
        """See Source."""
        self._sink = None
        self._stream.cancel()

    def write(self, data: bytes) -> None:
        """See Sink."""
        if self._sink is not None:
            self._sink.write(_chunk(data))

    def end(self, trailers: Fields | None = None) -> None:
        """See Sink. The outcome follows."""

    def abort(self, reason: str) -> None:
        """See Sink. The outcome follows, with the error."""

    def finish(self, outcome: Outcome) -> None:
        """Take the outcome."""
        self._outcome = outcome
        self._complete()

    def _complete(self) -> None:
        sink, outcome = self._sink, self._outcome
        if sink is not None and outcome is not None:
            self._sink = None
            sink.write(_complete(outcome, self._tail))
            sink.end()
