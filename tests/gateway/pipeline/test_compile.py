"""Compiling a file that loads: what only this machine can tell is an error with its place."""

import pytest

from frontdesk.base.errors import ConfigError
from frontdesk.gateway.pipeline.explain import explain
from frontdesk.gateway.pipeline.plan import Answer, unlogged

FILE = """\
name: clinic
upstreams:
  billing:
    url: https://billing.example
    tls: {{{tls}}}
apis:
  a: {{routes: {{GET /: {{http: {{upstream: billing}}}}}}}}
"""


@pytest.mark.parametrize(
    ("tls", "where"),
    [
        (
            "ca: none.pem",
            "frontdesk.yaml:5:11: error: upstreams.billing.tls.ca: cannot use this file",
        ),
        ("ca: frontdesk.yaml", "frontdesk.yaml:5:11: error: upstreams.billing.tls.ca: cannot use"),
        (
            "cert: none.pem, key: none.pem",
            "frontdesk.yaml:5:11: error: upstreams.billing.tls.cert: ",
        ),
        (
            "key: none.pem, cert: frontdesk.yaml",
            "frontdesk.yaml:5:26: error: upstreams.billing.tls",
        ),
    ],
    ids=["no such ca", "ca is no PEM", "no such cert", "cert is no PEM"],
)
def test_a_tls_file_that_cannot_be_used_is_told_with_its_place(compile_text, tls, where):
    with pytest.raises(ConfigError) as caught:
        compile_text(FILE.format(tls=tls))
    [finding] = caught.value.findings
    assert str(finding).startswith(where)
    assert finding.id == "tls-file"


@pytest.mark.parametrize(
    ("own", "largest"),
    [("", 2048), (", max_body: 1KB", 1024), (", max_body: 4KB", 4096), (", max_body: 0", 0)],
    ids=["the door's", "less", "more", "none at all"],
)
def test_a_route_has_its_own_largest_body_or_the_doors(compile_text, own, largest):
    plan = compile_text(
        f"name: x\nlimits: {{max_body: 2KB}}\napis: {{a: {{routes: {{GET /: {{mock: {{}}{own}}}}}}}}}"
    )
    assert explain(plan, "GET", "/", {}).plan.max_body == largest


DOMAINS = """\
name: clinic
apis:
  whole: {routes: {$default: {mock: {}}}}
  orders:
    cors: {allow_origins: https://app.example}
    stages: {prod: {}, beta: {}}
    routes: {GET /items: {mock: {}}}
  plans: {routes: {GET /: {mock: {}}, GET /items: {mock: {}}}}
  both: {host: both.example, routes: {GET /: {mock: {}}}}
domains:
  api.example:
    mappings: {v1: "orders:prod", v1/beta: "orders:beta", plans: plans, both: both}
  all.example:
    mappings: {"": plans, v1: "orders:beta"}
"""


@pytest.mark.parametrize(
    ("url", "api", "stage", "key", "mapping"),
    [
        ("//api.example/v1/items", "orders", "prod", "GET /items", "v1"),
        ("//api.example/v1/beta/items", "orders", "beta", "GET /items", "v1/beta"),
        ("//api.example/v1/betas", "orders", "prod", "", "v1"),
        ("//api.example/v1", "orders", "prod", "", "v1"),
        ("//api.example/plans", "plans", "$default", "GET /", "plans"),
        ("//api.example/plansx", "-", "$default", "", ""),
        ("//api.example/", "-", "$default", "", ""),
        ("//api.example/V1/items", "-", "$default", "", ""),
        ("//all.example/items", "plans", "$default", "GET /items", ""),
        ("//all.example/v1/items", "orders", "beta", "GET /items", "v1"),
        ("//both.example/", "both", "$default", "GET /", ""),
        ("//api.example/both", "both", "$default", "GET /", "both"),
        ("//elsewhere.example/v1/items", "whole", "$default", "$default", ""),
        ("//elsewhere.example/prod/items", "whole", "$default", "$default", ""),
    ],
)
def test_a_domain_leads_to_apis_by_its_longest_mapping(compile_text, url, api, stage, key, mapping):
    plan = explain(compile_text(DOMAINS), "GET", url, {}).plan
    assert (plan.api.name, plan.api.stage, plan.route_key) == (api, stage, key)
    assert plan.api.mapping_key == mapping
    if mapping:
        assert plan.api.domain == url.split("/")[2]


def test_what_no_mapping_takes_is_403(compile_text):
    plan = explain(compile_text(DOMAINS), "GET", "//api.example/other", {}).plan
    reply = plan.head[0](None)
    assert (reply.status, reply.body) == (403, b'{"message":"Forbidden"}')


def test_a_mapped_api_answers_preflights_of_its_own(compile_text):
    asked = {"Origin": "https://app.example", "Access-Control-Request-Method": "GET"}
    plan = explain(compile_text(DOMAINS), "OPTIONS", "//api.example/v1/items", asked).plan
    assert [step.name for step in plan.steps] == ["preflight", "request id"]


LIVE = """\
name: clinic
logs: {%s}
functions: {book: {handler: a.b}}
apis:
  live:
    type: websocket
    routes:
      ping: {mock: {body: pong}, response: true}
      note: {mock: {status: 202, body: unheard}}
      book: {function: book}
      strict: {mock: {}, validate: {body: {type: object}}}
      often: {mock: {}, throttle: {rate: 1/m, by: $context.connectionId}}
      drawn: {integration: {type: mock, request_templates: {$default: '{"statusCode": 200}'}}}
"""


def standing(plan, route):
    message = f'{{"action": "{route}"}}'
    found = [explain(plan, "GET", "ws://localhost/", {}, message).plan for _ in range(2)]
    assert found[0] is found[1]
    return found[0].standing


@pytest.mark.parametrize(
    ("route", "answer"), [("ping", Answer(200, b"pong")), ("note", Answer(202, b""))]
)
def test_a_mock_stands_as_the_answer_to_all_messages(compile_text, route, answer):
    assert standing(compile_text(LIVE % "", unlogged), route).answer == answer


@pytest.mark.parametrize("route", ["book", "strict", "often", "drawn", "unknown"])
def test_a_route_that_looks_at_messages_has_no_standing_answer(compile_text, route):
    assert standing(compile_text(LIVE % "", unlogged), route) is None


@pytest.mark.parametrize(("logs", "log"), [("", print), ("slow: 1s", print)], ids=["all", "slow"])
def test_no_answer_stands_where_messages_are_written_down(compile_text, logs, log):
    assert standing(compile_text(LIVE % logs, log), "ping") is None


def test_however_many_messages_are_remembered_each_takes_its_route(compile_text):
    plan = compile_text(LIVE % "", unlogged)
    for number in range(100):
        for route in ("ping", "note", "book"):
            message = f'{{"action": "{route}", "number": {number}}}'
            assert explain(plan, "GET", "ws://localhost/", {}, message).plan.route_key == route
    (mount,) = plan.sockets.values()
    assert len(mount._remembered) == 64
