"""Draws OpenAPI documents from resources: what an API says is read by one reader only.

Every part of a document stands at the place of the resource that it comes from.
"""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

from frontdesk.base.errors import ConfigError, Finding
from frontdesk.config.imports.files import FileRefused
from frontdesk.config.imports.resources import Declared, Part, Resource
from frontdesk.config.openapi.document import ANY_METHOD, AWS, Document
from frontdesk.config.openapi.operations import OURS_OF_OPERATION
from frontdesk.config.placed import Branch, Placed, planted
from frontdesk.config.route_keys import DEFAULT
from frontdesk.config.tree import Tree
from frontdesk.config.yaml_source import read_yaml

IAM: Final = "AWS_IAM"
"""What routes and methods say that want signed requests."""

_INTEGRATION: Final = f"{AWS}integration"


def document_of(drawn: Branch, api: Resource, declared: Declared) -> Document:
    """Make what was drawn a document to read; `$ref`s of an own document lead to files beside it."""
    drawn_from = {each.at.file for each in declared.resources} | {drawn.node.file}
    drawn_from |= {node.file for node in drawn.node.children.values()}

    def open_file(path: Path) -> tuple[Tree | None, list[Finding]]:
        if str(path) in drawn_from:
            return drawn, []
        try:
            return read_yaml(declared.project.read(path), str(path))
        except FileRefused as error:
            return None, [Finding("error", "import", api.at, str(error))]

    return Document(Path(api.at.file), open_file, api.at)


def blank(api: Resource, declared: Declared) -> Branch:
    """Begin the document of an API: with its own, where it brings one."""
    drawn = Branch.at(api.origin)
    drawn.put("openapi", "3.0.1", api.origin)
    drawn.put("info", {"title": api.name, "version": "1"}, api.origin)
    body = _body(api, declared)
    if body is not None:
        if "swagger" in body.value:
            del drawn.value["openapi"]
        drawn.lay_over(body)
    return drawn


def _body(api: Resource, declared: Declared) -> Placed | None:
    """Read the document that an API brings itself: a mapping, a text, or a file (`body_file`)."""
    file, said = api.text("body_file"), api.values.get("body")
    if file:
        return declared.project.tree(Path(api.at.file).parent / file, api.at)
    if isinstance(said, dict):
        return Placed(*planted(said, api.origin.node))
    text = api.text("body")
    if not text:
        return None
    tree, findings = read_yaml(text.encode(), api.at.file)
    if tree is None or findings:
        raise ConfigError(tuple(findings))
    return Placed(*planted(tree.value, api.origin.node))  # its lines are not those of the file


def operation_at(drawn: Branch, key: str, at: Resource) -> Branch:
    """Return the operation of a route key: `GET /pets`, `ANY /pets`, `$default`."""
    method, _, path = ("ANY", "", f"/{DEFAULT}") if key == DEFAULT else key.partition(" ")
    word = ANY_METHOD if method == "ANY" else method.lower()
    return drawn.branch("paths", at.origin).branch(path, at.origin).branch(word, at.origin)


def target_of(
    route: Resource, integrations: Mapping[str, Resource], declared: Declared
) -> Resource | None:
    """Find the integration that a route of `aws_apigatewayv2_*` names; None: told to be missing."""
    name = route.text("target").removeprefix("integrations/")
    found = integrations.get(name)
    if found is None:
        message = (
            f"route {route.text('route_key')}: nothing here says what its integration {name} is"
        )
        hint = "declare it, or give the route in the file that is written here"
        declared.missing(route.at, message, hint)
    return found


def authorizer_of(
    protected: Resource, who: str, authorizers: Mapping[str, Resource], declared: Declared
) -> Resource | None:
    """Find the authorizer that a route or method names; None: told to be missing. who: what is protected."""
    found = authorizers.get(protected.text("authorizer_id"))
    if found is None:
        message = f"{who}: nothing here says what its authorizer is"
        declared.missing(protected.at, message, "declare it")
    return found


def put_integration(operation: Branch, integration: Mapping[str, Any], at: Resource) -> None:
    """Say what answers an operation."""
    operation.put(_INTEGRATION, integration, at.origin)


def put_ours(operation: Branch, ours: Mapping[str, Any], at: Resource) -> None:
    """Say what the words of OpenAPI do not know, in our own keys."""
    if ours:
        operation.branch(OURS_OF_OPERATION, at.origin).lay_over(
            Placed(*planted(ours, at.origin.node))
        )


def put_signed(operation: Branch, at: Resource) -> None:
    """Say that requests must be signed."""
    operation.put(f"{AWS}auth", {"type": IAM}, at.origin)


def put_security(
    drawn: Branch, operation: Branch, security: Mapping[str, list[str]], protected: Resource
) -> None:
    """Say what requests must show: scopes by scheme, and an API key where the route or method asks for one."""
    if protected.flag("api_key_required"):
        key = {"type": "apiKey", "name": "x-api-key", "in": "header"}
        section(drawn, "securitySchemes", protected).put("api_key", key, protected.origin)
        security = {**security, "api_key": []}
    if security:
        operation.put("security", [security], protected.origin)


def put_scheme(
    drawn: Branch, authorizer: Resource, scheme: Mapping[str, Any], said: Mapping[str, Any]
) -> str:
    """Add an authorizer as a security scheme, and return its name. said: in AWS's extension."""
    place = section(drawn, "securitySchemes", authorizer)
    place.put(authorizer.name, {**scheme, f"{AWS}authorizer": said}, authorizer.origin)
    return authorizer.name


def section(drawn: Branch, name: str, at: Part) -> Branch:
    """Return a section of what is defined for reuse: `schemas`, `securitySchemes`."""
    if "swagger" in drawn.value:
        words = {"schemas": "definitions", "securitySchemes": "securityDefinitions"}
        return drawn.branch(words[name], at.origin)
    return drawn.branch("components", at.origin).branch(name, at.origin)


def as_json(text: Any) -> Any:
    """Read a text that should be JSON; whatever else it is stays as it is."""
    try:
        return json.loads(text)
    except (TypeError, ValueError):
        return text
