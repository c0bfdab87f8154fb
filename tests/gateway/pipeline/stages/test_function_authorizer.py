"""The function authorizer's stage with an Invoker that the test answers for."""

import json

import pytest

from frontdesk.base.wheel import Wheel
from frontdesk.config.models.authorizer import FunctionAuthorizer
from frontdesk.gateway.pipeline import run
from frontdesk.gateway.pipeline.exchange import Reply
from frontdesk.gateway.pipeline.stages.function_authorizer import FunctionJudge, function_stage
from frontdesk.gateway.pipeline.tracing import Traces
from frontdesk.ports.invoker import Outcome
from frontdesk.rules.events.authorizer import EVENTS
from frontdesk.rules.events.request import RouteFacts

ARN = "arn:aws:execute-api:us-east-1:123456789012:abcdefghij/$default/GET/pets/6"
FACTS = RouteFacts(
    "GET /pets/{id}", "123456789012", "abcdefghij", "api.clinic.example", "$default", {}
)


class World:
    """One authorizer, its clock and its function."""

    arn = "arn:aws:lambda:us-east-1:123456789012:function:check"

    def __init__(self, make_exchange):
        self.make_exchange = make_exchange
        self.now = 100.0
        self.wheel = Wheel(self.now)
        self.calls = []
        self.killed = []
        self.configure()

    def configure(self, **more):
        settings = {"type": "function", "function": "check"} | more
        config = FunctionAuthorizer.model_validate(settings)
        judge = FunctionJudge(config, self, self, self.wheel, Traces())
        self.stage = function_stage(judge, config, EVENTS[config.form, config.payload](FACTS))

    def monotonic(self):
        return self.now

    def time(self):
        return self.now

    def invoke(self, invocation, done):
        self.calls.append((invocation, done))
        return self

    def cancel(self, *, kill):
        self.killed.append(kill)

    def ask(self, token=b"abc", *fields, **attributes):
        if token is not None:
            fields = ((b"Authorization", token), *fields)
        passed = lambda ex: Reply(204, [])  # noqa: E731
        ex = self.make_exchange(fields, head=[self.stage, passed], **attributes)
        ex.started = self.now
        run.begin(ex)
        return ex

    def answer(self, value, error=""):
        _, done = self.calls[-1]
        payload = value if isinstance(value, bytes) else json.dumps(value).encode()
        done(Outcome(payload, error))

    def event(self):
        return json.loads(self.calls[-1][0].event)

    def wait(self, seconds):
        self.now += seconds
        self.wheel.advance(self.now)


@pytest.fixture
def world(make_exchange):
    return World(make_exchange)


def status(ex):
    [reply] = ex.client.replies
    return reply.status


def policy(resource="*", effect="Allow", **more):
    statement = {"Action": "execute-api:Invoke", "Effect": effect, "Resource": resource} | more
    return {
        "principalId": "u1",
        "policyDocument": {"Version": "2012-10-17", "Statement": [statement]},
        "context": {"tier": "gold", "n": 3},
    }


# -- verdicts ------------------------------------------------------------------------------------


def test_an_allowed_request_goes_on_with_the_context(world):
    ex = world.ask()
    assert ex.client.replies == []
    world.answer({"isAuthorized": True, "context": {"tier": "gold", "n": 3}})
    assert status(ex) == 204
    assert ex.authorizer == {"tier": "gold", "n": 3}
    assert ex.authorizer_event == {"lambda": {"tier": "gold", "n": 3}}


def test_without_a_context_the_event_shows_null(world):
    ex = world.ask()
    world.answer({"isAuthorized": True})
    assert ex.authorizer_event == {"lambda": None}


def test_a_denied_request_is_403(world):
    ex = world.ask()
    world.answer({"isAuthorized": False, "context": {"why": "late"}})
    [reply] = ex.client.replies
    assert (reply.status, reply.body) == (403, b'{"message":"Forbidden"}')
    assert ex.authorizer == {"why": "late"}, "the log shows why"


FAILURES = {
    "Unauthorized": ({"errorMessage": "Unauthorized"}, "Unhandled", 401),
    "another exception": ({"errorMessage": "boom"}, "Unhandled", 500),
    "throttled": ({}, "Throttled", 500),
    "cannot start": ({}, "Unavailable", 500),
    "wrong shape": ({"isAuthorized": "yes"}, "", 500),
    "not JSON": (b"nope", "", 500),
    "null": (None, "", 500),
    "too long": ({"isAuthorized": True, "context": {"a": "x" * 20000}}, "", 500),
}


@pytest.mark.parametrize(("value", "error", "expected"), FAILURES.values(), ids=FAILURES)
def test_a_broken_function_never_lets_a_request_in(world, value, error, expected):
    ex = world.ask()
    world.answer(value, error)
    assert status(ex) == expected
    assert ex.authorizer_error
    assert ex.authorizer is None
    world.ask()
    assert len(world.calls) == 2, "failures are not remembered"


def test_the_reason_of_a_failure_is_for_the_log_alone(world):
    ex = world.ask()
    world.answer({"errorMessage": "db password wrong"}, "Unhandled")
    [reply] = ex.client.replies
    assert reply.body == b'{"message":"Internal Server Error"}'
    assert "db password wrong" in ex.authorizer_error


def test_a_function_that_hangs_is_killed_after_ten_seconds(world):
    ex = world.ask()
    world.wait(9.9)
    assert ex.client.replies == []
    world.wait(0.2)
    assert status(ex) == 500
    assert world.killed == [True]


def test_the_timeout_is_off_once_the_function_has_answered(world):
    world.ask()
    world.answer({"isAuthorized": True})
    world.wait(20)
    assert world.killed == []


# -- identity and memory ---------------------------------------------------------------------------


@pytest.mark.parametrize("token", [None, b""])
def test_a_missing_identity_is_401_without_a_call(world, token):
    assert status(world.ask(token)) == 401
    assert world.calls == []


def test_every_identity_source_must_be_there(world):
    world.configure(identity=["$request.header.Authorization", "$request.querystring.t"])
    assert status(world.ask()) == 401
    world.ask(query="t=1")
    assert world.event()["identitySource"] == ["abc", "1"]


def test_an_answer_is_remembered_by_identity_until_its_time_is_over(world):
    world.configure(cache="60s")
    world.ask()
    world.answer({"isAuthorized": True, "context": {"a": 1}})
    ex = world.ask()
    assert (status(ex), ex.authorizer) == (204, {"a": 1})
    assert len(world.calls) == 1
    world.ask(b"other")
    assert len(world.calls) == 2
    world.wait(61)
    world.ask()
    assert len(world.calls) == 3


def test_a_denial_is_remembered_too(world):
    world.ask()
    world.answer({"isAuthorized": False})
    assert status(world.ask()) == 403
    assert len(world.calls) == 1


def test_cache_zero_asks_each_time(world):
    world.configure(cache=0)
    first, second = world.ask(), world.ask()
    assert len(world.calls) == 2
    world.answer({"isAuthorized": True})
    assert (first.client.replies, status(second)) == ([], 204)


def test_without_identity_sources_nothing_is_remembered(world):
    world.configure(identity=[])
    world.ask(None)
    world.answer({"isAuthorized": True})
    world.ask(None)
    assert len(world.calls) == 2


def test_requests_of_one_identity_wait_for_one_call(world):
    waiting = [world.ask() for _ in range(5)]
    assert len(world.calls) == 1
    world.answer({"isAuthorized": True})
    assert [status(ex) for ex in waiting] == [204] * 5


def test_a_client_that_leaves_stops_nothing_for_the_others(world):
    gone, stays = world.ask(), world.ask()
    run.client_gone(gone)
    world.answer({"isAuthorized": True})
    assert (gone.client.replies, status(stays)) == ([], 204)
    assert gone.authorizer is None
    assert world.killed == []


# -- policies --------------------------------------------------------------------------------------


@pytest.mark.parametrize("form", ["iam", "token"])
@pytest.mark.parametrize(
    ("answer", "expected"),
    [
        (policy(), 204),
        (policy(ARN), 204),
        (policy(ARN.replace("GET", "*")), 204),
        (policy(ARN + "/x"), 403),
        (policy(effect="Deny"), 403),
        (policy(Condition={"IpAddress": {"aws:SourceIp": "192.0.2.0/24"}}), 204),
        (policy(Condition={"IpAddress": {"aws:SourceIp": "10.0.0.0/8"}}), 403),
        (policy(Condition={"Bool": {"aws:SecureTransport": "true"}}), 403),
        (policy(Condition={"StringLike": {"aws:UserAgent": "*"}}), 403),
        (policy(Condition={"DateLessThan": {"aws:CurrentTime": "2099-01-01T00:00:00Z"}}), 204),
        (policy(Foo=1), 500),
    ],
)
def test_a_policy_decides(world, form, answer, expected):
    world.configure(form=form)
    ex = world.ask()
    world.answer(answer)
    assert status(ex) == expected
    if expected == 204:
        assert ex.principal == "u1"
        assert ex.authorizer_event == {"lambda": {"tier": "gold", "n": 3}}


def test_a_remembered_policy_is_evaluated_for_each_request(world):
    world.configure(form="iam")
    world.ask()
    world.answer(policy(ARN))
    assert status(world.ask()) == 204
    assert status(world.ask(stage_path="/pets/7")) == 403
    assert status(world.ask(method="DELETE")) == 403
    assert len(world.calls) == 1


def test_unauthorized_of_a_token_function_is_401(world):
    world.configure(form="token")
    ex = world.ask()
    world.answer({"errorMessage": "Unauthorized", "errorType": "Exception"}, "Unhandled")
    [reply] = ex.client.replies
    assert (reply.status, reply.body) == (401, b'{"message":"Unauthorized"}')


# -- events ----------------------------------------------------------------------------------------


def test_the_token_event_has_exactly_three_members(world):
    world.configure(form="token")
    world.ask(b"Bearer abc")
    assert world.event() == {
        "type": "TOKEN",
        "authorizationToken": "Bearer abc",
        "methodArn": ARN,
    }


@pytest.mark.parametrize("form", ["simple", "iam"])
def test_the_request_event_of_format_two(world, form):
    world.configure(form=form)
    world.ask(b"abc", (b"Cookie", b"a=b"), query="q=1", params={"id": "6"}, body=b"secret")
    event = world.event()
    assert (event["version"], event["type"], event["routeArn"]) == ("2.0", "REQUEST", ARN)
    assert event["identitySource"] == ["abc"]
    assert event["routeKey"] == "GET /pets/{id}"
    assert event["cookies"] == ["a=b"]
    assert event["queryStringParameters"] == {"q": "1"}
    assert event["pathParameters"] == {"id": "6"}
    assert "authorizer" not in event["requestContext"]
    assert not {"body", "isBase64Encoded"} & set(event)


def test_the_request_event_of_format_one(world):
    world.configure(
        form="iam",
        payload="1.0",
        identity=["$request.header.Authorization", "$context.httpMethod"],
    )
    world.ask(b"abc", body=b"secret")
    event = world.event()
    assert set(event) == {
        *("version", "type", "methodArn", "identitySource", "authorizationToken", "resource"),
        *("path", "httpMethod", "headers", "queryStringParameters", "pathParameters"),
        *("stageVariables", "requestContext"),
    }
    assert event["methodArn"] == ARN
    assert event["identitySource"] == event["authorizationToken"] == "abc,GET"


def test_the_trace_stays_with_the_request(world):
    ex = world.ask()
    [(invocation, _)] = world.calls
    assert invocation.trace == world.event()["headers"]["x-amzn-trace-id"]
    assert invocation.trace.replace("-", "") == f"Root=1{ex.trace_id}"


def test_the_function_is_told_its_deadline_and_the_trace(world):
    trace = "Root=1-5759e988-bd862e3fe1be46a994272793;Parent=53995c3f42cd8ad8;Sampled=1"
    world.ask(b"abc", (b"X-Amzn-Trace-Id", trace.encode()))
    invocation, _ = world.calls[0]
    assert (invocation.deadline, invocation.trace) == (110.0, trace)
