"""What the words of a document mean, and what is told about those that mean nothing here."""

import json

import pytest

from frontdesk.base.errors import ConfigError
from frontdesk.config.load import load
from tests.config.openapi.documents import (
    AUTHORIZER,
    CALLS_F,
    FUNCTION,
    INTEGRATION,
    MOCK,
    URI,
    document,
    faults,
    load_document,
    operation,
)

BACKEND = {
    "type": "http",
    "httpMethod": "GET",
    "uri": "http://127.0.0.1:9/${stageVariables.v}/{id}",
}
OF_ROUTE = {"payloadFormatVersion": "1.0"}


def api_of(folder, content, **more):
    return load_document(folder, content, **more).config.apis["a"]


def one(folder, integration, word="get", path="/x/{id}", **words):
    """Load one operation, and give its model."""
    content = document({path: {word: operation(integration, **words)}})
    (only,) = [model for _, _, model in api_of(folder, content).operations()]
    return only


def said(model):
    """Give what a model says, without what it leaves as it is."""
    return model.model_dump(exclude_defaults=True, by_alias=True)


# -- integrations -------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("integration", "expected"),
    [
        (MOCK, {"type": "mock"}),
        ({"type": "MOCK"}, {"type": "mock"}),
        (CALLS_F, {"type": "aws_proxy", "function": "f"}),
        ({**CALLS_F, "type": "AWS"}, {"type": "aws", "function": "f"}),
        (
            {"type": "aws", "uri": URI.format(f"{FUNCTION}f:live")},
            {"type": "aws", "function": "f:live"},
        ),
        ({"type": "aws", "uri": f"{FUNCTION}f"}, {"type": "aws", "function": "f"}),
        (
            {"type": "aws", "uri": {"Fn::Sub": URI.format("${f.Arn}")}},
            {"type": "aws", "function": "f"},
        ),
        (BACKEND, {"type": "http", "method": "GET", "uri": "http://127.0.0.1:9/${stage.v}/{id}"}),
        (
            {**BACKEND, "httpMethod": "ANY", "type": "http_proxy"},
            {"type": "http_proxy", "uri": "http://127.0.0.1:9/${stage.v}/{id}"},
        ),
        (
            {**BACKEND, "connectionType": "INTERNET", "httpMethod": "ANY"},
            {"type": "http", "uri": "http://127.0.0.1:9/${stage.v}/{id}"},
        ),
        (
            {**BACKEND, "connectionType": "VPC_LINK", "connectionId": "u"},
            {"type": "http", "method": "GET", "upstream": "u", "path": "/${stage.v}/{id}"},
        ),
        (
            {"type": "http", "uri": "http://u", "connectionType": "VPC_LINK", "connectionId": "u"},
            {"type": "http", "upstream": "u"},
        ),
        (
            {
                **MOCK,
                "passthroughBehavior": "NEVER",
                "contentHandling": "CONVERT_TO_TEXT",
                "requestParameters": {"integration.request.header.X": "'y'"},
                "requestTemplates": {"application/json": '{"statusCode": 200}'},
                "responses": {
                    "default": {"statusCode": "200"},
                    "4\\d\\d": {
                        "statusCode": 404,
                        "responseParameters": {"method.response.header.X": "'y'"},
                        "responseTemplates": {"text/plain": "no"},
                        "contentHandling": "CONVERT_TO_BINARY",
                    },
                },
            },
            {
                "type": "mock",
                "passthrough": "never",
                "content_handling": "convert_to_text",
                "request_parameters": {"integration.request.header.X": "'y'"},
                "request_templates": {"application/json": '{"statusCode": 200}'},
                "responses": {
                    "default": {},
                    "4\\d\\d": {
                        "status": 404,
                        "parameters": {"method.response.header.X": "'y'"},
                        "templates": {"text/plain": "no"},
                        "content_handling": "convert_to_binary",
                    },
                },
            },
        ),
    ],
    ids=lambda value: str(value)[:40],
)
def test_an_integration_of_a_method(tmp_path, integration, expected):
    assert said(one(tmp_path, integration).integration) == expected


@pytest.mark.parametrize(
    ("integration", "expected"),
    [
        ({**CALLS_F, **OF_ROUTE}, {"function": "f", "payload": "1.0"}),
        ({**CALLS_F, "payloadFormatVersion": "2.0"}, {"function": "f"}),
        (
            {**CALLS_F, **OF_ROUTE, "timeoutInMillis": 1500},
            {"function": "f", "payload": "1.0", "timeout": 1.5},
        ),
        (
            {
                **OF_ROUTE,
                "type": "aws_proxy",
                "uri": URI.replace("/invocations", "/response-streaming-invocations").format(
                    f"{FUNCTION}f"
                ),
            },
            {"function": "f", "payload": "1.0", "invoke_mode": "response_stream"},
        ),
        (
            {**OF_ROUTE, "type": "HTTP_PROXY", "uri": "http://127.0.0.1:9/{id}"},
            {"http": {"url": "http://127.0.0.1:9/{id}"}},
        ),
        (
            {
                **OF_ROUTE,
                "type": "http_proxy",
                "httpMethod": "PUT",
                "connectionType": "VPC_LINK",
                "connectionId": "u",
                "uri": "arn:aws:elasticloadbalancing:eu-central-1:1:listener/x",
            },
            {"http": {"upstream": "u", "method": "PUT"}},
        ),
        (
            {
                **OF_ROUTE,
                "type": "http_proxy",
                "uri": "http://127.0.0.1:9",
                "requestParameters": {
                    "append:header.A": "$request.header.b",
                    "overwrite:header.B": "c",
                    "remove:header.C": "''",
                    "remove:header.D": "''",
                    "overwrite:querystring.e": "${request.path.id}-f",
                    "overwrite:path": "/g",
                },
                "responseParameters": {
                    "404": {"overwrite:statuscode": "410", "append:header.A": "b"},
                    "500": {"remove:header.Server": "''"},
                },
            },
            {
                "http": {"url": "http://127.0.0.1:9"},
                "request": {
                    "headers": {
                        "append": {"A": "$request.header.b"},
                        "set": {"B": "c"},
                        "remove": ("C", "D"),
                    },
                    "query": {"set": {"e": "${request.path.id}-f"}},
                    "path": "/g",
                },
                "response": {
                    "status": {
                        404: {"status": 410, "headers": {"append": {"A": "b"}}},
                        500: {"headers": {"remove": ("Server",)}},
                    }
                },
            },
        ),
    ],
    ids=lambda value: str(value)[:40],
)
def test_an_integration_of_a_route(tmp_path, integration, expected):
    assert said(one(tmp_path, integration)) == expected


def test_an_integration_may_be_a_reference(tmp_path):
    integrations = {"x-amazon-apigateway-integrations": {"f": {**CALLS_F, **OF_ROUTE}}}
    reference = {"$ref": "#/components/x-amazon-apigateway-integrations/f"}
    content = document({"/": {"get": operation(reference)}}, components=integrations)
    assert api_of(tmp_path, content).routes["GET /"].function == "f"


@pytest.mark.parametrize(
    ("path", "word", "words", "key"),
    [
        ("/x", "x-amazon-apigateway-any-method", {}, "ANY /x"),
        ("/$default", "x-amazon-apigateway-any-method", {"isDefaultRoute": True}, "$default"),
        ("/x/{p+}", "delete", {}, "DELETE /x/{p+}"),
    ],
)
def test_a_route_key(tmp_path, path, word, words, key):
    content = document({path: {word: operation({**CALLS_F, **OF_ROUTE}, **words)}})
    assert list(api_of(tmp_path, content).routes) == [key]


@pytest.mark.parametrize(
    ("integration", "told"),
    [
        (None, "expected an operation with an integration"),
        ({"type": "aws", "uri": "arn:aws:apigateway:x:sqs:path/1/q"}, "expected the ARN of a fun"),
        ({"type": "aws_proxy"}, "expected the ARN of a function"),
        (
            {"type": "aws", "uri": URI.format(FUNCTION + "${stageVariables.f}")},
            "expected the ARN of a function",
        ),
        ({"type": "soap"}, 'expected aws, aws_proxy, http, http_proxy or mock, got "soap"'),
        ({"type": "http"}, "expected uri or upstream with type: http"),
        ({**MOCK, **OF_ROUTE}, 'expected aws_proxy or http_proxy, got "mock"'),
        (
            {**OF_ROUTE, "type": "aws_proxy", "integrationSubtype": "SQS-SendMessage"},
            'expected an integration with a function or HTTP, got "SQS-SendMessage"',
        ),
        (
            {
                **BACKEND,
                **OF_ROUTE,
                "type": "http_proxy",
                "requestParameters": {"set:header.A": "b"},
            },
            'expected a parameter mapping, got "set:header.A"',
        ),
        ({**CALLS_F, "uri": URI.format(f"{FUNCTION}ff")}, "did you mean f?"),
        ({**BACKEND, "timeoutInMillis": 1}, "expected a duration from 50ms to 30s"),
    ],
    ids=lambda value: str(value)[:50],
)
def test_an_integration_that_cannot_answer_is_an_error_unless_the_file_has_the_operation(
    tmp_path, integration, told
):
    entry = {"responses": {}} | ({INTEGRATION: integration} if integration else {})
    content = document({"/x/{id}": {"get": entry}})
    (finding,) = faults(tmp_path, content)
    assert told in finding
    assert finding.startswith(f"{tmp_path}/api.json:1:")
    answer = (
        {"mock": {}} if "payloadFormatVersion" in (integration or {}) else {"integration": MOCK}
    )
    routes = (
        {"routes": {"GET /x/{other}": answer}}
        if "mock" in answer
        else {"resources": {"/x/{id}": {"GET": answer}}}
    )
    assert faults(tmp_path, content, **routes) == []


# -- who may call -------------------------------------------------------------------------------

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


# -- what requests must have --------------------------------------------------------------------

VALIDATORS = {
    "all": {"validateRequestBody": True, "validateRequestParameters": True},
    "body": {"validateRequestBody": True},
    "parameters": {"validateRequestParameters": True, "validateRequestBody": False},
    "nothing": {},
}
PARAMETERS = [
    {"name": "id", "in": "path", "required": True},
    {"name": "region", "in": "query", "required": True},
    {"name": "X-More", "in": "header"},
]
BODY = {"content": {"application/json": {"schema": {"$ref": "#/components/schemas/Pet"}}}}
NEEDS = {"query": {"region": "required"}, "headers": {"X-More": "optional"}}


@pytest.mark.parametrize(
    ("root", "own", "expected"),
    [
        (None, None, None),
        (None, "nothing", None),
        (None, "parameters", NEEDS),
        (None, "body", {"body": {"application/json": "Pet"}}),
        ("all", None, {**NEEDS, "body": {"application/json": "Pet"}}),
        ("all", "parameters", NEEDS),
    ],
)
def test_a_validator_judges_what_it_says(tmp_path, root, own, expected):
    words = {"request_validator": own} if own else {}
    top = {"request_validator": root} if root else {}
    method = operation(requestBody=BODY, parameters=PARAMETERS[1:], **words)
    content = document(
        {
            "/x/{id}": {
                "parameters": [PARAMETERS[0], {**PARAMETERS[1], "required": False}],
                "get": method,
            }
        },
        components={"schemas": {"Pet": {"type": "object"}}},
        request_validators=VALIDATORS,
        **top,
    )
    api = api_of(tmp_path, content)
    validation = api.resources["/x/{id}"]["GET"].validation
    assert (validation and said(validation)) == expected
    assert api.models["Pet"].document == {"type": "object"}


def test_an_unknown_validator_is_an_error(tmp_path):
    content = document({"/": {"get": operation(request_validator="some")}})
    (finding,) = faults(tmp_path, content)
    assert 'expected the name of a request validator, got "some"' in finding


def test_a_body_of_version_2_and_the_answers_of_a_method(tmp_path):
    pet = {"$ref": "#/definitions/Pet"}
    body = {"name": "b", "in": "body", "required": True, "schema": pet}
    method = operation(parameters=[body], request_validator="body")
    method["responses"] = {
        "200": {"description": "ok", "schema": pet, "headers": {"X-A": {"type": "string"}}},
        "default": {"description": "else"},
    }
    content = document(
        {"/": {"post": method}},
        version="2.0",
        definitions={"Pet": {"type": "object"}},
        request_validators=VALIDATORS,
    )
    model = api_of(tmp_path, content).resources["/"]["POST"]
    assert model.validation.body == {"application/json": "Pet"}
    (answer,) = model.responses.items()
    assert (answer[0], said(answer[1])) == (
        200,
        {"headers": ("X-A",), "models": {"application/json": "Pet"}},
    )


# -- words at the top ---------------------------------------------------------------------------

STATEMENT = {
    "Effect": "Allow",
    "Principal": "*",
    "Action": "execute-api:Invoke",
    "Resource": "execute-api:/*",
}
POLICY = {"Version": "2012-10-17", "Statement": [STATEMENT]}


@pytest.mark.parametrize(
    ("words", "key", "expected"),
    [
        ({"minimum_compression_size": 10}, "compression", {"minimum_size": 10}),
        ({"binary_media_types": ["image/png"]}, "binary_media_types", ("image/png",)),
        ({"policy": POLICY}, "policy", POLICY),
        ({"api_key_source": "AUTHORIZER"}, "api_key_source", "authorizer"),
        (
            {
                "cors": {
                    "allowOrigins": ["https://a.example"],
                    "allowMethods": ["GET"],
                    "allowHeaders": ["X-A"],
                    "exposeHeaders": ["X-B"],
                    "maxAge": 60,
                    "allowCredentials": True,
                }
            },
            "cors",
            {
                "allow_origins": ("https://a.example",),
                "allow_methods": ("GET",),
                "allow_headers": ("X-A",),
                "expose_headers": ("X-B",),
                "max_age": 60.0,
                "allow_credentials": True,
            },
        ),
        (
            {
                "gateway_responses": {
                    "DEFAULT_4XX": {
                        "statusCode": "418",
                        "responseParameters": {"gatewayresponse.header.X-A": "'b'"},
                        "responseTemplates": {"text/plain": "no"},
                    }
                }
            },
            "gateway_responses",
            {
                "DEFAULT_4XX": {
                    "status": 418,
                    "headers": {"X-A": "'b'"},
                    "templates": {"text/plain": "no"},
                }
            },
        ),
    ],
    ids=lambda value: str(value)[:30],
)
def test_a_word_at_the_top(tmp_path, words, key, expected):
    integration = {**CALLS_F, **OF_ROUTE} if "cors" in words else MOCK
    api = api_of(tmp_path, document({"/": {"get": operation(integration)}}, **words))
    assert api.model_dump(exclude_defaults=True)[key] == expected


@pytest.mark.parametrize(
    ("content", "declared", "expected"),
    [
        (document({"/": {"get": operation()}}), {}, "rest"),
        (document({"/": {"get": operation({**CALLS_F, **OF_ROUTE})}}), {}, "http"),
        (document({}, cors={"allowOrigins": ["*"]}), {}, "http"),
        (document({}), {"routes": {"GET /": {"mock": {}}}}, "http"),
        (document({}), {"type": "http"}, "http"),
        (document({"/": {"get": operation(CALLS_F)}}), {"type": "http"}, "http"),
        (document({"/": {"get": operation({**CALLS_F, **OF_ROUTE})}}), {"type": "rest"}, "rest"),
    ],
)
def test_the_type_of_an_api(tmp_path, content, declared, expected):
    assert api_of(tmp_path, content, **declared).type == expected


@pytest.mark.parametrize(
    ("servers", "mode", "path"),
    [
        ([{"url": "https://x.example/a/b"}], "ignore", "/e"),
        ([{"url": "https://x.example/a/b"}], "prepend", "/a/b/e"),
        ([{"url": "https://x.example/a/b"}], "split", "/b/e"),
        ([{"url": "/a/b"}], "prepend", "/a/b/e"),
        ([{"url": "https://x.example"}], "prepend", "/e"),
        ([{"url": "/{basePath}", "variables": {"basePath": {"default": "v"}}}], "prepend", "/v/e"),
        ([], "prepend", "/e"),
    ],
)
def test_the_base_path_of_a_document(tmp_path, servers, mode, path):
    content = document({"/e": {"get": operation()}}, servers=servers)
    setting = {"file": "api.json", "base_path": mode}
    assert list(api_of(tmp_path, content, openapi=setting).resources) == [path]


# -- files --------------------------------------------------------------------------------------


def test_references_lead_to_files_beside_it_and_may_go_round(tmp_path):
    (tmp_path / "more").mkdir()
    pet = {
        "type": "object",
        "properties": {"child": {"$ref": "#/Pet"}, "a~b/c": {"$ref": "#/a~0b~1c"}},
    }
    (tmp_path / "more" / "pets.yaml").write_text(
        json.dumps(
            {
                "Pet": pet,
                "a~b/c": {"type": "string", "nullable": True},
                "item": {"get": operation()},
            }
        )
    )
    body = {"content": {"application/json": {"schema": {"$ref": "more/pets.yaml#/Pet"}}}}
    content = document(
        {
            "/": {"post": operation(requestBody=body, request_validator="body")},
            "/more": {"$ref": "more/pets.yaml#/item"},
        },
        request_validators=VALIDATORS,
    )
    loaded = load_document(tmp_path, content)
    api = loaded.config.apis["a"]
    model = "https://apigateway.amazonaws.com/restapis/local/models/"
    assert api.resources["/"]["POST"].validation.body == {"application/json": "Pet"}
    assert api.models["Pet"].document["properties"] == {
        "child": {"$ref": f"{model}Pet"},
        "a~b/c": {"$ref": f"{model}a0b1c"},
    }
    assert api.models["a0b1c"].document == {"type": ["string", "null"]}
    assert list(api.resources) == ["/", "/more"]
    assert [path.name for path in loaded.sources] == ["frontdesk.yaml", "api.json", "pets.yaml"]
    again = load(loaded.paths, {}, loaded.sources.__getitem__)
    assert again.config == loaded.config


@pytest.mark.parametrize(
    ("reference", "told"),
    [
        ("https://x.example/a.yaml#/b", "expected a reference to a local file"),
        ("//x.example/a.yaml", "expected a reference to a local file"),
        ("nothing.yaml#/b", "cannot read the file"),
        ("#/nothing", "expected a reference to something that there is"),
        ("#/components/round", "expected a reference that ends somewhere"),
        ("broken.yaml#/b", "did not find expected"),
    ],
)
def test_a_reference_that_leads_nowhere_is_an_error(tmp_path, reference, told):
    (tmp_path / "broken.yaml").write_text("a: [")
    content = document(
        {"/": {"get": operation({"$ref": reference})}},
        components={"round": {"$ref": "#/components/back"}, "back": {"$ref": "#/components/round"}},
    )
    found = faults(tmp_path, content)
    assert any(told in finding for finding in found)


@pytest.mark.parametrize(
    ("content", "told"),
    [
        ({"paths": {}}, "expected an OpenAPI document"),
        (
            {"openapi": "4.0.0", "paths": {}},
            'expected version 2.0, 3.0 or 3.1 of OpenAPI, got "4.0.0"',
        ),
        ([], "expected a mapping at the top of the file"),
    ],
)
def test_what_is_no_document_is_an_error(tmp_path, content, told):
    assert any(told in finding for finding in faults(tmp_path, content))


def test_a_document_that_is_not_there_is_an_error_where_it_is_named(tmp_path):
    (finding,) = faults(tmp_path, document({}), openapi="other.json")
    assert finding.startswith(f"{tmp_path}/frontdesk.yaml:1:")
    assert "cannot read the file" in finding


def test_a_fault_is_told_at_its_own_line(tmp_path):
    (tmp_path / "api.yaml").write_text(
        "openapi: 3.0.1\npaths:\n  /x:\n    get:\n      x-amazon-apigateway-integration:\n"
        "        type: http\n        uri: nonsense\n"
    )
    (finding,) = faults(tmp_path, {}, openapi="api.yaml")
    assert finding.startswith(
        f"{tmp_path}/api.yaml:7:14: error: apis.a.resources./x.GET.integration"
    )


def test_a_duplicate_key_of_a_document_is_an_error(tmp_path):
    (tmp_path / "api.yaml").write_text("openapi: 3.0.1\npaths: {}\npaths: {}\n")
    assert "duplicate key: paths" in faults(tmp_path, {}, openapi="api.yaml")[0]


# -- our own words, and those that mean nothing here --------------------------------------------


def test_our_words_stand_beside_those_of_aws_and_win(tmp_path):
    method = {
        **operation({**BACKEND, "timeoutInMillis": 5000}),
        "x-frontdesk-operation": {
            "throttle": "5/s",
            "timeout": "1s",
            "integration": {"uri": "${env:URL}/x"},
        },
    }
    content = {
        **document({"/x/{id}": {"get": method}}),
        "x-frontdesk-api": {"stage": {"name": "prod"}, "throttle": "50/s"},
    }
    api = api_of(tmp_path, content)
    model = api.resources["/x/{id}"]["GET"]
    assert (model.timeout, str(model.throttle[0].rate)) == (1.0, "5/s")
    assert model.integration.uri == "http://127.0.0.1:1/x"
    assert model.integration.method == "GET"
    assert (list(api.stages), str(api.throttle.rate)) == (["prod"], "50/s")


def test_texts_of_a_document_are_data_unless_they_are_our_own(tmp_path):
    parameters = {"integration.request.header.X": "'$${env:URL} ${env:NOTHING}'"}
    model = one(tmp_path, {**MOCK, "requestParameters": parameters})
    assert model.integration.request_parameters == parameters


def test_an_account_and_a_region_are_those_of_the_file(tmp_path):
    arn = "arn:${AWS::Partition}:execute-api:${AWS::Region}:${AWS::AccountId}:*/${AWS::Nothing}"
    content = document({}, policy={**POLICY, "Statement": [{**STATEMENT, "Resource": arn}]})
    api = api_of(tmp_path, content, around={"account": "123456789012", "region": "eu-north-1"})
    expected = "arn:aws:execute-api:eu-north-1:123456789012:*/${AWS::Nothing}"
    assert api.policy["Statement"][0]["Resource"] == expected


def test_a_word_of_one_operation_does_not_reach_another_that_shares_its_integration(tmp_path):
    reference = {"$ref": "#/components/shared"}
    first = {
        **operation(reference),
        "x-frontdesk-operation": {"integration": {"request_templates": {"text/plain": "x"}}},
    }
    content = document(
        {"/": {"get": first, "put": operation(reference)}},
        components={"shared": {**MOCK, "requestTemplates": {"application/json": "{}"}}},
    )
    methods = api_of(tmp_path, content).resources["/"]
    assert set(methods["GET"].integration.request_templates) == {"application/json", "text/plain"}
    assert set(methods["PUT"].integration.request_templates) == {"application/json"}


def test_the_file_wins_and_is_told_so(tmp_path):
    content = document(
        {"/x/{id}": {"get": operation(), "put": operation()}},
        components={"schemas": {"A": {"type": "string"}, "B": {}}},
        binary_media_types=["image/png"],
    )
    loaded = load_document(
        tmp_path,
        content,
        binary_media_types=["image/gif"],
        models={"A": {"schema": {"type": "number"}}},
        resources={"/x/{id}": {"GET": {"integration": {**MOCK, "passthrough": "never"}}}},
    )
    api = loaded.config.apis["a"]
    assert api.binary_media_types == ("image/gif",)
    assert [model.document for model in api.models.values()] == [{"type": "number"}, {}]
    assert [key for _, key, _ in api.operations()] == ["GET /x/{id}", "PUT /x/{id}"]
    told = [(note.lint, note.message) for note in loaded.notes]
    assert sorted(told) == [
        ("openapi-overridden", "the file's own A wins"),
        ("openapi-overridden", "the file's own GET /x/{id} wins"),
        ("openapi-overridden", "the file's own binary_media_types wins"),
    ]


@pytest.mark.parametrize(
    ("paths", "words", "told"),
    [
        ({"/": {"get": operation({**MOCK, "credentials": "arn"})}}, {}, "credentials of an"),
        ({"/": {"get": operation({**MOCK, "cacheKeyParameters": []})}}, {}, "cacheKeyParameters"),
        ({"/": {"get": operation({**MOCK, "tlsConfig": {}})}}, {}, "tlsConfig"),
        ({"/": {"get": operation({**MOCK, "unheard": 1})}}, {}, "unheard"),
        (
            {"/": {"get": operation({**MOCK, "responses": {"default": {"x": 1}}})}},
            {},
            "x of an integration's response",
        ),
        ({"/": {"get": operation(unheard=1)}}, {}, "x-amazon-apigateway-unheard of an operation"),
        ({"/": {"trace": operation()}}, {}, "TRACE"),
        ({}, {"endpoint_configuration": {}}, "x-amazon-apigateway-endpoint-configuration"),
        (
            {},
            {"servers": [{"url": "/", "x-amazon-apigateway-endpoint-configuration": {}}]},
            "x-amazon-apigateway-endpoint-configuration",
        ),
        ({}, {"security_policy": "TLS_1_2"}, "x-amazon-apigateway-security-policy"),
        ({}, {"gateway_responses": {"THROTTLED": {"x": 1}}}, "x of a gateway response"),
        (
            {
                "/": {
                    "get": operation(
                        {**CALLS_F, **OF_ROUTE, "requestParameters": {"overwrite:path": "/"}}
                    )
                }
            },
            {},
            "requestParameters of an integration",
        ),
    ],
    ids=lambda value: str(value)[:40],
)
def test_what_acts_at_aws_alone_is_told(tmp_path, paths, words, told):
    (note,) = load_document(tmp_path, document(paths, **words)).notes
    assert note.lint == "openapi-not-carried"
    assert told in note.message
    assert note.where.file == str(tmp_path / "api.json")


def test_what_only_describes_is_not_told(tmp_path):
    method = {**operation(), "summary": "s", "description": "d", "operationId": "o", "tags": ["t"]}
    content = document(
        {"/": {"get": method, "description": "d", "x-mine": 1}},
        tags=[{"name": "t"}],
        importexport_version="1.0",
        documentation={"version": "1", "documentationParts": []},
    )
    assert load_document(tmp_path, content).notes == ()
