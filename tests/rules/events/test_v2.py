"""Payload format 2.0, rule by rule (AWS, "AWS Lambda proxy integrations for HTTP APIs")."""

import json
from dataclasses import replace
from types import SimpleNamespace

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from frontdesk.rules.events.v2 import EventV2

TRACE = "Root=1-5759e988-bd862e3fe1be46a994272793"
GENERATED = {
    "x-amzn-trace-id": TRACE,
    "x-forwarded-for": "192.0.2.1",
    "x-forwarded-port": "80",
    "x-forwarded-proto": "http",
}


@pytest.fixture
def event_of(facts, make_request):
    def build(*args, facts=facts, **kwargs):
        return json.loads(EventV2(facts).encode(make_request(*args, **kwargs), TRACE))

    return build


def test_the_whole_event(event_of, facts):
    event = event_of(
        [
            (b"Header1", b"v1"),
            (b"header2", b"v1"),
            (b"Header2", b"v2"),
            (b"Cookie", b"c1=x; c2=y"),
            (b"User-Agent", b"agent"),
        ],
        facts=replace(facts, variables={"k": "v"}),
        query="a=1&a=2&b=3",
        params={"id": "6"},
        body=b"hello",
        authorizer_event={"jwt": {"claims": {"sub": "u1"}, "scopes": ["s1"]}},
    )
    assert event == {
        "version": "2.0",
        "routeKey": "GET /pets/{id}",
        "rawPath": "/pets/6",
        "rawQueryString": "a=1&a=2&b=3",
        "cookies": ["c1=x", "c2=y"],
        "headers": {"header1": "v1", "header2": "v1,v2", "user-agent": "agent"} | GENERATED,
        "queryStringParameters": {"a": "1,2", "b": "3"},
        "requestContext": {
            "accountId": "123456789012",
            "apiId": "abcdefghij",
            "authorizer": {"jwt": {"claims": {"sub": "u1"}, "scopes": ["s1"]}},
            "domainName": "api.clinic.example",
            "domainPrefix": "api",
            "http": {
                "method": "GET",
                "path": "/pets/6",
                "protocol": "HTTP/1.1",
                "sourceIp": "192.0.2.1",
                "userAgent": "agent",
            },
            "requestId": "JKJaXmPLvHcESHA=",
            "routeKey": "GET /pets/{id}",
            "stage": "$default",
            "time": "04/Mar/2020:19:03:58 +0000",
            "timeEpoch": 1583348638390,
        },
        "body": "hello",
        "pathParameters": {"id": "6"},
        "isBase64Encoded": False,
        "stageVariables": {"k": "v"},
    }


def test_absent_parts_are_omitted(event_of):
    event = event_of()
    assert set(event) == {
        "version",
        "routeKey",
        "rawPath",
        "rawQueryString",
        "headers",
        "requestContext",
        "isBase64Encoded",
    }
    assert event["headers"] == GENERATED
    assert event["rawQueryString"] == ""
    assert "authorizer" not in event["requestContext"]


def test_a_named_stage_stays_in_the_path(event_of, facts):
    event = event_of(facts=replace(facts, stage="prod"), raw_path="/prod/pa2%2Fth", stage_path="/x")
    assert event["rawPath"] == event["requestContext"]["http"]["path"] == "/prod/pa2%2Fth"
    assert event["requestContext"]["stage"] == "prod"


@pytest.mark.parametrize(
    ("query", "parameters"),
    [
        ("a=b+c", {"a": "b c"}),
        ("a=b%2Bc", {"a": "b+c"}),
        ("a=&b", {"a": "", "b": ""}),
        ("a=1&&b=2", {"a": "1", "b": "2"}),
        ("%C3%A4=%C3%B6", {"ä": "ö"}),
        ("a=%FF", {"a": "\ufffd"}),
        ("a=1;b=2", {"a": "1;b=2"}),
        ("a=b=c", {"a": "b=c"}),
        ("A=1&a=2", {"A": "1", "a": "2"}),
    ],
)
def test_query_values_are_decoded(event_of, query, parameters):
    event = event_of(query=query)
    assert event["queryStringParameters"] == parameters
    assert event["rawQueryString"] == query


def test_a_query_without_any_parameter_is_omitted(event_of):
    assert "queryStringParameters" not in event_of(query="&")


def test_fields_of_the_connection_are_not_shown(event_of):
    shown = event_of(
        [
            (b"Connection", b"keep-alive"),
            (b"Transfer-Encoding", b"chunked"),
            (b"TE", b"trailers"),
            (b"Expect", b"100-continue"),
            (b"Content-Length", b"5"),
        ]
    )["headers"]
    assert shown == {"content-length": "5"} | GENERATED


@pytest.mark.parametrize(
    ("head", "client_ip", "shown"),
    [
        ([], "192.0.2.1", ("192.0.2.1", "80")),
        ([(b"Host", b"a.example:8443")], "192.0.2.1", ("192.0.2.1", "8443")),
        ([(b"Host", b"[::1]")], "192.0.2.1", ("192.0.2.1", "80")),
        (
            [(b"X-Forwarded-For", b"10.9.9.9"), (b"X-Forwarded-Port", b"1")],
            "192.0.2.1",
            ("192.0.2.1", "80"),
        ),
        (
            [(b"X-Forwarded-For", b"203.0.113.5"), (b"X-Forwarded-Port", b"443")],
            "203.0.113.5",
            ("203.0.113.5, 192.0.2.1", "443"),
        ),
    ],
    ids=["none", "port of host", "v6 host", "forged", "trusted proxy"],
)
def test_forwarding_fields_tell_the_truth(event_of, head, client_ip, shown):
    headers = event_of(head, client_ip=client_ip)["headers"]
    assert (headers["x-forwarded-for"], headers["x-forwarded-port"]) == shown


def test_a_binary_body_is_base64(event_of):
    event = event_of([(b"Content-Type", b"image/png")], body=b"\x89PNG")
    assert (event["body"], event["isBase64Encoded"]) == ("iVBORw==", True)


wire = st.binary(max_size=40)
tokens = st.from_regex(rb"[A-Za-z0-9-]{1,10}", fullmatch=True)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    head=st.lists(st.tuples(tokens, wire), max_size=5),
    query=st.text(st.characters(max_codepoint=126, min_codepoint=33), max_size=40),
    params=st.dictionaries(st.text(max_size=5), st.text(max_size=10), max_size=3),
    body=wire,
)
def test_every_event_is_json(facts, make_request, head, query, params, body):
    request = make_request(head, query=query, params=params, body=body)
    event = json.loads(EventV2(facts).encode(request, TRACE))
    assert event["rawQueryString"] == query
    assert event.get("pathParameters", {}) == params


def test_a_client_with_a_certificate(event_of):
    shown = {"subjectDN": "CN=desk"}
    event = event_of(client_cert=SimpleNamespace(shown=shown))
    assert event["requestContext"]["authentication"] == {"clientCert": shown}
    assert "authentication" not in event_of()["requestContext"]
