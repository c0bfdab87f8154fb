"""Turns the REST API of a case (`api`, `backend`, `authorizer`) into a frontdesk.yaml with its functions."""

import json
import re
from pathlib import Path
from typing import Any

from tests.conformance.cases import project

AUTHORIZER = """
import json
from pathlib import Path


def handler(event, context):
    with Path(__file__).with_suffix(".asked").open("a") as events:
        events.write(json.dumps(event) + "\\n")
    {body}
"""


def write(folder: Path, case: dict[str, Any]) -> Path:
    """Write the project of a case and return its file. Placeholders have been filled."""
    api = case["api"]
    functions: set[str] = set()
    authorizers: dict[str, Any] = {}
    resources: dict[str, Any] = {}
    for route in api["routes"]:
        methods = resources.setdefault(route["path"], {})
        methods[route["method"]] = _method(route, functions, authorizers)
    ours: dict[str, Any] = {"type": "rest", "stage": project.stage(api), "resources": resources}
    if "binaryMediaTypes" in api:
        ours["binary_media_types"] = api["binaryMediaTypes"]
    if "models" in api:
        ours["models"] = {name: {"schema": schema} for name, schema in api["models"].items()}
    for name in functions:
        project.write_function(folder, name, case.get("backend", {}))
    if "authorizer" in case:
        says = case["authorizer"]
        backend = {"functionRaises": {"errorMessage": says["raises"]}} if "raises" in says else {}
        backend |= {"functionReturns": says["returns"]} if "returns" in says else {}
        code = AUTHORIZER.format(body=project.handler_body(backend))
        (folder / "authorizer.py").write_text(code)
        functions.add("authorizer")
    return project.save(
        folder,
        {
            "functions": {
                name: {"handler": f"{name}.handler", "timeout": "10s"} for name in functions
            },
            "authorizers": authorizers,
            "apis": {"recorded": ours},
        },
    )


def authorizer_events(folder: Path) -> list[dict[str, Any]]:
    """Return the events that the authorizer of a case's project got, in order."""
    path = folder / "authorizer.asked"
    return [json.loads(line) for line in path.read_text().splitlines()] if path.exists() else []


def _method(
    route: dict[str, Any], functions: set[str], authorizers: dict[str, Any]
) -> dict[str, Any]:
    ours: dict[str, Any] = {"integration": _integration(route["integration"], functions)}
    validate = _validation(route)
    if validate:
        ours["validate"] = validate
    if "authorizer" in route:
        name = "a-" + re.sub(r"[^A-Za-z0-9]+", "-", route["path"]).strip("-")
        authorizers[name] = _authorizer(route["authorizer"])
        ours["authorizer"] = name
    return ours


_PLACES = {"header": "headers", "querystring": "query", "path": "path"}


def _validation(route: dict[str, Any]) -> dict[str, Any]:
    """Turn a validator, and the parameters and models that it looks at, into what is validated."""
    validator = route.get("requestValidator") or {}
    ours: dict[str, Any] = {}
    if validator.get("validateRequestParameters"):
        for key, required in route.get("requestParameters", {}).items():
            _, _, place, name = key.split(".", 3)
            if required:
                ours.setdefault(_PLACES[place], {})[name] = "required"
    if validator.get("validateRequestBody") and route.get("requestModels"):
        ours["body"] = route["requestModels"]
    return ours


_PLAIN = {
    "requestParameters": "request_parameters",
    "requestTemplates": "request_templates",
}
_WORDS = {"passthroughBehavior": "passthrough", "contentHandling": "content_handling"}
_RESPONSE = {"responseParameters": "parameters", "responseTemplates": "templates"}


def _integration(integration: dict[str, Any], functions: set[str]) -> dict[str, Any]:
    ours: dict[str, Any] = {"type": integration["type"].lower()}
    uri = integration.get("uri", "")
    if uri.startswith("function:"):
        ours["function"] = uri.removeprefix("function:")
        functions.add(ours["function"])
    elif uri:
        ours["uri"] = uri
        method = integration.get("httpMethod", "ANY")
        ours |= {"method": method} if method != "ANY" else {}
    ours |= _renamed(integration, _PLAIN)
    ours |= {key: word.lower() for key, word in _renamed(integration, _WORDS).items()}
    responses = integration.get("responses")
    if responses:
        ours["responses"] = {
            each.get("selectionPattern") or "default": _response(each) for each in responses
        }
    return ours


def _response(response: dict[str, Any]) -> dict[str, Any]:
    ours: dict[str, Any] = {"status": int(response["statusCode"])} | _renamed(response, _RESPONSE)
    if "contentHandling" in response:
        ours["content_handling"] = response["contentHandling"].lower()
    return ours


def _renamed(theirs: dict[str, Any], names: dict[str, str]) -> dict[str, Any]:
    return {name: theirs[key] for key, name in names.items() if theirs.get(key)}


def _authorizer(authorizer: dict[str, Any]) -> dict[str, Any]:
    ours = {
        "type": "function",
        "function": authorizer["function"].removeprefix("function:"),
        "form": {"TOKEN": "token", "REQUEST": "iam"}[authorizer["type"]],
        "identity": authorizer["identitySource"].replace("method.", "$", 1),
        "cache": authorizer["ttl"],
    }
    if "identityValidationExpression" in authorizer:
        ours["pattern"] = authorizer["identityValidationExpression"]
    return ours
