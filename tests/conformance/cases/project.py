"""Turns the configuration of a case (`api`, `backend`) into a frontdesk.yaml with its functions."""

import json
import re
from pathlib import Path
from typing import Any

import pytest

ACCOUNT = "000000000000"
REGION = "us-east-1"
DOMAIN = "api.recorded.example"

HANDLER = """
import json
from pathlib import Path


def handler(event, context):
    with Path(__file__).with_suffix(".events").open("a") as events:
        events.write(json.dumps(event) + "\\n")
    {body}
"""

CORS = {
    "allowOrigins": "allow_origins",
    "allowMethods": "allow_methods",
    "allowHeaders": "allow_headers",
    "exposeHeaders": "expose_headers",
    "allowCredentials": "allow_credentials",
    "maxAge": "max_age",
}
"""CORS member of AWS → ours."""


def fill(value: Any, known: dict[str, str]) -> Any:
    """Replace `{name}` of the known names in every text."""
    if isinstance(value, str):
        return re.sub(r"\{(\w+)\}", lambda found: known.get(found[1], found[0]), value)
    if isinstance(value, list):
        return [fill(item, known) for item in value]
    if isinstance(value, dict):
        return {key: fill(item, known) for key, item in value.items()}
    return value


def write(folder: Path, case: dict[str, Any]) -> Path:
    """Write the project of a case and return its file. Placeholders have been filled."""
    api = case["api"]
    functions: set[str] = set()
    routes = {route["routeKey"]: _route(route, functions) for route in api.get("routes", [])}
    authorizers = {
        _authorizer_name(route): _authorizer(route["authorizer"])
        for route in api.get("routes", [])
        if route.get("authorizer")
    }
    ours: dict[str, Any] = {"routes": routes, "stage": stage(api)}
    if "cors" in api:
        ours["cors"] = {CORS[key]: value for key, value in api["cors"].items()}
    for name in functions:
        write_function(folder, name, case.get("backend", {}))
    return save(
        folder,
        {
            "functions": {
                name: {"handler": f"{name}.handler", "timeout": "10s"} for name in functions
            },
            "authorizers": authorizers,
            "apis": {"recorded": ours},
        },
    )


def write_domain(folder: Path, case: dict[str, Any]) -> Path:
    """Write the project of a custom domain: one API per mapping, which answers with its name."""
    mappings = case["domain"]["mappings"]
    ours = {key: f"api-{number}" for number, key in enumerate(mappings)}
    return save(
        folder,
        {
            "apis": {
                ours[key]: {"routes": {"$default": {"mock": {"body": {"api": name}}}}}
                for key, name in mappings.items()
            },
            "domains": {DOMAIN: {"mappings": ours}},
        },
    )


def write_function(folder: Path, name: str, backend: dict[str, Any]) -> None:
    """Write the module of a function that behaves as `backend` says, and keeps its events."""
    (folder / f"{name}.py").write_text(HANDLER.format(body=handler_body(backend)))


def save(folder: Path, config: dict[str, Any]) -> Path:
    """Write the file of a project, with what all of them have, and return it."""
    whole = {
        "name": "recorded",
        "listen": "127.0.0.1:0",
        "admin": {"listen": "127.0.0.1:0"},
        "account": ACCOUNT,
        "region": REGION,
        **config,
    }
    path = folder / "frontdesk.yaml"
    path.write_text(json.dumps(whole))  # JSON is accepted
    return path


def events(folder: Path) -> list[dict[str, Any]]:
    """Return the events that the functions of a case's project got, in order."""
    found = sorted(folder.glob("*.events"))
    return [json.loads(line) for path in found for line in path.read_text().splitlines()]


def stage(api: dict[str, Any]) -> dict[str, Any]:
    """Return the stage of a case's API in our words."""
    stage = api.get("stage", {"name": "$default"})
    if stage is None:
        pytest.skip("an API without a stage cannot be configured")
    return {"name": stage["name"], "variables": stage.get("variables") or {}}


def _route(route: dict[str, Any], functions: set[str]) -> dict[str, Any]:
    integration = route.get("integration")
    ours = _integration(integration, functions) if integration else _mock(route["routeKey"])
    if route.get("authorizer"):
        ours["authorizer"] = _authorizer_name(route)
    scopes = route.get("authorizationScopes") or (route.get("authorizer") or {}).get("scopes")
    if scopes:
        ours["scopes"] = scopes
    return ours


def _mock(route_key: str) -> dict[str, Any]:
    return {"mock": {"body": {"routeKey": route_key}}}


def _integration(integration: dict[str, Any], functions: set[str]) -> dict[str, Any]:
    uri = integration["uri"]
    if uri.startswith("function:"):
        name = uri.removeprefix("function:")
        functions.add(name)
        ours = {"function": name, "payload": integration.get("payloadFormatVersion", "2.0")}
    else:
        method = integration.get("httpMethod") or integration.get("method")
        ours = {"http": {"url": uri} | ({"method": method} if method not in (None, "ANY") else {})}
    if "timeoutInMillis" in integration:
        ours["timeout"] = f"{integration['timeoutInMillis']}ms"
    if integration.get("requestParameters"):
        ours["request"] = _mapping(integration["requestParameters"])
    responses = integration.get("responseParameters")
    if responses:
        ours["response"] = {"status": {code: _mapping(rules) for code, rules in responses.items()}}
    return ours


_VERBS = {"overwrite": "set", "append": "append", "remove": "remove"}


def _mapping(rules: dict[str, str]) -> dict[str, Any]:
    """Turn AWS's flat keys (`append:header.X`, `overwrite:path`, …) into our nested ones."""
    ours: dict[str, Any] = {}
    places = {"header": "headers", "querystring": "query"}
    for key, value in rules.items():
        verb, _, target = key.partition(":")
        place, _, name = target.partition(".")
        if place in places:
            changes = ours.setdefault(places[place], {})
            if verb == "remove":
                changes.setdefault("remove", []).append(name)
            else:
                changes.setdefault(_VERBS[verb], {})[name] = value
        else:
            ours["path" if place == "path" else "status"] = value
    return ours


def _authorizer_name(route: dict[str, Any]) -> str:
    return "a-" + re.sub(r"[^A-Za-z0-9]+", "-", route["routeKey"]).strip("-")


def _authorizer(authorizer: dict[str, Any]) -> dict[str, Any]:
    if authorizer["type"] != "JWT":
        pytest.skip(f"no recorded HTTP API case has an authorizer of type {authorizer['type']} yet")
    config = authorizer.get("jwtConfiguration", authorizer)
    return {
        "type": "jwt",
        "issuer": config["issuer"],
        "audience": config["audience"],
        "identity": authorizer.get("identitySource", "$request.header.Authorization"),
        "allow_http": True,
    }


def handler_body(backend: dict[str, Any]) -> str:
    """Return the last line of a handler that behaves as `backend` says."""
    if "functionRaises" in backend:
        error = backend["functionRaises"]
        return (
            f"raise type({error.get('errorType', 'Exception')!r}, (Exception,), {{}})"
            f"({error.get('errorMessage', '')!r})"
        )
    if backend.get("functionEcho"):
        return "return event"
    returns = json.dumps(json.dumps(backend.get("functionReturns", {"statusCode": 200})))
    return f"return json.loads({returns})"
