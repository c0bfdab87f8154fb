"""Owns the list of all routes that a configuration has: where each is served, what answers, who may call, its line.

What references made stands there as the file has it. Knows nothing that is compiled.
"""

from collections.abc import Iterator
from typing import NamedTuple

from frontdesk.base.errors import Position
from frontdesk.config.load import Loaded
from frontdesk.config.models.api import Api
from frontdesk.config.models.domain import target
from frontdesk.config.models.execution import ExecutionAccess
from frontdesk.config.models.function_url import FUNCTION_URLS
from frontdesk.config.models.http_api import Route
from frontdesk.config.models.integration import HttpIntegration
from frontdesk.config.models.operation import Operation
from frontdesk.config.models.rest_integration import Integration
from frontdesk.config.models.websocket_api import SocketRoute
from frontdesk.config.route_keys import DEFAULT
from frontdesk.config.transformed import integration_of


class Base(NamedTuple):
    """Where a stage is served. below: host, base path and stage, before the path of a route."""

    stage: str
    below: str


class ListedRoute(NamedTuple):
    """One route, in words.

    api: its name, or `url of NAME` for the URL of a function. key: `GET /pets`. version: of the API, "" for
    none. throttles: such as `5/s by $ip`. timeout: seconds. max_body: bytes; None: that of `limits`. place: None
    where the file says nothing.
    """

    api: str
    bases: tuple[Base, ...]
    key: str
    version: str
    integration: str
    authorizer: str
    throttles: tuple[str, ...]
    timeout: float
    max_body: int | None
    place: Position | None


def list_routes(loaded: Loaded) -> Iterator[ListedRoute]:
    """List every route, API by API in the order of the file, then the URLs of functions."""
    for name, api in loaded.config.apis.items():
        bases = tuple(_bases(loaded, name, api))
        for within, key, operation in api.served(loaded.config.state_machines):
            at = ("apis", name, *within)
            yield ListedRoute(
                api=name,
                bases=bases,
                key=key,
                version=api.versioning.of_route(key) if api.versioning is not None else "",
                integration=_integration(loaded, at, operation),
                authorizer=_authorizer(loaded, at, api, operation),
                throttles=tuple(_throttles(loaded, at, operation)),
                timeout=operation.timeout,
                max_body=operation.max_body,
                place=loaded.place(*at),
            )
    yield from _function_urls(loaded)


def _bases(loaded: Loaded, name: str, api: Api) -> Iterator[Base]:
    for host, domain in loaded.config.domains.items():
        for key, text in domain.mappings.items():
            if target(text).api == name:
                first = "$default" if "$default" in api.stages else next(iter(api.stages))
                yield Base(target(text).stage or first, f"{host}/{key}")
    if not loaded.config.has_own_place(name):
        return
    at = ("apis", name)
    host = loaded.shown(api.host or "", *at, "host")
    base = loaded.shown(api.base_path, *at, "base_path").rstrip("/")
    for stage in api.stages:
        below = "" if stage == "$default" else f"/{loaded.shown(stage, *at, 'stage', 'name')}"
        yield Base(stage, f"{host}{base}{below}" or "/")


def _function_urls(loaded: Loaded) -> Iterator[ListedRoute]:
    """List the functions that are served without an API."""
    for name, function in loaded.config.local_functions.items():
        if function.url is not None:
            at = ("functions", name, "url")
            below = loaded.shown(function.url.host or "", *at, "host") or f"{FUNCTION_URLS}/{name}"
            yield ListedRoute(
                api=f"url of {name}",  # as logs and metrics call it
                bases=(Base("$default", below),),
                key=DEFAULT,
                version="",
                integration=f"function {name}",
                authorizer=function.url.auth,
                throttles=(),
                timeout=function.timeout,
                max_body=None,
                place=loaded.place(*at),
            )


def _authorizer(loaded: Loaded, at: tuple[str, ...], api: Api, operation: Operation) -> str:
    name = operation.authorizer or api.authorizer or "none"
    scopes = [
        loaded.shown(scope, *at, "scopes", index) for index, scope in enumerate(operation.scopes)
    ]
    who = f"{name} ({' or '.join(scopes)})" if scopes else name
    if not operation.api_key:
        return who
    return "API key" if who == "none" else f"{who}, API key"


def _integration(loaded: Loaded, at: tuple[str, ...], operation: Operation) -> str:
    transformed = integration_of(operation)
    if transformed is not None:
        return " ".join(_rest_integration(loaded, at, transformed))
    if isinstance(operation, ExecutionAccess):
        return f"{operation.access} of {operation.machine}"
    route = operation
    assert isinstance(route, Route | SocketRoute)
    if route.function is not None:
        return f"function {route.function}"
    if route.http is not None:
        return _http(loaded, at, route.http)
    if route.mock is not None:
        return f"mock {route.mock.status}"
    assert isinstance(route, Route)
    if route.static is not None:
        return f"static {loaded.shown(route.static.root.name, *at, 'static', 'root')}"
    if route.service is not None:
        return f"{route.service.key} {route.service.name}"
    if route.queue is not None:
        return f"queue {route.queue}"
    if route.state_machine is not None:
        return f"state machine {route.state_machine}, {route.mode}"
    if route.task_token is not None:
        return f"task token, {route.outcome}"
    return f"webhook {route.webhook}"


def _http(loaded: Loaded, at: tuple[str, ...], http: HttpIntegration) -> str:
    if http.url is not None:
        return f"http {loaded.shown(http.url, *at, 'http', 'url')}"
    below = loaded.shown(http.path or "/…", *at, "http", "path")
    return f"upstream {http.upstream} {below}"


def _rest_integration(
    loaded: Loaded, at: tuple[str, ...], integration: Integration
) -> Iterator[str]:
    yield integration.type
    if integration.function is not None:
        yield integration.function
    elif integration.state_machine is not None:
        yield f"{integration.action} {integration.state_machine}"
    elif integration.uri is not None:
        yield loaded.shown(integration.uri, *at, "integration", "uri")
    elif integration.upstream is not None:
        yield f"upstream {integration.upstream}"
        yield loaded.shown(integration.path or "/…", *at, "integration", "path")


def _throttles(loaded: Loaded, at: tuple[str, ...], operation: Operation) -> Iterator[str]:
    for index, throttle in enumerate(operation.throttle):
        by = loaded.shown(throttle.by, *at, "throttle", index, "by")
        yield f"{throttle.rate} by {by}" if throttle.by else str(throttle.rate)
