"""Writes the WebSocket API that events of a service's functions share, as CloudFormation says it.

Source: Serverless Framework, "Websocket Events".
"""

from collections.abc import Mapping
from typing import Any, Final, NamedTuple

from frontdesk.config.imports.arns import invoke_arn
from frontdesk.config.imports.documents import IAM
from frontdesk.config.imports.resources import Part, name_of
from frontdesk.config.placed import Branch, Placed

WEBSOCKET: Final = "websocket"
"""What such an event is called."""

API: Final = "WebsocketsApi"
"""Logical id of the API."""

_USUAL_IDENTITY: Final = "route.request.header.Auth"
"""Where an authorizer looks that says nothing of it."""


class Call(NamedTuple):
    """An event. function: key of the function that it calls. placed: what is said of it."""

    function: str
    placed: Placed

    @property
    def said(self) -> Part:
        """A route key by itself, or a mapping."""
        value = self.placed.value
        said = {"route": value} if isinstance(value, str) else value
        address = f"{self.function}: {WEBSOCKET}"
        return Part({"it": said}, address, self.placed.position()).part("it")


class WebSockets:
    """The API of a service, written into the resources of its template."""

    def __init__(self, resources: Branch, names: Mapping[str, str]) -> None:
        """names: those of the functions, by their keys."""
        self._resources = resources
        self._names = names

    def write_api(self, provider: Part, at: Placed, title: str) -> None:
        """Add the API. title: its name where the provider gives none."""
        selection = provider.text("websocketsApiRouteSelectionExpression", "$request.body.action")
        api = {
            "Name": provider.text("websocketsApiName", title),
            "ProtocolType": "WEBSOCKET",
            "RouteSelectionExpression": selection,
        }
        self._add(API, "Api", api, at)

    def write_route(self, name: str, call: Call) -> None:
        """Add what an event brings. name: beginning of its logical ids."""
        said, at, api = call.said, call.placed, {"Ref": API}
        integration = f"{name}Integration"
        uri = invoke_arn(name_of(self._names[call.function]))
        called = {"ApiId": api, "IntegrationType": "AWS_PROXY", "IntegrationUri": uri}
        self._add(integration, "Integration", called, at)
        route = {
            "ApiId": api,
            "RouteKey": said.text("route"),
            "Target": {"Fn::Join": ["/", ["integrations", {"Ref": integration}]]},
            "RouteResponseSelectionExpression": said.text("routeResponseSelectionExpression"),
            **self._authorization(f"{name}Authorizer", call),
        }
        self._add(f"{name}Route", "Route", route, at)

    def _authorization(self, name: str, call: Call) -> dict[str, Any]:
        """Say who may connect, and add the authorizer that tells."""
        said = call.said
        named = said.values.get("authorizer")
        if not named:
            return {}
        inner = said.part("authorizer") if isinstance(named, dict) else Part({}, "", said.at)
        told = said.text("authorizer") if not inner.values else inner.text("arn")
        told = told or inner.text("name")
        if told.upper() == IAM:
            return {"AuthorizationType": IAM}
        function = name_of(self._names.get(told) or told.rpartition(":")[2])
        authorizer = {
            "ApiId": {"Ref": API},
            "Name": inner.text("name") or function,
            "AuthorizerType": "REQUEST",
            "AuthorizerUri": invoke_arn(function),
            "IdentitySource": inner.texts("identitySource") or [_USUAL_IDENTITY],
        }
        self._add(name, "Authorizer", authorizer, call.placed)
        return {"AuthorizationType": "CUSTOM", "AuthorizerId": {"Ref": name}}

    def _add(self, name: str, kind: str, properties: Mapping[str, Any], at: Placed) -> None:
        made = self._resources.branch(name, at)
        made.put("Type", f"AWS::ApiGatewayV2::{kind}", at)
        made.put("Properties", {key: value for key, value in properties.items() if value}, at)
