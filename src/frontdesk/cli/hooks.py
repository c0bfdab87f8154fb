"""`frontdesk hook`: verify and sign webhooks from files, list the schemes; with what `cli.deliveries` has."""

import os
import sys
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING

import click

from frontdesk.base.durations import parse_duration
from frontdesk.cli.columns import print_columns
from frontdesk.cli.configured import file_option
from frontdesk.cli.console import visible
from frontdesk.cli.deliveries import list_, replay, sources
from frontdesk.cli.deliveries import show as show_delivery
from frontdesk.cli.groups import Commands
from frontdesk.cli.times import local_time

if TYPE_CHECKING:
    from frontdesk.rules.webhooks.diagnosis import Attempt
    from frontdesk.rules.webhooks.scheme import Scheme
    from frontdesk.webhooks import Event

_FROM_ENVIRONMENT = "FRONTDESK_HOOK_SECRET"
_PEM = click.Path(path_type=Path, dir_okay=False, exists=True)
_FAR = 1e12
"""Seconds: a tolerance for looking at the signature alone."""


def _headers(
    _ctx: click.Context, _param: click.Parameter, values: tuple[str, ...]
) -> list[tuple[str, str]]:
    pairs = [value.partition(":") for value in values]
    for (name, colon, _), value in zip(pairs, values, strict=True):
        if not colon or not name.strip():
            raise click.BadParameter(f"expected 'Name: value', got {value!r}")
    return [(name.strip(), value.strip()) for name, _, value in pairs]


def _secrets(
    _ctx: click.Context, _param: click.Parameter, values: tuple[str, ...]
) -> tuple[str, ...]:
    values = values or tuple(filter(None, [os.environ.get(_FROM_ENVIRONMENT)]))
    if not values:
        raise click.BadParameter(f"give one, or set {_FROM_ENVIRONMENT}")
    try:
        return tuple(
            Path(value[1:]).read_text(encoding="utf-8").rstrip("\r\n")
            if value.startswith("@")
            else value
            for value in values
        )
    except (OSError, UnicodeDecodeError) as error:
        raise click.BadParameter(f"cannot read the file of a secret: {error}") from None


def _moment(_ctx: click.Context, _param: click.Parameter, value: str | None) -> float | None:
    if value is None:
        return None
    try:
        if value.isdecimal():
            return float(value)
        moment = datetime.fromisoformat(value)
    except (ValueError, OverflowError):
        raise click.BadParameter("expected seconds since 1970, or a time as ISO 8601") from None
    return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp()


def _duration(_ctx: click.Context, _param: click.Parameter, value: str | None) -> float | None:
    if value is None:
        return None
    try:
        return parse_duration(value)
    except ValueError as error:
        raise click.BadParameter(str(error)) from None


def _bytes(_ctx: click.Context, _param: click.Parameter, value: str) -> bytes:
    try:
        return sys.stdin.buffer.read() if value == "-" else Path(value).read_bytes()
    except OSError as error:
        raise click.BadParameter(f"cannot be read: {error.strerror}") from None


_body = click.argument("body", metavar="FILE", callback=_bytes)
_scheme = click.option(
    "--scheme", required=True, help="How the vendor signs; `frontdesk hook schemes` lists them."
)
_secret = click.option(
    "--secret",
    "secrets",
    multiple=True,
    callback=_secrets,
    metavar="TEXT|@FILE",
    help="As the vendor shows it; repeat for several. Of paypal the webhook's id, of aws-sns the topic's ARN.",
)
_header = click.option(
    "-H",
    "--header",
    "headers",
    multiple=True,
    callback=_headers,
    metavar="'NAME: VALUE'",
    help="A header of the delivery; repeat for several.",
)
_now = click.option(
    "--now", callback=_moment, metavar="TIME", help="Seconds since 1970, or ISO 8601. Default: now."
)
_method = click.option("--method", default="POST", show_default=True, help="Of the request.")
_url = click.option(
    "--url", default="", help="Of the request, whole, as the vendor knows it; some schemes sign it."
)


@click.group(cls=Commands)
def hook() -> None:
    """See and replay webhooks that a running gateway has taken; verify and sign others from files.

    Example: frontdesk hook list --state dead

    Example: frontdesk hook verify event.json --scheme stripe --secret @secret.txt -H 'Stripe-Signature: t=…,v1=…'
    """


for _command in (sources, list_, show_delivery, replay):
    hook.add_command(_command)


@hook.command()
@_body
@_scheme
@_secret
@_header
@_url
@_method
@_now
@click.option(
    "--tolerance",
    callback=_duration,
    metavar="DURATION",
    help="How old it may be, such as 5m. Default: the scheme's.",
)
@click.option("--certificate", type=_PEM, help="PEM that the vendor publishes (paypal, aws-sns).")
@click.option("--source", default="", help="Address of the sender (ip-allow).")
@click.option("--client-certificate", type=_PEM, help="PEM of the sender (mtls).")
def verify(
    *,
    body: bytes,
    scheme: str,
    secrets: tuple[str, ...],
    headers: list[tuple[str, str]],
    url: str,
    method: str,
    now: float | None,
    tolerance: float | None,
    certificate: Path | None,
    source: str,
    client_certificate: Path | None,
) -> None:
    """Verify the body in FILE (- for standard input): say what was expected, and why it fails.

    Exits with 1 when it fails. Secrets are never printed; better than on the command line they stand in a file
    (--secret @FILE) or in FRONTDESK_HOOK_SECRET.

    Example: frontdesk hook verify body.json --scheme github --secret @secret -H 'X-Hub-Signature-256: sha256=…'
    """
    from frontdesk.rules.webhooks.diagnosis import Attempt, diagnose
    from frontdesk.webhooks import Reason, WebhookError
    from frontdesk.webhooks import verify as verify_delivery

    row = _row(scheme)
    given = Attempt(body, secrets, url)
    published = b"" if certificate is None else certificate.read_bytes()
    shown = b"" if client_certificate is None else client_certificate.read_bytes()

    def attempt(one: Attempt, tolerance: float | None) -> "Event":
        return verify_delivery(
            row,
            headers,
            one.body,
            one.secrets,
            now=now,
            tolerance=tolerance,
            method=method,
            url=one.url,
            source=source,
            client_certificate=shown,
            certificates=(lambda _url: published) if published else None,
        )

    def fits(one: Attempt) -> bool:
        try:
            attempt(one, _FAR)
        except WebhookError:
            return False
        return True

    _tell(_looked_at(row, headers, body))
    try:
        event = attempt(given, tolerance)
    except WebhookError as error:
        advice = ""
        if error.reason is Reason.BAD_SIGNATURE:
            _tell(_wanted(row, headers, given, method))
            advice = diagnose(given, fits)
        elif error.reason is Reason.CONFIG_ERROR:
            advice = f"a secret is {row.key.about}"
        elif error.reason is Reason.STALE:
            advice = "the signature itself is good; see it pass with --now or --tolerance"
        click.secho(f"refused: {visible(error.message)}", err=True, fg="red")
        if advice:
            click.echo(f"hint: {visible(advice)}", err=True)
        raise SystemExit(1) from None
    _tell(_found(event))


@hook.command()
@_body
@_scheme
@_secret
@_header
@_url
@_method
@_now
@click.option("--id", "identity", default="", help="Of the event. Default: a new one.")
@click.option("--type", "kind", default="", help="Of the event, for schemes with a header for it.")
@click.option(
    "--name", default="", help="Webhook's id (paypal), topic's ARN (aws-sns), key's id (rfc9421)."
)
@click.option("--certificate-url", default="", help="Where the certificate is (paypal, aws-sns).")
@click.option("--nonce", default="", help="Of mailgun and rfc9421. Default: a new one.")
@file_option(
    "-o", "--output", about="Write the body to this file: some schemes put the signature into it."
)
def sign(
    *,
    body: bytes,
    scheme: str,
    secrets: tuple[str, ...],
    headers: list[tuple[str, str]],
    url: str,
    method: str,
    now: float | None,
    identity: str,
    kind: str,
    name: str,
    certificate_url: str,
    nonce: str,
    output: Path | None,
) -> None:
    """Sign the body in FILE (- for standard input): print the headers to send with it, as curl reads them.

    Secrets of asymmetric schemes are private keys.

    Example: frontdesk hook sign event.json --scheme stripe --secret @secret > headers.txt;
    curl --data-binary @event.json -H @headers.txt http://localhost:8080/hooks/stripe
    """
    from frontdesk.webhooks import WebhookError
    from frontdesk.webhooks import sign as sign_body

    row = _row(scheme)
    try:
        signed = sign_body(
            row,
            body,
            secrets,
            id=identity,
            type=kind,
            now=now,
            method=method,
            url=url,
            headers=dict(headers),
            name=name,
            certificate_url=certificate_url,
            nonce=nonce,
        )
    except WebhookError as error:
        click.secho(f"refused: {error.message}", err=True, fg="red")
        raise SystemExit(1) from None
    for header, value in signed.headers.items():
        click.echo(f"{header}: {value}")
    if output is not None:
        output.write_bytes(signed.body)
        click.echo(f"wrote {output}", err=True)
    elif signed.body != body:
        click.echo("note: the signature is in the body; write that with --output", err=True)
    if signed.url != url:
        click.echo(f"note: send it to {visible(signed.url)}", err=True)


@hook.command()
def schemes() -> None:
    """List the schemes: what each reads and signs, its tolerance, its secrets, whether it has a handshake.

    Example: frontdesk hook schemes
    """
    from frontdesk.webhooks import HANDSHAKES, SCHEMES

    rows = [("SCHEME", "HEADERS", "SIGNED", "TOLERANCE", "HANDSHAKE")]
    rows += [
        (
            name,
            ", ".join(row.form.reads) or "-",
            row.form.covers,
            "-" if row.tolerance is None else f"{row.tolerance:g}s",
            "yes" if name in HANDSHAKES else "-",
        )
        for name, row in SCHEMES.items()
    ]
    rows += [(name, "-", "-", "-", "yes") for name in HANDSHAKES if name not in SCHEMES]
    print_columns(rows)


def _row(name: str) -> "Scheme":
    from frontdesk.rules.webhooks.schemes import UnknownSchemeError, find_scheme

    try:
        return find_scheme(name)
    except UnknownSchemeError as error:
        raise click.BadParameter(f"{error}; {error.hint}", param_hint="--scheme") from None


def _tell(lines: Iterable[tuple[str, str]]) -> None:
    for label, text in lines:
        click.echo(f"{label:9} {visible(text)}")


def _looked_at(
    row: "Scheme", headers: list[tuple[str, str]], body: bytes
) -> Iterator[tuple[str, str]]:
    """Say what the scheme needs, and what of it is there."""
    yield "scheme", row.name
    yield "signed", row.form.covers
    names = [name.lower() for name, _ in headers]
    for name in row.form.reads:
        count = names.count(name.lower())
        yield "header", f"{name}: {('missing', 'given')[count] if count < 2 else f'{count} times'}"
    yield "body", f"{len(body)} bytes, sha256 {sha256(body).hexdigest()}"


def _found(event: "Event") -> Iterator[tuple[str, str]]:
    yield "result", "ok"
    yield "id", event.id
    yield "type", event.type or "-"
    if event.sent_at is not None:
        yield "sent", local_time(event.sent_at)
    if event.items:
        yield "events", str(len(event.items))
    yield "secret", event.key + (" (not the first)" if event.rotated else "")
    if not event.signed_body:
        yield "note", "this scheme leaves the body, or parts of it, unsigned"


def _wanted(
    row: "Scheme", headers: list[tuple[str, str]], given: "Attempt", method: str
) -> Iterator[tuple[str, str]]:
    """Sign what was given as the vendor would have, with each secret; nothing where only the vendor can."""
    from frontdesk.rules.webhooks.delivery import Delivery
    from frontdesk.rules.webhooks.verdict import Refused
    from frontdesk.webhooks import WebhookError
    from frontdesk.webhooks import sign as sign_body

    if row.sends_secret:
        return
    delivery = Delivery(headers, given.body, method=method, url=given.url)
    try:
        claims = row.form.read(delivery, ())[0]
        for number, secret in enumerate(given.secrets, start=1):
            signed = sign_body(
                row,
                given.body,
                secret,
                id=claims.id,
                now=claims.sent_at,
                method=method,
                url=given.url,
                headers=dict(headers),
            )
            for name, value in signed.headers.items():
                if name in row.form.reads and delivery.find(name) != value:
                    yield "expected", f"{name}: {value} (secret {number})"
    except (Refused, WebhookError):
        return
