"""Throttling through the Ledger, with the plan's steps and a clock that stands still."""

from types import SimpleNamespace

import pytest

from frontdesk.base.metrics import THROTTLE
from frontdesk.base.telemetry import Registry
from frontdesk.config.models.door import Limits
from frontdesk.config.models.http_api import HttpApi, Route
from frontdesk.gateway.pipeline import run
from frontdesk.gateway.pipeline.build import RouteBuild
from frontdesk.gateway.pipeline.exchange import Reply
from frontdesk.gateway.pipeline.stages import throttle
from frontdesk.ports.ledger import UNKNOWN
from frontdesk.stores.memory.ledger import MemoryLedger


class Clock:
    now = 1000.0

    def monotonic(self):
        return self.now


class Gateway:
    """Compiles the throttles of routes over one ledger and clock."""

    def __init__(self, make_exchange, *, account="10000/s", **api):
        self.make_exchange = make_exchange
        self.clock = Clock()
        self.parts = SimpleNamespace(ledger=MemoryLedger(), clock=self.clock, metrics=Registry())
        self.config = SimpleNamespace(limits=Limits.model_validate({"throttle": account}))
        self.api = HttpApi.model_validate(api)

    def build(self, route=None, *, key="GET /pets/{id}", api_name="scheduling", stage="$default"):
        return RouteBuild(
            key=key,
            api_name=api_name,
            api=self.api,
            facts=SimpleNamespace(stage=stage),
            operation=None if route is None else Route.model_validate({"mock": {}, **route}),
            at=("apis", api_name, "routes", key),
            config=self.config,
            parts=self.parts,
            place=lambda *keys: ".".join(keys),
            shown=lambda value, *_path: str(value),
        )

    def route(self, *args, **where):
        """Return what sends one request through the route and gives the reply."""
        build = self.build(*args, **where)
        before = throttle.throttle_before_auth(build)
        after = throttle.throttle_after_auth(build)
        head = [step.run for step in (before, after) if step is not None]
        tail = [throttle.rate_limit_fields(build).run]

        def send(fields=(), answered=(), **attributes):
            ex = self.make_exchange(
                fields, head=[*head, lambda _ex: Reply(200, [*answered])], tail=tail, **attributes
            )
            run.begin(ex)
            return ex.client.replies[0]

        return send


@pytest.fixture
def gateway(make_exchange):
    return lambda **api: Gateway(make_exchange, **api)


def statuses(send, times, **attributes):
    return [send(**attributes).status for _ in range(times)]


def test_a_route_answers_429_beyond_its_burst(gateway):
    send = gateway().route({"throttle": {"rate": "5/s", "burst": 2}})
    assert statuses(send, 3) == [200, 200, 429]


def test_a_refusal_is_worded_as_by_aws_and_says_when_to_come_back(gateway):
    send = gateway().route({"throttle": {"rate": "1/m"}})
    send()
    reply = send()
    assert reply.body == b'{"message":"Too Many Requests"}'
    assert reply.cause == "throttle:route"
    assert dict(reply.fields) == {
        b"content-type": b"application/json",
        b"retry-after": b"60",
        b"ratelimit-policy": b'"account";q=10000;w=1, "route";q=1;w=60',
        b"ratelimit": b'"route";r=0;t=60',
    }


def test_retry_after_is_never_zero(gateway):
    send = gateway().route({"throttle": {"rate": "1000/s", "burst": 1}})
    send()
    assert dict(send().fields)[b"retry-after"] == b"1"


def test_waiting_as_told_is_enough(gateway):
    front = gateway()
    send = front.route({"throttle": {"rate": "7/m"}})
    assert statuses(send, 2) == [200, 429]
    front.clock.now += int(dict(send().fields)[b"retry-after"])
    assert send().status == 200


@pytest.mark.parametrize(
    ("rate", "burst"),
    [("5/s", 5), ("600/m", 10), ("10/d", 1), ("1/s", 1)],
)
def test_the_burst_is_what_the_rate_allows_in_a_second(gateway, rate, burst):
    send = gateway().route({"throttle": rate})
    assert statuses(send, burst + 1) == [200] * burst + [429]


def test_success_carries_the_tightest_limit(gateway):
    send = gateway(throttle={"rate": "100/s", "burst": 100}).route(
        {"throttle": {"rate": "10/s", "burst": 4}}
    )
    assert send().fields == [
        (b"ratelimit-policy", b'"account";q=10000;w=1, "api";q=100;w=1, "route";q=10;w=1'),
        (b"ratelimit", b'"route";r=3;t=1'),
    ]


def test_a_limit_of_the_door_replaces_what_the_backend_says_of_its_own(gateway):
    own, other = (b"RateLimit", b'"route";r=9;t=1'), (b"X-A", b"1")
    limited = gateway().route({"throttle": "10/s"})
    names = [name for name, _ in limited(answered=[own, other]).fields]
    assert names == [b"X-A", b"ratelimit-policy", b"ratelimit"]
    assert gateway().route({})(answered=[own, other]).fields == [own, other]


def test_the_account_alone_is_not_told_on_success(gateway):
    send = gateway(account={"rate": "2/s"}).route({})
    assert send().fields == send().fields == []
    assert dict(send().fields)[b"ratelimit"] == b'"account";r=0;t=1'


def test_routes_count_apart_and_the_api_together(gateway):
    front = gateway(throttle={"rate": "1/m", "burst": 5})
    one = front.route({"throttle": {"rate": "1/m", "burst": 2}}, key="GET /one")
    two = front.route({"throttle": {"rate": "1/m", "burst": 9}}, key="GET /two")
    assert statuses(one, 3) == [200, 200, 429]
    assert statuses(two, 4) == [200, 200, 200, 429]


def test_what_one_limit_refuses_is_not_taken_from_the_others(gateway):
    front = gateway(throttle={"rate": "1/m", "burst": 5})
    narrow = front.route({"throttle": "1/m"}, key="GET /narrow")
    assert statuses(narrow, 10) == [200] + [429] * 9
    assert statuses(front.route({}, key="GET /wide"), 5) == [200] * 4 + [429]


def test_stages_and_apis_count_apart(gateway):
    limited = {"throttle": "1/m"}
    front = gateway(stages={"prod": limited, "beta": limited, "$default": {}})
    for where in ({"stage": "prod"}, {"stage": "beta"}, {"stage": "prod", "api_name": "other"}):
        assert statuses(front.route({}, **where), 2) == [200, 429]
    assert statuses(front.route({}, stage="$default"), 2) == [200, 200]


def test_several_limits_of_one_route_all_hold(gateway):
    front = gateway()
    send = front.route({"throttle": [{"rate": "1/s"}, {"rate": "3/h", "burst": 3}]})
    seen = []
    for _ in range(4):
        seen += statuses(send, 1)
        front.clock.now += 1.0
    assert seen == [200, 200, 200, 429]
    assert send().cause == "throttle:route-2"


def test_unmatched_requests_count_for_account_and_api(gateway):
    front = gateway(throttle="1/m")
    unmatched = front.route(key="")
    assert statuses(unmatched, 2) == [200, 429]
    assert front.route({}, key="GET /one")().status == 429


def test_each_header_value_counts_apart(gateway):
    send = gateway().route({"throttle": {"rate": "1/m", "by": "$request.header.X-Practice"}})
    for value in (b"p1", b"p2", b"", b"x" * 10_000, b"x" * 10_001):
        assert statuses(send, 2, fields=[(b"X-Practice", value)]) == [200, 429]


def test_requests_without_the_value_share_one_bucket(gateway):
    send = gateway().route({"throttle": {"rate": "1/m", "by": "$request.header.X-Practice"}})
    assert statuses(send, 2) == [200, 429]
    assert statuses(send, 1, fields=[(b"X-Practice", b"")]) == [200]


def test_each_claim_counts_apart_after_the_authorizer(gateway):
    front = gateway()
    route = {"throttle": {"rate": "1/m", "by": "$authorizer.practice_id"}}
    send = front.route(route)
    assert statuses(send, 2, authorizer={"practice_id": "p1"}) == [200, 429]
    assert statuses(send, 2, authorizer={"practice_id": "p2"}) == [200, 429]
    assert statuses(send, 2, authorizer={}) == [200, 429]
    build = front.build(route)
    assert "practice_id" in throttle.throttle_after_auth(build).parts[0][0]
    assert "practice_id" not in str(throttle.throttle_before_auth(build).parts)


def test_the_tighter_of_both_places_is_told(gateway):
    send = gateway().route(
        {"throttle": [{"rate": "10/s"}, {"rate": "4/s", "by": "$context.authorizer.sub"}]}
    )
    assert send().fields[1] == (b"ratelimit", b'"route-2";r=3;t=1')
    send = gateway().route(
        {"throttle": [{"rate": "4/s"}, {"rate": "10/s", "by": "$context.authorizer.sub"}]}
    )
    assert send().fields[1] == (b"ratelimit", b'"route";r=3;t=1')


def test_addresses_of_one_ipv6_network_count_together(gateway):
    send = gateway().route({"throttle": {"rate": "1/m", "by": "$context.identity.sourceIp"}})
    assert statuses(send, 1, client_ip="2001:db8::1") == [200]
    assert statuses(send, 1, client_ip="2001:db8::2") == [429]
    assert statuses(send, 1, client_ip="2001:db8:0:1::1") == [200]
    assert statuses(send, 2, client_ip="198.51.100.1") == [200, 429]
    assert statuses(send, 1, client_ip="198.51.100.2") == [200]


def test_a_route_without_claim_limits_has_no_step_after_the_authorizer(gateway):
    build = gateway().build({"throttle": "1/s"})
    assert throttle.throttle_after_auth(build) is None


def test_the_step_tells_where_it_comes_from(gateway):
    step = throttle.throttle_before_auth(gateway().build({"throttle": {"rate": "5/m", "burst": 2}}))
    assert [detail for detail, _ in step.lines()] == [
        "account 10000 per 1s, burst 10000",
        "route 5 per 60s, burst 2",
    ]
    assert step.lines()[-1][1] == ("apis", "scheduling", "routes", "GET /pets/{id}", "throttle")


def test_a_limit_by_the_body_waits_for_the_body(gateway):
    build = gateway().build({"throttle": {"rate": "1/s", "by": "$request.body.id"}})
    assert throttle.throttle_before_auth(build).needs_body


def test_every_limit_counts_whom_it_let_pass_and_whom_it_refused(gateway):
    gateway = gateway(throttle="100/s")
    send = gateway.route({"throttle": [{"rate": "1/h", "by": "$request.header.X-Who"}, "2/h"]})
    assert statuses(send, 2, fields=[(b"X-Who", b"a")]) == [200, 429]
    counted = {labels: value for _, labels, value in gateway.parts.metrics.snapshot() if value}
    route = "scheduling/$default GET /pets/{id}"
    assert counted == {
        ("account", "", "allowed"): 1,
        ("api", "scheduling", "allowed"): 1,
        ("route", route, "allowed"): 1,
        ("route-2", route, "allowed"): 1,
        ("route", route, "limited"): 1,
    }


def test_nothing_is_counted_where_metrics_are_off(gateway):
    gateway = gateway()
    gateway.parts.metrics = None
    send = gateway.route({"throttle": "1/h"})
    assert statuses(send, 2) == [200, 429]


# -- of messages that nobody looks at ---------------------------------------------------------------------


def test_what_need_not_be_seen_is_taken_from_the_same_limits(gateway):
    gateway = gateway()
    twice = {"throttle": {"rate": "1/h", "burst": 2}}
    send = gateway.route(twice)
    step = throttle.throttle_before_auth(gateway.build(twice))
    assert statuses(send, 1) == [200]
    assert step.unseen(gateway.clock.now)
    assert not step.unseen(gateway.clock.now)
    assert statuses(send, 1) == [429]
    counted = {
        labels[-1]: value
        for name, labels, value in gateway.parts.metrics.snapshot()
        if name == THROTTLE.name and labels[0] == "route"
    }
    assert counted == {"allowed": 2, "limited": 1}


def test_a_limit_by_what_a_caller_says_has_to_see_it(gateway):
    build = gateway().build({"throttle": {"rate": "1/s", "by": "$request.header.x"}})
    assert throttle.throttle_before_auth(build).unseen is None


# -- counts that are elsewhere ----------------------------------------------------------------------------


class Elsewhere:
    """A Ledger that has to be asked; the test gives its answer."""

    def __init__(self):
        self.counts = MemoryLedger()
        self.asked = []

    def try_take_all(self, _claims, _now):
        return None

    def ask(self, claims, now, answer):
        self.asked.append((claims, now, answer))

    def say(self, answered=None):
        claims, now, answer = self.asked.pop()
        answer(*(answered or self.counts.try_take_all(claims, now)))


@pytest.fixture
def asking(make_exchange):
    gateway = Gateway(make_exchange, throttle={"rate": "1/s"})
    gateway.parts.ledger = Elsewhere()
    step = throttle.throttle_before_auth(gateway.build({}))

    def send():
        ex = make_exchange(head=[step.run, lambda _ex: Reply(200, [])])
        run.begin(ex)
        return ex

    return gateway.parts.ledger, send


def test_a_request_waits_for_a_ledger_that_has_to_be_asked(asking):
    ledger, send = asking
    statuses = []
    for _ in range(2):
        ex = send()
        assert ex.client.replies == []
        ledger.say()
        statuses += [reply.status for reply in ex.client.replies]
    assert statuses == [200, 429]


def test_what_a_ledger_has_to_be_asked_for_is_not_taken_unseen(gateway):
    gateway = gateway()
    gateway.parts.ledger = Elsewhere()
    step = throttle.throttle_before_auth(gateway.build({}))
    assert not step.unseen(gateway.clock.now)


def test_an_answer_after_the_client_has_gone_is_nobodys(asking):
    ledger, send = asking
    ex = send()
    run.client_gone(ex)
    ledger.say()
    assert ex.client.replies == []


def test_counts_out_of_reach_are_no_fault_of_the_caller(asking):
    ledger, send = asking
    ex = send()
    ledger.say((0, UNKNOWN))
    (reply,) = ex.client.replies
    assert (reply.status, reply.cause) == (503, "throttle:unknown")
    assert (b"retry-after", b"1") in reply.fields
