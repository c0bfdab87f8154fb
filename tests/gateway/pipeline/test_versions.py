"""Which version a request means, and which routes that version has."""

import pytest

from frontdesk.gateway.pipeline.exchange import Exchange
from frontdesk.gateway.pipeline.explain import explain
from frontdesk.rules.http.path import normalise

VERSIONED = """\
name: clinic
apis:
  visits:
    HOST
    versioning: {SAID, versions: {v1: {sunset: 2026-10-01}, v2: {}}}
    routes:
      GET /v1: {mock: {body: v1 root}}
      GET /v1/visits: {mock: {body: v1}}
      GET /v1/visits/{id}: {mock: {body: v1}}
      GET /v2/visits: {mock: {body: v2}}
      GET /health: {mock: {body: health}}
      REST
"""


def file(said, *, host="", rest=""):
    return VERSIONED.replace("SAID", said).replace("HOST", host).replace("REST", rest)


def found(plan, path, headers=None, host=""):
    ex = Exchange()
    ex.method, ex.host = "GET", host
    ex.path = ex.raw_path = normalise(path)
    ex.headers = {name.lower().encode(): value.encode() for name, value in (headers or {}).items()}
    plan.route(ex)
    retired = any(step.name == "retired" for step in ex.plan.steps)
    return ex.plan.route_key, retired


V1, V2, HEALTH = "GET /v1/visits", "GET /v2/visits", "GET /health"
GONE, KEPT = True, False
"""Whether the plan may refuse with 410."""


@pytest.mark.parametrize(
    ("said", "path", "headers", "host", "expected"),
    [
        ("by: path", "/v1/visits", {}, "", (V1, GONE)),
        ("by: path", "/v2/visits", {}, "", (V2, KEPT)),
        ("by: path", "/visits", {}, "", ("", KEPT)),
        ("by: path", "/v1", {}, "", ("GET /v1", GONE)),
        ("by: path", "/v1/nothing", {}, "", ("", GONE)),
        ("by: path", "/v1/health", {}, "", ("", GONE)),
        ("by: path", "/health", {}, "", (HEALTH, KEPT)),
        ("by: path, default: v2", "/visits", {}, "", (V2, KEPT)),
        ("by: path, default: v1", "/visits/7", {}, "", ("GET /v1/visits/{id}", GONE)),
        ("by: path, default: v1", "/", {}, "", ("GET /v1", GONE)),
        ("by: path, default: v2", "/v1/visits", {}, "", (V1, GONE)),
        ("by: header", "/visits", {"X-Api-Version": "v1"}, "", (V1, GONE)),
        ("by: header", "/visits", {"X-Api-Version": "v2"}, "", (V2, KEPT)),
        ("by: header", "/visits", {}, "", ("", KEPT)),
        ("by: header", "/visits", {"X-Api-Version": "v3"}, "", ("", KEPT)),
        ("by: header, default: v2", "/visits", {"X-Api-Version": "v3"}, "", ("", KEPT)),
        ("by: header, default: v2", "/visits", {}, "", (V2, KEPT)),
        ("by: header", "/v1/visits", {}, "", ("", KEPT)),
        ("by: header", "/v1/visits", {"X-Api-Version": "v2"}, "", ("", KEPT)),
        ("by: header", "/health", {"X-Api-Version": "v1"}, "", (HEALTH, GONE)),
        ("by: header", "/health", {}, "", (HEALTH, KEPT)),
        (
            "by: header, header: Accept",
            "/visits",
            {"Accept": "text/html; version=v1"},
            "",
            (V1, GONE),
        ),
        (
            "by: header, header: Accept",
            "/visits",
            {"Accept": 'application/json;q=0.9; VERSION="v2", */*'},
            "",
            (V2, KEPT),
        ),
        ("by: header, header: Accept", "/visits", {"Accept": "*/*"}, "", ("", KEPT)),
        ("by: host", "/visits", {}, "v1.api.clinic.example", (V1, GONE)),
        ("by: host, default: v2", "/visits", {}, "api.clinic.example", (V2, KEPT)),
        ("by: host", "/visits", {}, "v9.api.clinic.example", ("", KEPT)),
    ],
)
def test_a_request_means_a_version(compile_text, said, path, headers, host, expected):
    assert found(compile_text(file(said)), path, headers, host) == expected


def test_a_version_is_served_at_a_host_of_its_own(compile_text):
    plan = compile_text(file("by: host", host="host: api.clinic.example"))
    assert found(plan, "/visits", host="v1.api.clinic.example") == (V1, GONE)
    assert found(plan, "/health", host="api.clinic.example") == (HEALTH, KEPT)
    assert found(plan, "/health", host="v3.api.clinic.example") == ("", KEPT)


def test_what_catches_all_belongs_to_each_version(compile_text):
    plan = compile_text(file("by: path", rest="$default: {mock: {body: all}}"))
    assert found(plan, "/v1/nothing") == ("$default", GONE)
    assert found(plan, "/nothing") == ("$default", KEPT)


def test_a_stage_may_be_a_version(compile_text):
    text = """\
name: clinic
apis:
  visits:
    versioning: {by: path, versions: {v1: {deprecated: 2026-04-01}, v2: {}}}
    stages: {v1: {}, v2: {}, beta: {}}
    routes: {GET /visits: {mock: {}}}
"""
    plan = compile_text(text)
    for path, deprecated in (("/v1/visits", True), ("/v2/visits", False), ("/beta/visits", False)):
        explained = explain(plan, "GET", path, {})
        assert explained.plan.route_key == "GET /visits"
        told = [step.name for step in explained.plan.steps]
        assert ("deprecation fields" in told) is deprecated


def test_rest_apis_have_versions_too(compile_text):
    text = """\
name: clinic
apis:
  visits:
    type: rest
    versioning: {by: header, versions: {v1: {sunset: 2026-10-01}, v2: {}}}
    resources:
      /v1/visits: {GET: {integration: {type: mock}}}
      /v2/visits: {GET: {integration: {type: mock}}}
"""
    plan = compile_text(text)
    assert found(plan, "/visits", {"X-Api-Version": "v1"}) == (V1, GONE)
    assert found(plan, "/visits", {"X-Api-Version": "v2"}) == (V2, KEPT)
    assert found(plan, "/visits") == ("", KEPT)
