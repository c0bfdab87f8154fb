"""Owns reading schemas: those with a name as models of the API, those of messages as JSON Schema."""

import re
from collections.abc import Iterator
from typing import Any, Final

from frontdesk.config.openapi.document import Document
from frontdesk.config.placed import Branch, Placed
from frontdesk.config.tree import Path

JSON: Final = "application/json"
MODEL: Final = "https://apigateway.amazonaws.com/restapis/local/models/"
"""How a schema refers to a model, before its name."""

DIALECT: Final = "https://json-schema.org/draft/2020-12/schema"
"""What schemas of version 3.1 are written in, unless they say something else."""

DRAFT_4: Final = "http://json-schema.org/draft-04/schema"
"""What models are written in, unless they say something else; former versions are near to it."""

DATA: Final = frozenset({"const", "default", "enum", "example", "examples", "required"})
"""Keywords of schemas whose values hold no schema."""

BY_NAME: Final = frozenset(
    {"$defs", "definitions", "dependentSchemas", "patternProperties", "properties"}
)
"""Keywords of schemas whose values are schemas by name."""

_NOT_OF_A_NAME: Final = re.compile(r"[^A-Za-z0-9]")


class Schemas:
    """The schemas of one document. Those that have a name, or another file for themselves, are models."""

    def __init__(self, document: Document, api: Branch) -> None:
        self._document = document
        self._api = api
        self._is_newest = str(document.root.value.get("openapi", "")).startswith("3.1")
        dialect = document.root.text("jsonSchemaDialect") or DIALECT
        self._dialect = dialect if self._is_newest and dialect != DRAFT_4 else ""
        self._names: dict[tuple[str, Path], str] = {}  # of models, by the place of their schema
        for written, placed in document.section("schemas").items():
            name = _NOT_OF_A_NAME.sub("", written)
            if name in self._names.values():
                document.refuse(placed, "expected names that differ in letters and digits")
            self._names[placed.node.file, placed.path] = name

    def add_models(self) -> None:
        """Make a model of every schema that has a name."""
        for name, placed in self._document.section("schemas").items():
            self._make(_NOT_OF_A_NAME.sub("", name), placed)

    def model(self, schema: Placed) -> str:
        """Name the model that a schema is a reference to; "" for one that is none."""
        reference = schema.text("$ref")
        if not reference:
            return ""
        target = self._document.follow(schema)
        place = target.node.file, target.path
        if place not in self._names:
            self._names[place] = _NOT_OF_A_NAME.sub("", reference.rpartition("/")[2])
            self._make(self._names[place], target)
        return self._names[place]

    def whole(self, placed: Placed) -> dict[str, Any]:
        """Make JSON Schema of a schema, its dialect included."""
        schema = self._schema(placed) if isinstance(placed.value, dict) else {}
        return {"$schema": self._dialect, **schema} if self._dialect else schema

    def _make(self, name: str, placed: Placed) -> None:
        model = self._api.branch("models", placed).branch(name, placed)
        model.put("schema", self.whole(placed), placed)

    def _schema(self, placed: Placed) -> dict[str, Any]:
        """Make JSON Schema: references are to models, and null is a type."""
        schema: dict[str, Any] = {}
        if placed.text("$ref"):
            schema["$ref"] = MODEL + self.model(placed)
            if not self._is_newest:
                return schema  # former versions ignore what stands beside it
        for key, member in placed.items():
            if key not in ("$ref", "nullable"):
                schema[key] = self._member(key, member)
        if placed.says("nullable") and isinstance(schema.get("type"), str):
            schema["type"] = [schema["type"], "null"]
        return schema

    def _member(self, key: str, member: Placed) -> Any:
        match member.value:
            case dict() if key in BY_NAME:
                return {name: self._inner(inner) for name, inner in member.items()}
            case list() if key not in DATA:
                return [self._inner(inner) for inner in member.members()]
        return member.value if key in DATA else self._inner(member)

    def _inner(self, placed: Placed) -> Any:
        return self._schema(placed) if isinstance(placed.value, dict) else placed.value


def contents(document: Document, message: Placed) -> Iterator[tuple[str, Placed]]:
    """Find the schemas of a body or answer by media type, in either version of the format."""
    schema = message.get("schema") if document.is_swagger else None
    if schema is not None:
        yield JSON, schema
    for media_type, content in message.below("content").items():
        inner = content.get("schema")
        if inner is not None:
            yield media_type, inner
