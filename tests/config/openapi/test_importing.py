"""A document in our own keys is the same API, and what it takes and lacks is listed."""

import json

import pytest

from frontdesk.base.errors import ConfigError
from frontdesk.config.load import load
from frontdesk.config.openapi.importing import import_document
from frontdesk.config.yaml_text import write_yaml
from tests.config.openapi.documents import (
    AUTHORIZER,
    CALLS_F,
    FUNCTION,
    document,
    load_document,
    operation,
)

SCHEME = {
    "type": "apiKey",
    "name": "X-Token",
    "in": "header",
    AUTHORIZER: {"type": "token", "authorizerUri": f"{FUNCTION}f"},
}


@pytest.fixture
def imported(tmp_path):
    def import_it(content, name="a"):
        path = tmp_path / "api.json"
        path.write_text(json.dumps(content))
        return import_document(path, name)

    return import_it


def test_it_is_the_api_that_the_document_is(imported, tmp_path):
    content = document(
        {"/x/{id}": {"get": operation(CALLS_F, security=[{"s": []}]), "put": operation()}},
        components={"securitySchemes": {"s": SCHEME}, "schemas": {"Pet": {"type": "object"}}},
        binary_media_types=["image/png"],
    )
    served = load_document(tmp_path, content).config
    path = tmp_path / "own.yaml"
    path.write_text(write_yaml(imported(content).content) + "functions: {f: {handler: m.f}}\n")
    own = load([path], {}).config
    assert own.apis["a"] == served.apis["a"].model_copy(update={"openapi": None})
    assert own.authorizers == served.authorizers


def test_what_it_lacks_and_leaves_is_listed_with_its_line(imported, tmp_path):
    method = {**operation({**CALLS_F, "credentials": "arn"}), "summary": "s", "description": "d"}
    content = document({"/": {"get": method, "put": {"responses": {}}}})
    content["info"]["description"] = "d"
    told = {finding.id: finding for finding in imported(content).findings}
    assert {name: finding.severity for name, finding in told.items()} == {
        "openapi": "error",
        "openapi-description": "warning",
        "openapi-not-carried": "warning",
        "unknown-name": "warning",
    }
    assert told["openapi-description"].message == (
        "what only describes is left behind: 2 description, 1 summary"
    )
    assert told["unknown-name"].value == '"f"'
    assert all(finding.where.file == str(tmp_path / "api.json") for finding in told.values())
    (resources,) = imported(content).content["apis"]["a"]["resources"].values()
    assert list(resources) == ["GET"]


@pytest.mark.parametrize(("name", "expected"), [("my api.v1", "my-api-v1"), ("-", "api")])
def test_its_name_is_one_that_a_file_may_have(imported, name, expected):
    content = imported(document({}), name).content
    assert (content["name"], list(content["apis"])) == (expected, [expected])


def test_a_reference_stays_as_it_is_written(imported):
    content = {**document({}), "x-frontdesk-api": {"host": "${env:NOT_SET}"}}
    assert imported(content).content["apis"]["a"]["host"] == "${env:NOT_SET}"


def test_a_text_that_looks_like_a_reference_stays_a_text(imported, tmp_path):
    text = "'${AWS::Region} ${env:X} $${y} ${stage.x}'"
    mock = {"type": "mock", "requestParameters": {"integration.request.header.X": text}}
    path = tmp_path / "own.yaml"
    path.write_text(write_yaml(imported(document({"/": {"get": operation(mock)}})).content))
    method = load([path], {}).config.apis["a"].resources["/"]["GET"]
    assert method.integration.request_parameters == {"integration.request.header.X": text}


def test_what_is_no_document_gives_nothing_but_its_fault(imported):
    with pytest.raises(ConfigError, match="expected an OpenAPI document") as raised:
        imported({"a": 1})
    assert [finding.severity for finding in raised.value.findings] == ["error"]
