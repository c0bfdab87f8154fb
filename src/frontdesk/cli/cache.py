"""`frontdesk cache`: the answers that a running gateway keeps, and dropping them."""

from pathlib import Path

import click

from frontdesk.cli.columns import counted
from frontdesk.cli.configured import config_option
from frontdesk.cli.groups import Commands
from frontdesk.cli.running import ask


@click.group(cls=Commands)
def cache() -> None:
    """Show or drop the answers that a running gateway gives again.

    Example: frontdesk cache flush partners/prod
    """


@cache.command()
@config_option
def stats(paths: tuple[Path, ...]) -> None:
    """Show how many answers are kept, and the memory that they take."""
    told = ask(paths, "GET", "/cache")
    share = told["bytes"] / told["max_bytes"] if told["max_bytes"] else 0.0
    click.echo(
        f"{told['entries']} answers, {told['bytes']:,} of {told['max_bytes']:,} bytes ({share:.1%}), "
        f"{told['evictions']} dropped for want of room"
    )


@cache.command()
@config_option
@click.argument("target", required=False, metavar="[API[/STAGE]]")
@click.option("--route", help="Only this route of the API, such as 'GET /plans'.")
def flush(paths: tuple[Path, ...], target: str | None, route: str | None) -> None:
    """Drop kept answers: all, or those of an API, of a stage, of a route.

    What is being fetched meanwhile is not kept either.

    Example: frontdesk cache flush partners --route 'GET /plans'
    """
    api, _, stage = (target or "").partition("/")
    named = {"api": api, "stage": stage, "route": route or ""}
    asked = {level: name for level, name in named.items() if name}
    told = ask(paths, "POST", "/cache/flush", asked)
    click.echo(f"{counted(told['flushed'], 'answer')} dropped")
