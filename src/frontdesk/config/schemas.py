"""Owns the schemas of a file: every one must compile, and every model that is named must be there."""

from collections.abc import Iterator, Mapping
from typing import Any

from frontdesk.base.errors import Finding
from frontdesk.config.models.root import Config
from frontdesk.config.tree import Path, Tree
from frontdesk.config.validation import did_you_mean, shown
from frontdesk.rules.lang.jsonschema import BUILT_IN, compile_schema
from frontdesk.rules.lang.schema_work import SchemaError


def unusable_schemas(config: Config, tree: Tree) -> Iterator[Finding]:
    """Find schemas that do not compile, and names of models that an API lacks."""
    for name, api in config.apis.items():
        at = ("apis", name)
        models = {key: model.document for key, model in api.models.items()}
        broken = False
        for key, schema in models.items():
            for finding in _uncompiled(tree, (*at, "models", key, "schema"), schema, models):
                broken = True
                yield finding
        for below, _, operation in api.operations():
            validation = operation.validation
            for media_type, body in ((validation and validation.body) or {}).items():
                place = (*at, *below, "validate", "body", media_type)
                if isinstance(body, str):
                    yield from _unknown(tree, place, body, models)
                elif not broken:
                    yield from _uncompiled(tree, place, body, models)


def _unknown(tree: Tree, at: Path, name: str, models: Mapping[str, Any]) -> Iterator[Finding]:
    known = {**models, **BUILT_IN}
    if name not in known:
        where = tree.position(at)
        hint = did_you_mean(name, known) or f"add it under apis.{at[1]}.models"
        message = "expected a name under the API's models"
        yield Finding("error", "unknown-name", where, message, shown(name), hint=hint)


def _uncompiled(tree: Tree, at: Path, schema: Any, models: Mapping[str, Any]) -> Iterator[Finding]:
    try:
        compile_schema(schema, models)
    except SchemaError as error:
        path = tree.known((*at, *error.path))
        value = shown(tree.value_at(path), path[-1]) if error.path else ""
        where = tree.position(path)
        yield Finding("error", "schema", where, error.message, value, hint=error.hint)
