"""Owns the operator's requests about secrets, on the admin listener. Nothing here tells a value.

    GET  /api/secrets             for admins, what there is: how the file names each, its versions without their values; after=, most=
    POST /api/secrets/set         {"name", "value"}: make a secret or parameter, or give it a new value
    POST /api/secrets/delete      {"name"}: delete it at once, with all its versions
    POST /api/secrets/rotate-key  encrypt everything under another master key

A name is as the command line has it: `vendor`, or `/path` or `ssm:name` of a parameter. Answers 200; 422
with why nothing was done; 503 where the store does not do it.
"""

from collections.abc import Awaitable, Callable, Mapping
from typing import Any, Final

from frontdesk.app.actions import asked_part, json_object, json_reply, query_of, refused
from frontdesk.app.named_secrets import NamedSecrets, Shown
from frontdesk.base.errors import FrontdeskError
from frontdesk.gateway.pipeline.exchange import Exchange, Reply
from frontdesk.gateway.pipeline.replies import refusal
from frontdesk.stores.vault.refusals import VaultError
from frontdesk.stores.vault.vault import Vault

LIST: Final = "/api/secrets"
"""For admins alone."""

_PLACE: Final = f"{LIST}/"

Action = Callable[[Mapping[str, Any]], Awaitable[dict[str, Any]]]


class SecretsApi:
    """The face of these requests."""

    needs_token = True

    def __init__(self, vault: Vault) -> None:
        self._vault = vault
        self._named = NamedSecrets(vault)
        self._actions: dict[str, Action] = {
            f"{_PLACE}set": self._set,
            f"{_PLACE}delete": self._delete,
            f"{_PLACE}rotate-key": self._rotate_key,
        }

    def serves(self, ex: Exchange) -> bool:
        """See Face."""
        return ex.path == LIST or ex.path in self._actions

    def answer(self, ex: Exchange) -> Reply | Awaitable[Reply]:
        """See Face."""
        method = "GET" if ex.path == LIST else "POST"
        if ex.method != method:
            return refusal(405, "method", (b"allow", method.encode()))
        return self._answer(ex)

    async def _answer(self, ex: Exchange) -> Reply:
        try:
            if ex.path == LIST:
                return json_reply(200, await self._list(query_of(ex)))
            return json_reply(200, await self._actions[ex.path](json_object(ex.body or b"{}")))
        except FrontdeskError as error:
            return refused(error)

    async def _list(self, query: Mapping[str, str]) -> dict[str, Any]:
        part, following = asked_part(await self._named.all(), query)
        return {"secrets": [_told(each) for each in part], "next": following}

    async def _set(self, members: Mapping[str, Any]) -> dict[str, Any]:
        return {"version": await self._named.set(_text(members, "name"), _text(members, "value"))}

    async def _delete(self, members: Mapping[str, Any]) -> dict[str, Any]:
        await self._named.delete(_text(members, "name"))
        return {}

    async def _rotate_key(self, _members: Mapping[str, Any]) -> dict[str, Any]:
        return {"values": await self._vault.rotate_key()}


def _told(shown: Shown) -> dict[str, Any]:
    versions = [
        {"id": id_, "created": created, "stages": stages} for id_, created, stages in shown.versions
    ]
    leaves = shown.leaves or None
    return {
        "reference": shown.reference,
        "changed": shown.changed,
        "leaves": leaves,
        "versions": versions,
    }


def _text(members: Mapping[str, Any], name: str) -> str:
    text = members.get(name)
    if not isinstance(text, str) or not text:
        raise VaultError("ValidationException", f"expected a text in {name}")
    return text
