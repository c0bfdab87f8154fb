"""`frontdesk overview` and `frontdesk requests`: how a running gateway does, and the requests of its clients."""

from collections.abc import Iterator, Mapping, Sequence
from time import sleep
from typing import Any, Final
from urllib.parse import quote, urlencode

import click

from frontdesk.cli.columns import print_columns
from frontdesk.cli.configured import Paths, config_option, read
from frontdesk.cli.console import visible
from frontdesk.cli.groups import Commands
from frontdesk.cli.operator import command
from frontdesk.cli.times import local_time, short_span
from frontdesk.config.models.door import Admin
from frontdesk.rules.redaction import MASK
from frontdesk.web.words import count

_PACE: Final = 0.5
"""Seconds between two looks of --follow."""


@click.command()
@config_option
@click.option("--minutes", type=click.IntRange(1, 1440), default=15, show_default=True)
def overview(paths: Paths, minutes: int) -> None:
    """Show how a gateway does: figures of the last minute, what needs somebody, the busiest routes.

    Example: frontdesk overview --minutes 60
    """
    admin = read(paths).config.admin
    told = command(admin, f"/api/overview?minutes={minutes}", method="GET")
    now = told["now"]
    click.echo(
        f"{count(now['rate'])} requests/s, {_share(now['failed'])} answered 5xx, "
        f"{now['throttled']:.0f} throttled, p50 {short_span(now['p50'])}, p95 {short_span(now['p95'])}, "
        f"p99 {short_span(now['p99'])}"
    )
    print_columns(_needs(told))
    if told["routes"]:
        head = ("API", "ROUTE", "PER SECOND", "5XX", "429", "P50", "P99")
        print_columns([head, *map(_route, told["routes"])])


def _needs(told: Mapping[str, Any]) -> Iterator[tuple[str, str, str]]:
    for each in told["breakers"]:
        yield "breaker", visible(each["upstream"]), each["state"]
    for each in told["queues"]:
        if each["dead_letters"]:
            yield "dead letters", visible(each["queue"]), f"{each['depth']:.0f}"
    for each in told["failing"]:
        yield "state machine", visible(each["machine"]), f"{each['failed']:.0f} failed"
    for each in told["functions"]:
        yield "function", visible(each["function"]), f"{each['errors']:.0f} errors"
    for each in told["webhooks"]:
        yield "webhook", visible(each["webhook"]), f"{each['dead']:.0f} dead"
    if off := told["levels"]["outgoing.disabled"]:
        yield "webhooks out", "endpoints", f"{off:.0f} disabled"


def _route(each: Mapping[str, Any]) -> Sequence[str]:
    return (
        visible(each["api"]),
        visible(each["route"]),
        count(each["rate"]),
        _share(each["failed"]),
        f"{each['throttled']:.0f}",
        short_span(each["p50"]),
        short_span(each["p99"]),
    )


def _share(number: float | None) -> str:
    return "-" if number is None else f"{number:.1%}"


@click.group(cls=Commands)
def requests() -> None:
    """See the requests of a running gateway's clients as they end; send one again.

    They are looked at while somebody watches: the first list begins with nothing.

    Example: frontdesk requests list --follow --status 5xx
    """


@requests.command("list")
@config_option
@click.option("--last", type=click.IntRange(1, 500), default=50, show_default=True)
@click.option("--status", help="Such as 404, or 5xx.")
@click.option("--kind", type=click.Choice(("request", "unrouted", "message")))
@click.option("--method")
@click.option("--api")
@click.option("--route", help='Such as "GET /orders/{id}".')
@click.option("--key", help="Name of an API key, or who the caller is.")
@click.option(
    "--text", help="Part of the path, the id, the client's address, the connection or the outcome."
)
@click.option("--follow", is_flag=True, help="Go on until Ctrl-C.")
def list_(paths: Paths, last: int, follow: bool, **asked: str | None) -> None:
    """List the last requests, the newest at the end."""
    admin = read(paths).config.admin
    asked["q"] = asked.pop("text")
    query = {name: value for name, value in asked.items() if value is not None}
    shown: dict[str, None] = {}
    told_none = False
    while True:
        target = f"/api/requests?{urlencode({'last': 500 if shown else last, **query})}"
        rows = command(admin, target, method="GET")["requests"]
        for row in reversed(rows):
            if row["id"] not in shown:
                click.echo(_line(row))
        shown = dict.fromkeys(row["id"] for row in rows)
        if not rows and not told_none:
            click.echo("none yet: requests are watched for a minute from now on", err=True)
            told_none = True
        if not follow:
            return
        sleep(_PACE)


def _line(row: Mapping[str, Any]) -> str:
    upstream = "" if row["upstreamMs"] is None else f" ({row['upstreamMs']:g} ms upstream)"
    words = [
        row["id"],
        local_time(row["time"]),
        str(row["status"]),
        row["method"],
        row["path"],
        f"{row['ms']:g} ms{upstream}",
    ]
    if row["kind"] == "message":
        words += [f"{row['bodyLength']} bytes"]
    more = (row["api"], row["route"], row["connection"], row["key"], row["outcome"])
    words += [word for word in more if word]
    return visible("  ".join(words))


@requests.command("show")
@config_option
@click.argument("id")
def show_(paths: Paths, id: str) -> None:  # noqa: A002 - as it is called
    """Show all of one: stages, attempts, fields and bodies, with secrets masked.

    Example: frontdesk requests show JKJaXmPLvHcESHA=
    """
    found = _found(read(paths).config.admin, id)
    click.echo(_line(found))
    if found["traceId"]:
        click.echo(f"trace {found['traceId']}")
    print_columns((name, f"{ms:g} ms") for name, ms in found["stages"])
    for each in found["attempts"]:
        click.echo(
            f"{each['address']}  {each['status'] or each['error']}  {short_span(each['seconds'])}"
        )
    for side in ("request", "response"):
        click.echo()
        for name, value in found[f"{side}Headers"]:
            click.echo(visible(f"{name}: {value}"))
        if found[f"{side}Body"]:
            click.echo(f"\n{visible(found[f'{side}Body'])}")


@requests.command()
@config_option
@click.argument("id")
@click.option(
    "--header", "headers", multiple=True, help="NAME: VALUE; in place of one that was masked."
)
@click.option("--body", help="In place of the one that was sent.")
def replay(paths: Paths, id: str, headers: Sequence[str], body: str | None) -> None:  # noqa: A002 - as it is called
    """Send one to the gateway again, as a new request with the same idempotency key.

    Example: frontdesk requests replay JKJaXmPLvHcESHA= --header "authorization: Bearer $TOKEN"
    """
    admin = read(paths).config.admin
    found = _found(admin, id)
    if found["kind"] == "message":
        raise click.BadParameter(
            "a message of a WebSocket connection is not sent again", param_hint="ID"
        )
    own = [
        [name.strip(), value.strip()] for name, _, value in (one.partition(":") for one in headers)
    ]
    named = {name.lower() for name, _ in own}
    others = [pair for pair in found["requestHeaders"] if pair[0] not in named]
    kept = [pair for pair in others if pair[1] != MASK]
    if masked := ", ".join(name for name, value in others if value == MASK):
        click.echo(f"without what was masked: {visible(masked)}", err=True)
    given = {
        **{name: found[name] for name in ("method", "path", "query", "host")},
        "headers": [*kept, *own],
        "body": found["requestBody"] if body is None else body,
    }
    told = command(admin, "/api/requests/replay", given)
    click.echo(told["status"])
    for name, value in told["headers"]:
        click.echo(visible(f"{name}: {value}"))
    click.echo(f"\n{visible(told['body'])}")


def _found(admin: Admin, request_id: str) -> Mapping[str, Any]:
    return command(admin, f"/api/requests/{quote(request_id, safe='')}", method="GET")
