"""Owns JSON Schema at the door: schemas compiled once, documents judged in bounded time.

jsonschema-rs judges; what it must never be given is refused here, or by `schema_work`: schemas that are too large,
documents that are nested too deeply. Knows no request and no configuration.
"""

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from itertools import accumulate, islice
from typing import Any, Final, NamedTuple

import orjson

from frontdesk.rules.lang.schema_work import (
    HOME,
    MAX_DEPTH,
    MODEL_REFERENCE,
    SchemaError,
    max_depth,
)

MAX_SCHEMA: Final = 400 * 1024
"""Bytes of a schema: AWS's limit of a model."""

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
_MAX_PATTERN: Final = 1 << 20  # bytes of a compiled expression
_MASK: Final = "the value"  # stands for what a document says: a fault may be logged

_STRINGS: Final = re.compile(rb'"[^"\\]*(?:\\.[^"\\]*)*"', re.DOTALL)
_BRACKETS: Final = b"[]{}"
_OTHERS: Final = bytes(set(range(256)) - set(_BRACKETS))
_STEPS: Final = {ord(b"["): 1, ord(b"{"): 1, ord(b"]"): -1, ord(b"}"): -1}


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
    limit = max_depth(root, others)
    registry = jsonschema_rs.Registry(
        [(HOME + name, _settled(model)) for name, model in others.items()],
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
        if isinstance(reference, str) and (found := MODEL_REFERENCE.fullmatch(reference)):
            settled["$ref"] = f"{HOME}{found[1]}{found[2] or ''}"
        return settled
    if isinstance(schema, list):
        return [_settled(each) for each in schema]
    return schema
