"""What is counted of a request: under which labels, and what it is not."""

from dataclasses import replace

import pytest

from frontdesk.base.telemetry import Registry
from frontdesk.gateway.pipeline.plan import ApiFacts
from frontdesk.gateway.pipeline.stages.authorize import AUTHORIZERS
from frontdesk.gateway.telemetry.requests import REFUSED_BY, AuthorizerMeter, RequestMeter

API = ApiFacts("abcdefghij", "clinic", "http", "prod", "0" * 12, "us-east-1", "localhost")
DURATION = "http_server_request_duration_seconds"


class Requests:
    """Requests of one route, and what was counted of them."""

    def __init__(self, make_exchange, route_key="GET /pets/{id}", kind="http"):
        self.registry = Registry()
        self.logged = []
        self.make_exchange = make_exchange
        self.meter = RequestMeter(
            self.registry, replace(API, kind=kind), route_key, self.logged.append
        )

    def over(self, **attributes):
        ex = self.make_exchange(**{"status": 200, "ended": 100.25, **attributes})
        self.meter.record(ex)
        return ex

    def counted(self, name):
        return {labels: value for found, labels, value in self.registry.snapshot() if found == name}


@pytest.fixture
def requests(make_exchange):
    return Requests(make_exchange)


def test_a_request_is_counted_by_route_and_outcome_and_then_logged(requests):
    requests.over()
    ex = requests.over()
    ((labels, value),) = requests.counted(DURATION).items()
    assert labels == ("GET", "/pets/{id}", "200", "http", "1.1", "", "clinic", "prod")
    assert (sum(value[:-1]), value[-1]) == (2, 0.5)
    assert requests.logged[-1] is ex


@pytest.mark.parametrize(
    ("route_key", "shown"),
    [
        ("GET /pets/{id}", "/pets/{id}"),
        ("ANY /files/{path+}", "/files/{path+}"),
        ("$default", "$default"),
        ("", "unmatched"),
        ("-", "unmatched"),
    ],
)
def test_a_route_is_its_template(make_exchange, route_key, shown):
    requests = Requests(make_exchange, route_key)
    requests.over()
    ((labels, _),) = requests.counted(DURATION).items()
    assert labels[1] == shown


def test_messages_that_nobody_looks_at_are_counted_like_any_others(make_exchange):
    unseen, seen = (Requests(make_exchange, "ping", "websocket") for _ in range(2))
    count = unseen.meter.unseen(200)
    for scheme, received, sent in (("http", 4, 9), ("https", 4, 9), ("http", 7, 0)):
        count(scheme, 100.0, 100.25, received, sent)
        seen.over(
            method="MESSAGE",
            version="WebSocket",
            scheme=scheme,
            body_length=received,
            response_length=sent,
        )
    assert sorted(unseen.registry.snapshot()) == sorted(seen.registry.snapshot())
    assert unseen.counted("frontdesk_ws_messages_total") == {
        ("clinic", "in", "ping"): 3.0,
        ("clinic", "out", "ping"): 2.0,
    }


def test_methods_that_few_know_are_counted_together(requests):
    requests.over(method="PROPFIND")
    requests.over(method="M-SEARCH")
    (labels,) = requests.counted(DURATION)
    assert labels[0] == "_OTHER"


def test_messages_are_a_method_of_their_own(requests):
    requests.over(method="MESSAGE")
    (labels,) = requests.counted(DURATION)
    assert labels[0] == "MESSAGE"


@pytest.mark.parametrize(
    ("status", "cause", "error"),
    [
        (200, "", ""),
        (404, "", ""),
        (401, "jwt:expired", ""),
        (500, "", "500"),
        (503, "upstream:connect", "upstream:connect"),
        (499, "client_gone", "client_gone"),
        (200, "shorter_than_announced", "shorter_than_announced"),
    ],
)
def test_an_error_is_what_went_wrong_here_not_what_was_refused(requests, status, cause, error):
    requests.over(status=status, error=cause)
    (labels,) = requests.counted(DURATION)
    assert labels[5] == error


@pytest.mark.parametrize(
    ("status", "cause", "labels"),
    [
        (429, "throttle:account", ("throttle", "account")),
        (401, "jwt:expired", ("auth", "expired")),
        (403, "authorizer:deny", ("auth", "deny")),
        (404, "route", ("route", "route")),
        (413, "body_size", ("size", "body_size")),
        (413, "function:event_too_large", ("size", "event_too_large")),
        (431, "fields", ("size", "fields")),
        (400, "malformed", ("validate", "malformed")),
        (400, "mapping:unfit_value", ("validate", "unfit_value")),
        (500, "mapping:unfit_value", None),
        (403, "mapping", ("route", "mapping")),
        (403, "iam:AccessDenied", ("auth", "AccessDenied")),
        (503, "connections", ("throttle", "connections")),
        (502, "upstream:protocol", None),
        (500, "function:unhandled", None),
        (504, "integration_timeout", None),
        (499, "client_gone", None),
        (404, "", None),
    ],
)
def test_a_rejection_is_counted_by_the_stage_that_refused(requests, status, cause, labels):
    requests.over(status=status, error=cause)
    found = [found[2:] for found in requests.counted("frontdesk_rejections_total")]
    assert found == ([] if labels is None else [labels])


def test_however_many_requests_there_were_they_are_all_counted(requests):
    for number in range(600):
        requests.over(ended=100.5, response_length=number % 2, body_length=3)
        if number in (0, 299):
            requests.counted(DURATION)
    ((_, value),) = requests.counted(DURATION).items()
    assert (sum(value[:-1]), value[-1]) == (600, 300.0)
    ((_, sent),) = requests.counted("http_server_response_body_size_bytes").items()
    assert (sum(sent[:-1]), sent[-1]) == (600, 300)


def test_messages_and_answers_of_a_connection_are_counted_by_their_route(make_exchange):
    requests = Requests(make_exchange, "look up", kind="websocket")
    for length in (0, 7, 7):
        requests.over(method="MESSAGE", response_length=length)
    requests.over(method="GET")
    assert requests.counted("frontdesk_ws_messages_total") == {
        ("clinic", "in", "look up"): 3,
        ("clinic", "out", "look up"): 2,
    }


def test_the_overhead_is_what_the_integration_did_not_take(requests):
    requests.over(integration_latency=0.2)
    requests.over()
    value = requests.counted("frontdesk_overhead_seconds")["clinic",]
    assert value[-1] == pytest.approx(0.05 + 0.25)


def test_what_is_streamed_after_its_head_is_no_overhead(requests):
    requests.over(integration_latency=0.2, head_sent=100.0 + 0.21, ended=160.0)
    value = requests.counted("frontdesk_overhead_seconds")["clinic",]
    assert value[-1] == pytest.approx(0.01)


def test_bodies_are_counted_as_they_came_and_went(requests):
    requests.over(body_length=300, response_length=7)
    assert (
        requests.counted("http_server_request_body_size_bytes")[
            "GET", "/pets/{id}", "clinic", "prod"
        ][-1]
        == 300
    )
    ((_, value),) = requests.counted("http_server_response_body_size_bytes").items()
    assert value[-1] == 7


@pytest.mark.parametrize(
    ("facts", "result", "cached"),
    [
        pytest.param({"authorizer": {}}, "allow", "true", id="remembered"),
        pytest.param({"authorizer": {}, "authorizer_latency": 0.1}, "allow", "false", id="asked"),
        pytest.param(
            {"authorizer": {}, "status": 502, "error": "upstream:connect"},
            "allow",
            "true",
            id="let in to a backend that fails",
        ),
        pytest.param({"status": 401, "error": "jwt:missing"}, "missing", "false", id="no token"),
        pytest.param(
            {"status": 401, "error": "authorizer:identity_missing"},
            "missing",
            "false",
            id="no identity",
        ),
        pytest.param(
            {"status": 403, "error": "iam:MissingAuthenticationToken"},
            "missing",
            "false",
            id="no signature",
        ),
        pytest.param({"status": 401, "error": "jwt:signature"}, "invalid", "true", id="known bad"),
        pytest.param(
            {"status": 403, "error": "authorizer:deny", "authorizer_latency": 0.1},
            "deny",
            "false",
            id="denied",
        ),
        pytest.param({"status": 500, "error": "authorizer:broken"}, "error", "true", id="broken"),
        pytest.param({"status": 429, "error": "throttle:account"}, None, None, id="not asked"),
    ],
)
def test_what_an_authorizer_decided(make_exchange, facts, result, cached):
    registry, logged = Registry(), []
    meter = AuthorizerMeter(registry, "patients", "jwt", logged.append)
    ex = make_exchange(**{"status": 200, **facts})
    meter.record(ex)
    meter.record(ex)
    counted = [(labels, value) for name, labels, value in registry.snapshot() if "total" in name]
    expected = [(("patients", "jwt", result, cached), 2)] if result else []
    assert (counted, logged) == (expected, [ex, ex])


def test_every_type_of_authorizer_is_known_by_its_causes():
    causes = {"authorizer" if kind == "function" else kind for kind in AUTHORIZERS}
    assert {REFUSED_BY[cause] for cause in causes} == {"auth"}


def test_an_authorizer_that_remembers_nothing_is_never_cached(make_exchange):
    registry = Registry()
    AuthorizerMeter(registry, "vendor", "iam", lambda _ex: None).record(
        make_exchange(status=200, authorizer={})
    )
    ((_, labels, _),) = [sample for sample in registry.snapshot() if "total" in sample.name]
    assert labels == ("vendor", "iam", "allow", "false")
