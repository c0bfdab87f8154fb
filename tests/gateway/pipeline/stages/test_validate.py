"""Requests that are refused before code runs: what each type of API says, and to whom."""

import asyncio
from types import SimpleNamespace

import orjson
import pytest

from frontdesk.config.models.http_api import Route
from frontdesk.config.models.request_validation import JsonModel
from frontdesk.config.models.rest_api import Method
from frontdesk.gateway.pipeline.exchange import NEEDS_BODY
from frontdesk.gateway.pipeline.stages.validate import MAX_AT_ONCE, validate

BOOKING = {
    "type": "object",
    "required": ["slot"],
    "properties": {"slot": {"type": "string"}, "notes": {"type": "string"}},
}
EVERYTHING = {
    "headers": {"X-Practice": "required", "X-Tag": "optional"},
    "path": {"id": "required"},
    "query": {"region": "required"},
    "body": "Booking",
}
MOCK = {"http": {"mock": {}}, "rest": {"integration": {"type": "mock"}}}


def step(kind, settings):
    model = {"http": Route, "rest": Method}[kind]
    operation = model.model_validate(MOCK[kind] | {"validate": settings})
    made = {}
    return validate(
        SimpleNamespace(
            operation=operation,
            method=operation if kind == "rest" else None,
            api=SimpleNamespace(models={"Booking": JsonModel(schema=BOOKING)}),
            api_name="clinic",
            at=(),
            place=lambda *_path: None,
            once=lambda key, make: made.setdefault(key, make()),
        )
    )


def stage(kind, settings=EVERYTHING):
    return step(kind, settings).run


@pytest.fixture
def request_(make_exchange):
    """Make a request that has everything; keywords change it."""

    def make(fields=(), **changed):
        usual = {"params": {"id": "7"}, "query": "region=west", "body": b'{"slot": "a"}'}
        return make_exchange([(b"x-practice", b"p001"), *fields], **{**usual, **changed})

    return make


@pytest.fixture
def bare(make_exchange):
    return make_exchange(body=b"{}", params={"id": " "})


@pytest.mark.parametrize("kind", ["http", "rest"])
def test_a_request_that_has_everything_passes(kind, request_):
    assert stage(kind)(request_()) is None


def test_nothing_is_built_where_nothing_is_asked():
    build = SimpleNamespace(operation=Route.model_validate(MOCK["http"]))
    assert validate(build) is None
    assert validate(SimpleNamespace(operation=None)) is None


def test_it_says_what_it_asks_for():
    shown = "header X-Practice, path id, query region, body application/json"
    assert step("rest", EVERYTHING).detail == shown


# -- REST APIs --------------------------------------------------------------------------------------


def test_rest_names_all_missing_parameters_in_awss_order(bare):
    reply = stage("rest")(bare)
    assert (reply.status, reply.cause) == (400, "validate:parameters")
    assert reply.message == "Missing required request parameters: [X-Practice, id, region]"
    assert bare.validation_errors == "[X-Practice, id, region]"


@pytest.mark.parametrize(
    ("changed", "name"),
    [
        ({"query": ""}, "region"),
        ({"query": "region="}, "region"),
        ({"query": "region=%20+"}, "region"),
        ({"query": "Region=west"}, "region"),
        ({"params": {}}, "id"),
    ],
)
def test_a_parameter_must_be_there_and_not_blank(request_, changed, name):
    assert stage("rest")(request_(**changed)).message.endswith(f"[{name}]")


def test_a_repeated_parameter_is_there_when_one_value_is(request_):
    assert stage("rest")(request_(query="region=&region=west")) is None


def test_a_blank_header_field_is_missing(make_exchange):
    ex = make_exchange([(b"X-Practice", b"")], params={"id": "7"}, query="region=w", body=b"{}")
    assert stage("rest")(ex).message.endswith("[X-Practice]")


def test_rest_judges_the_body_last_and_tells_the_log_alone(request_):
    ex = request_(body=b'{"notes": 7}')
    reply = stage("rest")(ex)
    assert (reply.status, reply.cause, reply.message) == (
        400,
        "validate:body",
        "Invalid request body",
    )
    assert ex.validation_errors == (
        '[object has missing required properties (["slot"]), /notes: the value is not of type "string"]'
    )


@pytest.mark.parametrize("method", ["GET", "POST"])
def test_an_absent_body_is_invalid(request_, method):
    ex = request_(body=b"", method=method)
    assert stage("rest")(ex).cause == "validate:body"
    assert ex.validation_errors == "[a body is required]"


BY_TYPE = {
    "body": {"application/json": "Booking", "application/vnd.clinic+json": {"type": "array"}}
}


@pytest.mark.parametrize(
    ("media_type", "body", "passes"),
    [
        (None, b'{"slot": "a"}', True),
        (None, b"[]", False),
        (b"application/json; charset=utf-8", b"[]", False),
        (b"APPLICATION/JSON", b"[]", False),
        (b"", b"[]", False),
        (b" ;charset=utf-8", b"[]", False),
        (b"application/vnd.clinic+json", b"[]", True),
        (b"application/vnd.clinic+json", b"{}", False),
        (b"text/plain", b"whatever", True),
    ],
)
def test_rest_chooses_the_model_by_the_type_of_the_body(request_, media_type, body, passes):
    fields = [] if media_type is None else [(b"content-type", media_type)]
    assert (stage("rest", BY_TYPE)(request_(fields, body=body)) is None) is passes


@pytest.mark.parametrize(
    ("charset", "passes"),
    [
        (b"UTF-8", True),
        (b'"utf-8"', True),
        (b"iso-8859-1", True),
        (b"utf-7", False),
        (b"utf-8;charset=utf-7", False),
        (b"shift_jis", False),
        (b"IBM037", False),
    ],
)
def test_a_body_that_others_read_in_another_charset_is_refused(request_, charset, passes):
    fields = [(b"content-type", b"application/json; Charset=" + charset)]
    reply = stage("rest", BY_TYPE)(request_(fields, body=b'{"slot": "a"}'))
    assert (reply is None) is passes


def test_a_default_model_is_for_all_other_types(request_):
    run = stage("rest", {"body": {"$default": "Booking"}})
    assert run(request_([(b"content-type", b"text/plain")], body=b"[]")).status == 400


# -- HTTP APIs -----------------------------------------------------------------------------------------


def test_an_http_api_lists_everything_that_is_wrong(bare):
    reply = stage("http")(bare)
    assert (reply.status, reply.cause) == (400, "validate:body")
    assert reply.fields[0] == (b"content-type", b"application/problem+json")
    told = orjson.loads(reply.body)
    assert told["type"] == "urn:frontdesk:problem:invalid-request"
    assert told["message"] == "Invalid request body"
    assert told["errors"] == [
        {"in": "header", "name": "X-Practice", "message": "is required"},
        {"in": "path", "name": "id", "message": "is required"},
        {"in": "query", "name": "region", "message": "is required"},
        {"in": "body", "pointer": "", "message": '"slot" is a required property'},
    ]
    assert orjson.loads(bare.validation_errors) == told["errors"]


def test_an_http_api_tells_of_parameters_alone(request_):
    reply = stage("http")(request_(query=""))
    assert reply.cause == "validate:parameters"
    assert orjson.loads(reply.body)["message"] == "Invalid request parameters"


def test_an_http_api_takes_bodies_of_the_types_that_have_a_schema_only(request_):
    run = stage("http", BY_TYPE)
    assert run(request_([(b"content-type", b"text/plain")])).status == 415
    assert run(request_([(b"content-type", b"application/vnd.clinic+json")], body=b"[]")) is None


def test_what_a_client_has_sent_is_in_no_message(request_):
    ex = request_(body=b'{"notes": {"card": "4111111111111111"}}')
    assert b"4111" not in stage("http")(ex).body
    assert "4111" not in ex.validation_errors


# -- bodies that come later, or are large ----------------------------------------------------------------


@pytest.mark.parametrize("kind", ["http", "rest"])
def test_a_body_is_waited_for_where_it_is_judged(kind, request_):
    assert stage(kind)(request_(source=object())) is NEEDS_BODY
    assert stage(kind, {"query": {"region": "required"}})(request_(source=object())) is None


def test_rest_refuses_for_parameters_before_the_body_has_come(request_):
    assert stage("rest")(request_(source=object(), query="")).status == 400


@pytest.mark.parametrize(("notes", "passes"), [('"x"', True), ("7", False)])
async def test_a_large_body_is_judged_beside_the_loop(request_, notes, passes):
    blanks = b" " * MAX_AT_ONCE
    ex = request_(body=b'{"slot": "a", "notes": %b}' % notes.encode() + blanks)
    waiting = stage("http")(ex)
    assert asyncio.iscoroutine(waiting)
    assert (await waiting is None) is passes
