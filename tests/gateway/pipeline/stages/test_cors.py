"""CORS at the door: preflights, and the fields of every other answer."""

import pytest

from frontdesk.config.models.http_api import HttpApi
from frontdesk.gateway.pipeline.build import RouteBuild
from frontdesk.gateway.pipeline.exchange import Reply
from frontdesk.gateway.pipeline.replies import refusal
from frontdesk.gateway.pipeline.stages import cors

CLINIC = {
    "allow_origins": ["https://app.clinic.example"],
    "allow_methods": ["GET", "POST"],
    "allow_headers": ["Authorization"],
    "expose_headers": ["RateLimit"],
    "max_age": "1h",
}
ORIGIN = (b"Origin", b"https://app.clinic.example")
EVIL = (b"Origin", b"https://evil.example")
VARY = (b"vary", b"Origin")
ALLOWED = [
    (b"access-control-allow-origin", b"https://app.clinic.example"),
    (b"access-control-expose-headers", b"RateLimit"),
]


def build(config=CLINIC):
    api = HttpApi.model_validate({"cors": config} if config else {})
    return RouteBuild(
        key="GET /pets",
        api_name="scheduling",
        api=api,
        facts=None,
        operation=None,
        at=("apis", "a"),
        config=None,
        parts=None,
        place=lambda *keys: ".".join(keys),
        shown=lambda value, *_path: str(value),
    )


@pytest.fixture
def preflight(make_exchange):
    def send(origin, config=CLINIC):
        asked = (b"Access-Control-Request-Method", b"POST")
        ex = make_exchange([origin, asked], method="OPTIONS")
        return cors.preflight(build(config)).run(ex)

    return send


@pytest.fixture
def answer(make_exchange):
    def send(reply, *fields, config=CLINIC):
        return cors.cors(build(config)).run(make_exchange(fields), reply).fields

    return send


def test_without_a_configuration_there_are_no_steps():
    assert cors.preflight(build(None)) is None
    assert cors.cors(build(None)) is None


def test_a_preflight_is_answered_204_without_a_body(preflight):
    reply = preflight(ORIGIN)
    assert (reply.status, reply.body, reply.made) == (204, b"", "gateway")
    assert reply.fields == [
        (b"vary", b"Origin, Access-Control-Request-Method, Access-Control-Request-Headers"),
        (b"access-control-allow-origin", b"https://app.clinic.example"),
        (b"access-control-allow-methods", b"GET,POST"),
        (b"access-control-allow-headers", b"Authorization"),
        (b"access-control-max-age", b"3600"),
    ]


def test_a_preflight_of_another_origin_is_204_without_cors_fields(preflight):
    reply = preflight(EVIL)
    assert reply.status == 204
    assert [name for name, _ in reply.fields] == [b"vary"]


def test_answers_of_one_preflight_do_not_share_their_fields(preflight):
    preflight(ORIGIN).fields.append((b"x", b"y"))
    assert (b"x", b"y") not in preflight(ORIGIN).fields


def test_an_allowed_origin_may_read_the_answer(answer):
    assert answer(Reply(200, [(b"x", b"y")]), ORIGIN) == [(b"x", b"y"), VARY, *ALLOWED]


@pytest.mark.parametrize("status", [401, 403, 404, 413, 429, 500, 503])
def test_errors_of_the_gateway_may_be_read_too(answer, status):
    assert answer(refusal(status, "test"), ORIGIN)[-3:] == [VARY, *ALLOWED]


def test_another_origin_gets_the_answer_without_cors_fields(answer):
    assert answer(Reply(200, []), EVIL) == [VARY]


@pytest.mark.parametrize("origin", [ORIGIN, EVIL, None], ids=["allowed", "other", "none"])
def test_cors_fields_of_the_integration_are_dropped(answer, origin):
    theirs = [
        (b"Access-Control-Allow-Origin", b"*"),
        (b"ACCESS-CONTROL-ALLOW-CREDENTIALS", b"true"),
        (b"X-Access-Control-Allow-Origin", b"kept"),
    ]
    fields = answer(Reply(200, theirs), *([origin] if origin else []))
    assert [value for name, value in fields if name.lower() == b"access-control-allow-origin"] == (
        [ORIGIN[1]] if origin is ORIGIN else []
    )
    assert not [name for name, _ in fields if name.lower() == b"access-control-allow-credentials"]
    assert (b"X-Access-Control-Allow-Origin", b"kept") in fields


def test_without_origin_only_caches_are_told(answer):
    assert answer(Reply(200, [])) == [VARY]


def test_when_all_may_read_answers_do_not_vary(answer):
    anyone = {"allow_origins": ["*"]}
    assert answer(Reply(200, []), config=anyone) == []
    assert answer(Reply(200, []), ORIGIN, config=anyone) == [(b"access-control-allow-origin", b"*")]


def test_the_step_tells_where_it_comes_from():
    step = cors.cors(build())
    assert (step.detail, step.at) == ("https://app.clinic.example", ("apis", "scheduling", "cors"))
