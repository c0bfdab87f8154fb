"""`frontdesk routes` and `frontdesk explain`: what the compiled plan will do, with its lines."""

from pathlib import Path
from typing import Final

import click

from frontdesk.cli.columns import print_columns
from frontdesk.cli.configured import config_option, read
from frontdesk.config.route_list import list_routes

_NO_API: Final = "-"
"""What stands in a plan, as in the access log, for requests that no API takes."""


@click.command()
@config_option
def routes(paths: tuple[Path, ...]) -> None:
    """List every route: where it is served, what answers, who may call, and the line that says so.

    Example: frontdesk routes --config clinic.yaml
    """
    rows = [("API", "BELOW", "ROUTE", "INTEGRATION", "AUTHORIZER", "THROTTLE", "AT")]
    rows += [
        (
            route.api,
            ", ".join(base.below for base in route.bases),
            route.key,
            route.integration,
            route.authorizer,
            ", ".join(route.throttles) or "-",
            str(route.place or "-"),
        )
        for route in list_routes(read(paths))
    ]
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
    from frontdesk.gateway.pipeline.explain import NoSocketError, where
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
        click.echo(f"  route  {plan.route_key or 'none'}  {where(plan.at, loaded)}".rstrip())
    for name, value in found.params.items():
        click.echo(f"  {{{name}}} = {value}")
    print_columns(
        (
            ""
            if line
            else f"  {number:2} {'->' if number <= len(plan.head) else '<-'} {step.name}",
            detail,
            where(at, loaded),
        )
        for number, step in enumerate(plan.steps, 1)
        for line, (detail, at) in enumerate(step.lines())
    )


def _header(text: str) -> tuple[str, str]:
    name, colon, value = text.partition(":")
    if not colon:
        message = f"expected NAME: VALUE, got {text!r}"
        raise click.BadParameter(message)
    return name.strip(), value.strip()
