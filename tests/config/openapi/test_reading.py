"""What the other words of a document mean, and what is told about those that mean nothing here."""

import pytest

from frontdesk.base.errors import ConfigError
from tests.config.openapi.documents import (
    BACKEND,
    CALLS_F,
    MOCK,
    OF_ROUTE,
    VALIDATORS,
    api_of,
    document,
    faults,
    load_document,
    one,
    operation,
    said,
)

# -- what requests must have --------------------------------------------------------------------

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
    arn = "arn:${AWS::Partition}:execute-api:${AWS::Region}:${AWS::AccountId}:*/prod/GET/"
    content = document({}, policy={**POLICY, "Statement": [{**STATEMENT, "Resource": arn}]})
    api = api_of(tmp_path, content, around={"account": "123456789012", "region": "eu-north-1"})
    expected = "arn:aws:execute-api:eu-north-1:123456789012:*/prod/GET/"
    assert api.policy["Statement"][0]["Resource"] == expected


def test_what_a_policy_says_of_a_name_that_nobody_gives_is_refused(tmp_path):
    arn = "arn:aws:execute-api:us-east-1:123456789012:*/${AWS::Nothing}"
    content = document({}, policy={**POLICY, "Statement": [{**STATEMENT, "Resource": arn}]})
    with pytest.raises(ConfigError) as caught:
        api_of(tmp_path, content)
    (finding,) = caught.value.findings
    assert "apis.a.policy" in str(finding)


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
