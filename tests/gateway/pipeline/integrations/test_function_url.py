"""Function URLs, compiled from a file: where they are, what they answer, who may call."""

import json
from dataclasses import dataclass, field

import pytest
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials

from frontdesk.base.clock import SystemClock
from frontdesk.base.wheel import Wheel
from frontdesk.client.upstreams import Upstreams
from frontdesk.config.load import load
from frontdesk.gateway.identity.keyring import KeyRing
from frontdesk.gateway.pipeline import run
from frontdesk.gateway.pipeline.build import Parts
from frontdesk.gateway.pipeline.compile import compile_gateway
from frontdesk.ports.invoker import Outcome
from frontdesk.stores.memory.ledger import MemoryLedger

FILE = """\
name: clinic
functions:
  book: {handler: m.f, timeout: 5s, url: {auth: none}}
  web:
    handler: m.f
    url: {auth: none, host: web.example, cors: {allow_origins: https://app.example}}
  safe: {handler: m.f, url: {auth: iam}}
  live: {handler: m.f, url: {auth: none, invoke_mode: response_stream}}
  hidden: {handler: m.f}
authorizers:
  staff: {type: iam, credentials: {AKID1: {secret: "${env:SECRET}", principal: ann}}}
apis:
  site: {routes: {$default: {mock: {}}, GET /hidden: {function: hidden, authorizer: staff}}}
"""


@dataclass
class FakeInvoker:
    arn: str = "arn"
    invocations: list = field(default_factory=list)

    def invoke(self, invocation, done):
        self.invocations.append(invocation)
        self.done = done
        return self

    def cancel(self, *, kill):
        self.killed = kill


@pytest.fixture
def invokers():
    return {name: FakeInvoker() for name in ("book", "web", "safe", "live", "hidden")}


@pytest.fixture
def enter(tmp_path, make_exchange, invokers):
    """Send a request through the plan of the file; return its exchange."""
    (tmp_path / "frontdesk.yaml").write_text(FILE)
    loaded = load([tmp_path / "frontdesk.yaml"], {"SECRET": "s3cr3t"})
    clock = SystemClock()
    wheel = Wheel(clock.monotonic())
    keys, upstreams = KeyRing(clock, wheel, None), Upstreams(clock, wheel)
    parts = Parts(clock, wheel, MemoryLedger(), invokers, keys, upstreams)
    plan = compile_gateway(loaded, parts, lambda _ex: None)

    def enter(target, fields=(), *, method="GET", host="any.example", body=b""):
        path, _, query = target.partition("?")
        ex = make_exchange(fields, method=method, host=host, query=query, body=body)
        ex.raw_path = ex.path = path
        ex.time = clock.time()
        plan.route(ex)
        run.begin(ex)
        return ex

    return enter


def reply_of(ex):
    [reply] = ex.client.replies
    return reply


def header(reply, name):
    [value] = [value for key, value in reply.fields if key.lower() == name.lower()]
    return value.decode()


@pytest.mark.parametrize(
    ("target", "path"),
    [
        ("/fn/book", "/"),
        ("/fn/book/", "/"),
        ("/fn/book/a%20b/c?x=1&x=2", "/a%20b/c"),
    ],
)
def test_the_event_is_the_one_of_a_function_url(enter, invokers, target, path):
    ex = enter(target, [(b"Cookie", b"a=1; b=2")], method="PUT", body=b"hi")
    event = json.loads(invokers["book"].invocations[0].event)
    context = event["requestContext"]
    assert (event["version"], event["routeKey"], event["rawPath"]) == ("2.0", "$default", path)
    assert (context["http"]["path"], context["http"]["method"]) == (path, "PUT")
    assert (context["stage"], context["routeKey"]) == ("$default", "$default")
    assert (context["authorizer"], context["authentication"]) == (None, None)
    assert (event["cookies"], event["body"]) == (["a=1", "b=2"], "hi")
    assert len(context["apiId"]) == 10
    assert ex.client.deadlines == [invokers["book"].invocations[0].deadline]


def test_a_url_with_a_host_has_all_paths_of_it_and_none_elsewhere(enter, invokers):
    enter("/anything", host="web.example")
    event = json.loads(invokers["web"].invocations[0].event)
    assert event["rawPath"] == "/anything"
    assert event["requestContext"]["domainName"] == "web.example"
    assert reply_of(enter("/fn/web")).status == 200  # the API's
    assert len(invokers["web"].invocations) == 1


@pytest.mark.parametrize("target", ["/fn/hidden", "/fn/none", "/fn", "/fn/bookish"])
def test_what_has_no_url_is_not_served(enter, invokers, target):
    assert reply_of(enter(target)).made == "integration"  # the mock of the API
    assert not any(invoker.invocations for invoker in invokers.values())


def test_a_result_is_answered_with_the_functions_request_id(enter, invokers):
    ex = enter("/fn/book")
    invokers["book"].done(Outcome(b'{"statusCode": 201, "body": "x"}', request_id="r-1"))
    reply = reply_of(ex)
    assert (reply.status, reply.body) == (201, b"x")
    assert header(reply, b"content-type") == "application/json"
    assert header(reply, b"x-amzn-RequestId") == "r-1"
    assert not [name for name, _ in reply.fields if name == b"apigw-requestid"]


@pytest.mark.parametrize(
    "outcome",
    [
        Outcome(b'{"errorMessage": "boom"}', "Unhandled", request_id="r-1"),
        Outcome(b"{}", "Unloadable", request_id="r-1"),
        Outcome(b'{"statusCode": "x"}', request_id="r-1"),
        Outcome(b"no json", request_id="r-1"),
    ],
    ids=["fails", "cannot be loaded", "malformed", "no json"],
)
def test_a_function_that_fails_is_a_502_in_plain_text(enter, invokers, outcome):
    ex = enter("/fn/book")
    invokers["book"].done(outcome)
    reply = reply_of(ex)
    assert (reply.status, reply.body) == (502, b"Internal Server Error")
    assert header(reply, b"content-type") == "text/plain"
    assert header(reply, b"x-amzn-RequestId") == "r-1"


def test_a_function_that_never_answers_is_a_502_too(enter, invokers):
    ex = enter("/fn/book")
    run.expire(ex)
    assert (reply_of(ex).status, reply_of(ex).body) == (502, b"Internal Server Error")
    assert invokers["book"].killed


def test_a_throttled_function_is_a_429_with_the_reason(enter, invokers):
    ex = enter("/fn/book")
    reason = "ReservedFunctionConcurrentInvocationLimitExceeded"
    invokers["book"].done(Outcome(b"", "Throttled", reason))
    reply = reply_of(ex)
    assert reply.status == 429
    assert json.loads(reply.body) == {
        "Reason": reason,
        "Type": "User",
        "message": "Rate Exceeded.",
    }
    assert header(reply, b"x-amzn-ErrorType") == "TooManyRequestsException"
    assert header(reply, b"retry-after") == "1"


def test_a_preflight_is_answered_where_there_is_cors(enter, invokers):
    fields = [(b"Origin", b"https://app.example"), (b"Access-Control-Request-Method", b"PUT")]
    ex = enter("/", fields, method="OPTIONS", host="web.example")
    assert header(reply_of(ex), b"access-control-allow-origin") == "https://app.example"
    enter("/fn/book", fields, method="OPTIONS")
    assert invokers["book"].invocations
    assert not invokers["web"].invocations


def test_an_answer_has_its_cors_fields(enter, invokers):
    ex = enter("/", [(b"Origin", b"https://app.example")], host="web.example")
    invokers["web"].done(Outcome(b"{}", "Unhandled"))
    assert header(reply_of(ex), b"access-control-allow-origin") == "https://app.example"


def signed(secret, service="lambda"):
    request = AWSRequest("POST", "https://any.example/fn/safe/x?a=1", data=b"hi")
    SigV4Auth(Credentials("AKID1", secret), service, "us-east-1").add_auth(request)
    fields = [(name.encode(), value.encode()) for name, value in request.headers.items()]
    return [(b"Host", b"any.example"), *fields]


def test_a_signed_request_passes_and_the_event_says_whose_it_is(enter, invokers):
    enter("/fn/safe/x?a=1", signed("s3cr3t"), method="POST", body=b"hi")
    event = json.loads(invokers["safe"].invocations[0].event)
    caller = event["requestContext"]["authorizer"]["iam"]
    assert (caller["accessKey"], caller["userArn"].rpartition("/")[2]) == ("AKID1", "ann")


@pytest.mark.parametrize(
    "fields",
    [(), signed("wrong"), signed("s3cr3t", "execute-api")],
    ids=["unsigned", "wrong secret", "other service"],
)
def test_others_get_403_in_the_words_of_function_urls(enter, invokers, fields):
    reply = reply_of(enter("/fn/safe/x?a=1", fields, method="POST", body=b"hi"))
    assert reply.status == 403
    assert json.loads(reply.body) == {
        "Message": "Forbidden. For troubleshooting Function URL authorization issues, see: "
        "https://docs.aws.amazon.com/lambda/latest/dg/urls-auth.html"
    }
    assert header(reply, b"x-amzn-ErrorType") == "AccessDeniedException"
    assert header(reply, b"x-amzn-RequestId")
    assert not invokers["safe"].invocations


def test_only_a_url_that_asks_for_it_takes_a_stream(enter, invokers):
    enter("/fn/live")
    enter("/fn/book")
    assert invokers["live"].invocations[0].stream is not None
    assert invokers["book"].invocations[0].stream is None
