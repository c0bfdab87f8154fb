"""The function integration: event out, outcome in, and what happens when somebody stops waiting."""

import json
from dataclasses import dataclass, field, replace

import pytest

from frontdesk.gateway.pipeline import run
from frontdesk.gateway.pipeline.integrations.function import FORMS, MAX_EVENT, FunctionIntegration
from frontdesk.gateway.pipeline.tracing import Traces
from frontdesk.ports.invoker import Outcome
from frontdesk.rules.events.v1 import EventV1
from frontdesk.rules.events.v2 import EventV2

TRACE = "Root=1-5759e988-bd862e3fe1be46a994272793;Parent=53995c3f42cd8ad8;Sampled=1"
SENT = [(b"X-Amzn-Trace-Id", TRACE.encode())]


@dataclass
class FakeClock:
    now: float = 100.0

    def monotonic(self):
        return self.now

    def time(self):
        return self.now


@dataclass
class FakeInvoker:
    """Keeps what it is asked; the test gives the outcome."""

    arn: str = "arn:aws:lambda:us-east-1:123456789012:function:book"
    invocations: list = field(default_factory=list)
    cancelled: list = field(default_factory=list)
    done: object = None

    def invoke(self, invocation, done):
        self.invocations.append(invocation)
        self.done = done
        return self

    def cancel(self, *, kill):
        self.cancelled.append(kill)


@pytest.fixture
def clock():
    return FakeClock()


@pytest.fixture
def invoker():
    return FakeInvoker()


@pytest.fixture
def begin(make_exchange, clock, invoker):
    """Send a request into a plan whose only stage is the function; return its exchange."""

    def start(fields=(), payload="2.0", **attributes):
        ex = make_exchange(fields, **attributes)
        facts = ex.plan.api.event_facts(ex.plan.route_key)
        stage = FunctionIntegration(
            invoker,
            EventV1(facts) if payload == "1.0" else EventV2(facts),
            FORMS[payload],
            timeout=29.0,
            clock=clock,
            traces=Traces(),
        )
        planned = make_exchange(head=[stage.invoke])
        ex.plan = replace(planned.plan, max_body=10 * 1024**2)
        run.begin(ex)
        return ex

    return start


def only_reply(ex):
    [reply] = ex.client.replies
    return reply


@pytest.mark.parametrize("payload", ["1.0", "2.0"])
def test_the_event_has_the_routes_format(begin, invoker, payload):
    ex = begin(SENT, payload, body=b"hi")
    [invocation] = invoker.invocations
    event = json.loads(invocation.event)
    assert (event["version"], event["body"]) == (payload, "hi")
    assert (invocation.trace, invocation.deadline) == (TRACE, 129.0)
    assert ex.client.deadlines == [129.0]
    assert ex.client.replies == []


def test_trace_ids_differ(begin, invoker):
    begin()
    begin()
    assert len({invocation.trace for invocation in invoker.invocations}) == 2


def test_success(begin, invoker, clock):
    ex = begin()
    clock.now += 0.25
    invoker.done(Outcome(b'{"statusCode":201,"body":"x"}', request_id="r-1"))
    reply = only_reply(ex)
    assert (reply.status, reply.body, reply.made) == (201, b"x", "integration")
    assert (ex.integration_status, ex.invoke_status) == (201, 200)
    assert (ex.integration_latency, ex.integration_request_id) == (0.25, "r-1")
    assert ex.error == ex.integration_error == ""


def test_format_1_does_not_infer(begin, invoker):
    ex = begin(payload="1.0")
    invoker.done(Outcome(b'{"message":"hello"}'))
    assert only_reply(ex).status == 500


@pytest.mark.parametrize(
    ("outcome", "status", "body", "invoke_status", "cause", "message"),
    [
        (
            Outcome(b'{"errorMessage":"boom","errorType":"E"}', "Unhandled"),
            500,
            b'{"message":"Internal Server Error"}',
            200,
            "function:unhandled",
            "boom",
        ),
        (
            Outcome(b'{"errorMessage":"No module named x","errorType":"E"}', "Unloadable"),
            500,
            b'{"message":"Internal Server Error"}',
            200,
            "function:unloadable",
            "No module named x",
        ),
        (
            Outcome(b"", "Throttled", "ReservedFunctionConcurrentInvocationLimitExceeded"),
            503,
            b'{"message":"Service Unavailable"}',
            429,
            "function:throttled",
            "ReservedFunctionConcurrentInvocationLimitExceeded",
        ),
        (
            Outcome(b"[]", "Unavailable", "import failed"),
            500,
            b'{"message":"Internal Server Error"}',
            500,
            "function:unavailable",
            "import failed",
        ),
        (
            Outcome(b'{"statusCode":"x"}'),
            500,
            b'{"message":"Internal Server Error"}',
            200,
            "function:malformed",
            "statusCode is no number from 200 to 599",
        ),
        (
            Outcome(b'{"statusCode":200,"headers":{"a":"b\\r\\nset-cookie: c"}}'),
            500,
            b'{"message":"Internal Server Error"}',
            200,
            "function:malformed",
            "header that cannot be sent",
        ),
    ],
    ids=["unhandled", "unloadable", "throttled", "unavailable", "malformed", "response splitting"],
)
def test_failures_say_nothing_to_the_client(
    begin, invoker, outcome, status, body, invoke_status, cause, message
):
    ex = begin()
    invoker.done(outcome)
    reply = only_reply(ex)
    assert (reply.status, reply.body, reply.made) == (status, body, "gateway")
    assert (ex.error, ex.invoke_status, ex.integration_error) == (cause, invoke_status, message)


def test_a_throttled_function_says_when_to_come_back(begin, invoker):
    ex = begin()
    invoker.done(Outcome(b"", "Throttled"))
    assert (b"retry-after", b"1") in only_reply(ex).fields


def test_a_timeout_kills_and_is_503(begin, invoker, clock):
    ex = begin()
    clock.now += 29
    run.expire(ex)
    assert invoker.cancelled == [True]
    assert only_reply(ex).body == b'{"message":"Service Unavailable"}'
    assert (ex.status, ex.error) == (503, "integration_timeout")
    assert (ex.integration_latency, ex.integration_error) == (29.0, "timeout")


def test_a_client_that_goes_leaves_the_function_running(begin, invoker):
    ex = begin()
    run.client_gone(ex)
    assert invoker.cancelled == [False]
    assert ex.client.replies == []


def test_an_outcome_after_the_end_changes_nothing(begin, invoker):
    ex = begin()
    run.expire(ex)
    invoker.done(Outcome(b'{"statusCode":200}', request_id="late"))
    assert len(ex.client.replies) == 1
    assert ex.integration_request_id == ""


def test_nothing_keeps_an_answered_exchange(begin, invoker):
    ex = begin()
    invoker.done(Outcome(b'{"statusCode":200}'))
    assert ex.cancel_work is None


@pytest.mark.parametrize(("more", "is_refused"), [(0, False), (1, True)], ids=["fits", "too long"])
def test_an_event_longer_than_lambda_takes_is_413(begin, invoker, more, is_refused):
    begin(SENT, method="POST", body=b"x")
    room = MAX_EVENT - len(invoker.invocations.pop().event) + 1
    ex = begin(SENT, method="POST", body=b"x" * (room + more))
    if is_refused:
        reply = only_reply(ex)
        assert (reply.status, reply.body) == (413, b'{"message":"Request Entity Too Large"}')
        assert ex.error == "function:event_too_large"
        assert invoker.invocations == []
    else:
        assert len(invoker.invocations[0].event) == MAX_EVENT


def test_a_function_sees_the_trace_that_the_request_has_been_given(begin, invoker):
    begin(trace="00-5759e988bd862e3fe1be46a994272793-c000000000000007-00")
    [invocation] = invoker.invocations
    shown = json.loads(invocation.event)["headers"]["x-amzn-trace-id"]
    assert invocation.trace == shown == "Root=1-5759e988-bd862e3fe1be46a994272793"
