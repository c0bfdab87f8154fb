"""Parameter mapping (AWS, "Transform API requests and responses for HTTP APIs")."""

from dataclasses import dataclass
from types import SimpleNamespace

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from frontdesk.config.models.mapping import RequestMapping, ResponseMapping
from frontdesk.gateway.pipeline.exchange import Reply
from frontdesk.gateway.pipeline.stages.mapping import request_mapping, response_mapping


def build(**route):
    return SimpleNamespace(
        route=SimpleNamespace(**route), at=(), key="GET /", place=lambda *_: None
    )


def map_request(ex, mapping):
    return request_mapping(build(request=RequestMapping.model_validate(mapping))).run(ex)


def map_reply(ex, reply, mapping):
    return response_mapping(build(response=ResponseMapping.model_validate(mapping))).run(ex, reply)


@pytest.mark.parametrize("route", [{"request": None, "response": None}])
def test_a_route_without_mapping_has_no_step(route):
    assert request_mapping(build(**route)) is None
    assert response_mapping(build(**route)) is None


def test_plans_without_route_have_no_step():
    bare = SimpleNamespace(route=None)
    assert request_mapping(bare) is response_mapping(bare) is None


HEADERS = {
    "set replaces": (
        {"set": {"X-A": "new"}},
        [(b"X-B", b"b"), (b"X-A", b"new")],
    ),
    "set adds": (
        {"set": {"X-C": "${context.stage}!"}},
        [(b"X-A", b"1"), (b"x-a", b"2"), (b"X-B", b"b"), (b"X-C", b"$default!")],
    ),
    "set without value takes the client's away": (
        {"set": {"X-A": "$authorizer.practice_id"}},
        [(b"X-B", b"b")],
    ),
    "append": (
        {"append": {"X-A": "$request.header.X-B"}},
        [(b"X-A", b"1"), (b"x-a", b"2"), (b"X-B", b"b"), (b"X-A", b"b")],
    ),
    "append without value": (
        {"append": {"X-A": "$request.header.none"}},
        [(b"X-A", b"1"), (b"x-a", b"2"), (b"X-B", b"b")],
    ),
    "remove": ({"remove": ["x-A"]}, [(b"X-B", b"b")]),
    "set reads what came": (
        {"set": {"X-B": "$request.header.X-A"}, "remove": "X-A"},
        [(b"X-B", b"1,2")],
    ),
}


@pytest.mark.parametrize("case", HEADERS)
def test_request_headers(make_exchange, case):
    mapping, fields = HEADERS[case]
    came = [(b"X-A", b"1"), (b"x-a", b"2"), (b"X-B", b"b")]
    ex = make_exchange(came)
    before = ex.fields
    assert map_request(ex, {"headers": mapping}) is None
    assert ex.fields == fields
    assert before == came
    joined = {}
    for name, value in fields:
        joined.setdefault(name.lower(), []).append(value)
    assert ex.headers == {name: b",".join(values) for name, values in joined.items()}


FIELD_BYTES = {
    "claim": ("$authorizer.sub", "é".encode()),
    "claim that looks like the bytes of another": ("$authorizer.other", "Ã©".encode()),
    "path variable": ("$request.path.id", "ü".encode()),
    "header as it came": ("$request.header.x-raw", b"\xe9\xff"),
    "user agent as it came": ("$context.identity.userAgent", b"\xfc"),
    "each part its own": ("${request.header.x-raw}/${authorizer.sub}", b"\xe9\xff/\xc3\xa9"),
    "static": (" grüß ", "grüß".encode()),
    "blank beside a missing value": ("Bearer ${authorizer.none}", b"Bearer"),
}


@pytest.mark.parametrize("case", FIELD_BYTES)
def test_bytes_of_a_mapped_field(make_exchange, case):
    text, expected = FIELD_BYTES[case]
    came = [(b"X-Raw", b"\xe9\xff"), (b"User-Agent", b"\xfc")]
    ex = make_exchange(came, params={"id": "ü"}, authorizer={"sub": "é", "other": "Ã©"})
    assert map_request(ex, {"headers": {"set": {"X-A": text}}}) is None
    assert ex.fields[-1] == (b"X-A", expected)


@given(st.text(), st.text())
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_different_claims_never_become_the_same_bytes(make_exchange, one, other):
    ex = make_exchange(authorizer={"a": one, "b": other})
    mapping = {"set": {"X-A": "$authorizer.a", "X-B": "$authorizer.b"}}
    if map_request(ex, {"headers": mapping}) is None:
        assert (ex.headers[b"x-a"] == ex.headers[b"x-b"]) is (one == other)


QUERY = {
    "set replaces all": ({"set": {"a": "9"}}, "b=x%20y&a=9"),
    "set adds, encoded": (
        {"set": {"c d": "1&2=3/ü"}},
        "a=1&b=x%20y&%61=2&c%20d=1%262%3D3%2F%C3%BC",
    ),
    "append": ({"append": {"a": "$request.querystring.b"}}, "a=1&b=x%20y&%61=2&a=x%20y"),
    "append without value": ({"append": {"a": "$request.querystring.z"}}, "a=1&b=x%20y&%61=2"),
    "remove": ({"remove": "a"}, "b=x%20y"),
    "remove all": ({"remove": ["a", "b"]}, ""),
}


@pytest.mark.parametrize("case", QUERY)
def test_request_query(make_exchange, case):
    mapping, query = QUERY[case]
    ex = make_exchange(query="a=1&b=x%20y&%61=2")
    assert map_request(ex, {"query": mapping}) is None
    assert ex.query == query


PATHS = {
    "static": ("/v2/pets", {}, "/v2/pets"),
    "own path": ("$request.path", {}, "/pets/a%20b"),
    "below a prefix": ("/v2${request.path}", {}, "/v2/pets/a%20b"),
    "variables are encoded": ("/v2/${request.path.id}", {"id": "a b?#%"}, "/v2/a%20b%3F%23%25"),
    "greedy variables keep slashes": ("/${request.path.proxy}", {"proxy": "x/y"}, "/x/y"),
    "a leading slash is added": ("$request.path.proxy", {"proxy": "x/y"}, "/x/y"),
    "stage variable": ("/${stage.env}/x", {}, "/prod/x"),
}


@pytest.mark.parametrize("case", PATHS)
def test_request_path(make_exchange, case):
    text, params, path = PATHS[case]
    ex = make_exchange(params=params, stage_path="/pets/a%20b", variables={"env": "prod"})
    assert map_request(ex, {"path": text}) is None
    assert ex.forward_path == path


@pytest.mark.parametrize(
    ("mapping", "attributes"),
    [
        ({"headers": {"set": {"X-A": "$request.querystring.a"}}}, {"query": "a=1%0D%0AX-B:2"}),
        ({"headers": {"append": {"X-A": "$request.path.id"}}}, {"params": {"id": "a\0"}}),
        ({"headers": {"set": {"X-A": "$authorizer.sub"}}}, {"authorizer": {"sub": "admin "}}),
        ({"headers": {"set": {"X-A": "u ${request.path.id}!"}}}, {"params": {"id": "\ta"}}),
        ({"path": "/v2/${request.querystring.a}"}, {"query": "a=.."}),
        ({"path": "/v2/${request.querystring.a}/x"}, {"query": "a=."}),
        ({"path": "/v2/${request.querystring.a}"}, {"query": "a=../admin"}),
        ({"path": "/v2/${request.querystring.a}"}, {"query": "a=..%5Cadmin"}),
        ({"path": "/v2/${request.querystring.a}"}, {"query": "a=%00"}),
        ({"path": "/v2/${request.path.proxy}"}, {"params": {"proxy": "x/../../admin"}}),
    ],
    ids=[
        "CRLF",
        "NUL",
        "blank behind",
        "blank before",
        "dots",
        "dot",
        "climb",
        "backslash",
        "encoded NUL",
        "climb in variable",
    ],
)
def test_values_that_would_break_out_are_400(make_exchange, mapping, attributes):
    reply = map_request(make_exchange(**attributes), mapping)
    assert (reply.status, reply.cause) == (400, "mapping:unfit_value")


@pytest.mark.parametrize(
    ("mapping", "needed"),
    [
        ({"headers": {"set": {"X-A": "$request.body.id"}}}, True),
        ({"path": "/${request.body.id}"}, True),
        ({"query": {"append": {"a": "$request.path"}}}, False),
    ],
)
def test_only_body_selectors_wait_for_the_body(mapping, needed):
    step = request_mapping(build(request=RequestMapping.model_validate(mapping)))
    assert step.needs_body is needed


RESPONSES = {
    "headers of every answer": (
        {"headers": {"set": {"X-Id": "$response.body.id"}, "remove": "Server"}},
        (200, [(b"X-A", b"1"), (b"X-Id", b"r1")]),
    ),
    "status": ({"status": {"200": 202}}, (202, [(b"X-A", b"1"), (b"Server", b"s")])),
    "another status": ({"status": {"404": 202}}, (200, [(b"X-A", b"1"), (b"Server", b"s")])),
    "headers of one status": (
        {"status": {"200": {"headers": {"append": {"X-A": "$context.routeKey"}}}}},
        (200, [(b"X-A", b"1"), (b"Server", b"s"), (b"X-A", b"GET /pets/{id}")]),
    ),
    "both": (
        {
            "headers": {"set": {"X-A": "2"}},
            "status": {"200": {"status": 201, "headers": {"append": {"X-A": "3"}}}},
        },
        (201, [(b"Server", b"s"), (b"X-A", b"2"), (b"X-A", b"3")]),
    ),
    "nothing there to append": (
        {"headers": {"append": {"X-A": "$response.header.none"}}},
        (200, [(b"X-A", b"1"), (b"Server", b"s")]),
    ),
}


@pytest.mark.parametrize("case", RESPONSES)
def test_responses(make_exchange, case):
    mapping, expected = RESPONSES[case]
    reply = Reply(200, [(b"X-A", b"1"), (b"Server", b"s")], b'{"id":"r1"}')
    answer = map_reply(make_exchange(), reply, mapping)
    assert (answer.status, answer.fields) == expected


def test_answers_of_the_gateway_are_left_alone(make_exchange):
    reply = Reply(401, [], made="gateway")
    mapping = {"headers": {"set": {"X-A": "1"}}, "status": {"401": 200}}
    assert map_reply(make_exchange(), reply, mapping) is reply
    assert (reply.status, reply.fields) == (401, [])


@dataclass
class FakeSource:
    cancelled: bool = False

    def cancel(self):
        self.cancelled = True


@pytest.mark.parametrize("where", ["always", "by status"])
def test_a_value_that_would_split_the_response_is_500(make_exchange, where):
    headers = {"headers": {"set": {"X-A": "$response.body.a"}}}
    mapping = headers if where == "always" else {"status": {"200": headers}}
    answer = map_reply(make_exchange(), Reply(200, [], b'{"a":"1\\r\\nb: 2"}'), mapping)
    assert (answer.status, answer.cause, answer.made) == (500, "mapping:unfit_value", "gateway")


def test_a_refused_stream_is_cancelled(make_exchange):
    source = FakeSource()
    ex = make_exchange(params={"x": "a\r\n"}, authorizer={"x": "a\r\nb"})
    answer = map_reply(ex, Reply(200, [], source), {"headers": {"set": {"X-A": "$authorizer.x"}}})
    assert answer.status == 500
    assert source.cancelled


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.text())
def test_no_parameter_breaks_out(make_exchange, value):
    mapping = {
        "headers": {"set": {"X-A": "$request.path.id"}},
        "query": {"set": {"a": "$request.path.id"}},
        "path": "/v2/${request.path.id}",
    }
    ex = make_exchange(params={"id": value})
    if map_request(ex, mapping) is None:
        [(_, sent)] = ex.fields
        assert not set(sent) & set(b"\r\n\0")
        assert ex.forward_path.startswith("/v2/")
        assert not {".", ".."} & set(ex.forward_path.split("/"))
        assert ex.forward_path.isascii()
        assert ex.query.count("&") == 0
