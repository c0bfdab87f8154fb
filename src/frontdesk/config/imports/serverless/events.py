"""Writes events and authorizers of the Serverless Framework as SAM says them."""

import json
from collections.abc import Iterator, Sequence
from typing import Any, Final

from frontdesk.config.imports.arns import invoke_arn
from frontdesk.config.imports.cloudformation.sam_events import HTTP_API, REST_API
from frontdesk.config.imports.documents import IAM
from frontdesk.config.imports.resources import Part, name_of
from frontdesk.config.imports.serverless.sources import KINDS, source_of
from frontdesk.config.placed import Placed

_TYPES: Final = {"stream": "DynamoDB or Kinesis"}
"""Kind of an event → what SAM calls its type."""

_SOURCES: Final = {
    "method.request.header.": "Headers",
    "method.request.querystring.": "QueryStrings",
    "$request.header.": "Headers",
    "$request.querystring.": "QueryStrings",
}
"""Beginning of an identity source → where SAM lists its name."""


def event_of(kind: str, event: Placed, address: str) -> dict[str, Any]:
    """Write an event of a function or state machine: its type and properties."""
    if kind == "schedule":
        return _schedule(event, address)
    if kind in KINDS and not _comes_at_times(event):
        return source_of(kind, event.value)
    if kind == "eventBridge":
        return _schedule(event, address)
    if kind not in ("http", "httpApi"):
        return {"Type": _TYPES.get(kind, kind), "Properties": {}}
    said = http_event(event, address)
    path, method = said.text("path"), said.text("method", "any")
    of_rest = kind == "http"
    is_default = path in ("*", "") and not of_rest
    properties: dict[str, Any] = {
        "Path": "$default" if is_default else f"/{path.strip('/')}",
        "Method": "any" if method == "*" else method,
        ("RestApiId" if of_rest else "ApiId"): REST_API if of_rest else HTTP_API,
        "Auth": dict(_auth(said)),
    }
    if of_rest:
        properties["RequestParameters"] = list(_parameters(said.part("request").part("parameters")))
    return {"Type": "Api" if of_rest else "HttpApi", "Properties": properties}


def _comes_at_times(event: Placed) -> bool:
    return isinstance(event.value, dict) and "schedule" in event.value


def _schedule(event: Placed, address: str) -> dict[str, Any]:
    """Read `rate(5 minutes)`, or a mapping with {rate, enabled, input, method, name, timezone}."""
    said = event.value if isinstance(event.value, dict) else {"rate": event.value}
    said = {"rate": said["schedule"], **said} if "schedule" in said else said
    part = Part({"it": said}, address, event.position()).part("it")
    given = said.get("input")
    properties: dict[str, Any] = {
        "Input": given if given is None or isinstance(given, str) else json.dumps(given),
        "Name": part.text("name") or None,
        "State": "DISABLED" if said.get("enabled") is False else None,
    }
    expression = next(iter(part.texts("rate")), "")
    if part.text("method") != "scheduler":
        return {"Type": "Schedule", "Properties": {"Schedule": expression, **properties}}
    zone = part.text("timezone") or None
    times = {"ScheduleExpression": expression, "ScheduleExpressionTimezone": zone}
    return {"Type": "ScheduleV2", "Properties": {**times, **properties}}


def http_event(event: Placed, address: str) -> Part:
    """Read an event of an API: `POST /book`, `*`, or a mapping."""
    said = event.value
    if isinstance(said, str):
        method, _, path = said.strip().rpartition(" ")
        said = {"method": method, "path": path} if method else {"path": path}
    return Part({"it": said}, address, event.position()).part("it")


def _auth(said: Part) -> Iterator[tuple[str, Any]]:
    name = authorizer_name(said)
    if name:
        yield "Authorizer", name
    if isinstance(said.values.get("authorizer"), dict):
        scopes = said.part("authorizer").texts("scopes")
        if scopes:
            yield "AuthorizationScopes", scopes
    if said.flag("private"):
        yield "ApiKeyRequired", True


def authorizer_name(said: Part) -> str:
    """Name the authorizer of an event, "" where it has none."""
    authorizer = said.values.get("authorizer")
    if isinstance(authorizer, dict):
        inner = said.part("authorizer")
        kind = inner.text("type").upper()
        named = inner.text("name") or _last(inner.text("arn")) or inner.text("id")
        return IAM if kind == IAM else named
    name = said.text("authorizer")
    return IAM if name.upper() == IAM else _last(name) if name.startswith("arn:") else name


def _last(arn: str) -> str:
    return name_of(arn.rpartition(":")[2].rpartition("/")[2]) if arn else ""


def _parameters(parameters: Part) -> Iterator[Any]:
    places = {"headers": "header", "paths": "path", "querystrings": "querystring"}
    for key, place in places.items():
        if isinstance(parameters.values.get(key), dict):
            for name, required in parameters.mapping(key).items():
                needed = isinstance(required, dict) and required.get("required") is True
                said = {"Required": required is True or needed}
                yield {f"method.request.{place}.{name}": said}


def authorizer_of_http_api(said: Part) -> dict[str, Any]:
    """Write an authorizer of `provider.httpApi`."""
    if said.text("type", "jwt") == "jwt":
        source = said.text("identitySource", "$request.header.Authorization")
        tokens = {"issuer": said.text("issuerUrl"), "audience": said.texts("audience")}
        return {"IdentitySource": source, "JwtConfiguration": tokens}
    return {
        "FunctionArn": said.text("functionArn") or invoke_arn(name_of(said.text("functionName"))),
        "Identity": _identity(said.texts("identitySource"), said),
        "EnableSimpleResponses": said.flag("enableSimpleResponses"),
        "AuthorizerPayloadFormatVersion": said.text("payloadVersion", "2.0"),
    }


def authorizers_of_rest_api(events: Sequence[Part]) -> Iterator[tuple[str, dict[str, Any]]]:
    """Yield the authorizers that events of REST APIs name, each once with what is said of it last."""
    for event in events:
        name = authorizer_name(event)
        if name and name != IAM:
            own = isinstance(event.values.get("authorizer"), dict)
            yield name, _authorizer(event.part("authorizer") if own else event, name)


def _authorizer(said: Part, name: str) -> dict[str, Any]:
    arn = said.text("arn") or said.text("authorizer")
    if ":cognito-idp:" in arn or said.text("type").upper() == "COGNITO_USER_POOLS":
        return {"UserPoolArn": arn}
    kind = said.text("type", "token").upper()
    source = said.text("identitySource", "method.request.header.Authorization")
    identity = _identity(source.split(","), said)
    if kind == "TOKEN":
        identity["Header"] = source.removeprefix("method.request.header.")
    return {
        "FunctionArn": arn if arn.startswith("arn:") else invoke_arn(name_of(name)),
        "FunctionPayloadType": kind,
        "Identity": identity,
    }


def _identity(sources: Sequence[str], said: Part) -> dict[str, Any]:
    identity: dict[str, Any] = {
        "ReauthorizeEvery": said.number("resultTtlInSeconds"),
        "ValidationExpression": said.text("identityValidationExpression") or None,
    }
    for source in sources:
        for beginning, key in _SOURCES.items():
            if source.strip().startswith(beginning):
                names = identity.setdefault(key, [])
                names.append(source.strip().removeprefix(beginning))
    return {key: value for key, value in identity.items() if value is not None}
