"""Schemas at the door: what they accept, what they must not be, and that judging is bounded."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st
from jsonschema import Draft4Validator

from frontdesk.rules.lang.jsonschema import (
    MAX_COMMAS,
    MAX_FAULTS,
    MAX_SCHEMA,
    NOT_JSON,
    Fault,
    compile_schema,
    depth,
    summary,
)
from frontdesk.rules.lang.schema_work import MAX_DEPTH, SchemaError

MODEL = "https://apigateway.amazonaws.com/restapis/{}/models/"
BOOKING = {
    "type": "object",
    "required": ["slot"],
    "properties": {
        "slot": {"type": "string", "pattern": "^[0-9]{4}-[0-9]{2}-[0-9]{2}$"},
        "patient": {"type": "object", "properties": {"age": {"type": "integer", "minimum": 0}}},
    },
    "additionalProperties": False,
}


def faults(schema, body, models=None):
    return compile_schema(schema, models or {}).faults(body)


@pytest.mark.parametrize(
    ("body", "found"),
    [
        (b'{"slot": "2026-11-21"}', []),
        (b"{}", [Fault("", '"slot" is a required property', "slot")]),
        (b'{"slot": 7}', [Fault("/slot", 'the value is not of type "string"')]),
        (
            b'{"slot": "2026-11-21", "patient": {"age": -1}}',
            [Fault("/patient/age", "the value is less than the minimum of 0")],
        ),
        (b"", [NOT_JSON]),
        (b"{'slot': 1}", [NOT_JSON]),
        (b"\xff", [NOT_JSON]),
        (b"NaN", [NOT_JSON]),
    ],
)
def test_a_body_is_judged(body, found):
    assert faults(BOOKING, body) == found


def test_all_faults_are_told_and_no_value_is():
    found = faults(BOOKING, b'{"patient": {"age": "secret"}, "note": "secret"}')
    assert {fault.pointer for fault in found} == {"", "/patient/age"}
    assert len(found) == 3
    assert "secret" not in str(found)


def test_a_pointer_is_escaped():
    (fault,) = faults({"properties": {"a/b~c": {"type": "null"}}}, b'{"a/b~c": 1}')
    assert fault.pointer == "/a~1b~0c"


@pytest.mark.parametrize(
    ("body", "text"),
    [
        (b"{}", '[object has missing required properties (["slot"])]'),
        (b'{"slot": 1}', '[/slot: the value is not of type "string"]'),
        (b"[", "[the body is not valid JSON]"),
    ],
)
def test_faults_are_summed_up_in_awss_form(body, text):
    assert summary(faults(BOOKING, body)) == text


# -- versions --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("version", "is_valid"),
    [
        (None, True),  # draft 4: knows no const
        ("http://json-schema.org/draft-04/schema#", True),
        ("http://json-schema.org/draft-07/schema#", False),
        ("https://json-schema.org/draft/2020-12/schema", False),
    ],
)
def test_a_schema_is_of_the_version_that_it_names(version, is_valid):
    schema = {"const": 1} | ({"$schema": version} if version else {})
    assert (faults(schema, b"2") == []) is is_valid


# -- references -----------------------------------------------------------------------------------------


@pytest.mark.parametrize("api", ["local", "abc123def4"])
def test_models_refer_to_each_other_as_at_aws(api):
    models = {
        "Person": {
            "type": "object",
            "required": ["name"],
            "properties": {"house": {"$ref": MODEL.format(api) + "House"}},
        },
        "House": {
            "properties": {
                "people": {"type": "array", "items": {"$ref": MODEL.format(api) + "Person"}},
                "size": {"$ref": "#/definitions/size"},
            },
            "definitions": {"size": {"type": "number"}},
        },
    }
    schema = compile_schema(models["Person"], models)
    assert schema.faults(b'{"name": "x", "house": {"people": [{"name": "y"}], "size": 3}}') == []
    assert [
        fault.pointer for fault in schema.faults(b'{"name": "x", "house": {"people": [{}]}}')
    ] == ["/house/people/0"]
    assert [fault.pointer for fault in schema.faults(b'{"name": "x", "house": {"size": "x"}}')] == [
        "/house/size"
    ]


def test_one_of_null_or_a_model():
    schema = {"oneOf": [{"type": "null"}, {"$ref": MODEL.format("x") + "B"}]}
    models = {"B": {"type": "object", "required": ["b"]}}
    assert faults(schema, b"null", models) == []
    assert faults(schema, b'{"b": 1}', models) == []
    assert faults(schema, b"{}", models) != []


def test_the_models_that_every_api_has():
    assert faults({"$ref": MODEL.format("x") + "Empty"}, b"[1]") == []
    assert faults({"$ref": MODEL.format("x") + "Error"}, b'{"message": 1}') != []


def test_an_identifier_moves_no_reference():
    schema = {
        "id": "http://elsewhere.example/",
        "properties": {"id": {"$ref": "#/definitions/n"}},
        "definitions": {"n": {"type": "number", "id": "http://other.example/x"}},
    }
    assert faults(schema, b'{"id": 1}') == []
    assert faults(schema, b'{"id": "x"}') != []


@pytest.mark.parametrize(
    ("schema", "path", "message"),
    [
        ([], (), "expected a schema"),
        ({"type": "objekt"}, ("type",), "allows for type"),
        ({"properties": {"a": {"minimum": "1"}}}, ("properties", "a", "minimum"), "minimum"),
        (
            {"properties": {"a": {"pattern": "(?=a)"}}},
            ("properties", "a", "pattern"),
            "look-around",
        ),
        ({"properties": {"a": {"pattern": "("}}}, ("properties", "a", "pattern"), "regular"),
        ({"pattern": "((a{90}){90}){90}"}, ("pattern",), "regular"),
        ({"$schema": "http://json-schema.org/draft-03/schema#"}, ("$schema",), "known version"),
        ({"$schema": 4}, ("$schema",), "known version"),
        ({"enum": ["x" * MAX_SCHEMA]}, (), "400KB"),
    ],
)
def test_a_schema_that_cannot_be_used_is_refused_at_its_place(schema, path, message):
    with pytest.raises(SchemaError, match=message.replace("$", r"\$")) as raised:
        compile_schema(schema, {})
    assert raised.value.path == path


# -- bounds ---------------------------------------------------------------------------------------------


def test_a_schema_that_is_nested_too_deeply_is_refused():
    schema = {"type": "string"}
    for _ in range(MAX_DEPTH):
        schema = {"not": schema}
    with pytest.raises(SchemaError, match="levels"):
        compile_schema(schema, {})


TREE = {"properties": {"child": {"$ref": "#"}}, "additionalProperties": {"type": "string"}}
BRANCHING = {
    "oneOf": [
        {"properties": {"child": {"$ref": "#"}, "kind": {"enum": ["a"]}}},
        {"properties": {"child": {"$ref": "#"}, "kind": {"enum": ["b"]}}},
    ]
}
APART = {"anyOf": [{"properties": {"a": {"$ref": "#"}}}, {"properties": {"b": {"$ref": "#"}}}]}


@pytest.mark.parametrize(
    ("schema", "levels"), [(TREE, MAX_DEPTH), (BRANCHING, 11), (APART, MAX_DEPTH)]
)
def test_documents_may_be_as_deep_as_judging_them_is_bounded(schema, levels):
    compiled = compile_schema(schema, {})
    assert compiled.max_depth == levels
    judged = compiled.faults(b'{"child":' * (levels - 1) + b"{}" + b"}" * (levels - 1))
    assert "nested" not in str(judged)
    (fault,) = compiled.faults(b'{"child":' * levels + b"{}" + b"}" * levels)
    assert fault.message == f"the body is nested deeper than {levels} levels"


@pytest.mark.parametrize("opening", [b"[", b'{"a":'])
def test_deep_json_blows_no_stack(opening):
    closing = {b"[": b"]", b'{"a":': b"}"}[opening]
    for levels in (500, 1000, 100_000):
        (fault,) = faults(TREE, opening * levels + b"1" + closing * levels)
        assert "nested" in fault.message or fault == NOT_JSON


def test_brackets_in_texts_are_no_levels():
    assert faults({}, json.dumps(["[{" * 500, '"[' * 500]).encode()) == []


def test_of_a_large_document_the_first_fault_is_told():
    schema = {"items": {"type": "string"}}
    assert len(faults(schema, json.dumps([1] * 1000).encode())) == 1
    assert len(faults(schema, json.dumps([1] * MAX_COMMAS).encode())) == MAX_FAULTS


JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-9, 9) | st.text(max_size=4),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner, max_size=3)
    ),
    max_leaves=8,
)


def _levels(value):
    members = (
        value.values() if isinstance(value, dict) else value if isinstance(value, list) else None
    )
    return 0 if members is None else 1 + max(map(_levels, members), default=0)


@given(JSON)
def test_levels_are_counted_as_they_are(value):
    assert depth(json.dumps(value).encode()) == _levels(value)


ORACLE = Draft4Validator(BOOKING)


@given(JSON | st.fixed_dictionaries({"slot": JSON}, optional={"patient": JSON}))
def test_another_validator_comes_to_the_same(value):
    assert (faults(BOOKING, json.dumps(value).encode()) == []) is ORACLE.is_valid(value)
