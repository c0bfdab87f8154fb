"""The files of a document: its references, its versions, and where its faults are told."""

import json

import pytest

from frontdesk.config.load import load
from tests.config.openapi.documents import (
    VALIDATORS,
    document,
    faults,
    load_document,
    operation,
)


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
        ({}, "expected an OpenAPI document, with the key openapi or swagger"),
        ({"paths": {}}, "expected an OpenAPI document, with the key openapi or swagger"),
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
