"""`frontdesk hook sources|list|show|replay`: the webhooks that a running gateway has taken."""

import json
import sys
from base64 import b64decode
from pathlib import Path
from typing import Any, Final, get_args
from urllib.parse import urlencode

import click

from frontdesk.cli.columns import counted, print_columns
from frontdesk.cli.configured import config_option
from frontdesk.cli.console import visible
from frontdesk.cli.executions import examples, json_option
from frontdesk.cli.running import ask
from frontdesk.cli.times import TIME, local_time, moment
from frontdesk.ports.inbox import State
from frontdesk.rules.redaction import MASK, SecretNames, mask_secrets

_HEAD: Final = ("RECEIVED", "WEBHOOK", "TYPE", "ID", "STATE", "ATTEMPTS", "AGAIN", "ERROR")
_STATES: Final = get_args(State)
_LONGEST: Final = 60
"""Characters of an error in a list."""


_type = click.option(
    "--type", "kind", default="", help="Only this type; * at its end: all that begin so."
)
_from = click.option("--since", callback=moment, metavar="TIME", help=TIME)
_to = click.option("--until", callback=moment, metavar="TIME", help="Likewise.")


@click.command(
    "list",
    short_help="List the webhooks that a running gateway has taken.",
    epilog=examples(
        "frontdesk hook list stripe --state dead",
        "frontdesk hook list --type 'payment_intent.*' --since 2h",
        "frontdesk hook list --json | jq -r '.[].id'",
    ),
)
@config_option
@click.argument("webhook", required=False, default="")
@click.option("--state", type=click.Choice(_STATES), help="Only in this state.")
@_type
@_from
@_to
@click.option("--most", type=click.IntRange(1, 1000), default=50, show_default=True)
@json_option
def list_(
    *,
    paths: tuple[Path, ...],
    webhook: str,
    state: str | None,
    kind: str,
    since: float | None,
    until: float | None,
    most: int,
    as_json: bool,
) -> None:
    """List deliveries, newest first: of WEBHOOK, a name of the file, or of all.

    States: received waits for its turn, processing is being dealt with, processed is done, failed is tried again, dead
    is not, ignored was only recorded. Repetitions of a delivery are no deliveries of their own.
    """
    asked = _search(webhook, state, kind, since, until) | {"most": most}
    found = ask(paths, "GET", f"/api/inbox/deliveries?{urlencode(asked)}")["deliveries"]
    if as_json:
        click.echo(json.dumps(found, indent=2, ensure_ascii=False))
        return
    print_columns([_HEAD, *map(_row, found)])


@click.command(
    short_help="List the webhooks of a running gateway: how each is proven, what waits.",
    epilog=examples("frontdesk hook sources"),
)
@config_option
def sources(paths: tuple[Path, ...]) -> None:
    """List webhooks: their scheme, how their secrets are called, how many deliveries are in which state."""
    found = ask(paths, "GET", "/api/inbox")["webhooks"]
    print_columns([("WEBHOOK", "SCHEME", "SECRETS", "DELIVERIES"), *map(_source_row, found)])


@click.command(
    short_help="Show one of them: headers, attempts, result; --body prints the body.",
    epilog=examples(
        "frontdesk hook show stripe evt_1NG8Du",
        "frontdesk hook show stripe evt_1NG8Du --body > event.json",
    ),
)
@config_option
@click.argument("webhook")
@click.argument("delivery", metavar="ID")
@click.option(
    "--body", "only_body", is_flag=True, help="Print the bytes of the body, and nothing else."
)
def show(paths: tuple[Path, ...], webhook: str, delivery: str, only_body: bool) -> None:
    """Show a delivery of WEBHOOK by its ID. What looks like a secret is not printed, the body only when asked for."""
    asked = urlencode({"webhook": webhook, "id": delivery})
    found = ask(paths, "GET", f"/api/inbox/delivery?{asked}")
    body = found["body"]
    if only_body:
        if body is None:
            raise click.ClickException(
                "the body is not kept any more: see keep_body of the webhook"
            )
        sys.stdout.buffer.write(b64decode(body) if found["base64"] else body.encode())
        return
    rows = [
        ("id", visible(found["id"])),
        ("type", visible(found["type"]) or "-"),
        ("state", found["state"]),
        ("received", _time(found["received"])),
        ("processed", _time(found["processed"]) or "-"),
        ("attempts", str(found["attempts"])),
        ("again", _time(found["next"]) or "-"),
        ("error", visible(mask_secrets(found["error"])) or "-"),
        ("secret", visible(found["key"]) or "-"),
        ("ordering", visible(found["ordering"]) or "-"),
        ("duplicates", str(found["duplicates"])),
        ("replays", str(found["replays"])),
        ("body", "not kept any more" if body is None else f"{found['size']} bytes, see --body"),
        ("result", visible(mask_secrets(found["result"])) or "-"),
    ]
    secret = SecretNames()
    rows.append(("headers", ""))
    for name, value in found["headers"]:
        rows.append((f"  {name}", MASK if name in secret else visible(mask_secrets(value))))
    print_columns(rows)


@click.command(
    short_help="Have some of them dealt with again: one by its ID, or dead ones.",
    epilog=examples(
        "frontdesk hook replay stripe evt_1NG8Du",
        "frontdesk hook replay stripe --since 2h --yes",
        "frontdesk hook replay --state processed --type 'invoice.*' --most 10",
    ),
)
@config_option
@click.argument("webhook", required=False, default="")
@click.argument("delivery", metavar="[ID]", required=False, default="")
@click.option(
    "--state",
    type=click.Choice([*_STATES, "any"]),
    help="Only in this state. Default: dead; with an ID any.",
)
@_type
@_from
@_to
@click.option("--most", type=click.IntRange(1, 1000), default=100, show_default=True)
@click.option("--yes", is_flag=True, help="Do not ask.")
def replay(
    *,
    paths: tuple[Path, ...],
    webhook: str,
    delivery: str,
    state: str | None,
    kind: str,
    since: float | None,
    until: float | None,
    most: int,
    yes: bool,
) -> None:
    """Have deliveries dealt with again, oldest first: as if they had just come, with all attempts.

    Their signatures are not looked at again: they were good. Whoever deals with them must bear that it is done twice.
    """
    state = state or ("any" if delivery else "dead")
    asked = _search(webhook, None if state == "any" else state, kind, since, until)
    if not delivery and not yes:
        whose = f"of {webhook or 'all webhooks'}, state: {state}"
        most = _confirmed(paths, asked | {"most": most}, whose)
    told = ask(paths, "POST", "/api/inbox/replay", asked | {"id": delivery, "most": most})
    if delivery and not told["replayed"]:
        whose = visible(f"{delivery} of {webhook}")
        click.secho(f"refused: {whose} is not there, or not to be replayed now", err=True, fg="red")
        click.echo("hint: its body is not kept any more, or it is being dealt with", err=True)
        raise SystemExit(1)
    number = told["replayed"]
    again = "is" if number == 1 else "are"
    click.echo(f"{counted(number, 'delivery', 'deliveries')} {again} dealt with again")


def _confirmed(paths: tuple[Path, ...], asked: dict[str, Any], whose: str) -> int:
    """Ask whether as many as the gateway finds are to be replayed, and return how many these are."""
    found = ask(paths, "GET", f"/api/inbox/deliveries?{urlencode(asked)}")["deliveries"]
    if not found:
        click.echo(f"there are no deliveries {visible(whose)}")
        raise SystemExit(0)
    number = counted(len(found), "delivery", "deliveries")
    click.confirm(f"Replay {number} {visible(whose)}?", abort=True)
    return len(found)


def _search(
    webhook: str, state: str | None, kind: str, since: float | None, until: float | None
) -> dict[str, Any]:
    asked = {"webhook": webhook, "state": state, "type": kind, "since": since, "until": until}
    return {name: value for name, value in asked.items() if value not in (None, "")}


def _row(each: dict[str, Any]) -> tuple[str, ...]:
    error = visible(mask_secrets(each["error"]))
    return (
        _time(each["received"]),
        visible(each["webhook"]),
        visible(each["type"]) or "-",
        visible(each["id"]),
        each["state"],
        str(each["attempts"]),
        _time(each["next"]) or "-",
        error if len(error) <= _LONGEST else f"{error[: _LONGEST - 1]}…",
    )


def _source_row(told: dict[str, Any]) -> tuple[str, ...]:
    settings = told["settings"] or {"scheme": "-", "secrets": []}
    states = (f"{each['number']} {state}" for state, each in sorted(told["states"].items()))
    secrets = ", ".join(each["id"] for each in settings["secrets"])
    return visible(told["name"]), settings["scheme"], secrets or "-", ", ".join(states) or "-"


def _time(seconds: float | None) -> str:
    return "" if seconds is None else local_time(seconds)
