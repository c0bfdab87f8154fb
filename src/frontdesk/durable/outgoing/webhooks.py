"""Owns what can be done with outgoing webhooks: applications, endpoints, messages, and what went wrong with these."""

import os
import re
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any, Final, NoReturn

import orjson

from frontdesk.base.clock import Clock
from frontdesk.durable.outgoing.definition import (
    Document,
    channels,
    described,
    event_type,
    given_secret,
    is_ed25519,
    new_secret,
    only,
    refused,
    rotated,
    shown_secret,
    told,
)
from frontdesk.durable.outgoing.refusals import CONFLICT, NOT_FOUND, WebhooksError
from frontdesk.durable.outgoing.sender import Sender
from frontdesk.durable.outgoing.settings import Settings
from frontdesk.ports.deliveries import (
    Application,
    DeliveryStore,
    Endpoint,
    Kept,
    Message,
    Published,
)
from frontdesk.stores.vault.endpoints import Endpoints
from frontdesk.stores.vault.refusals import LockedError

LARGEST: Final = 256 * 1024
"""Bytes of a payload; Standard Webhooks advises to stay below 20 kB."""

TEST: Final = "webhook.test"
"""The type of the message that tries an endpoint."""

SLICE: Final = 500
"""Deliveries that are recovered in one commit."""

_NAME: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,127}", re.ASCII)
_EVENT: Final = re.compile(r"[\x21-\x7e]{1,256}", re.ASCII)
_OF_MESSAGE: Final = frozenset({"id", "type", "payload", "text", "channels"})
_OF_ENDPOINT: Final = frozenset({"secret", "ed25519"})


class Webhooks:
    """All that operators and programs do. Used on one event loop. Every method raises StoreError, too.

    What makes or changes an endpoint also raises LockedError, where the master key is missing.
    """

    def __init__(
        self,
        store: DeliveryStore,
        endpoints: Endpoints,
        sender: Sender,
        settings: Callable[[], Settings],
        clock: Clock,
        *,
        random_bytes: Callable[[int], bytes] = os.urandom,
    ) -> None:
        self.store = store
        self._endpoints = endpoints
        self._sender = sender
        self._settings = settings
        self._clock = clock
        self._random = random_bytes

    # -- applications and endpoints -----------------------------------------------------------------

    async def put_application(self, app: str, document: Document) -> Application:
        """Make an application, or name it anew. Raises: WebhooksError."""
        only(document, frozenset({"name"}))
        name = document.get("name", "")
        if not _NAME.fullmatch(app):
            raise refused(f"expected an application of letters, digits, _, . and -: {app!r}")
        if not isinstance(name, str) or "\0" in name:
            raise refused("expected a text: name")
        return await self.store.put_application(Application(app, name, self._clock.time()))

    async def expect_application(self, app: str) -> None:
        """Refuse an application that is not there. Raises: WebhooksError."""
        if await self.store.application(app) is None:
            _no_application(app)

    async def add_endpoint(self, app: str, document: Document) -> tuple[Endpoint, Sequence[str]]:
        """Make an endpoint; return it with what its receiver verifies with. Raises: WebhooksError."""
        settings = self._settings()
        given = {key: value for key, value in document.items() if key not in _OF_ENDPOINT}
        fields = {
            "rate": settings.rate,
            "concurrency": settings.concurrency,
            **described(given),
        }
        self._check(fields.get("url", ""))
        secrets = [
            given_secret(document["secret"]) if "secret" in document else new_secret(self._random)
        ]
        if document.get("ed25519", False) is True and not is_ed25519(secrets[0]):
            secrets.append(new_secret(self._random, ed25519=True))
        made = Endpoint(
            id=self._new_id("ep"),
            app=app,
            secrets=tuple(secrets),
            created=self._clock.time(),
            **fields,
        )
        put = await self.store.put_endpoint(self._endpoints.sealed(made))
        if put is None:
            _no_application(app)
        return put, [shown_secret(each) for each in secrets]

    async def endpoint(self, app: str, endpoint: str) -> Kept:
        """Find an endpoint. Raises: WebhooksError."""
        kept = await self.store.endpoint(app, endpoint)
        if kept is None:
            raise WebhooksError(
                NOT_FOUND,
                f"there is no such endpoint of {app}: {endpoint}",
                hint=f"`frontdesk webhooks endpoints list {app}` lists them",
            )
        return kept

    def told(self, kept: Kept) -> dict[str, Any]:
        """Write an endpoint for people, without its secrets."""
        try:
            return told(kept._replace(endpoint=self._endpoints.opened(kept.endpoint)))
        except LockedError as error:
            return told(kept, locked=error.message)

    async def change_endpoint(self, app: str, endpoint: str, document: Document) -> Kept:
        """Change what is said of an endpoint. Raises: WebhooksError."""
        fields = described(document)
        if "url" in fields:
            self._check(fields["url"])
        kept = await self.endpoint(app, endpoint)
        return await self._put(kept, replace(self._endpoints.opened(kept.endpoint), **fields))

    async def rotate(self, app: str, endpoint: str, document: Document) -> tuple[Kept, list[str]]:
        """Give an endpoint another secret, and another key where it has one; the former sign for a day more.

        Returns what its receiver verifies with from now on. Raises: WebhooksError.
        """
        only(document, frozenset({"secret"}))
        kept = await self.endpoint(app, endpoint)
        opened = self._endpoints.opened(kept.endpoint)
        if "secret" in document:
            fresh = [given_secret(document["secret"])]
        else:
            kinds = sorted({is_ed25519(each) for each in opened.secrets})
            fresh = [new_secret(self._random, ed25519=kind) for kind in kinds]
        secrets = rotated(opened.secrets, tuple(fresh), self._clock.time())
        put = await self._put(kept, replace(opened, secrets=secrets))
        return put, [shown_secret(each) for each in fresh]

    async def drop_endpoint(self, app: str, endpoint: str) -> None:
        """Remove an endpoint. Raises: WebhooksError."""
        await self.endpoint(app, endpoint)
        await self.store.drop_endpoint(app, endpoint)

    async def drop_application(self, app: str) -> None:
        """Remove an application with all that it has. Raises: WebhooksError."""
        if not await self.store.drop_application(app):
            _no_application(app)

    async def switch(self, app: str, endpoint: str, *, on: bool) -> Kept:
        """Enable or disable an endpoint. Raises: WebhooksError."""
        store = self.store
        kept = await (store.enable(app, endpoint) if on else store.disable(app, endpoint))
        if kept is None:
            return await self.endpoint(app, endpoint)
        if on:
            self._sender.forget(endpoint)
        self._sender.look()
        return kept

    # -- messages -------------------------------------------------------------------------------------

    async def publish(self, app: str, document: Document) -> Published:
        """Commit a message for all endpoints that want it. Raises: WebhooksError.

        document: type; payload, any JSON, or text, which is sent as it is; id, what a repetition within a day is
        known by; channels.
        """
        only(document, _OF_MESSAGE)
        event = document.get("id", "")
        if event != "" and not (isinstance(event, str) and _EVENT.fullmatch(event)):
            raise refused(f"expected an id of at most 256 visible characters: {event!r}")
        message = self._message(
            app,
            event_type(document.get("type")),
            _payload(document),
            event=event,
            channels=channels(document.get("channels", [])),
        )
        published = await self.store.publish(message)
        if published is None:
            _no_application(app)
        if published.outcome == "collision":
            raise WebhooksError(
                CONFLICT,
                f"this id was published with something else: {event}",
                hint=f"as message {published.id}; give each event an id of its own",
            )
        self._sender.look()
        return published

    async def test(self, app: str, endpoint: str) -> Published:
        """Send an endpoint a message that means nothing. Raises: WebhooksError."""
        kept = await self.endpoint(app, endpoint)
        if kept.health.disabled:
            raise _disabled(kept)
        payload = orjson.dumps({"type": TEST, "data": {"application": app, "endpoint": endpoint}})
        published = await self.store.publish(self._message(app, TEST, payload), only=endpoint)
        if published is None:
            _no_application(app)
        self._sender.look()
        return published

    async def message(self, app: str, message: str) -> Message:
        """Find a message. Raises: WebhooksError."""
        found = await self.store.message(app, message)
        if found is None:
            raise WebhooksError(
                NOT_FOUND,
                f"there is no such message of {app}: {message}",
                hint=f"`frontdesk webhooks messages {app}` lists them by their MESSAGE",
            )
        return found

    async def resend(self, app: str, message: str, endpoint: str) -> None:
        """Send a message to an endpoint once more, from the first attempt on. Raises: WebhooksError."""
        await self.message(app, message)
        kept = await self.endpoint(app, endpoint)
        if kept.health.disabled:
            raise _disabled(kept)
        if not await self.store.resend(app, message, endpoint, now=self._clock.time()):
            raise WebhooksError(CONFLICT, "it is being sent at this moment")
        self._sender.look()

    async def recover(self, app: str, endpoint: str, document: Document) -> int:
        """Send an endpoint what it has missed of those published since then; return how many. Raises: WebhooksError.

        document: since, and until, in seconds since 1970.
        """
        only(document, frozenset({"since", "until"}))
        now = self._clock.time()
        since, until = _moment(document.get("since")), _moment(document.get("until", now))
        kept = await self.endpoint(app, endpoint)
        if kept.health.disabled:
            raise _disabled(kept)
        total = last = 0
        while True:
            count, last = await self.store.recover(
                app, endpoint, since=since, until=until, now=now, most=SLICE, after=last
            )
            total += count
            self._sender.look()
            if count < SLICE:
                return total

    # -- inside ---------------------------------------------------------------------------------------

    def _check(self, url: str) -> None:
        problem = self._settings().reach.problem(url)
        if problem:
            raise refused(
                f"{problem}: {url}",
                hint="outgoing_webhooks in the file allows more by allow_http, allow_ports, allow_hosts, allow_networks",
            )

    async def _put(self, kept: Kept, endpoint: Endpoint) -> Kept:
        put = await self.store.put_endpoint(self._endpoints.sealed(endpoint))
        if put is None:
            raise WebhooksError(
                CONFLICT, "somebody else has changed it meanwhile", hint="try again"
            )
        return kept._replace(endpoint=put)

    def _message(self, app: str, type_: str, payload: bytes, **more: Any) -> Message:
        return Message(self._new_id("msg"), app, type_, payload, self._clock.time(), **more)

    def _new_id(self, prefix: str) -> str:
        return f"{prefix}_{self._random(12).hex()}"


def _payload(document: Document) -> bytes:
    if ("payload" in document) == ("text" in document):
        raise refused("expected one of payload, text")
    text = document.get("text")
    if "payload" in document:
        payload = orjson.dumps(document["payload"])
    elif isinstance(text, str):
        payload = text.encode()
        try:
            orjson.loads(payload)
        except ValueError:
            raise refused("expected JSON as the payload, which this is not: text") from None
    else:
        raise refused("expected a text with JSON: text")
    if len(payload) > LARGEST:
        raise refused(f"the payload is larger than {LARGEST} bytes: {len(payload)}")
    return payload


def _moment(value: object) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float) or abs(value) >= 1e11:
        raise refused("expected since, in seconds since 1970, and until likewise")
    return value


def _disabled(kept: Kept) -> WebhooksError:
    message = f"the endpoint is disabled ({kept.health.disabled}): {kept.endpoint.id}"
    return WebhooksError(CONFLICT, message, hint="enable it first")


def _no_application(app: str) -> NoReturn:
    raise WebhooksError(
        NOT_FOUND,
        f"there is no such application: {app}",
        hint="`frontdesk webhooks endpoints add` makes it, or PUT /webhooks/apps/NAME",
    )
