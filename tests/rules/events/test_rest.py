"""The event of REST APIs: where it differs from format 1.0 of HTTP APIs."""

import json
from dataclasses import replace

import pytest

from frontdesk.rules.events.rest import RestEvent, deployment_id, resource_id
from frontdesk.rules.rest.media import BinaryTypes

TRACE = "Root=1-5759e988-bd862e3fe1be46a994272793"


@pytest.fixture
def event_of(facts, make_request):
    def build(*args, binary=(), **kwargs):
        rest = replace(facts, stage="dev")
        request = make_request(*args, **{"extended_request_id": "JKJaXmPLvHcESHA="} | kwargs)
        return json.loads(RestEvent(rest, BinaryTypes(binary)).encode(request, TRACE))

    return build


def test_its_members_are_those_of_rest_apis(event_of):
    event = event_of(raw_path="//dev//pets/6/", request_id="e4d6", params={"id": "a%2Bb"})
    assert list(event) == [
        "resource",
        "path",
        "httpMethod",
        "headers",
        "multiValueHeaders",
        "queryStringParameters",
        "multiValueQueryStringParameters",
        "requestContext",
        "pathParameters",
        "stageVariables",
        "body",
        "isBase64Encoded",
    ]
    context = event["requestContext"]
    assert context["requestId"] == "e4d6"
    assert context["extendedRequestId"] == "JKJaXmPLvHcESHA="
    assert context["path"] == "/dev//pets/6/"
    assert event["path"] == "/pets/6"
    assert event["pathParameters"] == {"id": "a%2Bb"}
    assert context["resourceId"] == resource_id("abcdefghij", "/pets/{id}")
    assert context["deploymentId"] == deployment_id("abcdefghij", "dev")
    assert "authorizer" not in context


def test_names_are_the_clients_and_connection_fields_are_left_out(event_of):
    fields = [
        (b"tEsT-HEADeR", b"aValUE"),
        (b"Content-MD5", b"x"),
        (b"Max-Forwards", b"1"),
        (b"Server", b"x"),
        (b"TE", b"trailers"),
        (b"WWW-Authenticate", b"x"),
        (b"Via", b"1.1 me"),
        (b"Content-Encoding", b"gzip"),
    ]
    headers = event_of(fields)["headers"]
    assert headers["tEsT-HEADeR"] == "aValUE"
    assert headers["Via"] == "1.1 me"
    assert headers["Content-Encoding"] == "gzip"
    assert {"Content-MD5", "Max-Forwards", "Server", "TE", "WWW-Authenticate"}.isdisjoint(headers)


@pytest.mark.parametrize(
    ("content_type", "body", "shown"),
    [
        (b"image/png; q=1", b"\xff\x00", ("/wA=", True)),
        (b"application/octet-stream", b"a\xffb", ("a\N{REPLACEMENT CHARACTER}b", False)),
        (b"image/jpeg", b"text", ("text", False)),
        (b"image/png", b"", (None, False)),
    ],
    ids=["binary", "bytes that are lost", "text", "empty"],
)
def test_a_body_is_base64_where_its_type_is_binary(event_of, content_type, body, shown):
    event = event_of([(b"Content-Type", content_type)], binary=["image/png"], body=body)
    assert (event["body"], event["isBase64Encoded"]) == shown


@pytest.mark.parametrize(
    ("known", "shown"),
    [
        (
            {"lambda": {"text": "a", "number": 1.5, "flag": True}},
            {
                "text": "a",
                "number": "1.5",
                "flag": "true",
                "principalId": "ana",
                "integrationLatency": 12,
            },
        ),
        ({"lambda": None}, {"principalId": "ana", "integrationLatency": 12}),
    ],
    ids=["context", "none"],
)
def test_what_the_authorizer_learnt(event_of, known, shown):
    event = event_of(authorizer_event=known, principal="ana", authorizer_latency=0.0121)
    assert event["requestContext"]["authorizer"] == shown


def test_claims_are_texts_as_those_of_a_user_pool(event_of):
    claims = {
        "sub": "ana",
        "cognito:groups": ["nurses", "admins"],
        "email_verified": True,
        "auth_time": 1539893343,
        "iat": 1539893343,
        "exp": 1539896943.5,
        "nbf": 1e30,
    }
    known = {"jwt": {"claims": {"sub": "ana"}, "scopes": None}}
    event = event_of(authorizer=claims, authorizer_event=known, principal="ana")
    assert event["requestContext"]["authorizer"]["claims"] == {
        "sub": "ana",
        "cognito:groups": "nurses,admins",
        "email_verified": "true",
        "auth_time": "1539893343",
        "iat": "Thu Oct 18 20:09:03 UTC 2018",
        "exp": "Thu Oct 18 21:09:03 UTC 2018",
        "nbf": "1e+30",
    }
