"""Payload format 1.0 in its HTTP API flavour, rule by rule."""

import json
from dataclasses import replace
from types import SimpleNamespace

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from frontdesk.rules.events.v1 import EventV1

TRACE = "Root=1-5759e988-bd862e3fe1be46a994272793"


@pytest.fixture
def event_of(facts, make_request):
    def build(*args, facts=facts, **kwargs):
        return json.loads(EventV1(facts).encode(make_request(*args, **kwargs), TRACE))

    return build


def test_the_whole_event_with_everything_absent(event_of):
    assert event_of() == {
        "version": "1.0",
        "resource": "/pets/{id}",
        "path": "/pets/6",
        "httpMethod": "GET",
        "headers": {
            "X-Amzn-Trace-Id": TRACE,
            "X-Forwarded-For": "192.0.2.1",
            "X-Forwarded-Port": "80",
            "X-Forwarded-Proto": "http",
        },
        "multiValueHeaders": {
            "X-Amzn-Trace-Id": [TRACE],
            "X-Forwarded-For": ["192.0.2.1"],
            "X-Forwarded-Port": ["80"],
            "X-Forwarded-Proto": ["http"],
        },
        "queryStringParameters": None,
        "multiValueQueryStringParameters": None,
        "requestContext": {
            "accountId": "123456789012",
            "apiId": "abcdefghij",
            "authorizer": {"claims": None, "scopes": None},
            "domainName": "api.clinic.example",
            "domainPrefix": "api",
            "extendedRequestId": "JKJaXmPLvHcESHA=",
            "httpMethod": "GET",
            "identity": {
                "accessKey": None,
                "accountId": None,
                "caller": None,
                "cognitoAuthenticationProvider": None,
                "cognitoAuthenticationType": None,
                "cognitoIdentityId": None,
                "cognitoIdentityPoolId": None,
                "principalOrgId": None,
                "sourceIp": "192.0.2.1",
                "user": None,
                "userAgent": None,
                "userArn": None,
            },
            "path": "/pets/6",
            "protocol": "HTTP/1.1",
            "requestId": "JKJaXmPLvHcESHA=",
            "requestTime": "04/Mar/2020:19:03:58 +0000",
            "requestTimeEpoch": 1583348638390,
            "resourceId": None,
            "resourcePath": "/pets/{id}",
            "stage": "$default",
        },
        "pathParameters": None,
        "stageVariables": None,
        "body": None,
        "isBase64Encoded": False,
    }


def test_header_names_keep_their_spelling_and_single_maps_the_last_value(event_of):
    event = event_of(
        [(b"tEsT-HEADeR", b"1"), (b"tEsT-HEADeR", b"2"), (b"Connection", b"close")],
        held=[(b"Host", b"api.clinic.example"), (b"X-Forwarded-For", b"10.9.9.9")],
    )
    assert event["headers"]["tEsT-HEADeR"] == "2"
    assert event["multiValueHeaders"]["tEsT-HEADeR"] == ["1", "2"]
    assert event["headers"]["Host"] == "api.clinic.example"
    assert event["multiValueHeaders"]["X-Forwarded-For"] == ["192.0.2.1"]
    assert "Connection" not in event["headers"]


def test_cookies_stay_a_header(event_of):
    assert event_of([(b"Cookie", b"a=1; b=2")])["headers"]["Cookie"] == "a=1; b=2"


def test_a_clients_trace_id_is_replaced_by_the_given_one(event_of):
    event = event_of([(b"x-amzn-trace-id", b"Root=1-0-0")])
    assert event["multiValueHeaders"]["X-Amzn-Trace-Id"] == [TRACE]
    assert "x-amzn-trace-id" not in event["headers"]


def test_query_maps(event_of):
    event = event_of(query="a=1&a=2&b=x+y")
    assert event["queryStringParameters"] == {"a": "2", "b": "x y"}
    assert event["multiValueQueryStringParameters"] == {"a": ["1", "2"], "b": ["x y"]}


def test_the_stage_is_in_the_context_path_only(event_of, facts):
    event = event_of(
        facts=replace(facts, stage="prod", variables={"k": "v"}),
        raw_path="/prod/pets/6",
        params={"id": "6"},
    )
    assert (event["path"], event["requestContext"]["path"]) == ("/pets/6", "/prod/pets/6")
    assert (event["stageVariables"], event["pathParameters"]) == ({"k": "v"}, {"id": "6"})


@pytest.mark.parametrize(
    ("shown", "principal", "authorizer"),
    [
        (
            {"jwt": {"claims": {"a": "b"}, "scopes": None}},
            "b",
            {"claims": {"a": "b"}, "scopes": None},
        ),
        ({"lambda": {"practice": "p1", "n": 1}}, "", {"practice": "p1", "n": 1}),
        ({"lambda": None}, "", {"claims": None, "scopes": None}),
        ({"lambda": {"practice": "p1"}}, "u1", {"practice": "p1", "principalId": "u1"}),
        ({"lambda": None}, "u1", {"principalId": "u1"}),
    ],
    ids=["jwt", "simple", "simple without context", "policy", "policy without context"],
)
def test_the_authorizers_answer(event_of, shown, principal, authorizer):
    event = event_of(authorizer_event=shown, principal=principal)
    assert event["requestContext"]["authorizer"] == authorizer


def test_a_client_with_a_certificate(event_of):
    shown = {"subjectDN": "CN=desk"}
    identity = event_of(client_cert=SimpleNamespace(shown=shown))["requestContext"]["identity"]
    assert (identity["clientCert"], identity["sourceIp"]) == (shown, "192.0.2.1")
    assert "clientCert" not in event_of()["requestContext"]["identity"]


def test_a_caller_with_an_api_key(event_of):
    event = event_of(api_key=SimpleNamespace(id="Ab12Cd34"), api_key_value=b"fd_prod_x")
    identity = event["requestContext"]["identity"]
    assert (identity["apiKeyId"], identity["apiKey"]) == ("Ab12Cd34", "fd_prod_x")


def test_a_caller_with_a_signature(event_of):
    caller = {
        "accessKey": "AKIDEXAMPLE",
        "accountId": "123456789012",
        "callerId": "AIDA1",
        "cognitoIdentity": None,
        "principalOrgId": "o-1",
        "userArn": "arn:aws:iam::123456789012:user/desk",
        "userId": "AIDA1",
    }
    context = event_of(authorizer_event={"iam": caller})["requestContext"]
    assert context["authorizer"] == {"claims": None, "scopes": None}
    assert {name: value for name, value in context["identity"].items() if value} == {
        "accessKey": "AKIDEXAMPLE",
        "accountId": "123456789012",
        "caller": "AIDA1",
        "principalOrgId": "o-1",
        "sourceIp": "192.0.2.1",
        "user": "AIDA1",
        "userArn": "arn:aws:iam::123456789012:user/desk",
    }


def test_bodies(event_of):
    assert event_of(body=b"hi")["body"] == "hi"
    event = event_of([(b"Content-Type", b"application/octet-stream")], body=b"\x00")
    assert (event["body"], event["isBase64Encoded"]) == ("AA==", True)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    head=st.lists(
        st.tuples(st.from_regex(rb"[A-Za-z0-9-]{1,10}", fullmatch=True), st.binary(max_size=40)),
        max_size=5,
    ),
    query=st.text(st.characters(max_codepoint=126, min_codepoint=33), max_size=40),
    body=st.binary(max_size=40),
)
def test_every_event_is_json(facts, make_request, head, query, body):
    event = json.loads(EventV1(facts).encode(make_request(head, query=query, body=body), TRACE))
    assert set(event["headers"]) == set(event["multiValueHeaders"])
