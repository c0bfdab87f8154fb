"""What clients are told of a version: the fields of RFC 9745 and 8594, and 410 in the end."""

import json

import pytest

from frontdesk.config.models.versioning import ApiVersion
from frontdesk.gateway.pipeline.exchange import Reply
from frontdesk.gateway.pipeline.explain import explain
from frontdesk.gateway.pipeline.stages.versioning import deprecation

GUIDE = "https://clinic.example/v1-to-v2"
DEPRECATED = (b"deprecation", b"@1775001600")
SUNSET = (b"sunset", b"Thu, 01 Oct 2026 00:00:00 GMT")
LINK = (b"link", f'<{GUIDE}>; rel="deprecation"; type="text/html"'.encode())
BOTH = (b"link", LINK[1] + f', <{GUIDE}>; rel="sunset"; type="text/html"'.encode())


@pytest.mark.parametrize(
    ("version", "fields"),
    [
        ({}, []),
        ({"guide": GUIDE}, []),
        ({"deprecated": "2026-04-01"}, [DEPRECATED]),
        ({"deprecated": "2026-04-01", "legacy_true": True}, [(b"deprecation", b"true")]),
        ({"sunset": "2026-10-01"}, [SUNSET]),
        ({"deprecated": "2026-04-01", "guide": GUIDE}, [DEPRECATED, LINK]),
        (
            {"deprecated": "2026-04-01", "sunset": "2026-10-01", "guide": GUIDE},
            [DEPRECATED, SUNSET, BOTH],
        ),
    ],
    ids=["none", "guide alone", "deprecated", "true", "sunset", "with guide", "all"],
)
def test_the_fields_of_a_version(version, fields):
    assert deprecation(ApiVersion(**version)) == fields


FILE = """\
name: clinic
apis:
  visits:
    TYPE
    versioning: {by: header, versions: {v1: {deprecated: 2026-04-01, sunset: 2026-10-01}, v2: {}}}
"""
ROUTES = FILE.replace("TYPE", "") + "    routes: {GET /v1/a: {mock: {}}, GET /v2/a: {mock: {}}}\n"
METHODS = (
    FILE.replace("TYPE", "type: rest")
    + "    resources: {/v1/a: {GET: {integration: {type: mock}}}}\n"
)
OCTOBER = 1790812800


@pytest.fixture(params=[ROUTES, METHODS], ids=["http", "rest"])
def steps(request, compile_text):
    plan = explain(compile_text(request.param), "GET", "/a", {"X-Api-Version": "v1"}).plan
    return {step.name: step.run for step in plan.steps}


@pytest.mark.parametrize(("second", "gone"), [(OCTOBER - 0.1, False), (OCTOBER, True)])
def test_a_version_is_gone_from_its_sunset_on(steps, make_exchange, second, gone):
    reply = steps["retired"](make_exchange(time=second))
    assert (reply is not None) is gone
    if gone:
        assert reply.status == 410
        told = json.loads(reply.body)
        assert (told["sunset"], told["instance"]) == ("2026-10-01T00:00:00Z", "/pets/6")
        assert "migration" not in told


def test_a_clock_that_goes_back_brings_it_back(steps, make_exchange):
    assert steps["retired"](make_exchange(time=OCTOBER + 1)) is not None
    assert steps["retired"](make_exchange(time=OCTOBER - 1)) is None


def test_it_is_refused_before_all_else(steps):
    assert next(iter(steps)) == "retired"


def test_what_the_integration_says_of_it_gives_way(steps, make_exchange):
    said = [(b"Deprecation", b"@1"), (b"SUNSET", b"never"), (b"Link", b"</next>; rel=next")]
    reply = steps["deprecation fields"](make_exchange(), Reply(200, said))
    assert reply.fields == [said[2], DEPRECATED, SUNSET, (b"vary", b"X-Api-Version")]


def test_a_version_that_stays_only_tells_caches_what_it_depends_on(compile_text, make_exchange):
    plan = explain(compile_text(ROUTES), "GET", "/a", {"X-Api-Version": "v2"}).plan
    steps = {step.name: step for step in plan.steps}
    assert "retired" not in steps
    reply = steps["deprecation fields"].run(make_exchange(), Reply(200, []))
    assert reply.fields == [(b"vary", b"X-Api-Version")]
    assert steps["deprecation fields"].detail == "Vary"


def test_an_api_without_versions_pays_nothing(compile_text):
    text = "name: x\napis: {a: {routes: {GET /: {mock: {}}}}}\n"
    names = {step.name for step in explain(compile_text(text), "GET", "/", {}).plan.steps}
    assert names.isdisjoint({"retired", "deprecation fields"})
