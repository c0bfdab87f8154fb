"""Owns the operator's requests about outgoing webhooks, on the admin listener.

    GET    /webhooks/apps                                       all applications: ?after= what `next` says; ?counts=true:
                                                                how many of the first hundred endpoints of each fail
    PUT    /webhooks/apps/APP                                   make one, or name it: {"name"}
    DELETE /webhooks/apps/APP                                   remove one with all that it has
    GET    /webhooks/apps/APP/endpoints                         its endpoints
    POST   /webhooks/apps/APP/endpoints                         make one: {"url", "types", "channels", …}
    GET    /webhooks/apps/APP/endpoints/ID                      one; PATCH changes it, DELETE removes it
    POST   /webhooks/apps/APP/endpoints/ID/rotate               another secret: {"secret"}
    POST   /webhooks/apps/APP/endpoints/ID/enable | disable     send again, or nothing more
    POST   /webhooks/apps/APP/endpoints/ID/test                 send a message that means nothing
    POST   /webhooks/apps/APP/endpoints/ID/recover              send what it has missed: {"since", "until"}
    GET    /webhooks/apps/APP/endpoints/ID/deliveries           what was sent there: ?state=
    POST   /webhooks/apps/APP/messages                          publish: {"id", "type", "payload", "channels"}
    GET    /webhooks/apps/APP/messages                          all messages, newest first
    GET    /webhooks/apps/APP/messages/ID                       one, with its deliveries
    GET    /webhooks/apps/APP/messages/ID/attempts              every attempt to deliver it
    POST   /webhooks/apps/APP/messages/ID/resend                once more: {"endpoint"}

Answers 202 once what is to be sent is committed; 201 with the secrets of an endpoint, which are told this once; 404,
409 and 422 with why nothing was done, 503 where the store does not do it, or the master key is missing.
"""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Any, Final, NamedTuple, get_args
from urllib.parse import unquote

from frontdesk.app.actions import (
    asked_part,
    find_action,
    json_object,
    json_reply,
    query_of,
    refused,
)
from frontdesk.base.errors import FrontdeskError
from frontdesk.durable.outgoing.refusals import NOT_FOUND, UNUSABLE, WebhooksError
from frontdesk.durable.outgoing.webhooks import Webhooks
from frontdesk.gateway.pipeline.exchange import Exchange, Reply
from frontdesk.ports.deliveries import Attempt, Delivery, Kept, Message, Page, State
from frontdesk.stores.vault.refusals import LockedError

_APPS: Final = "/webhooks/apps"
_ENDPOINT: Final = f"{_APPS}/*/endpoints/*"
_MESSAGE: Final = f"{_APPS}/*/messages/*"
_NAMES: Final = frozenset({1, 3})  # of the parts behind _APPS, those that are names
_MOST: Final = 100
_STATES: Final[Mapping[str, State]] = {state: state for state in get_args(State)}

Answer = tuple[int, object]


class _Asked(NamedTuple):
    """A request. item: of an endpoint or a message."""

    app: str
    item: str
    query: Mapping[str, str]
    document: Mapping[str, Any]


Action = Callable[[_Asked], Awaitable[Answer]]


class OutgoingApi:
    """The face of these requests."""

    needs_token = True

    def __init__(self, webhooks: Webhooks, is_on: Callable[[], bool]) -> None:
        """is_on: whether the file in force says `outgoing_webhooks`."""
        self._webhooks = webhooks
        self._store = webhooks.store
        self._is_on = is_on
        self._actions: dict[tuple[str, str], Action] = {
            ("GET", _APPS): self._list_applications,
            ("PUT", f"{_APPS}/*"): self._put_application,
            ("DELETE", f"{_APPS}/*"): self._drop_application,
            ("GET", f"{_APPS}/*/endpoints"): self._list_endpoints,
            ("POST", f"{_APPS}/*/endpoints"): self._add_endpoint,
            ("GET", _ENDPOINT): self._show_endpoint,
            ("PATCH", _ENDPOINT): self._change_endpoint,
            ("DELETE", _ENDPOINT): self._drop_endpoint,
            ("POST", f"{_ENDPOINT}/rotate"): self._rotate,
            ("POST", f"{_ENDPOINT}/enable"): self._enable,
            ("POST", f"{_ENDPOINT}/disable"): self._disable,
            ("POST", f"{_ENDPOINT}/test"): self._test,
            ("POST", f"{_ENDPOINT}/recover"): self._recover,
            ("GET", f"{_ENDPOINT}/deliveries"): self._list_deliveries,
            ("POST", f"{_APPS}/*/messages"): self._publish,
            ("GET", f"{_APPS}/*/messages"): self._list_messages,
            ("GET", _MESSAGE): self._show_message,
            ("GET", f"{_MESSAGE}/attempts"): self._list_attempts,
            ("POST", f"{_MESSAGE}/resend"): self._resend,
        }

    def serves(self, ex: Exchange) -> bool:
        """See Face."""
        return ex.path == _APPS or ex.path.startswith(f"{_APPS}/")

    def answer(self, ex: Exchange) -> Reply | Awaitable[Reply]:
        """See Face."""
        place, app, item = _place(ex.path)
        action = find_action(self._actions, ex, place)
        return action if isinstance(action, Reply) else self._answer(ex, action, app, item)

    async def _answer(self, ex: Exchange, action: Action, app: str, item: str) -> Reply:
        try:
            if not self._is_on():
                raise WebhooksError(
                    NOT_FOUND,
                    "no webhooks are sent by this gateway",
                    hint="say `outgoing_webhooks: {}` in the file",
                )
            status, document = await action(
                _Asked(app, item, query_of(ex), json_object(ex.body or b"{}"))
            )
        except WebhooksError as error:
            return refused(error, error.status)
        except LockedError as error:
            return refused(error, 503)
        except FrontdeskError as error:
            return refused(error)
        return json_reply(status, document)

    # -- applications and endpoints -----------------------------------------------------------------

    async def _list_applications(self, asked: _Asked) -> Answer:
        found = await self._store.applications(after=asked.query.get("after", ""), most=_MOST)
        following = found[-1].id if len(found) == _MOST else ""
        listed = [each._asdict() for each in found]
        if asked.query.get("counts") == "true":
            for each in listed:
                each["endpoints"] = _counts(await self._store.endpoints(each["id"], most=_MOST))
        return 200, {"apps": listed, "next": following}

    async def _put_application(self, asked: _Asked) -> Answer:
        made = await self._webhooks.put_application(asked.app, asked.document)
        return 200, {"app": made._asdict()}

    async def _drop_application(self, asked: _Asked) -> Answer:
        await self._webhooks.drop_application(asked.app)
        return 200, {}

    async def _list_endpoints(self, asked: _Asked) -> Answer:
        after = asked.query.get("after", "")
        await self._webhooks.expect_application(asked.app)
        found = await self._store.endpoints(asked.app, after=after, most=_MOST)
        following = found[-1].endpoint.id if len(found) == _MOST else ""
        return 200, {"endpoints": [self._webhooks.told(kept) for kept in found], "next": following}

    async def _add_endpoint(self, asked: _Asked) -> Answer:
        made, secrets = await self._webhooks.add_endpoint(asked.app, asked.document)
        kept = await self._webhooks.endpoint(asked.app, made.id)
        return 201, {"endpoint": self._webhooks.told(kept), "secrets": secrets}

    async def _show_endpoint(self, asked: _Asked) -> Answer:
        return 200, {
            "endpoint": self._webhooks.told(await self._webhooks.endpoint(asked.app, asked.item))
        }

    async def _change_endpoint(self, asked: _Asked) -> Answer:
        kept = await self._webhooks.change_endpoint(asked.app, asked.item, asked.document)
        return 200, {"endpoint": self._webhooks.told(kept)}

    async def _drop_endpoint(self, asked: _Asked) -> Answer:
        await self._webhooks.drop_endpoint(asked.app, asked.item)
        return 200, {}

    async def _rotate(self, asked: _Asked) -> Answer:
        kept, secrets = await self._webhooks.rotate(asked.app, asked.item, asked.document)
        return 201, {"endpoint": self._webhooks.told(kept), "secrets": secrets}

    async def _enable(self, asked: _Asked) -> Answer:
        return 200, {
            "endpoint": self._webhooks.told(
                await self._webhooks.switch(asked.app, asked.item, on=True)
            )
        }

    async def _disable(self, asked: _Asked) -> Answer:
        return 200, {
            "endpoint": self._webhooks.told(
                await self._webhooks.switch(asked.app, asked.item, on=False)
            )
        }

    async def _recover(self, asked: _Asked) -> Answer:
        count = await self._webhooks.recover(asked.app, asked.item, asked.document)
        return 202, {"recovered": count}

    async def _list_deliveries(self, asked: _Asked) -> Answer:
        named = asked.query.get("state")
        state = None if named is None else _STATES.get(named)
        if state is None and named is not None:
            raise WebhooksError(UNUSABLE, f"expected a state of {', '.join(_STATES)}: {named}")
        page = await self._store.deliveries(
            asked.app, endpoint=asked.item, state=state, most=_MOST, token=_token(asked)
        )
        return 200, {"deliveries": list(map(_delivery, page.entries)), **_next(page)}

    # -- messages -------------------------------------------------------------------------------------

    async def _publish(self, asked: _Asked) -> Answer:
        published = await self._webhooks.publish(asked.app, asked.document)
        return 202, published._asdict()

    async def _test(self, asked: _Asked) -> Answer:
        return 202, (await self._webhooks.test(asked.app, asked.item))._asdict()

    async def _list_messages(self, asked: _Asked) -> Answer:
        token = _token(asked)
        await self._webhooks.expect_application(asked.app)
        page = await self._store.messages(asked.app, most=_MOST, token=token)
        return 200, {"messages": list(map(_message, page.entries)), **_next(page)}

    async def _show_message(self, asked: _Asked) -> Answer:
        message = await self._webhooks.message(asked.app, asked.item)
        page = await self._store.deliveries(
            asked.app, message=asked.item, most=_MOST, token=_token(asked)
        )
        shown = {**_message(message), "text": message.payload.decode()}
        return 200, {
            "message": shown,
            "deliveries": list(map(_delivery, page.entries)),
            **_next(page),
        }

    async def _list_attempts(self, asked: _Asked) -> Answer:
        await self._webhooks.message(asked.app, asked.item)
        found = await self._store.attempts(asked.app, asked.item)
        part, following = asked_part(found, asked.query)
        attempts = [_attempt(endpoint, each) for endpoint, each in part]
        return 200, {"attempts": attempts, "next": following}

    async def _resend(self, asked: _Asked) -> Answer:
        endpoint = asked.document.get("endpoint")
        if not isinstance(endpoint, str):
            raise WebhooksError(UNUSABLE, "expected the id of an endpoint: endpoint")
        await self._webhooks.resend(asked.app, asked.item, endpoint)
        return 202, {}


def _place(path: str) -> tuple[str, str, str]:
    """Return a path with `*` in place of names, and those of the application and of what is its."""
    parts = path.removeprefix(_APPS).split("/")
    names = {at: unquote(part) for at, part in enumerate(parts) if at in _NAMES}
    place = "/".join("*" if at in _NAMES else part for at, part in enumerate(parts))
    return _APPS + place, names.get(1, ""), names.get(3, "")


def _counts(endpoints: Sequence[Kept]) -> dict[str, int]:
    off = sum(bool(each.health.disabled) for each in endpoints)
    failing = sum(
        each.health.failing is not None and not each.health.disabled for each in endpoints
    )
    return {"number": len(endpoints), "disabled": off, "failing": failing}


def _token(asked: _Asked) -> int:
    text = asked.query.get("after", "0")
    if not (text.isascii() and text.isdecimal() and len(text) < 19):
        raise WebhooksError(UNUSABLE, f"expected what `next` has said: {text}")
    return int(text)


def _next(page: Page[Any]) -> dict[str, str]:
    return {"next": str(page.token) if page.token else ""}


def _message(message: Message) -> dict[str, Any]:
    return {
        "id": message.id,
        "event": message.event,
        "type": message.type,
        "channels": message.channels,
        "created": message.created,
        "size": len(message.payload),
    }


def _delivery(delivery: Delivery) -> dict[str, Any]:
    return delivery._asdict()


def _attempt(endpoint: str, attempt: Attempt) -> dict[str, Any]:
    body = attempt.body.decode(errors="replace")
    return {"endpoint": endpoint, **attempt._asdict(), "body": body}
