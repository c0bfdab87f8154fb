"""`frontdesk token`: a token of the development issuer, made offline."""

import json
from pathlib import Path

import click

from frontdesk.base.durations import parse_duration
from frontdesk.cli.configured import config_option, read
from frontdesk.config.issuers import taking_development_tokens


def _claims(
    _ctx: click.Context, _param: click.Parameter, values: tuple[str, ...]
) -> dict[str, object]:
    claims: dict[str, object] = {}
    for text in values:
        name, equals, value = text.partition("=")
        if not equals or not name:
            message = f"expected NAME=VALUE, got {text!r}"
            raise click.BadParameter(message)
        try:
            claims[name] = json.loads(value)
        except ValueError:
            claims[name] = value
    return claims


def _seconds(_ctx: click.Context, _param: click.Parameter, value: str) -> float:
    try:
        return parse_duration(value)
    except ValueError as error:
        raise click.BadParameter(str(error)) from None


@click.command()
@config_option
@click.option(
    "--claim",
    "claims",
    multiple=True,
    callback=_claims,
    metavar="NAME=VALUE",
    help="A claim; JSON values keep their type. Repeatable.",
)
@click.option("--scope", "scopes", multiple=True, help="A scope to grant. Repeatable.")
@click.option("--audience", help="Default: the first audience that takes these tokens.")
@click.option(
    "--ttl", default="1h", show_default=True, callback=_seconds, help="How long the token is valid."
)
def token(
    paths: tuple[Path, ...],
    claims: dict[str, object],
    scopes: tuple[str, ...],
    audience: str | None,
    ttl: float,
) -> None:
    """Print a token that `frontdesk dev` accepts.

    The issuer's key lies in the data folder, so this works while the gateway runs and while it does not.

    Example: curl -H "Authorization: Bearer $(frontdesk token --claim practice_id=p001)" …
    """
    from frontdesk.app import development_issuer

    config = read(paths).config
    taking = taking_development_tokens(config)
    if not taking:
        click.echo(
            "warning: no authorizer of this file takes tokens of the development issuer\n"
            f"hint: `type: jwt`, `issuer: {config.admin.development_issuer}` and `allow_http: true`",
            err=True,
        )
    if audience is None:
        audiences = (authorizer.audience for authorizer in taking.values())
        audience = next((each[0] for each in audiences if each), config.name)
    issuer = development_issuer(config)
    click.echo(issuer.token(claims, audience=audience, ttl=ttl, scopes=scopes))
