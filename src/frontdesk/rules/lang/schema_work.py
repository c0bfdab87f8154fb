"""Owns how much work a JSON Schema can cause: what it refers to, and how deep a document may be because of it.

Refuses references to elsewhere and schemas whose work multiplies. Knows no validator.
"""

import re
from collections import Counter
from collections.abc import Iterator, Mapping
from typing import Any, Final, NamedTuple
from urllib.parse import unquote

from frontdesk.base.errors import FrontdeskError

Path = tuple[str | int, ...]

MAX_DEPTH: Final = 100
"""Levels of a schema, and of a document unless its schema allows fewer."""

MAX_WORK: Final = 10_000
"""Evaluations of subschemas that one path through a document may cost."""

MODEL_REFERENCE: Final = re.compile(
    r"https://apigateway\.amazonaws\.com/restapis/[^/]+/models/([A-Za-z0-9]+)(#.*)?"
)
"""A model of an API and the place in it, as AWS has schemas refer to it."""

HOME: Final = "https://apigateway.amazonaws.com/restapis/local/models/"
"""What such a reference begins with here."""

_UNSUPPORTED: Final = ("$anchor", "$dynamicAnchor", "$dynamicRef", "$recursiveRef")


class SchemaError(FrontdeskError):
    """A schema that cannot be used. path: where in it."""

    code = "schema"

    def __init__(self, message: str, path: Path = (), *, hint: str = "") -> None:
        super().__init__(message, hint=hint)
        self.path = path


_OF_ITEMS: Final = ("additionalItems", "contains", "items", "unevaluatedItems")
_OF_MEMBERS: Final = ("additionalProperties", "propertyNames", "unevaluatedProperties")
_BESIDE: Final = ("else", "if", "not", "then")
_LISTS_BESIDE: Final = ("allOf", "anyOf", "oneOf")
_MAPS_BESIDE: Final = ("dependencies", "dependentSchemas")

_ANY_ITEM: Final = -1
_ANY_MEMBER: Final = ""

Label = str | int | None
"""Which part of a document a subschema judges: a member, an item, any of them; None: the same part."""


def max_depth(root: Any, models: Mapping[str, Any]) -> int:
    """Find how deeply a document may be nested until judging one path through it takes too much.

    root: a schema. models: those that it may refer to, by name. Where a part is judged several times, by branches
    that lead back to the same schema, the work doubles with each level. Raises: SchemaError for references that
    lead nowhere or elsewhere, and where one level is too much already.
    """
    reaches = _Graph(root, models).reaches
    once = dict.fromkeys(reaches, 1)
    if max(_heaviest(reach.parts, once) for reach in reaches.values()) <= 1:
        # Each part is judged by one schema, as mostly: the work grows by levels, and is soon told.
        widest = max(reach.evaluations for reach in reaches.values())
        if widest * (MAX_DEPTH + 1) <= MAX_WORK:
            return MAX_DEPTH
    work = {schema: reach.evaluations for schema, reach in reaches.items()}
    for levels in range(MAX_DEPTH):
        if work[id(root)] > MAX_WORK:
            if levels == 0:
                break
            return levels
        deeper = {
            schema: reach.evaluations + _heaviest(reach.parts, work)
            for schema, reach in reaches.items()
        }
        if deeper == work:
            return MAX_DEPTH
        work = {schema: min(each, MAX_WORK + 1) for schema, each in deeper.items()}
    else:
        return MAX_DEPTH
    raise SchemaError(
        f"expected a schema of at most {MAX_WORK:,} evaluations at one place of a document",
        hint="its references multiply: refer to each schema once",
    )


def _subschemas(schema: dict[str, Any]) -> Iterator[tuple[Label, Path, Any]]:
    """Go through what a schema applies, with its place below it; definitions apply only by reference."""
    for label, keys in ((None, _BESIDE), (_ANY_ITEM, _OF_ITEMS), (_ANY_MEMBER, _OF_MEMBERS)):
        for key in keys:
            yield label, (key,), schema.get(key)
    for key in _LISTS_BESIDE:
        for at, each in enumerate(_listed(schema.get(key))):
            yield None, (key, at), each
    for key in ("items", "prefixItems"):
        for at, each in enumerate(_listed(schema.get(key))):
            yield at, (key, at), each
    for key in _MAPS_BESIDE:
        for name, each in _mapped(schema.get(key)).items():
            yield None, (key, name), each
    for name, each in _mapped(schema.get("properties")).items():
        yield name or " ", ("properties", name), each
    for name, each in _mapped(schema.get("patternProperties")).items():
        yield _ANY_MEMBER, ("patternProperties", name), each


def _listed(value: Any) -> list[Any]:
    return value if isinstance(value, list) else []


def _mapped(value: Any) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}


class _Reach(NamedTuple):
    """What judging one part of a document by a schema takes: evaluations, and what its parts are judged by."""

    evaluations: int
    parts: Counter[tuple[str | int, int]]


class _Graph:
    """What refers to what in a schema and its models. Schemas are told apart by their identity."""

    def __init__(self, root: Any, models: Mapping[str, Any]) -> None:
        self.root = root
        self.reaches: dict[int, _Reach] = {}
        self._models = models
        self._chain: list[int] = []
        self._found: list[tuple[Any, Any, Path]] = [(root, root, ())]
        while self._found:
            schema, home, path = self._found.pop()
            if id(schema) not in self.reaches:
                self._explore(schema, home, path)

    def _explore(self, schema: Any, home: Any, path: Path) -> _Reach:
        """Add up what a schema applies at the same part. home: the document that it stands in."""
        known = self.reaches.get(id(schema))
        if known is not None:
            return known
        if id(schema) in self._chain:
            raise self._error("expected a reference that does not lead to itself", home, path)
        if len(self._chain) > MAX_DEPTH:
            raise self._error(f"expected at most {MAX_DEPTH} references in a row", home, path)
        self._chain.append(id(schema))
        evaluations, parts = 1, Counter[tuple[str | int, int]]()
        for label, target, its_home, below in self._applied(schema, home, path):
            if label is None:
                reach = self._explore(target, its_home, below)
                evaluations += reach.evaluations
                parts.update(reach.parts)
            else:
                parts[label, id(target)] += 1
                self._found.append((target, its_home, below))
        self._chain.pop()
        reach = self.reaches[id(schema)] = _Reach(evaluations, parts)
        return reach

    def _applied(
        self, schema: Any, home: Any, path: Path
    ) -> Iterator[tuple[Label, Any, Any, Path]]:
        """Go through what a schema applies: to what, which schema of which home, and its path there."""
        for key in _UNSUPPORTED:
            if key in schema:
                raise self._error(f"expected $ref instead of {key}", home, (*path, key))
        if "$ref" in schema:
            yield None, *self._resolve(schema["$ref"], home, (*path, "$ref"))
        for label, below, each in _subschemas(schema):
            if isinstance(each, dict):
                yield label, each, home, (*path, *below)

    def _resolve(self, reference: Any, home: Any, path: Path) -> tuple[Any, Any, Path]:
        text = reference if isinstance(reference, str) else ""
        target, found = home, MODEL_REFERENCE.fullmatch(text)
        if found is not None:
            name, text = found[1], found[2] or "#"
            if name not in self._models:
                raise self._error(
                    f"expected a reference to a model of the API: {name} is none", home, path
                )
            target = self._models[name]
        if not text.startswith("#"):
            hint = f"write #/definitions/Name, or {HOME}Name for a model"
            message = "expected a reference to this document: others are never fetched"
            raise self._error(message, home, path, hint)
        its_home, steps = target, list[str | int]()
        for step in unquote(text[1:]).split("/")[1:]:
            key = step.replace("~1", "/").replace("~0", "~")
            steps.append(int(key) if isinstance(target, list) and key.isdecimal() else key)
            try:
                target = target[steps[-1]]
            except (LookupError, TypeError):
                raise self._error(
                    "expected a reference that leads to something", home, path
                ) from None
        if not isinstance(target, dict):
            raise self._error("expected a reference to a schema", home, path)
        return target, its_home, tuple(steps)

    def _error(self, message: str, home: Any, path: Path, hint: str = "") -> SchemaError:
        """Place an error; what is wrong with a model is told of that one."""
        return SchemaError(message, path if home is self.root else (), hint=hint)


def _heaviest(parts: Counter[tuple[str | int, int]], work: Mapping[int, int]) -> int:
    """Return the work at the part that costs most."""
    sums = Counter[str | int]()
    for (label, schema), times in parts.items():
        sums[label] += times * work[schema]
    any_item, any_member = sums.pop(_ANY_ITEM, 0), sums.pop(_ANY_MEMBER, 0)
    named = [
        total + (any_member if isinstance(label, str) else any_item)
        for label, total in sums.items()
    ]
    return max([any_item, any_member, *named])
