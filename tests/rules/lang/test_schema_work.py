"""What schemas refer to, and the work that comes of it: references lead somewhere here, and multiply nothing."""

import pytest

from frontdesk.rules.lang.schema_work import HOME, SchemaError, max_depth


@pytest.mark.parametrize(
    ("schema", "path", "message"),
    [
        ({"items": {"$ref": "http://169.254.169.254/"}}, ("items", "$ref"), "never fetched"),
        ({"items": {"$ref": "file:///etc/passwd"}}, ("items", "$ref"), "never fetched"),
        ({"$ref": HOME + "Nobody"}, ("$ref",), "Nobody is none"),
        ({"$ref": "#/definitions/none"}, ("$ref",), "to something"),
        ({"$ref": "#/title", "title": "x"}, ("$ref",), "to a schema"),
        ({"$ref": "#"}, (), "lead to itself"),
        ({"allOf": [{"not": {"$ref": "#"}}]}, (), "lead to itself"),
        ({"$dynamicRef": "#a"}, ("$dynamicRef",), "instead of $dynamicRef"),
    ],
)
def test_a_reference_that_cannot_be_followed_is_refused_at_its_place(schema, path, message):
    with pytest.raises(SchemaError, match=message.replace("$", r"\$")) as raised:
        max_depth(schema, {})
    assert raised.value.path == path


def test_what_is_wrong_with_a_model_is_told_of_that_one():
    models = {"House": {"items": {"$ref": "#/definitions/none"}}}
    with pytest.raises(SchemaError, match="to something") as raised:
        max_depth({"items": {"$ref": HOME + "House"}}, models)
    assert raised.value.path == ()


def doubling(levels):
    """Make a schema each level of which refers to the next one twice."""
    definitions = {"a0": {"type": "string"}}
    for level in range(1, levels):
        twice = {"$ref": f"#/definitions/a{level - 1}"}
        definitions[f"a{level}"] = {"allOf": [twice, twice]}
    return {"definitions": definitions, "$ref": f"#/definitions/a{levels - 1}"}


def test_references_that_multiply_are_refused():
    max_depth(doubling(8), {})
    with pytest.raises(SchemaError, match="evaluations"):
        max_depth(doubling(30), {})


def test_a_long_chain_of_references_is_refused():
    chain = {f"a{level}": {"$ref": f"#/definitions/a{level + 1}"} for level in range(500)}
    with pytest.raises(SchemaError, match="in a row"):
        max_depth({"definitions": {**chain, "a500": {}}, "$ref": "#/definitions/a0"}, {})
