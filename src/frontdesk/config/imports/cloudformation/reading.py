"""Turns the resources of a template into the common form, in Terraform's words.

Both name the same members of the same services; what CloudFormation nests is taken apart here.
"""

import json
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

from frontdesk.base.errors import ConfigError, Finding
from frontdesk.config.imports.cloudformation.template import Template
from frontdesk.config.imports.resources import Declared, Part, Resource
from frontdesk.config.placed import Placed

Values = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Origin(Part):
    """One resource of a template, with its properties. id: what `Ref` gives. address: its logical id."""

    type: str
    id: str

    def resource(self, kind: str, values: Values, suffix: str = "") -> Resource:
        """Make a resource of it. suffix: tells several of one origin apart."""
        name = f"{self.address}{suffix}"
        return Resource(values, name, self.at, kind, name, name if suffix else self.id)


Reader = Callable[[Origin], Iterator[Resource]]


def read_template(
    root: Placed, given: Mapping[str, str], expand: Mapping[str, Reader], declared: Declared
) -> None:
    """Add the resources of a template. expand: types that stand for several, and how.

    Raises: ConfigError for what is no template, or cannot be evaluated.
    """
    if not list(root.below("Resources").items()):
        where = root.position()
        message = "expected a template with Resources"
        raise ConfigError((Finding("error", "template", where, message),))
    template = Template(root, given, declared)
    shared = {kind: template.value(placed) for kind, placed in root.below("Globals").items()}
    for name, kind, placed in template.resources():
        properties = template.value(placed.below("Properties"))
        where = placed.position(of_key=True)
        common = shared.get(kind.rpartition("::")[2], {}) if "::Serverless::" in kind else {}
        if not isinstance(properties, dict) or not isinstance(common, dict):
            message = f"{name}: expected a mapping as Properties"
            raise ConfigError((Finding("error", "template", where, message),))
        values = merged(common, properties)
        origin = Origin(values, name, where, kind, template.named(name))
        reader = expand.get(kind) or TYPES.get(kind)
        if reader is None:
            declared.resources.append(origin.resource(_SAME.get(kind, kind), {}))
        else:
            declared.resources += reader(origin)


def merged(common: Values, own: Values) -> dict[str, Any]:
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
        *("EventPattern", "FilterPolicy", "InputPathsMap", "Pattern"),
        *("RequestModels", "RequestParameters", "RequestTemplates", "ResponseModels"),
        *("ResponseParameters", "ResponseTemplates", "RouteSettings", "Schema"),
        *("StageVariableOverrides", "StageVariables", "Tags", "Throttle", "Variables"),
    )
)
"""Properties whose keys are the user's own."""


def snake(properties: Values) -> dict[str, Any]:
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


def without_nothing(values: Values) -> dict[str, Any]:
    """Leave out what is not said."""
    return {key: value for key, value in values.items() if value is not None}


def _same(kind: str, **renamed: str) -> Reader:
    """Make the reader of a type that is one resource. renamed: as CloudFormation says it → Terraform."""

    def read(origin: Origin) -> Iterator[Resource]:
        values = snake(origin.values)
        yield origin.resource(kind, {renamed.get(key, key): value for key, value in values.items()})

    return read


def _function(origin: Origin) -> Iterator[Resource]:
    values = snake(origin.values)
    code = origin.values.get("Code")
    if isinstance(code, str):
        values["filename"] = code
    yield origin.resource("aws_lambda_function", {"function_name": origin.id, **values})


def _layer(origin: Origin) -> Iterator[Resource]:
    content = origin.values.get("Content")
    values = {"filename": content} if isinstance(content, str) else {}
    yield origin.resource("aws_lambda_layer_version", values)


def _alias(origin: Origin) -> Iterator[Resource]:
    values = snake(origin.values)
    weights = {
        each.text("FunctionVersion"): each.number("FunctionWeight")
        for each in origin.part("RoutingConfig").parts("AdditionalVersionWeights")
    }
    values["routing_config"] = {"additional_version_weights": weights} if weights else None
    yield origin.resource("aws_lambda_alias", values)
    ready = origin.part("ProvisionedConcurrencyConfig").number("ProvisionedConcurrentExecutions")
    if ready is not None:
        said = {
            "function_name": values.get("function_name"),
            "qualifier": values.get("name"),
            "provisioned_concurrent_executions": ready,
        }
        kind = "aws_lambda_provisioned_concurrency_config"
        yield origin.resource(kind, said, ".provisioned_concurrency")


def _method(origin: Origin) -> Iterator[Resource]:
    """Take a method apart: Terraform has its integration and answers beside it."""
    key = {
        "rest_api_id": origin.text("RestApiId"),
        "resource_id": origin.text("ResourceId"),
        "http_method": origin.text("HttpMethod"),
    }
    nested = ("Integration", "MethodResponses")
    values = snake({name: each for name, each in origin.values.items() if name not in nested})
    values["authorization"] = values.pop("authorization_type", "NONE")
    yield origin.resource("aws_api_gateway_method", values | key)
    integration = origin.part("Integration")
    if integration.values:
        said = snake(integration.values)
        said["timeout_milliseconds"] = said.pop("timeout_in_millis", None)
        yield origin.resource("aws_api_gateway_integration", said | key, ".integration")
    for number, response in enumerate(integration.parts("IntegrationResponses")):
        kind = "aws_api_gateway_integration_response"
        yield origin.resource(kind, snake(response.values) | key, f".integration_response{number}")
    for number, answer in enumerate(origin.parts("MethodResponses")):
        kind = "aws_api_gateway_method_response"
        yield origin.resource(kind, snake(answer.values) | key, f".method_response{number}")


def _model(origin: Origin) -> Iterator[Resource]:
    values = snake(origin.values)
    schema = values.get("schema")
    values["schema"] = schema if isinstance(schema, str) else json.dumps(schema or {})
    yield origin.resource("aws_api_gateway_model", values)


def rest_stage(origin: Origin, values: Values, suffix: str = "") -> Iterator[Resource]:
    """Take a stage of a REST API apart: Terraform has the settings of methods beside it.

    values: in Terraform's words.
    """
    canary = origin.part("CanarySetting")
    said = dict(values)
    if canary.values:
        said["canary_settings"] = {
            "percent_traffic": canary.number("PercentTraffic"),
            "stage_variable_overrides": canary.mapping("StageVariableOverrides"),
        }
    yield origin.resource("aws_api_gateway_stage", said, suffix)
    for number, settings in enumerate(origin.parts("MethodSettings")):
        path, method = settings.text("ResourcePath", "/*"), settings.text("HttpMethod", "*")
        of_method = {
            "rest_api_id": said.get("rest_api_id"),
            "stage_name": said.get("stage_name"),
            "method_path": f"{'*' if path == '/*' else path.strip('/')}/{method}",
            "settings": snake(settings.values),
        }
        kind = "aws_api_gateway_method_settings"
        yield origin.resource(kind, of_method, f"{suffix}.settings{number}")


def _rest_stage(origin: Origin) -> Iterator[Resource]:
    words = {"access_log_setting": "access_log_settings"}
    values = snake(origin.values)
    yield from rest_stage(origin, {words.get(key, key): each for key, each in values.items()})


def _plan(origin: Origin) -> Iterator[Resource]:
    values = {
        "name": origin.text("UsagePlanName") or origin.address,
        "quota_settings": snake(origin.mapping("Quota")) or None,
        "throttle_settings": snake(origin.mapping("Throttle")) or None,
        "api_stages": [
            {
                **snake(stage.values),
                "throttle": [
                    {"path": path, **snake(limit.values)} for path, limit in stage.named("Throttle")
                ],
            }
            for stage in origin.parts("ApiStages")
        ],
    }
    yield origin.resource("aws_api_gateway_usage_plan", values)


def http_stage(origin: Origin, values: Values, suffix: str = "") -> Resource:
    """Make a stage of an HTTP API. values: in Terraform's words."""
    settings = [
        {"route_key": key, **snake(each.values)} for key, each in origin.named("RouteSettings")
    ]
    name = origin.text("StageName", "$default")
    said = {**values, "name": name, "route_settings": settings}
    return origin.resource("aws_apigatewayv2_stage", said, suffix)


def _http_stage(origin: Origin) -> Iterator[Resource]:
    yield http_stage(origin, snake(origin.values))


def _http_integration(origin: Origin) -> Iterator[Resource]:
    values = snake(origin.values)
    values["timeout_milliseconds"] = values.pop("timeout_in_millis", None)
    values["response_parameters"] = [
        {
            "status_code": status,
            "mappings": {
                each.text("Destination"): each.text("Source")
                for each in said.parts("ResponseParameters")
            },
        }
        for status, said in origin.named("ResponseParameters")
    ]
    yield origin.resource("aws_apigatewayv2_integration", values)


def state_machine(origin: Origin, name: str, definition: Any, level: str) -> Resource:
    """Make a state machine. name: its own. definition: mapping or text. level: of its log."""
    file = origin.values.get("DefinitionUri")  # a mapping says where it is in S3
    values = {
        "name": name or origin.address,
        "definition": definition,
        "definition_file": file if isinstance(file, str) and "://" not in file else None,
        "definition_substitutions": origin.values.get("DefinitionSubstitutions"),
        "logging_configuration": {"level": level} if level else None,
        "type": origin.values.get("Type") or origin.values.get("StateMachineType"),
    }
    return origin.resource("aws_sfn_state_machine", without_nothing(values))


def _state_machine(origin: Origin) -> Iterator[Resource]:
    said = origin.values
    definition = said.get("Definition", said.get("DefinitionString"))
    level = origin.part("LoggingConfiguration").text("Level")
    yield state_machine(origin, origin.text("StateMachineName"), definition, level)


def _queue(origin: Origin) -> Iterator[Resource]:
    yield origin.resource("aws_sqs_queue", {**snake(origin.values), "name": origin.id})


def _topic(origin: Origin) -> Iterator[Resource]:
    """Take a topic apart: Terraform has its subscriptions beside it."""
    name = origin.text("TopicName") or origin.address
    yield origin.resource("aws_sns_topic", {**snake(origin.values), "name": name})
    for number, subscription in enumerate(origin.parts("Subscription")):
        values = {"topic_arn": name, **snake(subscription.values)}
        yield origin.resource("aws_sns_topic_subscription", values, f".subscription{number}")


def _rule(origin: Origin) -> Iterator[Resource]:
    """Take a rule apart: Terraform has its targets beside it."""
    yield origin.resource("aws_cloudwatch_event_rule", {"name": origin.id, **snake(origin.values)})
    for number, target in enumerate(origin.parts("Targets")):
        values = {"rule": origin.id, **snake(target.values)}
        yield origin.resource("aws_cloudwatch_event_target", values, f".target{number}")


TYPES: Final[Mapping[str, Reader]] = {
    "AWS::ApiGateway::ApiKey": _same("aws_api_gateway_api_key"),
    "AWS::ApiGateway::Authorizer": _same(
        "aws_api_gateway_authorizer", provider_ar_ns="provider_arns"
    ),
    "AWS::ApiGateway::BasePathMapping": _same(
        "aws_api_gateway_base_path_mapping", rest_api_id="api_id", stage="stage_name"
    ),
    "AWS::ApiGateway::DomainName": _same("aws_api_gateway_domain_name"),
    "AWS::ApiGateway::GatewayResponse": _same("aws_api_gateway_gateway_response"),
    "AWS::ApiGateway::Method": _method,
    "AWS::ApiGateway::Model": _model,
    "AWS::ApiGateway::RequestValidator": _same("aws_api_gateway_request_validator"),
    "AWS::ApiGateway::Resource": _same("aws_api_gateway_resource"),
    "AWS::ApiGateway::RestApi": _same(
        "aws_api_gateway_rest_api", api_key_source_type="api_key_source"
    ),
    "AWS::ApiGateway::Stage": _rest_stage,
    "AWS::ApiGateway::UsagePlan": _plan,
    "AWS::ApiGateway::UsagePlanKey": _same("aws_api_gateway_usage_plan_key"),
    "AWS::ApiGatewayV2::Api": _same("aws_apigatewayv2_api"),
    "AWS::ApiGatewayV2::ApiMapping": _same("aws_apigatewayv2_api_mapping"),
    "AWS::ApiGatewayV2::Authorizer": _same(
        "aws_apigatewayv2_authorizer", identity_source="identity_sources"
    ),
    "AWS::ApiGatewayV2::DomainName": _same("aws_apigatewayv2_domain_name"),
    "AWS::ApiGatewayV2::Integration": _http_integration,
    "AWS::ApiGatewayV2::IntegrationResponse": _same("aws_apigatewayv2_integration_response"),
    "AWS::ApiGatewayV2::Route": _same("aws_apigatewayv2_route"),
    "AWS::ApiGatewayV2::RouteResponse": _same("aws_apigatewayv2_route_response"),
    "AWS::ApiGatewayV2::Stage": _http_stage,
    "AWS::Events::EventBus": _same("aws_cloudwatch_event_bus"),
    "AWS::Events::Rule": _rule,
    "AWS::Lambda::Alias": _alias,
    "AWS::Lambda::EventSourceMapping": _same("aws_lambda_event_source_mapping"),
    "AWS::Lambda::EventInvokeConfig": _same("aws_lambda_function_event_invoke_config"),
    "AWS::Lambda::Function": _function,
    "AWS::Lambda::LayerVersion": _layer,
    "AWS::Lambda::Url": _same(
        "aws_lambda_function_url",
        auth_type="authorization_type",
        target_function_arn="function_name",
    ),
    "AWS::SNS::Subscription": _same("aws_sns_topic_subscription"),
    "AWS::SNS::Topic": _topic,
    "AWS::SQS::Queue": _queue,
    "AWS::Scheduler::Schedule": _same("aws_scheduler_schedule"),
    "AWS::StepFunctions::StateMachine": _state_machine,
}
"""Type of CloudFormation → the resources that it is."""

_SAME: Final[Mapping[str, str]] = {
    "AWS::ApiGateway::Account": "aws_api_gateway_account",
    "AWS::ApiGateway::Deployment": "aws_api_gateway_deployment",
    "AWS::ApiGateway::VpcLink": "aws_api_gateway_vpc_link",
    "AWS::ApiGatewayV2::Deployment": "aws_apigatewayv2_deployment",
    "AWS::ApiGatewayV2::VpcLink": "aws_apigatewayv2_vpc_link",
    "AWS::IAM::ManagedPolicy": "aws_iam_policy",
    "AWS::IAM::Policy": "aws_iam_policy",
    "AWS::IAM::Role": "aws_iam_role",
    "AWS::Lambda::Permission": "aws_lambda_permission",
    "AWS::Lambda::Version": "aws_lambda_version",
    "AWS::Logs::LogGroup": "aws_cloudwatch_log_group",
    "AWS::SQS::QueuePolicy": "aws_sqs_queue_policy",
    "AWS::SSM::Parameter": "aws_ssm_parameter",
    "AWS::Scheduler::ScheduleGroup": "aws_scheduler_schedule_group",
    "AWS::SecretsManager::Secret": "aws_secretsmanager_secret",
    "AWS::StepFunctions::Activity": "aws_sfn_activity",
    "AWS::StepFunctions::StateMachineAlias": "aws_sfn_alias",
}
"""Types of which nothing is carried → what Terraform calls them."""
