"""Owns the integrations of WebSocket APIs: what answers a handshake, a message, or the end of a connection.

Functions get the event of WebSocket APIs; backends get the message as a body; mocks and templates are those of
HTTP and REST APIs. Source: AWS, "Set up WebSocket API integrations".
"""

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Final

from frontdesk.config.models.integration import HttpIntegration
from frontdesk.config.models.rest_api import Method, RestApi
from frontdesk.config.models.websocket_api import SocketRoute
from frontdesk.gateway.pipeline.build import RouteBuild
from frontdesk.gateway.pipeline.exchange import Exchange, Reply, Stage
from frontdesk.gateway.pipeline.integrations import rest
from frontdesk.gateway.pipeline.integrations.function import Form, FunctionIntegration
from frontdesk.gateway.pipeline.integrations.http import MadeOf, Manner, forwarding
from frontdesk.gateway.pipeline.integrations.http_target import (
    PathVariables,
    Text,
    compile_target,
)
from frontdesk.gateway.pipeline.integrations.mock import prepare
from frontdesk.gateway.pipeline.integrations.rest_request import integration_request
from frontdesk.gateway.pipeline.plan import Answer, Step
from frontdesk.rules.events.response import Malformed, Response, parse_rest
from frontdesk.rules.events.websocket import CONNECT, WebSocketEvent
from frontdesk.rules.lang.urls import Url


def integration(build: RouteBuild) -> Step | None:
    """Build what answers, by the key that a route says it with, for routes without templates."""
    route = build.operation
    for key, builder in INTEGRATIONS.items():
        if getattr(route, key) is not None:
            return builder(build)
    return None


# -- functions ----------------------------------------------------------------------------------


def _whatever(_payload: bytes) -> Response | Malformed:
    """Take any result: the client of a route without `response` is told nothing of it."""
    return Response(200, [], b"")


# Differs: [socket-failures] AWS has answered a failed handshake with 500 as well.
_FORM: Final = Form(parse_rest, failed=502, throttled=500)
_SILENT: Final = Form(_whatever, failed=500, throttled=500)


def _function(build: RouteBuild) -> Step:
    route = _route(build)
    assert route.function is not None
    answers = route.response or build.key == CONNECT
    called = FunctionIntegration(
        build.parts.invokers[route.function],
        WebSocketEvent(build.facts.event_facts(build.key)),
        _FORM if answers else _SILENT,
        timeout=route.timeout,
        clock=build.parts.clock,
        traces=build.parts.traces,
    )
    detail = f"function {route.function}, timeout {route.timeout:g}s"
    return Step("function", called.invoke, detail, (*build.at, "function"))


# -- backends -------------------------------------------------------------------------------------


def _target(url: Url, variables: PathVariables, *, append: bool) -> Text:  # noqa: ARG001 - a message has no path
    return compile_target(url, variables, append=False)


_MANNER: Final = Manner(target=_target)


def _http(build: RouteBuild) -> Step:
    route = _route(build)
    assert route.http is not None
    http = _posted(route.http)
    made_of = MadeOf(build.api_name, build.facts.stage, http, route.timeout, False, ())
    at = (*build.at, "http")
    stage, detail = forwarding(build, made_of, at, _MANNER)
    return Step("http", _plain(stage), detail, at)


def _posted(http: HttpIntegration) -> HttpIntegration:
    """Return the backend as a message reaches it, which has no method of its own."""
    return http if http.method is not None else http.model_copy(update={"method": "POST"})


def _plain(stage: Stage) -> Stage:
    """Have a handshake sent as a request of its own: the connection ends here."""

    def forward(ex: Exchange) -> object:
        if ex.upgrade:
            ex.upgrade = False
            ex.fields = [
                field for field in ex.fields if not field[0].lower().startswith(b"sec-websocket-")
            ]
        return stage(ex)

    return forward  # type: ignore[return-value]  # what the stage returns


# -- mocks ----------------------------------------------------------------------------------------


def _mock(build: RouteBuild) -> Step:
    route = _route(build)
    assert route.mock is not None
    status, fields, body = prepare(route.mock)

    def answer(ex: Exchange) -> Reply:
        ex.integration_status = status
        return Reply(status, fields.copy(), body)

    at = (*build.at, "mock")
    said = Answer(status, body if route.response else b"")
    return Step("mock", answer, f"status {status}, {len(body)} bytes", at, unseen=said)


INTEGRATIONS: Final[Mapping[str, Callable[[RouteBuild], Step]]] = {
    "function": _function,
    "http": _http,
    "mock": _mock,
}

# -- templates ------------------------------------------------------------------------------------


def transformed_request(build: RouteBuild) -> Step | None:
    """Build what stands before an integration by templates."""
    asked = _as_method(build)
    return None if asked is None else integration_request(asked)


def transformed(build: RouteBuild) -> Step | None:
    """Build an integration by templates."""
    asked = _as_method(build)
    step = None if asked is None else rest.integration(asked)
    return None if step is None else step._replace(run=_plain(step.run))  # type: ignore[arg-type]  # a Stage


def _as_method(build: RouteBuild) -> RouteBuild | None:
    """Return the build of the method of a REST API that would be transformed alike."""
    route = build.operation
    if not isinstance(route, SocketRoute) or route.integration is None:
        return None
    integration = route.integration
    if integration.type.startswith("http") and integration.method in (None, "ANY"):
        integration = integration.model_copy(update={"method": "POST"})
    method = Method(integration=integration, timeout=route.timeout)
    return replace(build, operation=method, api=RestApi(type="rest"))


def _route(build: RouteBuild) -> SocketRoute:
    assert isinstance(build.operation, SocketRoute)
    return build.operation
