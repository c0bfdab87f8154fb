"""Models of `models` and `validate`: what a request must have before code runs."""

from typing import Annotated, Any, Literal

from pydantic import Field, GetCoreSchemaHandler, GetJsonSchemaHandler
from pydantic_core import core_schema

from frontdesk.config.models.mapping import HeaderName
from frontdesk.config.models.model import Model, matching

JSON = "application/json"

ModelName = Annotated[str, matching(r"[A-Za-z0-9]{1,128}", "a name of letters and digits")]

BodyType = Annotated[
    str,
    matching(
        r"\$default|[a-z0-9!#$&^_.+-]{1,64}/[a-z0-9!#$&^_.+-]{1,64}",
        "a media type such as application/json, or $default",
    ),
]

Need = Literal["required", "optional"]


class JsonModel(Model):
    """What documents of one kind look like."""

    document: Annotated[dict[str, Any], Field(alias="schema")]
    """JSON Schema: draft 4, or the version that its `$schema` names, up to 2020-12. `$ref` leads to
    `#/definitions/…` or to another model: https://apigateway.amazonaws.com/restapis/local/models/Name."""

    description: str = ""
    """What people are told of it."""


class ByMediaType:
    """Marks a mapping by media type that may be written as its entry for JSON."""

    def __get_pydantic_core_schema__(
        self, source: Any, handler: GetCoreSchemaHandler
    ) -> core_schema.CoreSchema:
        """Expand the short form before the mapping is validated."""
        return core_schema.no_info_before_validator_function(_by_media_type, handler(source))

    def __get_pydantic_json_schema__(
        self, schema: core_schema.CoreSchema, handler: GetJsonSchemaHandler
    ) -> dict[str, Any]:
        """Describe both forms: a model's name, or a mapping."""
        return {"anyOf": [{"type": "string"}, {"type": "object"}, handler(schema)]}


def _by_media_type(value: object) -> object:
    names_types = isinstance(value, dict) and any("/" in key or key == "$default" for key in value)
    return value if names_types or value is None else {JSON: value}


class RequestValidation(Model):
    """What a request must have. Parameters are there when they are present and not blank."""

    headers: dict[HeaderName, Need] = Field(default_factory=dict)
    """Header fields: `required` or `optional`."""

    path: dict[str, Need] = Field(default_factory=dict)
    """Variables of the path."""

    query: dict[str, Need] = Field(default_factory=dict)
    """Query parameters."""

    body: Annotated[dict[BodyType, ModelName | dict[str, Any]] | None, ByMediaType()] = None
    """What the body is judged by: a name under the API's `models`, a schema, or these by media type.
    `$default` is for all other types."""
