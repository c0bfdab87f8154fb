"""Owns the JSON Schema of the configuration file, for editors. Made from the models alone."""

import ast
import inspect
from collections.abc import Iterator
from itertools import pairwise
from typing import Any, Final

from pydantic.json_schema import GenerateJsonSchema, JsonSchemaValue
from pydantic_core import core_schema

from frontdesk.config.models.model import Model
from frontdesk.config.models.root import Config

DIALECT: Final = "https://json-schema.org/draft/2020-12/schema"


class _ForEditors(GenerateJsonSchema):
    """Leaves out what does not help while typing: titles, null as a choice, defaults with structure."""

    def nullable_schema(self, schema: core_schema.NullableSchema) -> JsonSchemaValue:
        return self.generate_inner(schema["schema"])

    def default_schema(self, schema: core_schema.WithDefaultSchema) -> JsonSchemaValue:
        if isinstance(schema.get("default"), (str, int, float)):
            return super().default_schema(schema)
        return self.generate_inner(schema["schema"])

    def model_schema(self, schema: core_schema.ModelSchema) -> JsonSchemaValue:
        made = super().model_schema(schema)
        fields, properties = schema["cls"].model_fields, made.get("properties", {})
        for name, described in _descriptions(schema["cls"]).items():
            shown = properties.get(fields[name].alias or name)
            if shown is not None:
                shown.setdefault("description", described)
        return made

    def field_title_should_be_set(self, schema: Any) -> bool:  # noqa: ARG002 - the base's signature
        return False


def json_schema() -> dict[str, Any]:
    """Make the schema of one complete file. Texts that stand for mappings are part of it.

    References (`${env:NAME}`) are texts: an editor may mark one where a number is expected.
    """
    schema = Config.model_json_schema(schema_generator=_ForEditors)
    return {"$schema": DIALECT, **schema, "title": "Frontdesk configuration"}


def _descriptions(model: type[Any]) -> dict[str, str]:
    """Read the docstrings under the fields of a model, its own and those of its bases."""
    bases = [each for each in reversed(model.__mro__) if issubclass(each, Model)]
    return {name: text for each in bases for name, text in _own_descriptions(each)}


def _own_descriptions(model: type[Model]) -> Iterator[tuple[str, str]]:
    try:
        (tree,) = ast.parse(inspect.getsource(model)).body
    except OSError:  # made by a call, of a model that has told
        return
    assert isinstance(tree, ast.ClassDef)
    for field, text in pairwise(tree.body):
        match field, text:
            case (
                ast.AnnAssign(target=ast.Name(id=name)),
                ast.Expr(value=ast.Constant(value=str(docstring))),
            ):
                yield name, inspect.cleandoc(docstring)
