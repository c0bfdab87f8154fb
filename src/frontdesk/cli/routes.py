"""`frontdesk routes` and `frontdesk explain`: what the compiled plan will do, with its lines."""

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Final

import click

from frontdesk.cli.columns import print_columns
from frontdesk.cli.configured import config_option, read
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

if TYPE_CHECKING:
    from frontdesk.config.load import Loaded

_NO_API: Final = "-"
"""What stands in a plan, as in the access log, for requests that no API takes."""


@click.command()
@config_option
def routes(paths: tuple[Path, ...]) -> None:
    """List every route: where it is served, what answers, who may call, and the line that says so.

    Example: frontdesk routes --config clinic.yaml
    """
    loaded = read(paths)
    rows: list[tuple[str, ...]] = [
        ("API", "BELOW", "ROUTE", "INTEGRATION", "AUTHORIZER", "THROTTLE", "AT")
    ]
    for api_name, api in loaded.config.apis.items():
        below = ", ".join(_bases(loaded, api_name, api))
        for within, key, operation in api.served(loaded.config.state_machines):
            at = ("apis", api_name, *within)
            rows.append(
                (
                    api_name,
                    below,
                    key,
                    _integration(loaded, at, operation),
                    _authorizer(loaded, at, api, operation),
                    ", ".join(_throttles(loaded, at, operation)) or "-",
                    str(loaded.place(*at) or "-"),
                )
            )
    rows += _function_urls(loaded)
    print_columns(rows)


@click.command()
@config_option
@click.argument("method")
@click.argument("url")
@click.option(
    "-H", "--header", "headers", multiple=True, help="Host, or the fields of a preflight."
)
@click.option("--message", help="A message to the WebSocket API at URL, such as ws://localhost/.")
def explain(
    paths: tuple[Path, ...], method: str, url: str, headers: tuple[str, ...], message: str | None
) -> None:
    """Show what METHOD URL would go through: each stage in order, with the line it came from.

    Nothing is started and no request is made. URL may be a path; one of ws:// is a handshake.

    Example: frontdesk explain GET /practices/p1/slots
    """
    from frontdesk.app import compile_offline
    from frontdesk.gateway.pipeline.explain import NoSocketError
    from frontdesk.gateway.pipeline.explain import explain as explain_request
    from frontdesk.gateway.server.heads import METHODS

    if method.upper().encode() not in METHODS:
        message = f"the door answers 501 to this method: {method}"
        raise click.ClickException(message)
    pairs = dict(_header(text) for text in headers)
    loaded = read(paths)
    try:
        found = explain_request(compile_offline(loaded), method, url, pairs, message)
    except NoSocketError:
        told = f"no WebSocket API takes a handshake at {url}"
        raise click.ClickException(told) from None
    except ValueError as error:
        message = f"the door answers 400 to this path: {error}"
        raise click.ClickException(message) from None
    plan = found.plan
    click.secho(f"{found.method} {found.path}", bold=True)
    if plan.api.name == _NO_API:
        click.echo("  api    none; `frontdesk routes` shows below which path each is served")
    else:
        stage = loaded.shown(plan.api.stage, "apis", plan.api.name, "stage", "name")
        click.echo(f"  api    {plan.api.name} ({plan.api.kind}), stage {stage}")
        click.echo(f"  route  {plan.route_key or 'none'}  {plan.place or ''}".rstrip())
    for name, value in found.params.items():
        click.echo(f"  {{{name}}} = {value}")
    print_columns(
        (
            ""
            if line
            else f"  {number:2} {'->' if number <= len(plan.head) else '<-'} {step.name}",
            detail,
            str(place or ""),
        )
        for number, step in enumerate(plan.steps, 1)
        for line, (detail, place) in enumerate(step.lines())
    )


def _bases(loaded: "Loaded", name: str, api: Api) -> Iterator[str]:
    """Where the API's stages are served: host, base path and stage, before the path of a route."""
    for host, domain in loaded.config.domains.items():
        yield from (
            f"{host}/{key}" for key, text in domain.mappings.items() if target(text).api == name
        )
    if not loaded.config.has_own_place(name):
        return
    at = ("apis", name)
    host = loaded.shown(api.host or "", *at, "host")
    base = loaded.shown(api.base_path, *at, "base_path").rstrip("/")
    for stage in api.stages:
        below = "" if stage == "$default" else f"/{loaded.shown(stage, *at, 'stage', 'name')}"
        yield f"{host}{base}{below}" or "/"


def _function_urls(loaded: "Loaded") -> Iterator[tuple[str, ...]]:
    """List the functions that are served without an API, in the columns of routes."""
    for name, function in loaded.config.local_functions.items():
        if function.url is not None:
            at = ("functions", name, "url")
            below = loaded.shown(function.url.host or "", *at, "host") or f"{FUNCTION_URLS}/{name}"
            place = str(loaded.place(*at) or "-")
            yield "-", below, DEFAULT, f"function {name}", function.url.auth, "-", place


def _authorizer(loaded: "Loaded", at: tuple[str, ...], api: Api, operation: Operation) -> str:
    name = operation.authorizer or api.authorizer or "none"
    scopes = [
        loaded.shown(scope, *at, "scopes", index) for index, scope in enumerate(operation.scopes)
    ]
    who = f"{name} ({' or '.join(scopes)})" if scopes else name
    if not operation.api_key:
        return who
    return "API key" if who == "none" else f"{who}, API key"


def _integration(loaded: "Loaded", at: tuple[str, ...], operation: Operation) -> str:
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


def _http(loaded: "Loaded", at: tuple[str, ...], http: HttpIntegration) -> str:
    if http.url is not None:
        return f"http {loaded.shown(http.url, *at, 'http', 'url')}"
    below = loaded.shown(http.path or "/…", *at, "http", "path")
    return f"upstream {http.upstream} {below}"


def _rest_integration(
    loaded: "Loaded", at: tuple[str, ...], integration: Integration
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


def _throttles(loaded: "Loaded", at: tuple[str, ...], operation: Operation) -> Iterator[str]:
    for index, throttle in enumerate(operation.throttle):
        by = loaded.shown(throttle.by, *at, "throttle", index, "by")
        yield f"{throttle.rate} by {by}" if throttle.by else str(throttle.rate)


def _header(text: str) -> tuple[str, str]:
    name, colon, value = text.partition(":")
    if not colon:
        message = f"expected NAME: VALUE, got {text!r}"
        raise click.BadParameter(message)
    return name.strip(), value.strip()
