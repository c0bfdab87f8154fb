"""Owns the JSON Schema of the configuration file, for editors. Made from the models alone."""

from typing import Any, Final

from pydantic.json_schema import GenerateJsonSchema, JsonSchemaValue
from pydantic_core import core_schema

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

    def field_title_should_be_set(self, schema: Any) -> bool:  # noqa: ARG002 - the base's signature
        return False


def json_schema() -> dict[str, Any]:
    """Make the schema of one complete file. Texts that stand for mappings are part of it.

    References (`${env:NAME}`) are texts: an editor may mark one where a number is expected.
    """
    schema = Config.model_json_schema(schema_generator=_ForEditors)
    return {"$schema": DIALECT, **schema, "title": "Frontdesk configuration"}
