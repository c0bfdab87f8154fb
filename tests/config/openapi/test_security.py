"""Which authorizer a security scheme is, and what an operation asks of its callers."""

import json

import pytest

from frontdesk.base.errors import ConfigError
from frontdesk.config.load import load
from tests.config.openapi.documents import (
    AUTHORIZER,
    CALLS_F,
    FUNCTION,
    OF_ROUTE,
    URI,
    api_of,
    document,
    faults,
    load_document,
    operation,
    said,
)

TOKEN = {"type": "apiKey", "name": "X-Token", "in": "header"}
JWT = {"issuer": "https://i.example", "audience": ["a"]}
POOL = "arn:aws:cognito-idp:eu-central-1:123456789012:userpool/eu-central-1_x"


@pytest.mark.parametrize(
    ("authorizer", "expected"),
    [
        (
            {
                "type": "token",
                "authorizerUri": URI.format(f"{FUNCTION}f"),
                "identityValidationExpression": "[a-z]+",
            },
            {
                "function": "f",
                "form": "token",
                "identity": ("$request.header.X-Token",),
                "pattern": "[a-z]+",
            },
        ),
        (
            {
                "type": "request",
                "authorizerUri": f"{FUNCTION}f:live",
                "authorizerResultTtlInSeconds": 0,
                "identitySource": "method.request.header.A, method.request.querystring.b,context.stage",
            },
            {
                "function": "f:live",
                "form": "iam",
                "payload": "1.0",
                "identity": ("$request.header.A", "$request.querystring.b", "$context.stage"),
                "cache": 0.0,
            },
        ),
        (
            {
                "type": "request",
                "authorizerUri": f"{FUNCTION}f",
                "authorizerPayloadFormatVersion": "2.0",
                "enableSimpleResponses": True,
                "identitySource": ["$request.header.A"],
            },
            {"function": "f", "identity": ("$request.header.A",)},
        ),
        (
            {"type": "jwt", "jwtConfiguration": JWT, "identitySource": "$request.querystring.t"},
            {
                "issuer": "https://i.example",
                "audience": ("a",),
                "identity": ("$request.querystring.t",),
            },
        ),
        (
            {"type": "cognito_user_pools", "providerARNs": [POOL]},
            {
                "issuer": "https://cognito-idp.eu-central-1.amazonaws.com/eu-central-1_x",
                "audience": None,
            },
        ),
    ],
    ids=lambda value: value.get("type", ""),
)
def test_an_authorizer(tmp_path, authorizer, expected):
    schemes = {"my scheme": {**TOKEN, AUTHORIZER: authorizer}}
    content = document(
        {"/": {"get": operation(security=[{"my scheme": []}])}},
        components={"securitySchemes": schemes},
    )
    config = load_document(tmp_path, content).config
    assert config.apis["a"].resources["/"]["GET"].authorizer == "my-scheme"
    entry = said(config.authorizers["my-scheme"])
    del entry["type"]
    assert entry == expected


def test_an_authorizer_of_an_http_api_caches_nothing_unless_asked(tmp_path):
    scheme = {**TOKEN, AUTHORIZER: {"type": "request", "authorizerUri": f"{FUNCTION}f"}}
    content = document(
        {"/": {"get": operation({**CALLS_F, **OF_ROUTE}, security=[{"s": []}])}},
        components={"securitySchemes": {"s": scheme}},
    )
    authorizer = load_document(tmp_path, content).config.authorizers["s"]
    assert (authorizer.cache, authorizer.identity) == (0, ())


SCHEMES = {
    "keys": {"type": "apiKey", "name": "X-API-Key", "in": "header"},
    "signed": {
        "type": "apiKey",
        "name": "Authorization",
        "in": "header",
        "x-amazon-apigateway-authtype": "awsSigv4",
    },
    "users": {"type": "openIdConnect", AUTHORIZER: {"type": "jwt", "jwtConfiguration": JWT}},
    "staff": {"type": "oauth2"},
}
ENTRIES = {
    "iam": {
        "type": "iam",
        "credentials": {"AKIDEXAMPLE": {"secret": "${env:KEY}", "principal": "p"}},
    },
    "staff": {"type": "jwt", "issuer": "https://s.example", "audience": "b"},
}


@pytest.mark.parametrize(
    ("root", "words", "expected"),
    [
        (None, {}, {}),
        (
            None,
            {"security": [{"users": ["a", "b"]}]},
            {"authorizer": "users", "scopes": ("a", "b")},
        ),
        (None, {"security": [{"keys": []}]}, {"api_key": True}),
        (
            None,
            {"security": [{"users": []}, {"keys": []}]},
            {"authorizer": "users", "api_key": True},
        ),
        (None, {"security": [{"users": [], "keys": []}]}, {"authorizer": "users", "api_key": True}),
        (None, {"security": [{"signed": []}]}, {"authorizer": "iam"}),
        (None, {"auth": {"type": "AWS_IAM"}}, {"authorizer": "iam"}),
        (None, {"security": [{"staff": []}]}, {"authorizer": "staff"}),
        ([{"users": []}], {}, {}),
        ([{"users": []}], {"security": []}, {"authorizer": "none"}),
        ([{"users": []}], {"auth": {"type": "NONE"}}, {"authorizer": "none"}),
        ([{"users": ["a"]}], {}, {"scopes": ("a",)}),
        ([{"users": ["a"]}], {"security": [{"users": ["b"]}]}, {"scopes": ("b",)}),
        ([{"users": []}], {"security": [{"staff": []}]}, {"authorizer": "staff"}),
        ([{"keys": []}], {}, {"api_key": True}),
        ([{"keys": []}], {"security": []}, {}),
    ],
)
def test_what_an_operation_asks_of_its_callers(tmp_path, root, words, expected):
    top = {} if root is None else {"security": root}
    content = document(
        {"/": {"get": operation(**words)}}, components={"securitySchemes": SCHEMES}, **top
    )
    api = api_of(tmp_path, content, around={"authorizers": ENTRIES})
    method = said(api.resources["/"]["GET"])
    del method["integration"]
    assert method == expected
    assert api.authorizer == ("users" if root and "users" in root[0] else None)


@pytest.mark.parametrize(
    ("words", "told"),
    [
        ({"security": [{"nobody": []}]}, "expected the name of a security scheme"),
        ({"security": [{"users": []}, {"signed": []}]}, "expected one authorizer"),
        ({"security": [{"staff": []}]}, "expected a scheme that says who authorizes"),
        ({"auth": {"type": "AWS_IAM"}}, "expected one entry of authorizers of type iam"),
    ],
)
def test_security_that_nothing_here_can_keep_is_an_error(tmp_path, words, told):
    content = document({"/": {"get": operation(**words)}}, components={"securitySchemes": SCHEMES})
    entries = {} if "staff" in str(words) or "auth" in words else {"iam": ENTRIES["iam"]}
    found = faults(tmp_path, content, around={"authorizers": entries})
    assert any(told in finding for finding in found)


@pytest.mark.parametrize(
    ("authorizer", "told"),
    [
        ({"type": "magic"}, "expected one of cognito_user_pools, jwt, request, token"),
        ({"type": "token", "authorizerUri": "http://x"}, "expected the ARN of a function"),
        ({"type": "cognito_user_pools", "providerARNs": [POOL, POOL]}, "expected the ARN of one"),
        ({"type": "jwt", "jwtConfiguration": {"issuer": "https://x"}}, "missing key: audience"),
    ],
)
def test_an_authorizer_that_cannot_judge_is_an_error(tmp_path, authorizer, told):
    content = document(
        {"/": {"get": operation(security=[{"s": []}])}},
        components={"securitySchemes": {"s": {**TOKEN, AUTHORIZER: authorizer}}},
    )
    assert told in faults(tmp_path, content)[0]


def test_two_documents_may_share_an_authorizer_but_not_its_name_alone(tmp_path):
    paths = {}
    for name, issuer in (("one", "https://i"), ("two", "https://i"), ("three", "https://o")):
        scheme = {
            **TOKEN,
            AUTHORIZER: {"type": "jwt", "jwtConfiguration": {"issuer": issuer, "audience": "a"}},
        }
        content = document(
            {"/": {"get": operation(security=[{"s": []}])}},
            components={"securitySchemes": {"s": scheme}},
        )
        (tmp_path / f"{name}.json").write_text(json.dumps(content))
        paths[name] = {"openapi": f"{name}.json", "base_path": f"/{name}"}
    path = tmp_path / "frontdesk.yaml"
    path.write_text(
        json.dumps({"name": "x", "apis": {name: paths[name] for name in ("one", "two")}})
    )
    assert list(load([path], {}).config.authorizers) == ["s"]
    path.write_text(json.dumps({"name": "x", "apis": paths}))
    with pytest.raises(ConfigError, match="another document has made this authorizer"):
        load([path], {})
