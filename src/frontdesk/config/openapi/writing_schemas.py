"""Owns writing JSON Schema as the schemas of a document. What its version cannot say is left open, `{}`."""

import re
from collections.abc import Mapping
from typing import Any, Final

from frontdesk.config.openapi.schemas import BY_NAME, DATA

_MODEL: Final = re.compile(
    r"https://apigateway\.amazonaws\.com/restapis/[^/]+/models/([A-Za-z0-9]+)"
)

_OF_ALL: Final = frozenset(
    [
        "title",
        "description",
        "format",
        "default",
        "enum",
        "type",
        "properties",
        "additionalProperties",
        "items",
        "allOf",
        "required",
        "multipleOf",
        "maximum",
        "exclusiveMaximum",
        "minimum",
        "exclusiveMinimum",
        "maxLength",
        "minLength",
        "pattern",
        "maxItems",
        "minItems",
        "uniqueItems",
        "maxProperties",
        "minProperties",
    ]
)
_KEYWORDS: Final[Mapping[str, frozenset[str]]] = {
    "2.0": _OF_ALL,
    "3.0": _OF_ALL | {"anyOf", "not", "oneOf"},
}
"""Keywords that versions before 3.1 have; that one has all of JSON Schema."""


class _NotSaid(Exception):  # noqa: N818 - it goes from `_schema` to `write_schema`
    """The version of the document has no word for this."""


def write_schema(schema: Mapping[str, Any], version: str) -> dict[str, Any]:
    """Write a schema; `{}` for one that this version of OpenAPI cannot say."""
    try:
        if version != "3.1":
            schema = {key: value for key, value in schema.items() if key != "$schema"}
        return _schema(schema, version)
    except _NotSaid:
        return {}


def _schema(schema: Mapping[str, Any], version: str) -> dict[str, Any]:
    known = _KEYWORDS.get(version)
    reference = schema.get("$ref")
    if isinstance(reference, str):
        found = _MODEL.fullmatch(reference)
        if found is None or (known and len(schema) > 1):
            raise _NotSaid
        section = "definitions" if version == "2.0" else "components/schemas"
        others = {key: value for key, value in schema.items() if key != "$ref"}
        return {"$ref": f"#/{section}/{found[1]}", **_members(others, version)}
    written = _members(schema, version)
    if known is None:
        return written
    if not schema.keys() <= known or any(
        isinstance(schema.get(key), (int, float)) and not isinstance(schema.get(key), bool)
        for key in ("exclusiveMaximum", "exclusiveMinimum")
    ):
        raise _NotSaid
    types = schema.get("type")
    if isinstance(types, list):
        if version == "2.0" or len(types) != 2 or types[1] != "null":
            raise _NotSaid
        written |= {"type": types[0], "nullable": True}
    if types == "null" or isinstance(schema.get("items"), list):
        raise _NotSaid
    return written


def _members(schema: Mapping[str, Any], version: str) -> dict[str, Any]:
    return {key: _member(key, value, version) for key, value in schema.items()}


def _member(key: str, value: Any, version: str) -> Any:
    match value:
        case _ if key in DATA:
            return value
        case dict() if key in BY_NAME:
            return {name: _inner(inner, version) for name, inner in value.items()}
        case list():
            return [_inner(inner, version) for inner in value]
    return _inner(value, version)


def _inner(value: Any, version: str) -> Any:
    return _schema(value, version) if isinstance(value, dict) else value
