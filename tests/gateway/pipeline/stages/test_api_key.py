"""API keys and plans through the Ledger, with the plan's steps and clocks that move when they are told to."""

from datetime import UTC, date, datetime
from types import SimpleNamespace

import pytest

from frontdesk.base.telemetry import Registry
from frontdesk.config.models.door import Limits
from frontdesk.config.models.http_api import HttpApi, Route
from frontdesk.config.models.plan import ClientKey, Plan
from frontdesk.config.secrets import Secret
from frontdesk.gateway.identity.key_registry import ApiKey, KeyRegistry
from frontdesk.gateway.identity.tally import Tally
from frontdesk.gateway.pipeline import run
from frontdesk.gateway.pipeline.build import RouteBuild
from frontdesk.gateway.pipeline.exchange import Reply
from frontdesk.gateway.pipeline.stages import api_key, throttle
from frontdesk.gateway.pipeline.stages.api_key import FAILURES_PER_MINUTE
from frontdesk.ports.ledger import UNKNOWN
from frontdesk.ports.usage import Row
from frontdesk.rules.auth.api_keys import digest_of
from frontdesk.stores.memory.ledger import MemoryLedger

NOON = datetime(2026, 11, 21, 12, tzinfo=UTC).timestamp()
A, B = "practice-a-0123456789abcdef", "practice-b-0123456789abcdef"


class Clock:
    now, wall = 1000.0, NOON

    def monotonic(self):
        return self.now

    def time(self):
        return self.wall


class Gateway:
    """Compiles operations with keys over one ledger, one tally and two clocks."""

    def __init__(self, make_exchange, plans, keys=None, **api):
        self.make_exchange = make_exchange
        self.clock = Clock()
        self.parts = SimpleNamespace(
            ledger=MemoryLedger(),
            clock=self.clock,
            metrics=Registry(),
            api_keys=KeyRegistry(),
            tally=Tally(),
        )
        keys = {"a": {"plan": "small", "value": A}} if keys is None else keys
        self.config = SimpleNamespace(
            limits=Limits(),
            plans={name: Plan(**{"apis": "partners", **plan}) for name, plan in plans.items()},
            keys={
                name: ClientKey(**{**key, "value": Secret(key["value"])})
                for name, key in keys.items()
            },
        )
        stages = {"$default": {}, "beta": {}, "prod": {}}
        self.api = HttpApi.model_validate({"stages": stages, **api})
        self.shared = {}

    def route(self, route=None, *, key="PUT /bookings/{id}", stage="$default", shared=None):
        """Return what sends one request with a key and gives the reply."""
        build = RouteBuild(
            key=key,
            api_name="partners",
            api=self.api,
            facts=SimpleNamespace(stage=stage),
            operation=Route.model_validate({"mock": {}, "api_key": True, **(route or {})}),
            at=("apis", "partners", "routes", key),
            config=self.config,
            parts=self.parts,
            place=lambda *keys: ".".join(keys),
            shown=lambda value, *_path: str(value),
            shared=self.shared if shared is None else shared,
        )
        steps = [throttle.throttle_before_auth(build), api_key.api_key(build)]
        head = [step.run for step in steps if step is not None]
        tail = [throttle.rate_limit_fields(build).run]

        def send(value=A, **attributes):
            fields = [] if value is None else [(b"X-Api-Key", value.encode())]
            attributes = {"time": self.clock.wall, **attributes}
            ex = self.make_exchange(
                fields, head=[*head, lambda _ex: Reply(200, [])], tail=tail, **attributes
            )
            run.begin(ex)
            return ex.client.replies[0] if ex.client.replies else ex

        return send


@pytest.fixture
def gateway(make_exchange):
    return lambda plans, **more: Gateway(make_exchange, plans, **more)


def statuses(send, times, *values, **attributes):
    return [send(*values, **attributes).status for _ in range(times)]


# -- which keys open what ---------------------------------------------------------------------------


def live(gateway, value, *plans, **attributes):
    gateway.parts.api_keys.put([ApiKey("id1", "b", digest_of(value), plans, **attributes)])


@pytest.mark.parametrize(
    ("value", "cause"),
    [
        (None, "api_key:missing"),
        ("", "api_key:missing"),
        (B, "api_key:unknown"),
        (A.upper(), "api_key:unknown"),
        (A + " ", "api_key:unknown"),
        ("x" * 5000, "api_key:unknown"),
        ("disabled-0123456789abcdef", "api_key:disabled"),
        ("elsewhere-0123456789abcdef", "api_key:plan"),
    ],
)
def test_without_a_key_that_fits_the_answer_is_403(gateway, value, cause):
    keys = {
        "a": {"plan": "small", "value": A},
        "off": {"plan": "small", "value": "disabled-0123456789abcdef", "enabled": False},
        "else": {"plan": "beta", "value": "elsewhere-0123456789abcdef"},
    }
    plans = {"small": {}, "beta": {"apis": "partners/beta"}}
    reply = gateway(plans, keys=keys).route()(value)
    assert (reply.status, reply.cause) == (403, cause)
    assert reply.body == b'{"message":"Forbidden"}'


def test_an_operation_without_api_key_asks_for_none(gateway):
    assert gateway({"small": {}}).route({"api_key": False})(None).status == 200


def test_a_plan_may_be_of_one_stage(gateway):
    made = gateway({"small": {"apis": "partners/beta"}})
    assert made.route(stage="beta")().status == 200
    assert made.route(stage="prod")().status == 403


def test_a_key_may_have_plans_for_several_stages(gateway):
    keys = {"a": {"plan": ["beta", "prod"], "value": A}}
    plans = {name: {"apis": f"partners/{name}", "quota": "1/d"} for name in ("beta", "prod")}
    made = gateway(plans, keys=keys)
    assert statuses(made.route(stage="beta"), 2) == [200, 429]
    assert statuses(made.route(stage="prod"), 2) == [200, 429]


def test_live_keys_come_and_go_at_once(gateway):
    made = gateway({"small": {}})
    send = made.route()
    assert send(B).status == 403
    live(made, B, "small")
    assert send(B).status == 200
    live(made, B, "small", enabled=False)
    assert send(B).cause == "api_key:disabled"


def test_the_key_may_come_from_an_authorizer(gateway):
    send = gateway({"small": {}}, api_key_source="authorizer").route()
    assert send(A).cause == "api_key:missing"
    assert send(None, usage_key=A).status == 200


def test_the_exchange_knows_whose_request_it_is(gateway):
    made = gateway({"small": {}})
    live(made, B, "small", enabled=False)
    seen = []
    send = made.route()
    for value in (A, B, "nobody's-0123456789abcdef"):
        send(value, client=SimpleNamespace(replies=[], send=lambda ex, _reply: seen.append(ex)))
    assert [ex.api_key and ex.api_key.name for ex in seen] == ["a", "b", None]


# -- throttles --------------------------------------------------------------------------------------


def test_a_key_has_the_throttle_of_its_plan_over_all_operations(gateway):
    made = gateway({"small": {"throttle": {"rate": "50/s", "burst": 3}}})
    one, other = made.route(), made.route(key="GET /bookings")
    assert statuses(one, 2) + statuses(other, 2) == [200, 200, 200, 429]
    made.clock.now += 0.02
    assert one().status == 200


def test_one_key_never_takes_from_another(gateway):
    made = gateway({"small": {"throttle": "2/s", "quota": "3/d"}})
    live(made, B, "small")
    send = made.route()
    assert statuses(send, 9)[:3] == [200, 200, 429]
    assert statuses(send, 3, B) == [200, 200, 429]


def test_a_refusal_by_the_throttle_is_worded_as_by_aws(gateway):
    send = gateway({"small": {"throttle": {"rate": "1/m"}}}).route()
    send()
    reply = send()
    assert (reply.status, reply.cause) == (429, "throttle:plan")
    assert reply.body == b'{"message":"Too Many Requests"}'
    assert dict(reply.fields)[b"retry-after"] == b"60"
    assert dict(reply.fields)[b"ratelimit"] == b'"plan";r=0;t=60'


def test_an_operation_may_have_a_throttle_in_place_of_the_plans(gateway):
    methods = {"PUT /bookings/{id}": {"throttle": {"rate": "1/s", "burst": 5}}}
    made = gateway({"small": {"throttle": "2/s", "methods": methods}})
    put, get = made.route(), made.route(key="GET /bookings")
    assert statuses(put, 6) == [200] * 5 + [429]
    assert statuses(get, 3) == [200, 200, 429]


def test_what_the_throttle_refuses_costs_no_quota(gateway):
    made = gateway({"small": {"throttle": {"rate": "1/s", "burst": 1}, "quota": "3/d"}})
    send = made.route()
    allowed = 0
    for _ in range(10):
        allowed += send().status == 200
        assert send().cause in ("throttle:plan", "quota:small")
        made.clock.now += 1
    assert allowed == 3


# -- quotas -----------------------------------------------------------------------------------------


def test_a_refusal_by_the_quota_is_worded_as_by_aws_until_its_period_ends(gateway):
    made = gateway({"small": {"quota": "2/d"}})
    send = made.route()
    assert statuses(send, 2) == [200, 200]
    reply = send()
    assert (reply.status, reply.cause) == (429, "quota:small")
    assert reply.body == b'{"message":"Limit Exceeded"}'
    fields = dict(reply.fields)
    assert fields[b"retry-after"] == b"43200"
    assert fields[b"ratelimit"] == b'"quota";r=0;t=43200'
    made.clock.wall += 43199.5
    assert send().status == 429
    made.clock.wall += 0.5
    assert statuses(send, 3) == [200, 200, 429]


def test_a_quota_counts_over_all_stages_of_its_plan(gateway):
    made = gateway({"small": {"quota": "3/month"}})
    one, other = made.route(stage="prod"), made.route(stage="beta", shared={})
    assert statuses(one, 2) + statuses(other, 2) == [200, 200, 200, 429]


def test_a_reload_forgets_no_count(gateway):
    made = gateway({"small": {"quota": "3/d", "throttle": "2/s"}})
    assert statuses(made.route(), 2) == [200, 200]
    after = made.route(shared={})
    assert after().cause == "throttle:plan"
    made.clock.now += 1
    assert [after().status, after().cause] == [200, "quota:small"]


def test_the_offset_is_for_the_period_in_which_a_key_was_made(gateway):
    quota = {"limit": 5, "period": "month", "offset": 3}
    keys = {"a": {"plan": "small", "value": A, "since": date(2026, 11, 2)}}
    made = gateway({"small": {"quota": quota}}, keys=keys)
    send = made.route()
    assert statuses(send, 3) == [200, 200, 429]
    made.clock.wall += 15 * 86400
    assert statuses(send, 6) == [200] * 5 + [429]


def test_a_clock_that_jumps_back_and_forth_gives_no_quota_twice(gateway):
    made = gateway({"small": {"quota": "2/d"}})
    send = made.route()
    allowed = {}
    for days in (0, -1, 0, 300, 0, -1, 300, 1, 0):
        made.clock.wall = NOON + days * 86400
        allowed[days] = allowed.get(days, 0) + statuses(send, 2).count(200)
    assert allowed == {0: 2, -1: 2, 300: 2, 1: 2}


# -- what is told of limits -------------------------------------------------------------------------


def test_an_answer_tells_all_limits_and_the_tightest(gateway):
    made = gateway({"small": {"throttle": {"rate": "50/s", "burst": 10}, "quota": "4/d"}})
    reply = made.route({"throttle": {"rate": "100/s", "burst": 100}})()
    assert dict(reply.fields) == {
        b"ratelimit-policy": b'"account";q=10000;w=1, "route";q=100;w=1, '
        b'"plan";q=50;w=1, "quota";q=4;w=86400',
        b"ratelimit": b'"quota";r=3;t=43200',
    }


def test_a_tighter_limit_of_the_route_is_the_one_that_is_told(gateway):
    made = gateway({"small": {"throttle": {"rate": "50/s", "burst": 10}}})
    fields = dict(made.route({"throttle": {"rate": "1/s", "burst": 2}})().fields)
    assert fields[b"ratelimit"] == b'"route";r=1;t=1'
    assert b'"plan";q=50;w=1' in fields[b"ratelimit-policy"]


# -- what is counted --------------------------------------------------------------------------------


def test_requests_are_counted_by_key_plan_and_day(gateway):
    made = gateway({"small": {"quota": "3/month"}, "free": {"apis": "other"}})
    live(made, B, "free", "small")
    send = made.route()
    statuses(send, 2), statuses(send, 1, B)
    made.clock.wall += 86400
    statuses(send, 5)
    assert sorted(made.parts.tally.take()) == [
        Row("a", "small", "2026-11-21", 2),
        Row("a", "small", "2026-11-22", 1),
        Row("id1", "small", "2026-11-21", 1),
    ]
    assert made.parts.tally.take() == []
    send(B)
    assert made.parts.tally.take() == [Row("id1", "small", "2026-11-22", 1)]


def test_plans_without_limits_are_counted_too(gateway):
    made = gateway({"small": {}})
    statuses(made.route(), 4)
    assert made.parts.tally.take() == [Row("a", "small", "2026-11-21", 4)]


# -- guessing ---------------------------------------------------------------------------------------


def test_who_guesses_on_is_refused_whatever_comes_next(gateway):
    made = gateway({"small": {}})
    live(made, B, "small")
    send = made.route()
    assert send().status == 200
    guesses = [send(f"guess-{number:020}") for number in range(FAILURES_PER_MINUTE + 5)]
    assert {reply.status for reply in guesses[:FAILURES_PER_MINUTE]} == {403}
    assert {reply.cause for reply in guesses[FAILURES_PER_MINUTE:]} == {"api_key:too_many_failures"}
    assert send(B).status == 429, "a guess that is right tells nothing"
    assert send().status == 200, "a key that was in use goes on"
    assert send(B, client_ip="198.51.100.7").status == 200
    made.clock.now += 60
    assert send("guess-00000000000000000000").status == 403


def test_no_key_at_all_is_no_guess(gateway):
    made = gateway({"small": {}})
    send = made.route()
    assert set(statuses(send, 200, None)) == {403}
    assert send().status == 200


# -- a ledger elsewhere -----------------------------------------------------------------------------


class Elsewhere(MemoryLedger):
    """A ledger that has to be asked."""

    __slots__ = ("asked", "lost")

    def __init__(self):
        super().__init__()
        self.asked, self.lost = [], False

    def try_take_all(self, claims, now):
        if any(key.startswith("plan") for key, _ in claims):
            return None
        return super().try_take_all(claims, now)

    def ask(self, claims, now, answer):
        self.asked.append((claims, now, answer))

    def say(self):
        claims, now, answer = self.asked.pop()
        answer(*((0, UNKNOWN) if self.lost else super().try_take_all(claims, now)))


def test_a_request_waits_for_a_ledger_that_has_to_be_asked(gateway):
    made = gateway({"small": {"throttle": "1/s"}})
    made.parts.ledger = ledger = Elsewhere()
    send = made.route()
    for expected in (200, 429):
        ex = send()
        assert ex.client.replies == []
        ledger.say()
        assert ex.client.replies[0].status == expected


def test_without_counts_the_fault_is_ours(gateway):
    made = gateway({"small": {"throttle": "1/s"}})
    made.parts.ledger = ledger = Elsewhere()
    ledger.lost = True
    ex = made.route()()
    ledger.say()
    assert (ex.client.replies[0].status, ex.client.replies[0].cause) == (503, "throttle:unknown")
    assert made.parts.tally.take() == []


# -- explain ----------------------------------------------------------------------------------------


def test_explain_lists_the_plans(gateway):
    made = gateway(
        {"small": {"throttle": "5/s", "quota": "1000/w"}, "free": {}, "no": {"apis": "x"}}
    )
    build = RouteBuild(
        key="GET /",
        api_name="partners",
        api=made.api,
        facts=SimpleNamespace(stage="$default"),
        operation=Route.model_validate({"mock": {}, "api_key": True}),
        at=("apis", "partners", "routes", "GET /"),
        config=made.config,
        parts=made.parts,
        place=lambda *keys: ".".join(keys),
        shown=str,
    )
    assert api_key.api_key(build).lines() == (
        ("plan small: 5 per 1s, burst 5, 1000 a week", ("plans", "small")),
        ("plan free: no limits", ("plans", "free")),
    )
    made.config.plans.clear()
    build.shared.clear()
    assert api_key.api_key(build).lines() == (
        (
            "no plan covers this API: every key is refused",
            ("apis", "partners", "routes", "GET /", "api_key"),
        ),
    )
