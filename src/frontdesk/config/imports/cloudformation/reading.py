"""Turns the resources of a template into the common form, in Terraform's words.

Both name the same members of the same services; what CloudFormation nests is taken apart here.
"""

import json
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from frontdesk.base.errors import ConfigError, Finding, Position
from frontdesk.config.imports.cloudformation.intrinsics import TAGS, Template
from frontdesk.config.imports.resources import Declared, Resource
from frontdesk.config.placed import Placed
from frontdesk.config.yaml_source import read_yaml

Properties = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Origin:
    """One resource of a template. id: what `Ref` gives."""

    name: str
    type: str
    id: str
    at: Position
    properties: Properties

    def resource(self, kind: str, values: Properties, suffix: str = "") -> Resource:
        """Make a resource of it. suffix: tells several of one origin apart."""
        name = f"{self.name}{suffix}"
        return Resource(kind, name, name, values, self.at, name if suffix else self.id)


Reader = Callable[[Origin], Iterator[Resource]]


def open_template(path: Path) -> Placed:
    """Read the file of a template.

    Raises: ConfigError for what is no YAML.
    """
    tree, findings = read_yaml(path.read_bytes(), str(path), TAGS)
    if tree is None or findings:
        raise ConfigError(tuple(findings))
    return Placed(tree.value, tree.node)


def read_template(
    root: Placed, given: Mapping[str, str], expand: Mapping[str, Reader], declared: Declared
) -> None:
    """Add the resources of a template. expand: types that stand for several, and how.

    Raises: ConfigError for what is no template, or cannot be evaluated.
    """
    if not root.below("Resources").value:
        finding = Finding(
            "error", "template", root.position(), "expected a template with Resources"
        )
        raise ConfigError((finding,))
    template = Template(root, given, declared)
    shared = {kind: template.value(placed) for kind, placed in root.below("Globals").items()}
    for name, kind, placed in template.resources():
        properties = template.value(placed.below("Properties"))
        where = placed.position(of_key=True)
        common = shared.get(kind.rpartition("::")[2], {}) if "::Serverless::" in kind else {}
        origin = Origin(name, kind, template.named(name), where, merged(common, properties))
        reader = expand.get(kind) or TYPES.get(kind)
        if reader is None:
            declared.resources.append(origin.resource(kind, {}))
        else:
            declared.resources += reader(origin)


def merged(common: Properties, own: Properties) -> dict[str, Any]:
    """Lay a resource's own properties over those of all: maps are merged, lists joined."""
    result = dict(common)
    for key, value in own.items():
        former = result.get(key)
        if isinstance(former, dict) and isinstance(value, dict):
            result[key] = merged(former, value)
        elif isinstance(former, list) and isinstance(value, list):
            result[key] = [*former, *value]
        else:
            result[key] = value
    return result


_WORD: Final = re.compile(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])")

_FREE_KEYS: Final = frozenset(
    (
        *("AdditionalVersionWeights", "Body", "DefinitionBody", "PolicyDocument", "Policy"),
        *("RequestModels", "RequestParameters", "RequestTemplates", "ResponseModels"),
        *("ResponseParameters", "ResponseTemplates", "Schema", "StageVariables", "Tags"),
        *("Variables",),
    )
)
"""Properties whose keys are the user's own."""


def snake(properties: Properties) -> dict[str, Any]:
    """Spell properties as Terraform does, all the way down."""
    return {
        _WORD.sub("_", key).lower(): value if key in _FREE_KEYS else _snake_inside(value)
        for key, value in properties.items()
    }


def _snake_inside(value: Any) -> Any:
    if isinstance(value, dict):
        return snake(value)
    if isinstance(value, list):
        return [_snake_inside(each) for each in value]
    return value


def same(kind: str, *blocks: str, **renamed: str) -> Reader:
    """Make the reader of a type that is one resource. blocks: what Terraform has as blocks."""

    def read(origin: Origin) -> Iterator[Resource]:
        values = snake(origin.properties)
        for theirs, ours in renamed.items():
            if theirs in values:
                values[ours] = values.pop(theirs)
        for block in blocks:
            if isinstance(values.get(block), dict):
                values[block] = [values[block]]
        yield origin.resource(kind, values)

    return read


def _function(origin: Origin) -> Iterator[Resource]:
    values = snake(origin.properties)
    code = origin.properties.get("Code")
    if isinstance(code, str):
        values["filename"] = code
    values["environment"] = [values.get("environment") or {}]
    yield origin.resource("aws_lambda_function", values)


def _url(origin: Origin) -> Iterator[Resource]:
    values = snake(origin.properties)
    values |= {
        "authorization_type": values.pop("auth_type", "NONE"),
        "function_name": values.pop("target_function_arn", ""),
        "cors": [values.get("cors") or {}],
    }
    yield origin.resource("aws_lambda_function_url", values)


def _alias(origin: Origin) -> Iterator[Resource]:
    values = snake(origin.properties)
    weights = {
        str(each["function_version"]): each["function_weight"]
        for each in (values.get("routing_config") or {}).get("additional_version_weights", ())
    }
    values["routing_config"] = [{"additional_version_weights": weights}] if weights else []
    yield origin.resource("aws_lambda_alias", values)


def _method(origin: Origin) -> Iterator[Resource]:
    """Take a method apart: Terraform has its integration and answers beside it."""
    values = snake(origin.properties)
    integration = values.pop("integration", {}) or {}
    answers = values.pop("method_responses", []) or []
    values["authorization"] = values.pop("authorization_type", "NONE")
    values["request_validator_id"] = values.get("request_validator_id")
    key = {name: values.get(name) for name in ("rest_api_id", "resource_id", "http_method")}
    yield origin.resource("aws_api_gateway_method", values)
    responses = integration.pop("integration_responses", []) or []
    integration["timeout_milliseconds"] = integration.pop("timeout_in_millis", None)
    yield origin.resource("aws_api_gateway_integration", key | integration, ".integration")
    for number, response in enumerate(responses):
        suffix = f".integration_response{number}"
        yield origin.resource("aws_api_gateway_integration_response", key | response, suffix)
    for number, answer in enumerate(answers):
        suffix = f".method_response{number}"
        yield origin.resource("aws_api_gateway_method_response", key | answer, suffix)


def _model(origin: Origin) -> Iterator[Resource]:
    values = snake(origin.properties)
    schema = values.get("schema")
    values["schema"] = schema if isinstance(schema, str) else json.dumps(schema or {})
    values.setdefault("name", origin.name)
    yield origin.resource("aws_api_gateway_model", values)


def _plan(origin: Origin) -> Iterator[Resource]:
    values = snake(origin.properties)
    values |= {
        "name": values.get("usage_plan_name") or origin.name,
        "quota_settings": [values["quota"]] if values.get("quota") else [],
        "throttle_settings": [values["throttle"]] if values.get("throttle") else [],
    }
    for stage, written in zip(
        values.get("api_stages") or [], origin.properties.get("ApiStages") or [], strict=True
    ):
        stage["throttle"] = [
            {"path": path, **snake(limit)}
            for path, limit in (written.get("Throttle") or {}).items()
        ]
    yield origin.resource("aws_api_gateway_usage_plan", values)


def _http_stage(origin: Origin) -> Iterator[Resource]:
    values = snake(origin.properties)
    values["name"] = values.pop("stage_name", "$default")
    values["route_settings"] = [
        {"route_key": key, **snake(settings)}
        for key, settings in (origin.properties.get("RouteSettings") or {}).items()
    ]
    for block in ("default_route_settings", "access_log_settings"):
        values[block] = [values[block]] if values.get(block) else []
    yield origin.resource("aws_apigatewayv2_stage", values)


def _http_integration(origin: Origin) -> Iterator[Resource]:
    values = snake(origin.properties)
    values["timeout_milliseconds"] = values.pop("timeout_in_millis", None)
    answers = origin.properties.get("ResponseParameters") or {}
    values["response_parameters"] = [
        {
            "status_code": status,
            "mappings": {
                each["Destination"]: each["Source"] for each in said["ResponseParameters"]
            },
        }
        for status, said in answers.items()
    ]
    yield origin.resource("aws_apigatewayv2_integration", values)


TYPES: Final[Mapping[str, Reader]] = {
    "AWS::ApiGateway::ApiKey": same("aws_api_gateway_api_key"),
    "AWS::ApiGateway::Authorizer": same("aws_api_gateway_authorizer"),
    "AWS::ApiGateway::Deployment": same("aws_api_gateway_deployment"),
    "AWS::ApiGateway::GatewayResponse": same("aws_api_gateway_gateway_response"),
    "AWS::ApiGateway::Method": _method,
    "AWS::ApiGateway::Model": _model,
    "AWS::ApiGateway::RequestValidator": same("aws_api_gateway_request_validator"),
    "AWS::ApiGateway::Resource": same("aws_api_gateway_resource"),
    "AWS::ApiGateway::RestApi": same(
        "aws_api_gateway_rest_api", api_key_source_type="api_key_source"
    ),
    "AWS::ApiGateway::Stage": same("aws_api_gateway_stage", "access_log_settings"),
    "AWS::ApiGateway::UsagePlan": _plan,
    "AWS::ApiGateway::UsagePlanKey": same("aws_api_gateway_usage_plan_key"),
    "AWS::ApiGatewayV2::Api": same("aws_apigatewayv2_api", "cors_configuration"),
    "AWS::ApiGatewayV2::Authorizer": same(
        "aws_apigatewayv2_authorizer", "jwt_configuration", identity_source="identity_sources"
    ),
    "AWS::ApiGatewayV2::Deployment": same("aws_apigatewayv2_deployment"),
    "AWS::ApiGatewayV2::Integration": _http_integration,
    "AWS::ApiGatewayV2::Route": same("aws_apigatewayv2_route"),
    "AWS::ApiGatewayV2::Stage": _http_stage,
    "AWS::IAM::Policy": same("aws_iam_policy"),
    "AWS::IAM::Role": same("aws_iam_role"),
    "AWS::Lambda::Alias": _alias,
    "AWS::Lambda::Function": _function,
    "AWS::Lambda::LayerVersion": same("aws_lambda_layer_version", content="filename"),
    "AWS::Lambda::Permission": same("aws_lambda_permission"),
    "AWS::Lambda::Url": _url,
    "AWS::Logs::LogGroup": same("aws_cloudwatch_log_group"),
}
"""Type of CloudFormation → the resources that it is."""
