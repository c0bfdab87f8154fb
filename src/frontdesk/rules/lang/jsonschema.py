"""Owns JSON Schema at the door: schemas compiled once, documents judged in bounded time.

jsonschema-rs judges; what it must never be given is refused here: references to elsewhere, schemas whose
work multiplies, documents that are nested too deeply. Knows no request and no configuration.
"""

import re
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from itertools import accumulate, islice
from typing import Any, Final, NamedTuple
from urllib.parse import unquote

import orjson

from frontdesk.base.errors import FrontdeskError

Path = tuple[str | int, ...]

MAX_SCHEMA: Final = 400 * 1024
"""Bytes of a schema: AWS's limit of a model."""

MAX_DEPTH: Final = 100
"""Levels of a schema, and of a document unless its schema allows fewer."""

MAX_WORK: Final = 10_000
"""Evaluations of subschemas that one path through a document may cost."""

MAX_FAULTS: Final = 50
"""Faults of a document that are told."""

MAX_COMMAS: Final = 500
"""Of a document whose faults are looked for beyond the first: finding each costs more than judging it."""

DRAFTS: Final = {
    "http://json-schema.org/draft-04/schema": "Draft4Validator",
    "http://json-schema.org/draft-06/schema": "Draft6Validator",
    "http://json-schema.org/draft-07/schema": "Draft7Validator",
    "https://json-schema.org/draft/2019-09/schema": "Draft201909Validator",
    "https://json-schema.org/draft/2020-12/schema": "Draft202012Validator",
}
"""By `$schema`, without a trailing `#`. A schema without it is of draft 04, as at AWS."""

BUILT_IN: Final[Mapping[str, Mapping[str, Any]]] = {
    "Empty": {},
    "Error": {"type": "object", "properties": {"message": {"type": "string"}}},
}
"""Models that every API of AWS has."""

_DEFAULT: Final = "http://json-schema.org/draft-04/schema"
_MODEL: Final = re.compile(
    r"https://apigateway\.amazonaws\.com/restapis/[^/]+/models/([A-Za-z0-9]+)(#.*)?"
)
_HOME: Final = "https://apigateway.amazonaws.com/restapis/local/models/"
_UNSUPPORTED: Final = ("$anchor", "$dynamicAnchor", "$dynamicRef", "$recursiveRef")
_MAX_PATTERN: Final = 1 << 20  # bytes of a compiled expression
_MASK: Final = "the value"  # stands for what a document says: a fault may be logged

_STRINGS: Final = re.compile(rb'"[^"\\]*(?:\\.[^"\\]*)*"', re.DOTALL)
_BRACKETS: Final = b"[]{}"
_OTHERS: Final = bytes(set(range(256)) - set(_BRACKETS))
_STEPS: Final = {ord(b"["): 1, ord(b"{"): 1, ord(b"]"): -1, ord(b"}"): -1}


class SchemaError(FrontdeskError):
    """A schema that cannot be used. path: where in it."""

    code = "schema"

    def __init__(self, message: str, path: Path = (), *, hint: str = "") -> None:
        super().__init__(message, hint=hint)
        self.path = path


class Fault(NamedTuple):
    """What is wrong with a document. pointer: where (RFC 6901). message: without the document's values.

    missing: the property that is required and absent, or "".
    """

    pointer: str
    message: str
    missing: str = ""


NOT_JSON: Final = Fault("", "the body is not valid JSON")


@dataclass(frozen=True, slots=True)
class Schema:
    """A compiled schema. max_depth: levels of a document that it can judge in bounded time."""

    max_depth: int
    _is_valid: Callable[[Any], bool] = field(repr=False)
    _first: Callable[[Any], Any] = field(repr=False)
    _all: Callable[[Any], Iterator[Any]] = field(repr=False)

    def faults(self, text: bytes) -> list[Fault]:
        """Judge a JSON document; none: it is valid.

        At most `MAX_FAULTS`; of a document with more than `MAX_COMMAS` the first alone.
        """
        try:
            document = orjson.loads(text)
        except ValueError:  # nested beyond what the parser takes, too
            return [NOT_JSON]
        if text.count(b"[") + text.count(b"{") > self.max_depth and depth(text) > self.max_depth:
            return [Fault("", f"the body is nested deeper than {self.max_depth} levels")]
        if self._is_valid(document):
            return []
        if text.count(b",") > MAX_COMMAS:
            return [_fault(self._first(document))]
        return [_fault(error) for error in islice(self._all(document), MAX_FAULTS)]


def compile_schema(document: Any, models: Mapping[str, Any]) -> Schema:
    """Compile a schema. models: schemas that it may refer to, by name, those of `BUILT_IN` beside them.

    A reference is `#/definitions/…` or `https://apigateway.amazonaws.com/restapis/…/models/Name`.
    Raises: SchemaError.
    """
    import jsonschema_rs  # takes milliseconds to import, and not everybody needs it

    root = _read(document)
    others = {name: _read(model) for name, model in {**BUILT_IN, **models}.items()}
    limit = _max_depth(_Graph(root, others))
    registry = jsonschema_rs.Registry(
        [(_HOME + name, _settled(model)) for name, model in others.items()],
        draft=jsonschema_rs.Draft4,
    )
    validator = getattr(jsonschema_rs, DRAFTS[_draft(root)])
    try:
        compiled = validator(
            _settled(root),
            registry=registry,
            mask=_MASK,
            pattern_options=jsonschema_rs.RegexOptions(_MAX_PATTERN, _MAX_PATTERN),
            offline=True,
        )
    except jsonschema_rs.ValidationError as error:
        path = tuple(error.instance_path)
        if error.kind.name == "format":
            message = "expected a regular expression without look-around and back references"
        else:
            message = f"expected what JSON Schema allows for {path[-1] if path else 'a schema'}"
        raise SchemaError(message, path) from error
    except ValueError as error:
        raise SchemaError(str(error)) from error

    def first(instance: Any) -> Any:
        try:
            compiled.validate(instance)
        except jsonschema_rs.ValidationError as error:
            return error

    return Schema(limit, compiled.is_valid, first, compiled.iter_errors)


def summary(faults: list[Fault]) -> str:
    """Write faults as AWS's `$context.error.validationErrorString` does."""
    # Differs: [validation-words] AWS's library has a sentence of its own for every rule.
    missing = [fault.missing for fault in faults if fault.missing]
    told = [_located(fault) for fault in faults if not fault.missing]
    if missing:
        names = orjson.dumps(missing).decode()
        told.insert(0, f"object has missing required properties ({names})")
    return f"[{', '.join(told)}]"


def depth(text: bytes) -> int:
    """Count the levels of a JSON document."""
    brackets = _STRINGS.sub(b"", text).translate(None, _OTHERS)
    return max(accumulate(map(_STEPS.__getitem__, brackets)), default=0)


def _located(fault: Fault) -> str:
    return f"{fault.pointer}: {fault.message}" if fault.pointer else fault.message


def _fault(error: Any) -> Fault:
    steps = [str(step).replace("~", "~0").replace("/", "~1") for step in error.instance_path]
    missing = error.kind.property if error.kind.name == "required" else ""
    return Fault("".join([f"/{step}" for step in steps]), error.message, missing)


# -- what a schema may be -------------------------------------------------------------------------


def _read(document: Any) -> Any:
    """Make a copy of plain values. Raises: SchemaError for what is no schema, or too large."""
    if not isinstance(document, dict):
        raise SchemaError("expected a schema: a mapping")
    text = orjson.dumps(document)
    if len(text) > MAX_SCHEMA:
        raise SchemaError(f"expected a schema of at most {MAX_SCHEMA // 1024}KB")
    if depth(text) > MAX_DEPTH:
        raise SchemaError(f"expected a schema of at most {MAX_DEPTH} levels")
    copy: Any = orjson.loads(text)
    _draft(copy)
    return copy


def _draft(schema: Any) -> str:
    named = schema.get("$schema", _DEFAULT)
    known = named.removesuffix("#") if isinstance(named, str) else ""
    if known not in DRAFTS:
        raise SchemaError(
            "expected a known version of JSON Schema",
            ("$schema",),
            hint=f"write one of {', '.join(DRAFTS)}",
        )
    return known


def _settled(schema: Any) -> Any:
    """Have references lead to where the models are kept, and take away identifiers that would move them."""
    if isinstance(schema, dict):
        settled = {key: _settled(value) for key, value in schema.items()}
        for key in ("$id", "id"):
            if isinstance(settled.get(key), str):
                del settled[key]
        reference = settled.get("$ref")
        if isinstance(reference, str) and (found := _MODEL.fullmatch(reference)):
            settled["$ref"] = f"{_HOME}{found[1]}{found[2] or ''}"
        return settled
    if isinstance(schema, list):
        return [_settled(each) for each in schema]
    return schema


_OF_ITEMS: Final = ("additionalItems", "contains", "items", "unevaluatedItems")
_OF_MEMBERS: Final = ("additionalProperties", "propertyNames", "unevaluatedProperties")
_BESIDE: Final = ("else", "if", "not", "then")
_LISTS_BESIDE: Final = ("allOf", "anyOf", "oneOf")
_MAPS_BESIDE: Final = ("dependencies", "dependentSchemas")

_ANY_ITEM: Final = -1
_ANY_MEMBER: Final = ""

Label = str | int | None
"""Which part of a document a subschema judges: a member, an item, any of them; None: the same part."""


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
        target, found = home, _MODEL.fullmatch(text)
        if found is not None:
            name, text = found[1], found[2] or "#"
            if name not in self._models:
                raise self._error(
                    f"expected a reference to a model of the API: {name} is none", home, path
                )
            target = self._models[name]
        if not text.startswith("#"):
            hint = f"write #/definitions/Name, or {_HOME}Name for a model"
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


def _max_depth(graph: _Graph) -> int:
    """Find how deeply a document may be nested until judging one path through it takes too much.

    Where a part is judged several times, by branches that lead back to the same schema, the work doubles
    with each level. Raises: SchemaError where one level is too much already.
    """
    reaches = graph.reaches
    once = dict.fromkeys(reaches, 1)
    if max(_heaviest(reach.parts, once) for reach in reaches.values()) <= 1:
        # Each part is judged by one schema, as mostly: the work grows by levels, and is soon told.
        widest = max(reach.evaluations for reach in reaches.values())
        if widest * (MAX_DEPTH + 1) <= MAX_WORK:
            return MAX_DEPTH
    work = {schema: reach.evaluations for schema, reach in reaches.items()}
    for levels in range(MAX_DEPTH):
        if work[id(graph.root)] > MAX_WORK:
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
