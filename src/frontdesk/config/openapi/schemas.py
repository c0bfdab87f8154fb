"""Owns schemas: those that an API's models are made of, and what an operation's messages are named."""

import re
from collections.abc import Iterator
from typing import Any, Final

from frontdesk.config.openapi.document import Document
from frontdesk.config.placed import Branch, Placed
from frontdesk.config.tree import Path

JSON: Final = "application/json"

_NOT_OF_A_NAME: Final = re.compile(r"[^A-Za-z0-9]")
_MODEL: Final = "https://apigateway.amazonaws.com/restapis/local/models/"
_DIALECT: Final = "https://json-schema.org/draft/2020-12/schema"
"""What schemas of version 3.1 are written in; former ones are near to draft 4, the default."""


class Models:
    """The models of one document: its schemas with a name, and those that it uses in other places."""

    def __init__(self, document: Document, api: Branch) -> None:
        self._document = document
        self._api = api
        self._names: dict[tuple[str, Path], str] = {}  # by the place of a schema
        for name, placed in document.section("schemas").items():
            self._names[placed.node.file, placed.path] = _NOT_OF_A_NAME.sub("", name)

    def all(self) -> None:
        """Make a model of every schema that has a name."""
        for name, placed in self._document.section("schemas").items():
            self._make(_NOT_OF_A_NAME.sub("", name), placed)

    def named(self, schema: Placed) -> str:
        """Name the model that a schema refers to; "" for one that refers to none."""
        reference = schema.text("$ref")
        if not reference:
            return ""
        target = self._document.follow(schema)
        place = target.node.file, target.path
        if place not in self._names:
            self._names[place] = _NOT_OF_A_NAME.sub("", reference.rpartition("/")[2])
            self._make(self._names[place], target)
        return self._names[place]

    def name(self, schema: Placed, wanted: str) -> str:
        """Name the model of a message; one without a name is made under `wanted`."""
        named = self.named(schema)
        if not named:
            named = _NOT_OF_A_NAME.sub("", wanted)
            self._make(named, schema)
        return named

    def _make(self, name: str, placed: Placed) -> None:
        model = self._api.branch("models", placed).branch(name, placed)
        schema = self._schema(placed)
        if str(self._document.root.value.get("openapi", "")).startswith("3.1"):
            schema = {"$schema": _DIALECT, **schema}
        model.put("schema", schema, placed)

    def _schema(self, placed: Placed) -> Any:
        """Make JSON Schema of a schema: references to models, and null where it may be."""
        match placed.value:
            case dict():
                return self._mapping(placed)
            case list():
                return [self._schema(member) for member in placed.members()]
        return placed.value

    def _mapping(self, placed: Placed) -> dict[str, Any]:
        if placed.text("$ref"):
            return {"$ref": _MODEL + self.named(placed)}
        schema = {key: self._schema(member) for key, member in placed.items() if key != "nullable"}
        if placed.value.get("nullable") is True and isinstance(schema.get("type"), str):
            schema["type"] = [schema["type"], "null"]
        return schema


def contents(message: Placed) -> Iterator[tuple[str, Placed]]:
    """Find the schemas of a body by media type, as version 3 has them."""
    for media_type, content in message.below("content").items():
        schema = content.get("schema")
        if schema is not None:
            yield media_type, schema
