"""Selectors bound to an exchange."""

import pytest

from frontdesk.gateway.pipeline.exchange import Reply
from frontdesk.gateway.pipeline.field_values import bind_reply_field
from frontdesk.gateway.pipeline.values import JSON_LIMIT, bind, reads_body

BODY = b'{"a":{"b":"c"},"items":[{"id":7},{"id":null}],"flag":true,"list":[1,2],"text":"abc"}'

REQUEST = {
    "static": "static",
    "": "",
    "$request.header.X-Practice": "p1,p2",
    "$request.header.absent": None,
    "$request.querystring.a": "1,2",
    "$request.querystring.A": None,
    "$request.querystring.b": "x y",
    "$request.cookie.session": "s1",
    "$request.cookie.sess": None,
    "$request.path": "/pets/6",
    "$request.path.id": "6 ü",
    "$request.path.absent": None,
    "$request.body": BODY.decode(),
    "$request.body.a.b": "c",
    "$request.body.a": '{"b":"c"}',
    "$request.body.items[0].id": "7",
    "$request.body.items[1].id": None,
    "$request.body.items[9].id": None,
    "$request.body.flag": "true",
    "$request.body.list": "[1,2]",
    "$request.body.text[0]": None,
    "$request.body.flag.x": None,
    "$request.body[0]": None,
    "$context.httpMethod": "GET",
    "$context.authorizer.claims.level": "3",
    "$context.authorizer.claims.https://clinic/roles": '["a"]',
    "$context.authorizer.absent": None,
    "$authorizer.practice_id": "p001",
    "$stageVariables.table": "slots",
    "$stageVariables.absent": None,
    "${request.path.id}-${request.header.absent}-${stage.table}": "6 ü--slots",
}


@pytest.fixture
def exchange(make_exchange):
    return make_exchange(
        [
            (b"X-Practice", b"p1"),
            (b"X-Practice", b"p2"),
            (b"Cookie", b"theme=dark; session=s1"),
        ],
        query="a=1&a=2&b=x+y",
        params={"id": "6 ü"},
        body=BODY,
        variables={"table": "slots"},
        authorizer={"practice_id": "p001", "level": 3, "https://clinic/roles": ["a"]},
    )


@pytest.mark.parametrize("text", REQUEST)
def test_request_values(exchange, text):
    assert bind(text)(exchange) == REQUEST[text]


@pytest.mark.parametrize(
    ("body", "value"),
    [
        (b"", None),
        (b"no json", None),
        (b"[" * 5000, None),
        (b'{"a":' + b"[" * 300 + b"]" * 300 + b"}", None),
        (b'{"a":"' + b"x" * JSON_LIMIT, None),
    ],
    ids=["empty", "text", "deep", "too deep to be written", "over the limit"],
)
def test_a_body_that_cannot_be_read_has_no_members(make_exchange, body, value):
    assert bind("$request.body.a")(make_exchange(body=body)) is value


def test_an_empty_body_is_no_value(make_exchange):
    assert bind("$request.body")(make_exchange()) is None


RESPONSE = {
    "static": b"static",
    "$response.header.X-Id": b"1,2",
    "$response.header.absent": None,
    "$response.body": b'{"id":"r1"}',
    "$response.body.id": b"r1",
    "$context.routeKey": b"GET /pets/{id}",
    "$stageVariables.table": b"slots",
    "${response.body.id}/${stage.table}": b"r1/slots",
}


@pytest.mark.parametrize("text", RESPONSE)
def test_response_values(exchange, text):
    reply = Reply(200, [(b"X-Id", b"1"), (b"x-id", b"2")], b'{"id":"r1"}')
    assert bind_reply_field(text)(exchange, reply) == RESPONSE[text]


def test_a_streaming_body_has_no_value(exchange):
    assert bind_reply_field("$response.body")(exchange, Reply(200, [], object())) is None


@pytest.mark.parametrize(
    ("text", "reads"),
    [("$request.body.a", True), ("${stage.x}${response.body}", True), ("$request.path", False)],
)
def test_which_values_need_the_body(text, reads):
    assert reads_body(text) is reads
