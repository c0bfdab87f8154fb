"""Routes of messages, and the events of WebSocket APIs."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from frontdesk.rules.events.request import RouteFacts
from frontdesk.rules.events.websocket import (
    BINARY,
    TEXT,
    WebSocketEvent,
    compile_selection,
    event_type,
)
from frontdesk.rules.lang.selectors import SelectorError

JOIN = {"service": "chat", "action": "join", "data": {"rooms": [{"id": 7}, "b"]}, "deep": None}


@pytest.mark.parametrize(
    ("expression", "key"),
    [
        ("$request.body.action", "join"),
        ("${request.body.action}", "join"),
        ("${request.body.service}/${request.body.action}", "chat/join"),
        ("${request.body.action}-${request.body.missing}", "join-"),
        ("$request.body.missing", ""),
        ("$request.body.deep", ""),
        ("$request.body.data.rooms[0].id", "7"),
        ("$request.body.data.rooms[1]", "b"),
        ("$request.body.data.rooms[5]", ""),
        ("$request.body.action[0]", ""),
        ("$request.body.data.rooms[0]", '{"id":7}'),
        (r"\$default", "$default"),
        (r"\$${request.body.action}", "$join"),
        ("fixed", "fixed"),
    ],
)
def test_an_expression_gives_the_key_of_a_message(expression, key):
    assert compile_selection(expression)(json.dumps(JOIN).encode()) == key


@pytest.mark.parametrize(
    "expression", ["$request.body.action", "${request.body.a}/x", r"\$default"]
)
@pytest.mark.parametrize("message", [b"plain text", b"", b"{", b'"\xff"', b"NaN"])
def test_a_message_that_is_no_json_names_no_route(expression, message):
    assert compile_selection(expression)(message) is None


@pytest.mark.parametrize("expression", ["$request.body.action", "to ${request.body.action}"])
def test_a_member_nested_too_deeply_for_a_key_names_no_route(expression):
    nested = b"[" * 300 + b"]" * 300
    assert compile_selection(expression)(b'{"action":%b}' % nested) is None


@pytest.mark.parametrize("message", [b"[]", b"1", b'"x"', b"null", b"[1]"])
def test_json_without_the_member_gives_an_empty_key(message):
    assert compile_selection("$request.body.action")(message) == ""


@pytest.mark.parametrize(
    "expression",
    [
        "$request.header.x",
        "$context.connectionId",
        "$request.body.a..b",
        "${request.body.a",
        "$req",
    ],
)
def test_an_expression_of_anything_but_the_message_is_refused(expression):
    with pytest.raises(SelectorError):
        compile_selection(expression)


@given(st.binary())
def test_no_message_breaks_the_selection(message):
    assert isinstance(compile_selection("$request.body.a.b[3]")(message), str | None)


@pytest.mark.parametrize(
    ("key", "type_"),
    [
        ("$connect", "CONNECT"),
        ("$disconnect", "DISCONNECT"),
        ("$default", "MESSAGE"),
        ("x", "MESSAGE"),
    ],
)
def test_the_route_says_the_type_of_an_event(key, type_):
    assert event_type(key) == type_


class Socket:
    id = "L0SM9cOFvHcCIhw="
    connected_at = 1_700_000_000.25
    host = "ws.example.com"
    user_agent = "probe/1"
    closed = (1001, "Going away")


class Request:
    method, raw_path, stage_path, query = "GET", "/prod", "/", "token=a&token=b"
    version, scheme = "HTTP/1.1", "https"
    headers = {b"host": b"ws.example.com"}  # noqa: RUF012 - a stand-in
    fields = [(b"Sec-WebSocket-Version", b"13"), (b"X-Two", b"1"), (b"X-Two", b"2")]  # noqa: RUF012
    held = [(b"Host", b"ws.example.com")]  # noqa: RUF012
    params = {}  # noqa: RUF012
    peer = client_ip = "192.0.2.7"
    request_id = extended_request_id = "JKJaXmPLvHcESHA="
    message_id = "JKJaXcFGvHcCIhw="
    time = 1_700_000_060.5
    traceparent = ""
    body = b'{"action":"join"}'
    authorizer_event = None
    principal = ""
    authorizer_latency = 0.0125
    client_cert = api_key = None
    api_key_value = b""
    socket = Socket()

    def shown(self, make):
        return make(self)


def event(key, request=None, **variables):
    facts = RouteFacts(key, "000000000000", "abcdefghij", "ws.example.com", "prod", variables)
    return json.loads(WebSocketEvent(facts).encode(request or Request(), "Root=1-2-3"))


COMMON = {
    "extendedRequestId": "JKJaXmPLvHcESHA=",
    "requestTime": "14/Nov/2023:22:14:20 +0000",
    "messageDirection": "IN",
    "stage": "prod",
    "connectedAt": 1_700_000_000_250,
    "requestTimeEpoch": 1_700_000_060_500,
    "identity": {"sourceIp": "192.0.2.7", "userAgent": "probe/1"},
    "requestId": "JKJaXmPLvHcESHA=",
    "domainName": "ws.example.com",
    "connectionId": "L0SM9cOFvHcCIhw=",
    "apiId": "abcdefghij",
}


def test_a_handshake_tells_headers_and_query_as_the_client_sent_them():
    found = event("$connect")
    assert found.pop("requestContext") == {
        "routeKey": "$connect",
        "eventType": "CONNECT",
        **COMMON,
    }
    assert found.pop("headers")["X-Two"] == "2"
    assert found.pop("multiValueHeaders")["X-Two"] == ["1", "2"]
    assert found == {
        "queryStringParameters": {"token": "b"},
        "multiValueQueryStringParameters": {"token": ["a", "b"]},
        "isBase64Encoded": False,
    }


def test_a_handshake_without_a_query_has_no_such_members():
    request = Request()
    request.query = ""
    assert event("$connect", request).keys() == {
        "headers",
        "multiValueHeaders",
        "requestContext",
        "isBase64Encoded",
    }


def test_a_message_has_no_headers():
    request = Request()
    request.headers = TEXT
    assert event("join", request) == {
        "requestContext": {
            "routeKey": "join",
            "messageId": "JKJaXcFGvHcCIhw=",
            "eventType": "MESSAGE",
            **COMMON,
        },
        "body": '{"action":"join"}',
        "isBase64Encoded": False,
    }


def test_a_message_of_bytes_is_base64():
    request = Request()
    request.headers, request.body = BINARY, b"\xff\x00"
    found = event("$default", request)
    assert (found["body"], found["isBase64Encoded"]) == ("/wA=", True)


def test_the_end_tells_how_it_came():
    assert event("$disconnect") == {
        "headers": {
            "Host": "ws.example.com",
            "x-api-key": "",
            "X-Forwarded-For": "",
            "x-restapi": "",
        },
        "multiValueHeaders": {
            "Host": ["ws.example.com"],
            "x-api-key": [""],
            "X-Forwarded-For": [""],
            "x-restapi": [""],
        },
        "requestContext": {
            "routeKey": "$disconnect",
            "eventType": "DISCONNECT",
            "disconnectStatusCode": 1001,
            "disconnectReason": "Going away",
            **COMMON,
        },
        "isBase64Encoded": False,
    }


@pytest.mark.parametrize("key", ["$connect", "$disconnect", "$default"])
def test_every_event_tells_the_stage_variables_and_what_the_authorizer_learnt(key):
    request = Request()
    request.principal = "ada"
    request.authorizer_event = {"lambda": {"practice": 7, "role": "nurse"}}
    found = event(key, request, color="blue")
    assert found["stageVariables"] == {"color": "blue"}
    assert found["requestContext"]["authorizer"] == {
        "principalId": "ada",
        "practice": "7",
        "role": "nurse",
        "integrationLatency": 12,
    }
