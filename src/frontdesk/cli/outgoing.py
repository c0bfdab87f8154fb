"""`frontdesk webhooks`: endpoints of other companies, messages to them, and what became of these."""

from pathlib import Path
from typing import Any
from urllib.parse import quote

import click

from frontdesk.cli.columns import counted, print_columns
from frontdesk.cli.configured import config_option
from frontdesk.cli.console import visible
from frontdesk.cli.groups import Commands
from frontdesk.cli.running import ask, ask_all
from frontdesk.cli.times import TIME, local_time, moment

_APPS = "/webhooks/apps"
_app = click.argument("app")
_id = click.argument("endpoint")


@click.group(cls=Commands)
def webhooks() -> None:
    """Send messages to other companies' endpoints, signed, until they are there.

    An application (APP) is whose endpoints and messages they are: a customer, say.

    Example: frontdesk webhooks endpoints add acme https://acme.example/hooks --type 'order.*'
    """


@webhooks.group(cls=Commands)
def endpoints() -> None:
    """Endpoints of applications: where messages go, which, and with what secret.

    Example: frontdesk webhooks endpoints list acme
    """


# -- endpoints ------------------------------------------------------------------------------------


@endpoints.command()
@config_option
@_app
@click.argument("url")
@click.option(
    "--type",
    "types",
    multiple=True,
    help="A type that it wants, such as 'order.*'; repeat for several. Default: all.",
)
@click.option(
    "--channel",
    "channels",
    multiple=True,
    help="A channel that it wants; repeat for several. Default: all.",
)
@click.option(
    "--header",
    "headers",
    multiple=True,
    metavar="'NAME: VALUE'",
    help="Sent along; repeat for several.",
)
@click.option("--rate", metavar="RATE", help="Deliveries, such as 50/s.")
@click.option("--concurrency", type=int, help="Deliveries at once.")
@click.option("--description", default="", help="For people.")
@click.option("--ed25519", is_flag=True, help="Sign with an Ed25519 key, too (v1a).")
def add(paths: tuple[Path, ...], app: str, url: str, **given: Any) -> None:
    """Make an endpoint, and its application where there is none. Its secret is shown this once.

    Example: frontdesk webhooks endpoints add acme https://acme.example/hooks --type 'order.*'
    """
    headers = dict(map(_header, given.pop("headers")))
    document = {"url": url, "headers": headers, **_said(given)}
    ask(paths, "PUT", _application(app), {})
    _tell_secrets(ask(paths, "POST", f"{_application(app)}/endpoints", document))


@endpoints.command("list")
@config_option
@_app
def list_endpoints(paths: tuple[Path, ...], app: str) -> None:
    """Show the endpoints of an application, and how they are.

    Example: frontdesk webhooks endpoints list acme
    """
    rows = [("ENDPOINT", "URL", "TYPES", "STATE")]
    for each in ask_all(paths, f"{_application(app)}/endpoints", "endpoints"):
        types = ", ".join(each["types"]) or "all"
        rows.append((each["id"], visible(each["url"]), types, _state(each)))
    print_columns(rows)


@endpoints.command()
@config_option
@_app
@_id
def show(paths: tuple[Path, ...], app: str, endpoint: str) -> None:
    """Show an endpoint, and the last deliveries to it.

    Example: frontdesk webhooks endpoints show acme ep_0123456789abcdef01234567
    """
    target = _endpoint(app, endpoint)
    found = ask(paths, "GET", target)["endpoint"]
    for key in ("url", "types", "channels", "headers", "rate", "concurrency", "description"):
        value = found[key]
        if value:
            shown = ", ".join(value) if isinstance(value, list) else str(value)
            click.echo(f"{key:11} {visible(shown)}")
    for key in found["public_keys"]:
        click.echo(f"{'public key':11} {key}")
    click.echo(f"{'state':11} {_state(found)}")
    _print_deliveries(ask(paths, "GET", f"{target}/deliveries")["deliveries"][:10])


@endpoints.command()
@config_option
@_app
@_id
def rotate(paths: tuple[Path, ...], app: str, endpoint: str) -> None:
    """Give an endpoint another secret. For 24 hours messages are signed with the former one, too.

    Example: frontdesk webhooks endpoints rotate acme ep_0123456789abcdef01234567
    """
    _tell_secrets(ask(paths, "POST", f"{_endpoint(app, endpoint)}/rotate"))


@endpoints.command()
@config_option
@_app
@_id
def enable(paths: tuple[Path, ...], app: str, endpoint: str) -> None:
    """Send to an endpoint again. What it has missed is sent by `frontdesk webhooks recover`.

    Example: frontdesk webhooks endpoints enable acme ep_0123456789abcdef01234567
    """
    click.echo(_state(ask(paths, "POST", f"{_endpoint(app, endpoint)}/enable")["endpoint"]))


@endpoints.command()
@config_option
@_app
@_id
def disable(paths: tuple[Path, ...], app: str, endpoint: str) -> None:
    """Send nothing more to an endpoint; what waits for it is skipped.

    Example: frontdesk webhooks endpoints disable acme ep_0123456789abcdef01234567
    """
    click.echo(_state(ask(paths, "POST", f"{_endpoint(app, endpoint)}/disable")["endpoint"]))


@endpoints.command()
@config_option
@_app
@_id
@click.confirmation_option(prompt="Remove this endpoint with its deliveries?")
def remove(paths: tuple[Path, ...], app: str, endpoint: str) -> None:
    """Remove an endpoint with the log of its deliveries.

    Example: frontdesk webhooks endpoints remove acme ep_0123456789abcdef01234567 --yes
    """
    ask(paths, "DELETE", _endpoint(app, endpoint))
    click.echo("removed")


@endpoints.command()
@config_option
@_app
@_id
def test(paths: tuple[Path, ...], app: str, endpoint: str) -> None:
    """Send an endpoint a message of type webhook.test, and print its id.

    Example: frontdesk webhooks endpoints test acme ep_0123456789abcdef01234567
    """
    click.echo(ask(paths, "POST", f"{_endpoint(app, endpoint)}/test")["id"])


# -- messages -------------------------------------------------------------------------------------


@webhooks.command()
@config_option
def apps(paths: tuple[Path, ...]) -> None:
    """List the applications, and how their endpoints are.

    Example: frontdesk webhooks apps
    """
    found = ask_all(paths, f"{_APPS}?counts=true", "apps")
    print_columns([("APP", "NAME", "ENDPOINTS", "SINCE"), *map(_listed, found)])


def _listed(told: dict[str, Any]) -> tuple[str, str, str, str]:
    endpoints = told["endpoints"]
    ill = [f"{endpoints[key]} {key}" for key in ("disabled", "failing") if endpoints[key]]
    shown = ", ".join([str(endpoints["number"]), *ill])
    return told["id"], visible(told["name"]), shown, local_time(told["created"])


@webhooks.command()
@config_option
@_app
@click.argument("type_", metavar="TYPE")
@click.argument("payload")
@click.option(
    "--id", "event", help="Of the event: published again within 24 hours, it is not sent again."
)
@click.option(
    "--channel", "channels", multiple=True, help="For those that want it; repeat for several."
)
def send(
    paths: tuple[Path, ...],
    app: str,
    type_: str,
    payload: str,
    *,
    event: str | None,
    channels: tuple[str, ...],
) -> None:
    """Publish PAYLOAD, which is JSON, to all endpoints that want it; print the id of the message.

    Example: frontdesk webhooks send acme order.paid '{"order": 42}' --id order-42-paid
    """
    said = _said({"id": event, "channels": channels})
    document = {"type": type_, "text": payload, **said}
    told = ask(paths, "POST", f"{_application(app)}/messages", document)
    again = " (published before)" if told["outcome"] == "again" else ""
    click.echo(f"{told['id']} to {counted(told['deliveries'], 'endpoint')}{again}")


@webhooks.command()
@config_option
@_app
def messages(paths: tuple[Path, ...], app: str) -> None:
    """List the last hundred messages, the newest first.

    Example: frontdesk webhooks messages acme
    """
    rows = [
        (each["id"], visible(each["event"]) or "-", each["type"], local_time(each["created"]))
        for each in ask(paths, "GET", f"{_application(app)}/messages")["messages"]
    ]
    print_columns([("MESSAGE", "ID", "TYPE", "SENT"), *rows])


@webhooks.command()
@config_option
@_app
@click.argument("message")
@click.option("--bodies", is_flag=True, help="Show what was answered, too.")
def attempts(paths: tuple[Path, ...], app: str, message: str, *, bodies: bool) -> None:
    """Show every attempt to deliver a message, and what comes next.

    Example: frontdesk webhooks attempts acme msg_0123456789abcdef01234567
    """
    target = f"{_application(app)}/messages/{_quoted(message)}"
    rows = [("ENDPOINT", "ATTEMPT", "AT", "STATUS", "SECONDS", "ERROR")]
    found = ask_all(paths, f"{target}/attempts", "attempts")
    for each in found:
        place = (each["endpoint"], str(each["number"]), local_time(each["at"]))
        status = str(each["status"] or "-")
        rows.append((*place, status, f"{each['seconds']:.3f}", each["error"] or "-"))
    print_columns(rows)
    if bodies:
        for each in found:
            click.echo(f"\n{each['endpoint']} {each['number']}: {visible(each['body'])}")
    _print_deliveries(ask(paths, "GET", target)["deliveries"])


@webhooks.command()
@config_option
@_app
@click.argument("message")
@_id
def resend(paths: tuple[Path, ...], app: str, message: str, endpoint: str) -> None:
    """Send a message to an endpoint once more, now, whether it was delivered or not.

    Example: frontdesk webhooks resend acme msg_0123456789abcdef01234567 ep_0123456789abcdef01234567
    """
    target = f"{_application(app)}/messages/{_quoted(message)}/resend"
    ask(paths, "POST", target, {"endpoint": endpoint})
    click.echo("it waits for its turn")


@webhooks.command()
@config_option
@_app
@_id
@click.option("--since", required=True, callback=moment, metavar="TIME", help=TIME)
def recover(paths: tuple[Path, ...], app: str, endpoint: str, since: float) -> None:
    """Send an endpoint all that it has missed since then, at its rate.

    Example: frontdesk webhooks recover acme ep_0123456789abcdef01234567 --since 2h
    """
    told = ask(paths, "POST", f"{_endpoint(app, endpoint)}/recover", {"since": since})
    number = told["recovered"]
    again = "waits" if number == 1 else "wait"
    click.echo(f"{counted(number, 'delivery', 'deliveries')} {again} again")


# -- inside ---------------------------------------------------------------------------------------


def _header(text: str) -> tuple[str, str]:
    name, colon, value = text.partition(":")
    if not colon:
        raise click.BadParameter(f"expected 'Name: value', got {text!r}")
    return name.strip(), value.strip()


def _said(given: dict[str, Any]) -> dict[str, Any]:
    """Leave out what nobody has said."""
    return {key: value for key, value in given.items() if value not in (None, (), "", False)}


def _application(app: str) -> str:
    return f"{_APPS}/{_quoted(app)}"


def _endpoint(app: str, endpoint: str) -> str:
    return f"{_application(app)}/endpoints/{_quoted(endpoint)}"


def _quoted(text: str) -> str:
    return quote(text, safe="")


def _tell_secrets(told: dict[str, Any]) -> None:
    click.echo(told["endpoint"]["id"])
    for secret in told["secrets"]:
        click.echo(secret)
    click.echo("give its receiver what is shown here: it is not shown again", err=True)


def _state(endpoint: dict[str, Any]) -> str:
    if endpoint["locked"]:
        return f"locked ({endpoint['locked']})"
    if endpoint["disabled"]:
        return f"disabled ({endpoint['disabled']})"
    if endpoint["failing_since"]:
        return f"failing since {local_time(endpoint['failing_since'])}"
    return "enabled"


def _print_deliveries(deliveries: list[dict[str, Any]]) -> None:
    rows = [("MESSAGE", "TYPE", "ENDPOINT", "STATE", "ATTEMPTS", "NEXT")]
    for each in deliveries:
        following = "-" if each["due"] is None else local_time(each["due"])
        place = (each["message"], each["type"], each["endpoint"])
        rows.append((*place, each["state"], str(each["attempts"]), following))
    click.echo()
    print_columns(rows)
