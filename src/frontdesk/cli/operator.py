"""Owns having a running gateway do something, and printing why it refuses."""

import dataclasses
from collections.abc import Mapping
from typing import Any
from urllib.parse import urlencode

import click

from frontdesk.app.asking import ask
from frontdesk.base.errors import Finding, Position, StartError
from frontdesk.cli.configured import show
from frontdesk.config.models.door import Admin


def command(
    admin: Admin,
    target: str,
    document: Mapping[str, object] | None = None,
    *,
    method: str = "POST",
) -> dict[str, Any]:
    """Have a running gateway do or tell something; return its answer.

    Where it refuses, print why and exit with 1. Raises: StartError when nobody answers.
    """
    return dict(_answer(admin, method, target, document))


def everything(admin: Admin, target: str, member: str) -> list[dict[str, Any]]:
    """Read a list of a running gateway, part by part; refusals and errors as of `command`.

    member: what the list is called in the answer.
    """
    found: list[dict[str, Any]] = []
    after: object = ""
    mark = "&" if "?" in target else "?"
    while True:
        asked = f"{target}{mark}{urlencode({'after': after})}" if after else target
        told = command(admin, asked, method="GET")
        found += told[member]
        if not (after := told["next"]):
            return found


def picture(admin: Admin, target: str) -> str:
    """Have a running gateway draw something; return the SVG. Refusals and errors as of `command`."""
    return str(_answer(admin, "GET", target, None))


def _answer(admin: Admin, method: str, target: str, document: Mapping[str, object] | None) -> Any:
    status, answer = ask(admin, method, target, document)
    if status in (200, 201, 202):
        return answer
    if status == 401 and admin.token is None:
        raise StartError(
            "the gateway asks for a token, and this file has no admin.token",
            hint="it was started with one, or has users: set admin.token, and restart",
        )
    if status == 401:
        raise StartError(
            "the gateway does not accept the admin.token of this file",
            hint="the token that counts is the one that it was started with",
        )
    show(_finding(each) for each in answer.get("findings", ()))
    click.secho(f"refused: {answer['message']}", err=True, fg="red")
    if answer.get("hint"):
        click.echo(f"hint: {answer['hint']}", err=True)
    raise SystemExit(1)


def _finding(fields: Mapping[str, Any]) -> Finding:
    told = {each.name: fields[each.name] for each in dataclasses.fields(Finding)}
    return Finding(**{**told, "where": Position(**fields["where"])})
