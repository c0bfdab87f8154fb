"""Draws the documents of HTTP APIs: `aws_apigatewayv2_*`."""

from collections.abc import Mapping
from typing import Any, Final

from frontdesk.config.imports.documents import as_json, blank, operation_at
from frontdesk.config.imports.resources import LEFT, MISSING, Declared, Resource
from frontdesk.config.openapi.document import AWS
from frontdesk.config.openapi.operations import OURS_OF_OPERATION
from frontdesk.config.placed import Branch

_CORS: Final = {
    "allow_credentials": "allowCredentials",
    "allow_headers": "allowHeaders",
    "allow_methods": "allowMethods",
    "allow_origins": "allowOrigins",
    "expose_headers": "exposeHeaders",
    "max_age": "maxAge",
}


class HttpDrawing:
    """The documents of `aws_apigatewayv2_*` resources."""

    def __init__(self, declared: Declared) -> None:
        self._declared = declared
        self._integrations = declared.by_id("aws_apigatewayv2_integration")
        self._authorizers = declared.by_id("aws_apigatewayv2_authorizer")

    def draw(self, api: Resource) -> Branch:
        """Draw the document of one HTTP API."""
        drawn = blank(api)
        cors = api.block("cors_configuration")
        if cors:
            said = {_CORS[key]: value for key, value in cors.items() if value is not None}
            drawn.put(f"{AWS}cors", said, api.origin)
        speeds = self._speeds(api)
        for route in self._declared.of("aws_apigatewayv2_route"):
            if route.text("api_id") == api.id:
                self._route(drawn, route, speeds.get(route.text("route_key")))
        if api.text("target"):
            self._quick(drawn, api)
        return drawn

    def _route(self, drawn: Branch, route: Resource, speed: dict[str, Any] | None) -> None:
        key = route.text("route_key")
        method, _, path = key.partition(" ")
        name = route.text("target").removeprefix("integrations/")
        integration = self._integrations.get(name)
        if integration is None:
            hint = "declare it, or give the route in the file that is written here"
            message = f"route {key}: nothing here says what its integration {name} is"
            self._declared.tell(MISSING, route.at, message, hint)
            return
        ours: dict[str, Any] = {}
        said = self._integration(integration, ours)
        if said is None:
            message = f"route {key}: integrations of this kind are not carried"
            self._declared.tell(LEFT, integration.at, message)
            return
        operation = (
            operation_at(drawn, "ANY", "/$default", route)
            if key == "$default"
            else operation_at(drawn, method, path, route)
        )
        if said:
            operation.put(f"{AWS}integration", said, integration.origin)
        self._protect(drawn, operation, route)
        if speed is not None:
            ours["throttle"] = speed
        if ours:
            operation.put(OURS_OF_OPERATION, ours, route.origin)

    def _integration(self, resource: Resource, ours: dict[str, Any]) -> dict[str, Any] | None:
        """Write an integration in the words of OpenAPI; None where its kind is not carried.

        ours: gets what these words do not know.
        """
        values, kind = resource.values, resource.text("integration_type")
        if kind == "MOCK":
            ours["mock"] = _mock(resource, self._declared)
            return {}
        if values.get("integration_subtype") or kind not in ("AWS_PROXY", "HTTP_PROXY"):
            return None
        said = {
            "type": kind,
            "uri": values.get("integration_uri"),
            "httpMethod": values.get("integration_method"),
            "connectionType": values.get("connection_type"),
            "connectionId": values.get("connection_id"),
            "payloadFormatVersion": values.get("payload_format_version", "1.0"),
            "timeoutInMillis": values.get("timeout_milliseconds"),
            "requestParameters": values.get("request_parameters"),
            "responseParameters": {
                str(block["status_code"]): block["mappings"]
                for block in resource.blocks("response_parameters")
            },
        }
        return {key: value for key, value in said.items() if value}

    def _protect(self, drawn: Branch, operation: Branch, route: Resource) -> None:
        kind = route.text("authorization_type") or "NONE"
        origin = route.origin
        if kind == "AWS_IAM":
            operation.put(f"{AWS}auth", {"type": "AWS_IAM"}, origin)
        elif kind in ("JWT", "CUSTOM"):
            authorizer = self._authorizers.get(route.text("authorizer_id"))
            if authorizer is None:
                message = (
                    f"route {route.text('route_key')}: nothing here says what its authorizer is"
                )
                self._declared.tell(MISSING, route.at, message, "declare it")
                return
            name = authorizer.text("name") or authorizer.name
            self._scheme(drawn, name, authorizer)
            scopes = route.values.get("authorization_scopes") or []
            operation.put("security", [{name: scopes}], origin)

    def _scheme(self, drawn: Branch, name: str, authorizer: Resource) -> None:
        values, jwt = authorizer.values, authorizer.block("jwt_configuration")
        said: dict[str, Any] = {
            "type": "jwt" if values.get("authorizer_type") == "JWT" else "request",
            "identitySource": ", ".join(values.get("identity_sources") or []),
        }
        if jwt:
            said["jwtConfiguration"] = dict(jwt)
        else:
            said |= {
                "authorizerUri": values.get("authorizer_uri"),
                "authorizerPayloadFormatVersion": values.get("authorizer_payload_format_version"),
                "authorizerResultTtlInSeconds": values.get("authorizer_result_ttl_in_seconds"),
                "enableSimpleResponses": values.get("enable_simple_responses"),
            }
        told = {key: value for key, value in said.items() if value not in (None, "")}
        scheme = drawn.branch("components", authorizer.origin)
        scheme = scheme.branch("securitySchemes", authorizer.origin)
        kind = {"type": "oauth2", "flows": {}} if jwt else {"type": "apiKey", "in": "header"}
        scheme.put(name, {**kind, f"{AWS}authorizer": told}, authorizer.origin)

    def _speeds(self, api: Resource) -> dict[str, dict[str, Any]]:
        """Collect the limits of routes, by route key."""
        return {
            str(settings.get("route_key")): speed
            for stage in self._declared.of("aws_apigatewayv2_stage")
            if stage.text("api_id") == api.id
            for settings in stage.blocks("route_settings")
            if (speed := speed_of(settings)) is not None
        }

    def _quick(self, drawn: Branch, api: Resource) -> None:
        """Draw the route that an API with a target has."""
        target, key = api.text("target"), api.text("route_key") or "$default"
        method, _, path = key.partition(" ")
        of_function = ":function:" in target
        said = {
            "type": "AWS_PROXY" if of_function else "HTTP_PROXY",
            "uri": target,
            "payloadFormatVersion": "2.0" if of_function else "1.0",
            "httpMethod": "POST" if of_function else "ANY",
        }
        default = key == "$default"
        operation = operation_at(drawn, "ANY" if default else method, path or "/$default", api)
        operation.put(f"{AWS}integration", said, api.origin)


def speed_of(settings: Mapping[str, Any]) -> dict[str, Any] | None:
    """Read the throttle of a stage or route."""
    rate, burst = settings.get("throttling_rate_limit"), settings.get("throttling_burst_limit")
    rate = rate if rate is not None else settings.get("rate_limit")
    burst = burst if burst is not None else settings.get("burst_limit")
    if not rate:
        return None
    speed: dict[str, Any] = {"rate": rate_of(rate)}
    if burst:
        speed["burst"] = int(burst)
    return speed


def rate_of(limit: Any) -> str:
    """Write AWS's requests per second; what is less than one counts by the day."""
    number = float(limit)
    return f"{number:g}/s" if number.is_integer() else f"{max(1, int(number * 86400))}/d"


def _mock(resource: Resource, declared: Declared) -> dict[str, Any]:
    """Read a mock: its status from the request template, its body from a response."""
    mock: dict[str, Any] = {"status": 200}
    for template in (resource.values.get("request_templates") or {}).values():
        mock["status"] = _status(template) or 200
    for response in declared.of("aws_apigatewayv2_integration_response"):
        if response.text("integration_id") == resource.id:
            for template in (response.values.get("response_templates") or {}).values():
                mock["body"] = as_json(template)
    return mock


def _status(template: Any) -> int | None:
    found = as_json(template)
    status = found.get("statusCode") if isinstance(found, dict) else None
    return status if isinstance(status, int) else None
