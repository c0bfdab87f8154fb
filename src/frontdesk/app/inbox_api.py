"""Owns the operator's requests about webhooks that were taken, on the admin listener.

    GET  /api/inbox                             the webhooks: how many deliveries of each wait, or are dead,
                                                and what the file says of it, without secrets
    GET  /api/inbox/deliveries?webhook=…        deliveries, newest first; also state, type, id, since, until,
                                                most, token: what `next` says
    GET  /api/inbox/delivery?webhook=…&id=…     one, with its headers, its body and its result
    POST /api/inbox/replay                      {"webhook", "state", "type", "id", "since", "until", "most"},
                                                or {"deliveries": [{"webhook", "id"}]}: have them dealt with again

Times are seconds since 1970; a type may end in `*`. Answers 200; 404 for a delivery that is not there, 422
with what is wrong with a request, 503 where the store does not do it.
"""

from base64 import b64encode
from collections.abc import Awaitable, Callable, Mapping
from math import inf, isfinite
from typing import Any, Final, Protocol, get_args

import orjson

from frontdesk.app.actions import (
    NotFoundError,
    find_action,
    json_object,
    json_reply,
    query_of,
    refused,
)
from frontdesk.base.errors import FrontdeskError
from frontdesk.config.models.webhook import TARGETS, CustomScheme, Target, Webhook, Word
from frontdesk.config.validation import among
from frontdesk.gateway.pipeline.exchange import Exchange, Reply
from frontdesk.ports.inbox import Delivered, Document, InboxStore, Search, State

_INBOX: Final = "/api/inbox"
_PAGE: Final = 1000
_LISTED: Final = 50
_REPLAYED: Final = 100


class Replays(Protocol):
    """Whoever has deliveries dealt with again."""

    async def replay(self, what: Search, *, most: int) -> int:
        """Return how many. Raises: StoreError."""
        ...


class InboxApi:
    """The face of these requests."""

    needs_token = True

    def __init__(
        self, inbox: InboxStore, replays: Replays, webhooks: Callable[[], Mapping[str, Webhook]]
    ) -> None:
        """webhooks: gives those of the file by name."""
        self._inbox = inbox
        self._replays = replays
        self._webhooks = webhooks
        self._actions: dict[tuple[str, str], Callable[[Exchange], Awaitable[object]]] = {
            ("GET", _INBOX): self._count,
            ("GET", f"{_INBOX}/deliveries"): self._list,
            ("GET", f"{_INBOX}/delivery"): self._show,
            ("POST", f"{_INBOX}/replay"): self._replay,
        }

    def serves(self, ex: Exchange) -> bool:
        """See Face."""
        return ex.path == _INBOX or ex.path.startswith(f"{_INBOX}/")

    def answer(self, ex: Exchange) -> Reply | Awaitable[Reply]:
        """See Face."""
        action = find_action(self._actions, ex, ex.path)
        return action if isinstance(action, Reply) else self._answer(ex, action)

    async def _answer(self, ex: Exchange, action: Callable[[Exchange], Awaitable[object]]) -> Reply:
        try:
            return json_reply(200, await action(ex))
        except FrontdeskError as error:
            return refused(error)

    async def _count(self, _ex: Exchange) -> object:
        webhooks = self._webhooks()
        found: dict[str, dict[str, Any]] = {name: {} for name in webhooks}
        for each in await self._inbox.counts():
            states = found.setdefault(each.source, {})
            states[each.state] = {"number": each.number, "oldest": each.oldest}
        told = [
            {
                "name": name,
                "states": found[name],
                "settings": _settings(webhooks[name]) if name in webhooks else None,
            }
            for name in sorted(found)
        ]
        return {"webhooks": told}

    async def _list(self, ex: Exchange) -> object:
        asked = query_of(ex)
        most = int(_number(asked, "most", _LISTED, _PAGE))
        search = await self._known(self._search(asked))
        page = await self._inbox.list(search, most=most, token=asked.get("token", ""))
        return {"deliveries": [_shown(each) for each in page.entries], "next": page.token}

    async def _show(self, ex: Exchange) -> object:
        asked = query_of(ex)
        webhook, delivery = asked.get("webhook", ""), asked.get("id", "")
        found = await self._inbox.find(webhook, delivery)
        if found is None:
            raise NotFoundError(
                f"there is no delivery {delivery} of {webhook}",
                hint="`frontdesk hook list` shows those that are kept",
            )
        return _described(found)

    async def _replay(self, ex: Exchange) -> object:
        asked = json_object(ex.body or b"{}")
        if rb"\u0000" in ex.body:
            raise FrontdeskError("expected texts without a NUL")
        if "deliveries" in asked:
            each = _each_of(asked["deliveries"])
            return {"replayed": sum([await self._replays.replay(one, most=1) for one in each])}
        most = int(_number(asked, "most", _REPLAYED, _PAGE))
        search = await self._known(self._search(asked))
        return {"replayed": await self._replays.replay(search, most=most)}

    async def _known(self, search: Search) -> Search:
        """Refuse a webhook that neither the file has nor deliveries are of. Raises: FrontdeskError."""
        webhooks = self._webhooks()
        if search.source and search.source not in webhooks:
            kept = await self._inbox.list(Search(source=search.source), most=1)
            if not kept.entries:
                hint = among(search.source, list(webhooks))
                raise FrontdeskError(f"there is no webhook {search.source}", hint=hint)
        return search

    def _search(self, asked: Mapping[str, Any]) -> Search:
        for name in ("webhook", "state", "type", "id"):
            if not isinstance(asked.get(name) or "", str):
                raise FrontdeskError(f"expected a text for {name}")
        state = asked.get("state") or None
        if state is not None and state not in get_args(State):
            hint = among(state, get_args(State))
            raise FrontdeskError(f"there is no such state: {state}", hint=hint)
        return Search(
            source=asked.get("webhook") or "",
            state=state,
            type=asked.get("type") or "",
            id=asked.get("id") or "",
            since=_number(asked, "since", -inf),
            until=_number(asked, "until", inf),
        )


def _number(asked: Mapping[str, Any], name: str, default: float, most: float = inf) -> float:
    """Read a number, of a query or of JSON. It is `most` at most, and 1 at least where there is one."""
    given = asked.get(name)
    if given is None or given == "":
        return default
    try:
        number = float(given)
    except (TypeError, ValueError):
        number = inf
    if not isfinite(number) or (most < inf and number < 1):
        raise FrontdeskError(f"expected a number for {name}: {given}")
    return min(number, most)


def _each_of(listed: object) -> list[Search]:
    """Read which deliveries are meant, one by one."""
    if not isinstance(listed, list) or not 1 <= len(listed) <= _REPLAYED:
        raise FrontdeskError(f"expected 1 to {_REPLAYED} deliveries")
    found = []
    for each in listed:
        match each:
            case {"webhook": str(webhook), "id": str(id_)} if webhook and id_:
                found.append(Search(source=webhook, id=id_))
            case _:
                raise FrontdeskError("expected webhook and id of each of the deliveries")
    return found


def _settings(webhook: Webhook) -> dict[str, Any]:
    """Tell what the file says of a webhook; of its secrets only how they are called, and until when they count."""
    scheme = webhook.scheme
    return {
        "scheme": "custom" if isinstance(scheme, CustomScheme) else scheme,
        "secrets": [
            {"id": each.id or str(at), "not_after": each.not_after}
            for at, each in enumerate(webhook.given)
        ],
        "tolerance": webhook.tolerance,
        "allow_ips": list(map(str, webhook.allow_ips)),
        "dispatch": {type_: _target(to) for type_, to in webhook.dispatch.items()},
        "order_by": webhook.order_by,
        "version_by": webhook.version_by,
        "on_dead": webhook.on_dead,
        "mode": webhook.mode,
        "attempts": webhook.attempts,
        "retention": webhook.retention,
        "keep_body": webhook.keep_body,
    }


def _target(to: Target | Word) -> str:
    if not isinstance(to, Target):
        return to
    kind = next(key for key in TARGETS if getattr(to, key) is not None)
    return f"{kind} {getattr(to, kind)}"


def _shown(each: Delivered) -> dict[str, Any]:
    shown = each._asdict()
    return {"webhook": shown.pop("source"), **shown}


def _described(found: Document) -> dict[str, Any]:
    """Write all of a delivery. body: text, or base64 with `base64` true; null where it is not kept any more."""
    body, encoded = None, False
    if found.body is not None:
        try:
            body = found.body.decode()
        except UnicodeDecodeError:
            body, encoded = b64encode(found.body).decode(), True
    return {
        **_shown(found.entry),
        "headers": orjson.loads(found.headers),
        "body": body,
        "base64": encoded,
        "result": found.result.decode("utf-8", "replace"),
    }
