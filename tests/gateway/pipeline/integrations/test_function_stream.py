"""A function that streams: what begins the answer, what breaks it off, and who is paused."""

from dataclasses import dataclass, field, replace

import pytest

from frontdesk.gateway.pipeline import run
from frontdesk.gateway.pipeline.integrations.function import FORMS, StreamingFunction
from frontdesk.gateway.pipeline.tracing import Traces
from frontdesk.ports.invoker import HTTP_RESPONSE, Outcome
from frontdesk.rules.events.v2 import EventV2

NULS = b"\0" * 8
JSON = b'{"statusCode": 203, "headers": {"x-a": "b"}}'


@dataclass
class FakeInvoker:
    arn: str = "arn:aws:lambda:us-east-1:123456789012:function:report"
    cancelled: list = field(default_factory=list)

    def invoke(self, invocation, done):
        self.stream, self.done = invocation.stream, done
        return self

    def cancel(self, *, kill):
        self.cancelled.append(kill)


@dataclass
class FakeStream:
    content_type: str = HTTP_RESPONSE
    request_id: str = "r-1"
    length: None = None
    heard: list = field(default_factory=list)

    def attach(self, sink):
        self.sink = sink

    def pause(self):
        self.heard.append("pause")

    def resume(self):
        self.heard.append("resume")

    def cancel(self):
        self.heard.append("cancel")


@dataclass
class Body:
    """The server's sink."""

    data: bytes = b""
    ended: str = ""

    def write(self, data):
        assert data
        self.data += data

    def end(self, trailers=None):
        self.ended = "end"

    def abort(self, reason):
        self.ended = reason


class Clock:
    def monotonic(self):
        return 100.0

    time = monotonic


@pytest.fixture
def begun(make_exchange):
    """A request whose function has begun a stream: exchange, its body at the server, stream, invoker."""

    def begin(content_type=HTTP_RESPONSE):
        invoker, stream, body = FakeInvoker(), FakeStream(content_type), Body()
        ex = make_exchange()
        event = EventV2(ex.plan.api.event_facts("GET /report"))
        stage = StreamingFunction(
            invoker, event, FORMS["2.0"], timeout=29.0, clock=Clock(), traces=Traces()
        )
        ex.plan = replace(ex.plan, head=(stage.invoke,))
        ex.client.send = lambda exchange, reply: (
            exchange.client.replies.append(reply),
            None if isinstance(reply.body, bytes) else reply.body.attach(body),
        )
        run.begin(ex)
        invoker.stream(stream)
        return ex, body, stream, invoker

    return begin


def test_the_answer_begins_with_the_last_byte_of_the_metadata(begun):
    ex, body, stream, _ = begun()
    for at in range(len(JSON + NULS)):
        assert ex.client.replies == []
        stream.sink.write((JSON + NULS)[at : at + 1])
    [reply] = ex.client.replies
    assert (reply.status, reply.fields[0]) == (203, (b"x-a", b"b"))
    assert (ex.integration_status, ex.invoke_status, ex.integration_request_id) == (203, 200, "r-1")
    stream.sink.write(b"one")
    assert body.data == b"one"
    stream.sink.end()
    assert (body.data, body.ended) == (b"one", "end")


def test_what_comes_of_the_body_with_the_metadata_is_kept(begun):
    _, body, stream, _ = begun()
    stream.sink.write(JSON + NULS + b"one")
    assert body.data == b"one"


@pytest.mark.parametrize("content_type", ["text/event-stream", "application/octet-stream"])
def test_a_stream_without_metadata_is_a_200_of_its_own_type(begun, content_type):
    ex, body, stream, _ = begun(content_type)
    stream.sink.write(b"data: 1\n\n")
    [reply] = ex.client.replies
    assert (reply.status, reply.fields) == (200, [(b"content-type", content_type.encode())])
    assert body.data == b"data: 1\n\n"


def test_a_stream_without_anything_is_an_empty_200(begun):
    ex, body, stream, _ = begun("text/plain")
    stream.sink.end()
    assert (ex.client.replies[0].status, body.ended) == (200, "end")


@pytest.mark.parametrize(
    "parts",
    [[b"no json" + NULS], [b"{" + b" " * 20_000], [b'{"statusCode": 1}' + NULS], [b"{}"], []],
    ids=["no json", "too long", "bad status", "no end", "nothing"],
)
def test_malformed_metadata_are_a_500_and_the_rest_is_not_heard(begun, parts):
    ex, _, stream, _ = begun()
    for part in parts:
        stream.sink.write(part)
    if not ex.client.replies:
        stream.sink.end()
    [reply] = ex.client.replies
    assert (reply.status, reply.cause) == (500, "function:malformed")
    assert ex.integration_error
    assert stream.heard == ["cancel"]


def test_a_failure_before_the_answer_has_begun_is_the_usual_500(begun):
    ex, _, stream, invoker = begun()
    stream.sink.write(JSON)
    stream.sink.abort("function:unhandled")
    invoker.done(Outcome(b'{"errorMessage":"boom"}', "Unhandled"))
    [reply] = ex.client.replies
    assert (reply.status, reply.cause, ex.integration_error) == (500, "function:unhandled", "boom")


def test_a_failure_on_the_way_breaks_the_answer_off(begun):
    ex, body, stream, invoker = begun()
    stream.sink.write(JSON + NULS + b"one")
    stream.sink.abort("function:unhandled")
    invoker.done(Outcome(b"{}", "Unhandled"))
    assert (body.data, body.ended, len(ex.client.replies)) == (b"one", "function:unhandled", 1)


def test_the_client_pauses_resumes_and_leaves_the_stream(begun):
    ex, _, stream, _ = begun()
    stream.sink.write(JSON + NULS)
    source = ex.client.replies[0].body
    source.pause()
    source.resume()
    source.cancel()
    assert stream.heard == ["pause", "resume", "cancel"]


@pytest.mark.parametrize(("leave", "kills"), [(run.client_gone, False), (run.expire, True)])
def test_who_stops_waiting_before_the_answer_has_begun_gets_none(begun, leave, kills):
    ex, body, stream, invoker = begun()
    leave(ex)
    before = list(ex.client.replies)
    stream.sink.write(JSON + NULS + b"one")
    assert invoker.cancelled == [kills]
    assert (ex.client.replies, body.data) == (before, b"")


def test_a_stream_for_an_exchange_that_is_over_is_not_heard(begun):
    ex, _, _, invoker = begun()
    ex.answered = True
    late = FakeStream()
    invoker.stream(late)
    assert late.heard == ["cancel"]


def test_a_function_that_does_not_stream_answers_as_ever(begun):
    ex, _, _, invoker = begun()
    invoker.done(Outcome(b'{"statusCode": 201, "body": "x"}'))
    [reply] = ex.client.replies
    assert (reply.status, reply.body) == (201, b"x")
