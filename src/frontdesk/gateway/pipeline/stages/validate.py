"""Owns the validation of requests: parameters that must be there, and bodies that schemas judge.

REST APIs answer in AWS's words and stop at the first kind of fault; HTTP APIs list all faults.
Source: AWS, "Request validation for REST APIs in API Gateway".
"""

import asyncio
import re
from collections.abc import Awaitable, Callable, Mapping
from typing import Any, Final

import orjson

from frontdesk.config.models.request_validation import Need, RequestValidation
from frontdesk.gateway.pipeline.build import RouteBuild
from frontdesk.gateway.pipeline.exchange import NEEDS_BODY, Exchange, Parked, Reply
from frontdesk.gateway.pipeline.plan import Step
from frontdesk.gateway.pipeline.replies import problem, refusal
from frontdesk.rules.events.query import pairs
from frontdesk.rules.lang.jsonschema import (
    BUILT_IN,
    Fault,
    Schema,
    compile_schema,
    summary,
)
from frontdesk.rules.rest.media import media_type

MAX_AT_ONCE: Final = 256 * 1024
"""Bytes of a body that is judged on the event loop; larger ones are judged in a thread."""

NO_BODY: Final = Fault("", "a body is required")
OTHER_CHARSET: Final = Fault("", "expected UTF-8, not the charset that Content-Type names")

_CHARSET: Final = re.compile(rb";\s*charset\s*=\s*\"?([^\s\";]*)", re.IGNORECASE)
_ASCII_WITHIN: Final = re.compile(
    rb"utf-?8|us-ascii|iso-8859-[0-9]{1,2}|windows-125[0-9]", re.IGNORECASE
)
"""Charsets by which the punctuation of a document is the same as by UTF-8."""

Missing = Callable[[Exchange], list[tuple[str, str]]]
"""Finds the required parameters that a request lacks: location and name of each."""


def validate(build: RouteBuild) -> Step | None:
    """Build what a request of this operation must have."""
    settings = build.operation.validation if build.operation else None
    if settings is None:
        return None
    schemas = {of_type: _schema(build, body) for of_type, body in (settings.body or {}).items()}
    form = _Rest if build.method is not None else _Http
    run = form(_missing(settings), schemas).run
    asked = [
        f"{location} {name}"
        for location, names in _locations(settings).items()
        for name in _required(names)
    ]
    asked += [f"body {of_type}" for of_type in schemas]
    at = (*build.at, "validate")
    return Step("validate", run, ", ".join(asked), at)


def _schema(build: RouteBuild, body: str | dict[str, Any]) -> Schema:
    models = {name: model.document for name, model in build.api.models.items()}
    if isinstance(body, str):
        known = {**BUILT_IN, **models}
        return build.once(
            ("schema", build.api_name, body), lambda: compile_schema(known[body], models)
        )
    return compile_schema(body, models)


# -- parameters -----------------------------------------------------------------------------------


def _locations(settings: RequestValidation) -> dict[str, Mapping[str, Need]]:
    """Return the names of each location, in AWS's order."""
    return {"header": settings.headers, "path": settings.path, "query": settings.query}


def _required(names: Mapping[str, Need]) -> list[str]:
    return [name for name, need in names.items() if need == "required"]


def _missing(settings: RequestValidation) -> Missing:
    names = {location: _required(of) for location, of in _locations(settings).items()}
    headers = [(name, name.lower().encode("ascii")) for name in names["header"]]
    variables, parameters = names["path"], names["query"]

    def missing(ex: Exchange) -> list[tuple[str, str]]:
        found = [("header", name) for name, key in headers if not ex.headers.get(key, b"").strip()]
        found += [("path", name) for name in variables if not ex.params.get(name, "").strip()]
        if parameters:
            given = {name for name, value in pairs(ex.query) if value.strip()}
            found += [("query", name) for name in parameters if name not in given]
        return found

    return missing


# -- bodies -----------------------------------------------------------------------------------------


def _faults(schema: Schema, body: bytes) -> list[Fault]:
    return schema.faults(body) if body else [NO_BODY]


def _is_of_other_charset(content_type: bytes) -> bool:
    # Differs: [charsets] in UTF-7, a member may hide in a text from us that a backend reads.
    return any(not _ASCII_WITHIN.fullmatch(name) for name in _CHARSET.findall(content_type))


class _Validation:
    """The validation of one operation. The forms differ in what they answer."""

    def __init__(self, missing: Missing, schemas: Mapping[str, Schema]) -> None:
        self._missing = missing
        self._schemas = schemas

    def run(self, ex: Exchange) -> Reply | Parked | Awaitable[Reply | None] | None:
        """See Stage."""
        missing = self._missing(ex)
        if not self._schemas or (missing and self.stops_early):
            return self.refused(ex, missing, []) if missing else None
        schema = _schema_for(self._schemas, ex)
        if schema is None:
            return self.of_another_type(ex)
        if _is_of_other_charset(ex.headers.get(b"content-type", b"")):
            return self.refused(ex, missing, [OTHER_CHARSET])
        if ex.source is not None:
            return NEEDS_BODY
        if len(ex.body) > MAX_AT_ONCE:
            return self._judge_aside(schema, ex, missing)
        faults = _faults(schema, ex.body)
        return self.refused(ex, missing, faults) if missing or faults else None

    async def _judge_aside(
        self, schema: Schema, ex: Exchange, missing: list[tuple[str, str]]
    ) -> Reply | None:
        faults = await asyncio.to_thread(_faults, schema, ex.body)
        return self.refused(ex, missing, faults) if missing or faults else None

    stops_early: bool
    """Whether a missing parameter alone is told, before the body is read."""

    def of_another_type(self, ex: Exchange) -> Reply | None:
        """Answer where no schema is for the type of the body."""
        raise NotImplementedError

    def refused(self, ex: Exchange, missing: list[tuple[str, str]], faults: list[Fault]) -> Reply:
        """Answer where something is wrong, and note it for the log."""
        raise NotImplementedError


class _Rest(_Validation):
    """AWS's form. A body whose type has no model passes unseen."""

    stops_early = True

    def of_another_type(self, ex: Exchange) -> Reply | None:  # noqa: ARG002 - the form's hook
        return None

    def refused(self, ex: Exchange, missing: list[tuple[str, str]], faults: list[Fault]) -> Reply:
        if missing:
            names = ", ".join([name for _, name in missing])
            ex.validation_errors = f"[{names}]"
            message = f"Missing required request parameters: [{names}]"
            return refusal(400, "validate:parameters", message=message)
        ex.validation_errors = summary(faults)
        return refusal(400, "validate:body", message="Invalid request body")


class _Http(_Validation):
    """Our form: every fault at once, and bodies of the types that have a schema only."""

    stops_early = False

    def of_another_type(self, ex: Exchange) -> Reply | None:
        missing = self._missing(ex)
        return self.refused(ex, missing, []) if missing else refusal(415, "validate:media_type")

    def refused(self, ex: Exchange, missing: list[tuple[str, str]], faults: list[Fault]) -> Reply:
        errors = [
            {"in": location, "name": name, "message": "is required"} for location, name in missing
        ]
        errors += [
            {"in": "body", "pointer": fault.pointer, "message": fault.message} for fault in faults
        ]
        ex.validation_errors = orjson.dumps(errors).decode()
        wrong = "body" if faults else "parameters"
        detail = "The request is not what this operation accepts."
        members = {"message": f"Invalid request {wrong}", "errors": errors}
        return problem(400, "invalid-request", detail, f"validate:{wrong}", members=members)


def _schema_for(schemas: Mapping[str, Schema], ex: Exchange) -> Schema | None:
    if not schemas:
        return None
    found = media_type(ex.headers.get(b"content-type", b"").decode("latin-1"))
    return schemas.get(found) or schemas.get("$default")
