"""Draws the documents of HTTP APIs: `aws_apigatewayv2_*`."""

from typing import Any, Final

from frontdesk.config.imports.documents import (
    IAM,
    as_json,
    authorizer_of,
    blank,
    operation_at,
    put_integration,
    put_ours,
    put_scheme,
    put_signed,
    target_of,
)
from frontdesk.config.imports.resources import Declared, Resource
from frontdesk.config.imports.stages import speeds_of_routes
from frontdesk.config.openapi.document import AWS
from frontdesk.config.openapi.reading import CORS_KEYS
from frontdesk.config.placed import Branch

TYPES: Final = (
    "aws_apigatewayv2_authorizer",
    "aws_apigatewayv2_integration",
    "aws_apigatewayv2_integration_response",
    "aws_apigatewayv2_route",
)
"""What is drawn here, beside APIs."""

_CORS: Final = {ours: theirs for theirs, ours in CORS_KEYS.items()}
_INTEGRATION: Final = {
    "integration_subtype": "integrationSubtype",
    "integration_type": "type",
    "integration_uri": "uri",
    "integration_method": "httpMethod",
    "connection_type": "connectionType",
    "connection_id": "connectionId",
    "payload_format_version": "payloadFormatVersion",
    "timeout_milliseconds": "timeoutInMillis",
    "request_parameters": "requestParameters",
}
_AUTHORIZER: Final = {
    "authorizer_uri": "authorizerUri",
    "authorizer_payload_format_version": "authorizerPayloadFormatVersion",
    "authorizer_result_ttl_in_seconds": "authorizerResultTtlInSeconds",
    "enable_simple_responses": "enableSimpleResponses",
}
"""Attribute → member of AWS's extension."""


class HttpDrawing:
    """The documents of `aws_apigatewayv2_*` resources."""

    def __init__(self, declared: Declared) -> None:
        self._declared = declared
        self._integrations = declared.by_id("aws_apigatewayv2_integration")
        self._authorizers = declared.by_id("aws_apigatewayv2_authorizer")

    def draw(self, api: Resource) -> Branch:
        """Draw the document of one HTTP API."""
        drawn = blank(api, self._declared)
        cors = api.part("cors_configuration").said(_CORS)
        if cors:
            drawn.put(f"{AWS}cors", cors, api.origin)
        speeds = speeds_of_routes(self._declared, api)
        for route in self._declared.of("aws_apigatewayv2_route"):
            if route.text("api_id") == api.id:
                self._route(drawn, route, speeds.get(route.text("route_key")))
        if api.text("target"):
            _quick(drawn, api)
        return drawn

    def _route(self, drawn: Branch, route: Resource, speed: dict[str, Any] | None) -> None:
        key = route.text("route_key")
        integration = target_of(route, self._integrations, self._declared)
        if integration is None:
            return
        kind = integration.text("integration_subtype")
        if kind and not kind.startswith("StepFunctions-Start"):
            message = f"route {key}: integrations with {kind} are not carried yet"
            self._declared.left(integration.at, message)
            return
        operation = operation_at(drawn, key, route)
        if integration.text("integration_type") == "MOCK":
            put_ours(operation, {"mock": self._mock(integration)}, integration)
        else:
            put_integration(operation, _integration(integration), integration)
        self._protect(drawn, operation, route)
        put_ours(operation, {"throttle": speed} if speed else {}, route)

    def _mock(self, integration: Resource) -> dict[str, Any]:
        """Read a mock: its status from the request template, its body from a response."""
        mock: dict[str, Any] = {"status": 200}
        for template in integration.mapping("request_templates").values():
            said = as_json(template)
            mock["status"] = said.get("statusCode", 200) if isinstance(said, dict) else 200
        for response in self._declared.of("aws_apigatewayv2_integration_response"):
            if response.text("integration_id") == integration.id:
                for template in response.mapping("response_templates").values():
                    mock["body"] = as_json(template)
        return mock

    def _protect(self, drawn: Branch, operation: Branch, route: Resource) -> None:
        kind = route.text("authorization_type", "NONE")
        if kind == IAM:
            put_signed(operation, route)
        elif kind != "NONE":
            who = f"route {route.text('route_key')}"
            authorizer = authorizer_of(route, who, self._authorizers, self._declared)
            if authorizer is not None:
                scopes = route.texts("authorization_scopes")
                operation.put("security", [{_scheme(drawn, authorizer): scopes}], route.origin)


def _integration(integration: Resource) -> dict[str, Any]:
    answers = {
        answer.text("status_code"): answer.mapping("mappings")
        for answer in integration.parts("response_parameters")
    }
    return {
        "payloadFormatVersion": "1.0",
        **integration.said(_INTEGRATION),
        **({"responseParameters": answers} if answers else {}),
    }


def _scheme(drawn: Branch, authorizer: Resource) -> str:
    of_tokens = authorizer.text("authorizer_type") == "JWT"
    said = {"type": "jwt" if of_tokens else "request", **authorizer.said(_AUTHORIZER)}
    if of_tokens:
        said["jwtConfiguration"] = authorizer.part("jwt_configuration").values
    sources = authorizer.texts("identity_sources")
    if sources:
        said["identitySource"] = ", ".join(sources)
    scheme = {"type": "oauth2", "flows": {}} if of_tokens else {"type": "apiKey", "in": "header"}
    return put_scheme(drawn, authorizer, scheme, said)


def _quick(drawn: Branch, api: Resource) -> None:
    """Draw the route that an API with a target has."""
    target = api.text("target")
    said = (
        {"type": "AWS_PROXY", "uri": target, "payloadFormatVersion": "2.0"}
        if ":function:" in target
        else {"type": "HTTP_PROXY", "uri": target, "httpMethod": "ANY"}
    )
    put_integration(operation_at(drawn, api.text("route_key", "$default"), api), said, api)
