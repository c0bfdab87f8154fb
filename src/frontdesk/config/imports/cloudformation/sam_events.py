"""What events of functions and state machines stand for: a method or route, with its integration."""

from collections.abc import Callable, Iterator, Mapping
from typing import Any, Final, NamedTuple

from frontdesk.config.imports.arns import REGION, invoke_arn, machine_arn
from frontdesk.config.imports.cloudformation.reading import Origin, without_nothing
from frontdesk.config.imports.documents import IAM
from frontdesk.config.imports.resources import Part, Resource, name_of

REST_API: Final = "ServerlessRestApi"
HTTP_API: Final = "ServerlessHttpApi"
"""Logical ids of the APIs that events without one of their own share."""

_ANY: Final = ("ANY", "X-AMAZON-APIGATEWAY-ANY-METHOD")


class Event(NamedTuple):
    """An event. owner: the function or state machine that it stands in."""

    owner: Origin
    name: str
    said: Part

    @property
    def kind(self) -> str:
        """Its type."""
        return self.said.text("Type")

    @property
    def address(self) -> str:
        """What it is called in messages."""
        return f"the event {self.name} of {self.owner.address}"

    @property
    def properties(self) -> Part:
        """What is said of it."""
        return self.said.part("Properties")

    @property
    def is_of_machine(self) -> bool:
        """Whether it starts executions of a state machine."""
        return self.owner.type == "AWS::Serverless::StateMachine"

    @property
    def api(self) -> str:
        """The id of its API, "" for the one that such events share."""
        return self.properties.text("RestApiId") or self.properties.text("ApiId")

    @property
    def method(self) -> str:
        """The method, in capitals."""
        method = self.properties.text("Method", "ANY").upper()
        return "ANY" if method in _ANY else method

    @property
    def target(self) -> str:
        """What it calls: a state machine, or a function by the alias that it is published under, if any."""
        if self.is_of_machine:
            return machine_arn(self.owner.id)
        alias = self.owner.text("AutoPublishAlias")
        name = name_of(self.owner.id)
        return invoke_arn(f"{name}:{alias}" if alias else name)


class _Asked(NamedTuple):
    """What an event asks of callers. authorizer: its name, "" for none."""

    authorizer: str
    scopes: list[str]
    api_key: bool


def _asked(api: Origin, event: Event) -> _Asked:
    shared, own = api.part("Auth"), event.properties.part("Auth")
    name = own.text("Authorizer") or shared.text("DefaultAuthorizer")
    known = shared.part("Authorizers").part(name)
    scopes = own.texts("AuthorizationScopes") or known.texts("AuthorizationScopes")
    holder = own if "ApiKeyRequired" in own.values else shared
    return _Asked("" if name == "NONE" else name, scopes, holder.flag("ApiKeyRequired"))


def _authorization(asked: _Asked, kind: str) -> str:
    if asked.authorizer == IAM:
        return IAM
    return kind if asked.authorizer else "NONE"


def _method(api: Origin, event: Event) -> Iterator[Resource]:
    path, asked = event.properties.text("Path", "/"), _asked(api, event)
    key = {"rest_api_id": api.id, "resource_id": path, "http_method": event.method}
    method: dict[str, Any] = {
        **key,
        "path": path,
        "authorization": _authorization(asked, "CUSTOM"),
        "authorizer_id": f"{api.address}.{asked.authorizer}",
        "authorization_scopes": asked.scopes,
        "api_key_required": asked.api_key,
    }
    suffix = f".{event.name}"
    model = event.properties.part("RequestModel")
    if model.values:
        validator = f"{event.owner.address}{suffix}.validator"
        method["request_models"] = {"application/json": model.text("Model")}
        method["request_validator_id"] = validator
        rules = {
            "rest_api_id": api.id,
            "validate_request_body": model.flag("ValidateBody"),
            "validate_request_parameters": model.flag("ValidateParameters"),
        }
        kind = "aws_api_gateway_request_validator"
        yield event.owner.resource(kind, rules, f"{suffix}.validator")
    parameters = dict(_parameters(event.properties))
    if parameters:
        method["request_parameters"] = parameters
    yield event.owner.resource("aws_api_gateway_method", method, suffix)
    called = _start(event) if event.is_of_machine else {"type": "AWS_PROXY", "uri": event.target}
    timeout = event.properties.number("TimeoutInMillis")
    integration = {**key, **called, "timeout_milliseconds": timeout}
    kind = "aws_api_gateway_integration"
    yield event.owner.resource(kind, without_nothing(integration), f"{suffix}.integration")
    for status in _ANSWERS_OF_START if event.is_of_machine else ():
        answer = {**key, "status_code": status, "selection_pattern": status}
        kind = "aws_api_gateway_integration_response"
        yield event.owner.resource(kind, answer, f"{suffix}.response{status}")


_ANSWERS_OF_START: Final = ("200", "400")
"""Statuses that SAM passes on of an execution's start."""


def _start(event: Event) -> dict[str, Any]:
    """Write the integration that starts an execution with the body of a request."""
    body = "\"$util.escapeJavaScript($input.json('$'))\""
    template = f'{{"input": {body}, "stateMachineArn": "{event.target}"}}'
    return {
        "type": "AWS",
        "uri": f"arn:aws:apigateway:{REGION}:states:action/StartExecution",
        "integration_http_method": "POST",
        "request_templates": {"application/json": template},
    }


def _parameters(properties: Part) -> Iterator[tuple[str, bool]]:
    """Read `RequestParameters`: names, or mappings of a name to {Required}."""
    listed = properties.values.get("RequestParameters")
    for each in listed if isinstance(listed, list) else ():
        if isinstance(each, dict):
            holder = Part(each, properties.address, properties.at)
            yield from ((key, holder.part(key).flag("Required")) for key in each)
        else:
            yield str(each), False


def _route(api: Origin, event: Event) -> Iterator[Resource]:
    path, asked = event.properties.text("Path", "$default"), _asked(api, event)
    known = api.part("Auth").part("Authorizers").part(asked.authorizer)
    kind = "JWT" if known.values.get("JwtConfiguration") else "CUSTOM"
    suffix = f".{event.name}"
    integration = f"{suffix}.integration"
    route = {
        "api_id": api.id,
        "route_key": path if path == "$default" else f"{event.method} {path}",
        "target": f"integrations/{event.owner.address}{integration}",
        "authorization_type": _authorization(asked, kind),
        "authorizer_id": f"{api.address}.{asked.authorizer}",
        "authorization_scopes": asked.scopes,
    }
    yield event.owner.resource("aws_apigatewayv2_route", route, suffix)
    values = {
        "api_id": api.id,
        "integration_type": "AWS_PROXY",
        "integration_uri": event.target,
        "payload_format_version": event.properties.text("PayloadFormatVersion", "2.0"),
        "timeout_milliseconds": event.properties.number("TimeoutInMillis"),
    }
    kind = "aws_apigatewayv2_integration"
    yield event.owner.resource(kind, without_nothing(values), integration)


READERS: Final[Mapping[str, Callable[[Origin, Event], Iterator[Resource]]]] = {
    "Api": _method,
    "HttpApi": _route,
}
"""Type of an event → what is made of it and its API."""
