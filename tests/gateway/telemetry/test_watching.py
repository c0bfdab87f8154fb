"""Requests as somebody who watches sees them: what is shown, what is masked, and how many are looked at."""

from dataclasses import replace
from itertools import count

import pytest

from frontdesk.gateway.pipeline.exchange import PARKED, Attempt, Reply
from frontdesk.gateway.pipeline.plan import Step
from frontdesk.gateway.pipeline.run import begin, resume
from frontdesk.gateway.telemetry.watching import AT_ONCE, LARGEST, WINDOW, RequestWatch
from frontdesk.rules.redaction import SecretNames

JSON = (b"content-type", b"application/json")


class Streamed:
    """A body that comes bit by bit."""


@pytest.fixture
def seen():
    return []


@pytest.fixture
def watch(seen):
    return RequestWatch(seen.append, SecretNames(["x-practice"]), count(100.0, 0.5).__next__)


@pytest.fixture
def pass_through(make_exchange, watch):
    """Run a request whose integration gives a reply; its plan logs and has a tail of its own."""

    def passed(fields=(), *, reply=None, plan=None, **attributes):
        answer = reply or Reply(200, [JSON], b'{"slots": []}')
        ex = make_exchange(fields, head=[lambda _ex: None, lambda _ex: answer], **attributes)
        steps = (Step("throttle", print), Step("mock", print))
        ex.plan = plan or replace(ex.plan, steps=steps, max_body=10_000)
        ex.plan = watch.shown(ex.plan, ex.started)
        begin(ex)
        ex.ended = ex.started + 2.0
        ex.plan.log(ex)
        return ex

    return passed


def test_a_request_is_shown_with_where_its_time_went(pass_through, seen):
    pass_through(integration_latency=0.25, upstream="10.0.0.7:80", trace="00-" + "a" * 32)
    [shown] = seen
    facts = ("method", "path", "api", "route", "status", "ms", "upstreamMs", "client", "traceId")
    assert [shown[name] for name in facts] == [
        *("GET", "/pets/6", "scheduling", "GET /pets/{id}", 200, 2000.0, 250.0, "192.0.2.1"),
        "a" * 32,
    ]
    assert [name for name, _ in shown["stages"]] == ["route", "throttle", "mock", "answer"]
    assert sum(ms for _, ms in shown["stages"]) == shown["ms"]
    assert shown["responseHeaders"] == [("content-type", "application/json")]
    assert shown["responseBody"] == '{"slots": []}'


def test_the_log_is_called_as_ever(pass_through, make_exchange):
    logged = []
    plan = replace(make_exchange().plan, log=logged.append, head=(lambda _ex: Reply(204, []),))
    ex = pass_through(plan=plan)
    assert logged == [ex]


def test_what_was_tried_at_a_backend_is_shown(pass_through, seen):
    tried = (Attempt("10.0.0.7:80", 503, "", 0.1), Attempt("", 0, "connect", 0.2))
    pass_through(attempts=tried)
    assert seen[0]["attempts"] == [
        {"address": "10.0.0.7:80", "status": 503, "error": "", "seconds": 0.1},
        {"address": "", "status": 0, "error": "connect", "seconds": 0.2},
    ]


@pytest.mark.parametrize(
    ("name", "value", "shown"),
    [
        (b"Authorization", b"Bearer abc", "***"),
        (b"Cookie", b"session=1", "***"),
        (b"X-Api-Key", b"k-1", "***"),
        (b"X-Clinic-Key", b"k-1", "***"),
        (b"X-Auth", b"abc", "***"),
        (b"X-Practice", b"p001", "***"),
        (b"X-Sent-As", b"k-77", "***"),
        (b"X-Note", b"eyJhbGciOi.eyJzdWIi.c2ln", "***"),
        (b"Idempotency-Key", b"book-17", "book-17"),
        (b"User-Agent", b"calls/1.0", "calls/1.0"),
    ],
)
def test_fields_that_prove_who_calls_are_masked(pass_through, seen, name, value, shown):
    pass_through([(name, value)], api_key_value=b"k-77")
    assert seen[0]["requestHeaders"] == [(name.decode().lower(), shown)]


def test_fields_of_answers_are_masked(pass_through, seen):
    pass_through(reply=Reply(200, [(b"Set-Cookie", b"session=1")]))
    assert seen[0]["responseHeaders"] == [("Set-Cookie", "***")]


@pytest.mark.parametrize(
    ("kind", "body", "shown"),
    [
        (
            b"application/json",
            b'{"a":{"password":"x","b":[1]}}',
            '{"a":{"password":"***","b":[1]}}',
        ),
        (b"application/json", b'{ "a": 1 }', '{ "a": 1 }'),
        (b"application/json", b"{broken 4111111111111111", "{broken ***"),
        (b"application/x-www-form-urlencoded", b"token=x&a=1", "token=***&a=1"),
        (b"text/plain", b"hello", "hello"),
        (b"image/png", b"\x89PNG", None),
        (b"text/plain", b"x" * (LARGEST + 1), None),
        (b"text/plain", b"", None),
    ],
    ids=["json", "json as it was", "no json", "form", "text", "binary", "large", "none"],
)
def test_small_bodies_are_shown_without_secrets(pass_through, seen, kind, body, shown):
    pass_through(
        [(b"content-type", kind)], body=body, reply=Reply(200, [(b"content-type", kind)], body)
    )
    assert (seen[0]["requestBody"], seen[0]["responseBody"]) == (shown, shown)


def test_queries_are_shown_without_secrets(pass_through, seen):
    pass_through(query="day=mon&sig=abc&x-practice=p1&flag")
    assert seen[0]["query"] == "day=mon&sig=***&x-practice=***&flag"


def test_a_body_that_comes_bit_by_bit_is_not_kept(pass_through, seen):
    pass_through(reply=Reply(200, [], Streamed()))
    assert seen[0]["responseBody"] is None


def test_a_client_that_leaves_is_shown(make_exchange, watch, seen):
    ex = make_exchange(head=[lambda _ex: PARKED], ended=101.0, status=499, error="client_gone")
    ex.plan = watch.shown(ex.plan, ex.started)
    begin(ex)
    ex.plan.log(ex)
    assert (seen[0]["outcome"], seen[0]["responseHeaders"]) == ("client_gone", [])


def test_a_stage_that_waits_goes_on(make_exchange, watch):
    ex = make_exchange(head=[lambda _ex: PARKED, lambda _ex: Reply(204, [])])
    ex.plan = watch.shown(ex.plan, ex.started)
    begin(ex)
    resume(ex, None)
    assert ex.status == 204


def test_of_too_many_only_the_number_is_told(pass_through, seen):
    for _ in range(AT_ONCE + 7):
        pass_through()
    assert len(seen) == AT_ONCE
    pass_through(started=100.0 + 2 * WINDOW)
    assert seen[-1]["passed"] == 7
    pass_through(started=100.0 + 2 * WINDOW)
    assert seen[-1]["passed"] == 0


def test_requests_that_are_passed_over_keep_the_plan_that_they_have(pass_through, make_exchange):
    plan = replace(make_exchange().plan, head=(lambda _ex: Reply(204, []),))
    kept = [pass_through(plan=plan).plan is plan for _ in range(AT_ONCE + 1)]
    assert kept == [False] * AT_ONCE + [True]
