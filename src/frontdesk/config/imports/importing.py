"""Turns the resources of a template into our configuration, and lists what it could not carry."""

import json
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any, Final

from frontdesk.base.errors import Finding, Position
from frontdesk.config.imports import functions
from frontdesk.config.imports.cloudformation.sam import read_sam
from frontdesk.config.imports.documents import document_of
from frontdesk.config.imports.functions import name_of, read_functions
from frontdesk.config.imports.hcl.module import read_terraform
from frontdesk.config.imports.hcl.shown import read_shown
from frontdesk.config.imports.http_documents import HttpDrawing, speed_of
from frontdesk.config.imports.plans import TYPES as OF_PLANS
from frontdesk.config.imports.plans import read_plans
from frontdesk.config.imports.resources import LEFT, Declared, Resource
from frontdesk.config.imports.rest_documents import RestDrawing
from frontdesk.config.imports.serverless import read_serverless
from frontdesk.config.names import unknown_names
from frontdesk.config.openapi.importing import Imported
from frontdesk.config.openapi.reading import read_api
from frontdesk.config.openapi.writing import as_written
from frontdesk.config.placed import Branch, Placed
from frontdesk.config.tree import Node

_API_TYPES: Final = ("aws_apigatewayv2_api", "aws_api_gateway_rest_api")

_READ: Final = frozenset(
    (
        *_API_TYPES,
        *functions.TYPES,
        *OF_PLANS,
        *("aws_api_gateway_authorizer", "aws_api_gateway_gateway_response"),
        *("aws_api_gateway_integration", "aws_api_gateway_integration_response"),
        *("aws_api_gateway_method", "aws_api_gateway_method_response"),
        *("aws_api_gateway_model", "aws_api_gateway_request_validator"),
        *("aws_api_gateway_resource", "aws_api_gateway_stage"),
        *("aws_apigatewayv2_authorizer", "aws_apigatewayv2_integration"),
        *("aws_apigatewayv2_integration_response", "aws_apigatewayv2_route"),
        "aws_apigatewayv2_stage",
    )
)
"""Types of which something is carried; what of them is not is told where they are read."""

_NEEDLESS: Final[Mapping[str, str]] = {
    "archive_file": "the folder itself is used",
    "aws_api_gateway_account": "logs are written here",
    "aws_api_gateway_deployment": "the whole file is what is deployed",
    "aws_apigatewayv2_deployment": "the whole file is what is deployed",
    "aws_cloudwatch_log_group": "logs are written to where `logs` says",
    "aws_iam_policy": "functions run as the gateway's user",
    "aws_iam_role": "functions run as the gateway's user",
    "aws_iam_role_policy": "functions run as the gateway's user",
    "aws_iam_role_policy_attachment": "functions run as the gateway's user",
    "aws_lambda_permission": "a route may call the function that it names",
}
"""Types that say nothing here, and why."""


def import_terraform(
    path: Path, name: str, given: Mapping[str, str], environ: Mapping[str, str]
) -> Imported:
    """Import a folder of `.tf` files, one file, or what `terraform show -json` has printed.

    name: of the configuration. given: values by address. environ: for TF_VAR_… variables.
    Raises: ConfigError for what is no Terraform, or cannot be evaluated.
    """
    declared = read_shown(path) if path.suffix == ".json" else read_terraform(path, given, environ)
    return import_resources(declared, name, path)


def import_sam(path: Path, name: str, given: Mapping[str, str]) -> Imported:
    """Import a template of SAM, or of plain CloudFormation.

    name: of the configuration. given: values of parameters, exports, and attributes as `Pool.Arn`.
    Raises: ConfigError for what is no template, or cannot be evaluated.
    """
    return import_resources(read_sam(path, given), name, path)


def import_serverless(
    path: Path, name: str, given: Mapping[str, str], environ: Mapping[str, str]
) -> Imported:
    """Import a `serverless.yml`.

    name: of the configuration. given: options, parameters, and what other stacks say. environ: for
    `${env:…}`.
    Raises: ConfigError for what is no service, or has variables that cannot be known.
    """
    return import_resources(read_serverless(path, given, environ), name, path)


def import_resources(declared: Declared, name: str, path: Path) -> Imported:
    """Make our configuration of resources. path: of the template."""
    content = Branch.at(Placed({}, Node(str(path), 1, 1, 1, 1, {})))
    origin = Placed({}, content.node)
    content.put("name", name_of(name), origin)
    made = Branch.at(origin)
    read_functions(declared, made)
    if made.value:
        _set(content, "functions", made)
    findings: list[Finding] = []
    for api in declared.of(*_API_TYPES):
        findings += _read_api(declared, content, api)
    _apart(declared, content)
    read_plans(declared, content)
    for resource in declared.resources:
        if resource.type not in _READ:
            reason = _NEEDLESS.get(resource.type, "there is nothing here that it could become")
            declared.tell(LEFT, resource.at, f"{resource.address} is not carried: {reason}")
    found = (*findings, *declared.findings, *unknown_names(content))
    return Imported(as_written(content.value), tuple(_at_line(each) for each in found))


def _at_line(finding: Finding) -> Finding:
    """Leave out the path within a document that nobody has written."""
    where = finding.where
    return replace(finding, where=Position(where.file, where.line, where.column, ""))


def _apart(declared: Declared, content: Branch) -> None:
    """Serve several APIs below their names: at AWS each has a host of its own."""
    apis = content.value.get("apis", {})
    if len(apis) < 2:
        return
    for name in apis:
        entry = content.branch("apis", Placed({}, content.node)).branch(
            name, Placed({}, content.node)
        )
        entry.put("base_path", f"/{name}", Placed({}, entry.node))
    where = Placed({}, content.node).position()
    hint = "give them hosts instead, with `host`"
    declared.tell(LEFT, where, "several APIs: each is served below its name", hint)


def _set(branch: Branch, key: str, value: Branch) -> None:
    branch.value[key], branch.node.children[key] = value.value, value.node


def _read_api(declared: Declared, content: Branch, api: Resource) -> list[Finding]:
    if api.text("protocol_type") == "WEBSOCKET":
        declared.tell(LEFT, api.at, f"{api.address} is not carried: it is a WebSocket API")
        return []
    rest = api.type == "aws_api_gateway_rest_api"
    drawn = (RestDrawing if rest else HttpDrawing)(declared).draw(api)
    document = document_of(drawn, api)
    known = content.value.get("authorizers", {})
    reading = read_api(document, {"type": "rest" if rest else "http"}, known)
    if reading.authorizers.value:
        merged = content.branch("authorizers", api.origin)
        merged.lay_over(Placed(reading.authorizers.value, reading.authorizers.node))
    _stages(declared, content, reading.api, api)
    apis, name = content.branch("apis", api.origin), name_of(api.text("name") or api.name)
    if name in apis.value:
        name = f"{name}-{'rest' if rest else 'http'}"
    _set(apis, name, reading.api)
    return [
        *document.findings,
        *(Finding("warning", LEFT, note.where, note.message) for note in document.notes),
    ]


def _stages(declared: Declared, content: Branch, entry: Branch, api: Resource) -> None:
    rest = api.type == "aws_api_gateway_rest_api"
    kind, owner, named, variables = (
        ("aws_api_gateway_stage", "rest_api_id", "stage_name", "variables")
        if rest
        else ("aws_apigatewayv2_stage", "api_id", "name", "stage_variables")
    )
    for stage in declared.of(kind):
        if stage.text(owner) != api.id:
            continue
        settings: dict[str, Any] = {}
        if stage.values.get(variables):
            settings["variables"] = stage.values[variables]
        speed = speed_of(stage.block("default_route_settings"))
        if speed is not None:
            settings["throttle"] = speed
        name = stage.text(named) or "$default"
        if settings or name != "$default":
            entry.branch("stages", stage.origin).put(name, settings, stage.origin)
        _log(declared, content, stage)


def _log(declared: Declared, content: Branch, stage: Resource) -> None:
    """Read the format of the access log: there is one for all APIs."""
    text = stage.block("access_log_settings").get("format")
    if not text:
        return
    access = content.branch("logs", stage.origin).branch("access", stage.origin)
    try:
        written = json.loads(text)
    except ValueError:
        written = text
    if "format" in access.value and access.value["format"] != written:
        message = f"{stage.address}: another stage has given the format of the log"
        declared.tell(LEFT, stage.at, message)
    else:
        access.put("format", written, stage.origin)
