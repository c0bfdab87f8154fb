"""The HTTP integration: what the backend is sent, and what becomes of its answer."""

from types import SimpleNamespace

import pytest

from frontdesk.base.errors import UpstreamError
from frontdesk.client.upstreams import UpstreamSettings
from frontdesk.config.models.http_api import Route
from frontdesk.config.models.upstream import Upstream
from frontdesk.gateway.pipeline import run
from frontdesk.gateway.pipeline.build import RouteBuild
from frontdesk.gateway.pipeline.integrations.http import integration
from frontdesk.gateway.pipeline.integrations.http_forwarder import FAILURES

HOST = (b"Host", b"Api.Clinic.example:8080")


class Backend:
    """Stands for all upstreams: keeps the calls that it is given."""

    def __init__(self):
        self.settings = []
        self.policies = []
        self.calls = []
        self.dropped = []

    observer = None

    def get(self, settings: UpstreamSettings):
        self.settings.append(settings)
        return self

    def sender(self, policy, timeout):
        self.policies.append(policy)
        return self

    def send(self, call):
        call.address = "10.0.0.5:9000"
        call.carrier = self
        self.calls.append(call)

    def drop(self, call, *, too_slow):
        self.dropped.append((call, too_slow))

    @property
    def head(self) -> list[bytes]:
        return self.calls[-1].head.split(b"\r\n")


class Clock:
    now = 500.0

    def monotonic(self):
        return self.now


@pytest.fixture
def backend():
    return Backend()


@pytest.fixture
def clock():
    return Clock()


@pytest.fixture
def forward(make_exchange, backend, clock):
    """Build the integration of a route and push one exchange through it."""

    def forward(
        fields=(), *, http="http://h/b", upstreams=None, key="GET /a", held=(HOST,), **more
    ):
        settings = {"http": http, "timeout": more.pop("timeout", "5s")}
        route = Route.model_validate(settings | more.pop("route", {}))
        build = RouteBuild(
            key=key,
            api_name="scheduling",
            api=None,
            operation=route,
            at=(),
            facts=SimpleNamespace(stage="$default", variables={}),
            config=SimpleNamespace(upstreams=upstreams or {}),
            parts=SimpleNamespace(upstreams=backend, clock=clock),
            place=lambda *_path: None,
            shown=lambda value, *_path: str(value),
            shared=more.pop("compilation", {}),
        )
        step = integration(build)
        ex = make_exchange(fields, head=(step.run,), **more)
        ex.held = list(held)
        for name, value in held:
            ex.headers[name.lower()] = value
        run.begin(ex)
        return ex

    return forward


def reply_of(ex):
    (reply,) = ex.client.replies
    return reply


def test_a_route_without_http_has_no_such_stage():
    build = SimpleNamespace(route=Route.model_validate({"mock": {"status": 200}}))
    assert integration(build) is None


def test_the_backend_gets_the_fields_and_who_the_client_is(forward, backend):
    forward([(b"Accept", b"*/*"), (b"Cookie", b"a=b")], query="x=1")
    assert backend.head == [
        b"GET /b?x=1 HTTP/1.1",
        b"Accept: */*",
        b"Cookie: a=b",
        b"X-Forwarded-For: 192.0.2.1",
        b"X-Forwarded-Port: 8080",
        b"X-Forwarded-Proto: http",
        b'Forwarded: for=192.0.2.1;host="Api.Clinic.example:8080";proto=http',
        b"Via: 1.1 frontdesk",
        b"X-Forwarded-Host: Api.Clinic.example:8080",
        b"",
    ]
    assert not backend.calls[0].has_host


def test_what_a_trusted_proxy_said_is_extended(forward, backend):
    told = [
        HOST,
        (b"X-Forwarded-For", b"198.51.100.7"),
        (b"X-Forwarded-Host", b"app.example"),
        (b"X-Forwarded-Port", b"1, 8443"),
        (b"Forwarded", b"for=198.51.100.7"),
        (b"Via", b"1.1 edge"),
    ]
    forward(held=told)
    head = backend.head
    assert b"X-Forwarded-Host: app.example" in head
    assert b"X-Forwarded-Port: 8443" in head
    assert b"X-Forwarded-For: 198.51.100.7, 192.0.2.1" in head
    assert b"Via: 1.1 edge, 1.1 frontdesk" in head
    assert any(line.startswith(b"Forwarded: for=198.51.100.7, for=192.0.2.1") for line in head)


def test_a_request_that_has_been_here_before_is_a_loop(forward, backend):
    ex = forward(held=[HOST, (b"Via", b"1.1 frontdesk")])
    assert reply_of(ex).status == 508
    assert backend.calls == []


def test_the_host_of_the_client_is_kept_on_demand(forward, backend):
    forward(http={"url": "http://h/b", "host": "preserve"})
    assert b"Host: Api.Clinic.example:8080" in backend.head
    assert backend.calls[0].has_host


@pytest.mark.parametrize("host", ["upstream", "preserve"])
def test_a_mapped_host_is_the_only_one(forward, backend, host):
    route = {"request": {"headers": {"set": {"Host": "mapped.example"}}}}
    mapped = [(b"Host", b"mapped.example")]
    forward(mapped, http={"url": "http://h/b", "host": host}, route=route)
    assert [line for line in backend.head if line.startswith(b"Host:")] == [b"Host: mapped.example"]
    assert backend.calls[0].has_host


def test_the_method_can_be_fixed(forward, backend):
    forward(http={"url": "http://h/b", "method": "POST"}, body=b"abc")
    assert backend.head[0] == b"POST /b HTTP/1.1"
    assert (backend.calls[0].method, backend.calls[0].body) == ("POST", b"abc")


def test_trailers_are_asked_for_if_the_client_takes_them(forward, backend):
    forward(held=[HOST, (b"TE", b"trailers, deflate")])
    assert backend.head[-3:-1] == [b"Connection: TE", b"TE: trailers"]
    forward(held=[HOST, (b"TE", b"deflate")])
    assert b"TE: trailers" not in backend.head


def test_a_body_under_way_is_passed_as_it_comes(forward, backend):
    source = SimpleNamespace(length=None)
    forward(method="POST", source=source)
    assert backend.calls[0].body is source


@pytest.mark.parametrize(
    ("method", "fields", "repeatable"),
    [("GET", [], True), ("POST", [], False), ("POST", [(b"Idempotency-Key", b"k")], True)],
)
def test_what_may_be_sent_twice(forward, backend, method, fields, repeatable):
    forward(fields, method=method)
    assert backend.calls[0].repeatable is repeatable


def test_the_answer_is_passed_back(forward, backend, clock):
    ex = forward()
    clock.now += 0.25
    fields = [(b"Set-Cookie", b"a"), (b"Set-Cookie", b"b"), (b"Date", b"d")]
    backend.calls[0].respond(201, fields, b"made", None)
    reply = reply_of(ex)
    assert (reply.status, reply.fields, reply.body, reply.made) == (
        201,
        fields,
        b"made",
        "integration",
    )
    assert (ex.integration_status, ex.integration_latency, ex.upstream) == (
        201,
        0.25,
        "10.0.0.5:9000",
    )


@pytest.mark.parametrize("reason", sorted(FAILURES))
def test_a_failure_is_the_gateways_answer_without_detail(forward, backend, reason):
    ex = forward()
    backend.calls[0].fail(UpstreamError(reason, "name not found: secret.internal"))
    reply = reply_of(ex)
    expected = {"protocol": 502, "timeout": 504, "connect_timeout": 504}.get(reason, 503)
    assert (reply.status, reply.made, reply.cause) == (expected, "gateway", f"upstream:{reason}")
    assert b"secret" not in reply.body
    assert ex.integration_error == f"{reason}: name not found: secret.internal"
    assert ex.integration_status == 0


def test_the_time_of_the_route_ends_the_wait(forward, backend, clock):
    ex = forward(timeout="5s")
    assert ex.client.deadlines == [505.0]
    ex.plan = SimpleNamespace(tail=(), timeout_status=504)
    clock.now = 505.0
    run.expire(ex)
    assert reply_of(ex).status == 504
    assert backend.dropped == [(backend.calls[0], True)]
    assert (ex.integration_latency, ex.integration_error) == (5.0, "timeout")


def test_a_client_that_goes_away_ends_the_request(forward, backend):
    ex = forward()
    run.client_gone(ex)
    assert backend.dropped == [(backend.calls[0], False)]
    assert ex.client.replies == []


def test_a_named_upstream_brings_its_settings(forward, backend):
    billing = Upstream.model_validate(
        {
            "targets": ["http://a:1/base", "http://b:2/base"],
            "balance": "least_request",
            "health": {"failures": 2, "eject": "9s"},
            "timeout": {"connect": "1s", "read": "2s", "total": "3s"},
        }
    )
    ex = forward(http={"upstream": "billing", "path": "/plans"}, upstreams={"billing": billing})
    (settings,) = backend.settings
    assert settings.targets == ("http://a:1/base", "http://b:2/base")
    assert (settings.name, settings.balance) == ("billing", "least_request")
    assert (settings.health.failures, settings.health.eject) == (2, 9.0)
    assert (settings.limits.connect, settings.limits.read) == (1.0, 2.0)
    assert backend.head[0] == b"GET /base/plans HTTP/1.1"
    assert ex.client.deadlines == [503.0]


def test_routes_with_one_origin_share_its_connections(forward, backend):
    forward(http="http://h:1/a")
    forward(http="http://h:1/b", timeout="9s")
    assert backend.settings[0] == backend.settings[1]


@pytest.mark.parametrize(
    ("route", "shared"),
    [
        ({"key": "GET /b/{id}"}, True),
        ({"key": "GET /b/c/{id}"}, False),
        ({"key": "GET /b/{id+}"}, False),
        ({"timeout": "9s"}, False),
        ({"http": "http://h/other/{id}"}, False),
        ({"route": {"request": {"headers": {"set": {"Host": "x"}}}}}, False),
    ],
    ids=["other path", "other place", "greedy", "timeout", "url", "maps host"],
)
def test_routes_that_forward_alike_share_one_stage(forward, route, shared):
    one = {"key": "GET /a/{id}", "http": "http://h/a/{id}", "stage_path": "/a/1/2"}
    one["compilation"] = {}
    first, other = forward(**one), forward(**one | route)
    assert (first.plan.head[0] == other.plan.head[0]) is shared


# -- WebSocket (the key and its answer are those of RFC 6455 §1.3) -----------------------------------

KEY = (b"Sec-WebSocket-Key", b"dGhlIHNhbXBsZSBub25jZQ==")
ACCEPT = (b"Sec-WebSocket-Accept", b"s3pPLMBiTxaQ9kYGzzhZRbK+xOo=")
UPGRADE = (b"Upgrade", b"websocket")


class Tunnel:
    cancelled = False

    def cancel(self):
        self.cancelled = True


def test_a_handshake_is_passed_on(forward, backend):
    asked = [HOST, (b"Connection", b"Upgrade"), UPGRADE]
    forward([KEY, (b"Sec-WebSocket-Version", b"13")], upgrade=True, held=asked)
    call = backend.calls[0]
    assert call.upgrade
    assert b"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==" in backend.head
    assert backend.head[-3:-1] == [b"Connection: Upgrade", b"Upgrade: websocket"]


def test_an_accepted_handshake_becomes_a_tunnel(forward, backend):
    ex = forward([KEY], upgrade=True)
    tunnel = Tunnel()
    backend.calls[0].respond(101, [ACCEPT, UPGRADE], b"", tunnel)
    reply = reply_of(ex)
    assert (reply.status, reply.tunnel) == (101, tunnel)
    assert not tunnel.cancelled


@pytest.mark.parametrize(
    "fields",
    [[UPGRADE], [(ACCEPT[0], b"bm90IGl0"), UPGRADE], [ACCEPT, (b"Upgrade", b"h2c")]],
    ids=["no answer", "wrong answer", "other protocol"],
)
def test_a_false_handshake_is_a_bad_gateway(forward, backend, fields):
    ex = forward([KEY], upgrade=True)
    tunnel = Tunnel()
    backend.calls[0].respond(101, fields, b"", tunnel)
    assert reply_of(ex).status == 502
    assert tunnel.cancelled


def test_a_refused_handshake_is_an_ordinary_answer(forward, backend):
    ex = forward([KEY], upgrade=True)
    backend.calls[0].respond(403, [], b"no", None)
    assert (reply_of(ex).status, reply_of(ex).tunnel) == (403, None)


@pytest.mark.parametrize(
    ("auth", "line", "dropped"),
    [
        ({"bearer": {"token": "t0k"}}, b"Authorization: Bearer t0k", b"authorization"),
        (
            {"basic": {"username": "u", "password": "p:w"}},
            b"Authorization: Basic dTpwOnc=",
            b"authorization",
        ),
        ({"api_key": {"api_key": "k"}}, b"X-Api-Key: k", b"x-api-key"),
        ({"api_key": {"api_key": "k", "header": "X-Maps"}}, b"X-Maps: k", b"x-maps"),
    ],
    ids=["bearer", "basic", "api key", "other field"],
)
def test_our_credentials_take_the_place_of_the_clients(forward, backend, auth, line, dropped):
    vendor = Upstream.model_validate({"url": "http://v", "auth": auth})
    fields = [(dropped.title(), b"theirs"), (b"Accept", b"*/*")]
    ex = forward(fields, http={"upstream": "vendor"}, upstreams={"vendor": vendor})
    assert line in backend.head
    assert b"Accept: */*" in backend.head
    assert not any(b"theirs" in each for each in backend.head)
    assert ex.fields == fields
    assert "t0k" not in repr(vendor)


def test_small_bodies_are_waited_for_where_they_may_be_sent_again(forward, backend):
    collected = []
    http = {"url": "http://h/b", "retry": {"replay_buffer": 512}}
    for length in (512, 513, None):
        source = SimpleNamespace(length=length)
        client = SimpleNamespace(
            collect_body=collected.append, set_deadline=lambda *_: None, send=lambda *_: None
        )
        forward(http=http, method="PUT", source=source, client=client)
    assert [ex.source.length for ex in collected] == [512]
    assert [call.body.length for call in backend.calls] == [513, None]
    assert backend.policies[0].attempts == 3


@pytest.mark.parametrize(
    ("retry", "own", "attempts"),
    [(None, None, None), ({}, None, 3), ({"attempts": 5}, {"attempts": 2}, 2), ({}, "off", None)],
    ids=["none", "upstream", "route", "off"],
)
def test_a_routes_own_retries_come_before_the_upstreams(forward, backend, retry, own, attempts):
    billing = Upstream.model_validate(
        {"url": "http://b"} | ({} if retry is None else {"retry": retry})
    )
    http = {"upstream": "billing"} | ({} if own is None else {"retry": own})
    forward(http=http, upstreams={"billing": billing})
    (policy,) = backend.policies
    assert (policy and policy.attempts) == attempts
