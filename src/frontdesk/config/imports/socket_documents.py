"""Draws the documents of WebSocket APIs, and makes of what is read of them our routes.

OpenAPI has no words for route keys: each route is drawn as a method of a REST API, whose words for integrations and
authorizers are the same, and is given back its key afterwards.
"""

from typing import Any, Final

from frontdesk.config.imports.documents import (
    IAM,
    authorizer_of,
    operation_at,
    put_integration,
    put_ours,
    put_scheme,
    put_security,
    put_signed,
    target_of,
)
from frontdesk.config.imports.resources import Declared, Resource
from frontdesk.config.imports.stages import speeds_of_routes
from frontdesk.config.placed import Branch

TYPES: Final = ("aws_apigatewayv2_route_response",)
"""What is read here, beside what HTTP APIs have as well."""

_INTEGRATION: Final = {
    "integration_type": "type",
    "integration_uri": "uri",
    "integration_method": "httpMethod",
    "connection_type": "connectionType",
    "connection_id": "connectionId",
    "content_handling_strategy": "contentHandling",
    "passthrough_behavior": "passthroughBehavior",
    "timeout_milliseconds": "timeoutInMillis",
    "request_parameters": "requestParameters",
}
_ANSWER: Final = {
    "content_handling_strategy": "contentHandling",
    "response_parameters": "responseParameters",
}
"""Attribute → member of AWS's extension."""

_AUTHORIZER: Final = {
    "authorizer_uri": "authorizerUri",
    "authorizer_result_ttl_in_seconds": "authorizerResultTtlInSeconds",
}
_DEFAULT: Final = "$default"


class SocketDrawing:
    """The document of one WebSocket API. keys: path in it → route key."""

    def __init__(self, declared: Declared) -> None:
        self._declared = declared
        self._integrations = declared.by_id("aws_apigatewayv2_integration")
        self._authorizers = declared.by_id("aws_apigatewayv2_authorizer")
        self._answered = {
            each.text("route_id") for each in declared.of("aws_apigatewayv2_route_response")
        }
        self.keys: dict[str, str] = {}

    def draw(self, api: Resource) -> Branch:
        """Draw the document."""
        drawn = Branch.at(api.origin)
        drawn.put("openapi", "3.0.1", api.origin)
        drawn.put("info", {"title": api.name, "version": "1"}, api.origin)
        drawn.put("paths", {}, api.origin)
        speeds = speeds_of_routes(self._declared, api)
        for route in self._declared.of("aws_apigatewayv2_route"):
            if route.text("api_id") == api.id:
                self._route(drawn, route, speeds.get(route.text("route_key")))
        return drawn

    def _route(self, drawn: Branch, route: Resource, speed: dict[str, Any] | None) -> None:
        key = route.text("route_key")
        integration = target_of(route, self._integrations, self._declared)
        if integration is None:
            return
        path = f"/{len(self.keys)}"
        self.keys[path] = key
        operation = operation_at(drawn, f"POST {path}", route)
        put_integration(operation, self._integration(integration), integration)
        self._protect(drawn, operation, route)
        answers = route.id in self._answered or route.text("route_response_selection_expression")
        ours = {"throttle": speed, "response": bool(answers) and not key.startswith("$connect")}
        put_ours(operation, {name: value for name, value in ours.items() if value}, route)
        if route.mapping("request_models"):
            self._declared.left(route.at, f"route {key}: its models are not carried")

    def _integration(self, integration: Resource) -> dict[str, Any]:
        said = integration.said(_INTEGRATION) | _templates(integration, "request", _DEFAULT)
        answers = {
            _pattern(answer.text("integration_response_key", _DEFAULT)): (
                answer.said(_ANSWER) | _templates(answer, "response", "application/json")
            )
            for answer in self._declared.of("aws_apigatewayv2_integration_response")
            if answer.text("integration_id") == integration.id
        }
        return {**said, "responses": answers} if answers else said

    def _protect(self, drawn: Branch, operation: Branch, route: Resource) -> None:
        security: dict[str, list[str]] = {}
        kind = route.text("authorization_type", "NONE")
        if kind == IAM:
            put_signed(operation, route)
        elif kind != "NONE":
            who = f"route {route.text('route_key')}"
            authorizer = authorizer_of(route, who, self._authorizers, self._declared)
            if authorizer is not None:
                security[_scheme(drawn, authorizer)] = []
        put_security(drawn, operation, security, route)


def _templates(part: Resource, side: str, ours: str) -> dict[str, Any]:
    """Read the template that is taken, whatever its key; several by our keys of media types.

    side: `request` or `response`. ours: the key of the only one.
    """
    templates = part.mapping(f"{side}_templates")
    taken = part.text("template_selection_expression").replace("\\$", "$")
    if taken in templates:
        templates = {ours: templates[taken]}
    elif len(templates) == 1:
        templates = {ours: next(iter(templates.values()))}
    return {f"{side}Templates": templates} if templates else {}


def _pattern(key: str) -> str:
    """Write the key of an answer, such as `/5../` or `$default`, as the pattern of a status."""
    return "default" if key == _DEFAULT else key.strip("/")


def _scheme(drawn: Branch, authorizer: Resource) -> str:
    sources = [
        source.replace("route.request.", "method.request.", 1)
        for source in authorizer.texts("identity_sources")
    ]
    said = {"type": "request", **authorizer.said(_AUTHORIZER)}
    said |= {"identitySource": ", ".join(sources)} if sources else {}
    return put_scheme(drawn, authorizer, {"type": "apiKey", "in": "header"}, said)


def socket_api(api: Resource, drawing: SocketDrawing, read: Branch) -> Branch:
    """Make the entry of an API of what was read of its document. read: as of a REST API."""
    made = Branch.at(api.origin)
    made.put("type", "websocket", api.origin)
    selection = api.text("route_selection_expression")
    if selection and selection != "$request.body.action":
        made.put("route_selection", selection, api.origin)
    routes = made.branch("routes", api.origin)
    resources = Branch(read.value, read.node).branch("resources", api.origin)
    for path, key in drawing.keys.items():
        methods = resources.branch(path, api.origin)
        if "POST" in methods.value:  # else it has been told what is wrong with it
            route = methods.branch("POST", api.origin)
            _shorten(route)
            routes.value[key], routes.node.children[key] = route.value, route.node
    return made


def _shorten(route: Branch) -> None:
    """Write a function that gets the whole message as `function`: it needs no integration."""
    integration = route.value["integration"]
    if integration["type"] == "aws_proxy":
        node = route.node.children.pop("integration")
        route.value["function"] = route.value.pop("integration")["function"]
        route.node.children["function"] = node.children["function"]
