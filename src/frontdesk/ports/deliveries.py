"""The Deliveries port: messages on their way to other companies' endpoints, each until it is there or given up.

Owns the contract. Knows nothing of HTTP, nor of signatures. Adapters: `stores.memory.deliveries`,
`stores.sqlite.deliveries`, `stores.postgres.deliveries`; the conformance suite and a property machine run on each.

    await store.publish(Message("msg_1", "acme", "order.paid", b"{...}", created=now), now=now)
    # The commit is over: who has published may have its 202. One delivery waits for each endpoint that wants it.
    for turn in await store.lease({"ep_1": 10}, now=now, until=now + 60):
        ...  # nobody else has it until then
        await store.settle(turn.held, settlement, now=now)
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from hashlib import sha256
from math import inf
from typing import Any, Final, Generic, Literal, NamedTuple, Protocol, Self, TypeVar

from frontdesk.base.durations import Rate
from frontdesk.rules.resilience.bucket import Rule
from frontdesk.rules.webhooks.endpoints import Health, Why, wants
from frontdesk.rules.webhooks.keys import WebhookSecret

KNOWN: Final = 86_400.0
"""Seconds for which an event that was published is known by its id."""

State = Literal["waiting", "sending", "delivered", "exhausted", "skipped"]
"""waiting: for its time. sending: somebody has it under a lease. delivered: it is there. exhausted: all attempts have
failed. skipped: its endpoint was disabled. Only the first two are not at rest."""

T = TypeVar("T")


class Application(NamedTuple):
    """Whose endpoints and messages: a tenant. created: seconds since 1970, as all times here."""

    id: str
    name: str
    created: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Endpoint:
    """Where messages of an application go.

    id: unique over all applications. secrets: the newest first; each signs until its `not_after`. types, channels: see
    `rules.webhooks.endpoints.wants`. headers: sent besides. rate: of deliveries, None: as fast as it goes.
    concurrency: deliveries at once, over all processes. version: grows with each change. sealed: what secrets and
    headers are, which are empty then: the id of a master key, and base64. See `stores.vault.endpoints`.
    """

    id: str
    app: str
    url: str
    secrets: tuple[WebhookSecret, ...]
    created: float
    types: tuple[str, ...] = ()
    channels: tuple[str, ...] = ()
    headers: tuple[tuple[str, str], ...] = field(default=(), repr=False)
    description: str = ""
    rate: Rate | None = None
    concurrency: int = 10
    version: int = 0
    sealed: tuple[str, str] | None = field(default=None, repr=False)

    @property
    def pace(self) -> Rule | None:
        """The rule of its rate, with what a second brings at once."""
        if self.rate is None:
            return None
        limit, window = self.rate
        return Rule("endpoint", limit, window, max(1, int(limit / window)))

    @property
    def following(self) -> Self:
        """It, as the next version."""
        return replace(self, version=self.version + 1)

    def wants(self, message: "Message") -> bool:
        """Tell whether it is to have a message."""
        return wants(self.types, self.channels, message.type, message.channels)

    @property
    def document(self) -> dict[str, Any]:
        """What of it has no place of its own in a store, as JSON."""
        said = {
            "url": self.url,
            "types": self.types,
            "channels": self.channels,
            "description": self.description,
            "rate": self.rate and [*self.rate],
            "concurrency": self.concurrency,
        }
        if self.sealed is not None:
            return {**said, "sealed": self.sealed}
        secrets = [[each.text, each.id, each.not_after] for each in self.secrets]
        return {**said, "secrets": secrets, "headers": self.headers}

    @classmethod
    def read(
        cls, identity: str, app: str, created: float, version: int, document: Mapping[str, Any]
    ) -> Self:
        """Read what `document` has written, with what has places of its own."""
        rate, sealed = document["rate"], document.get("sealed")
        return cls(
            id=identity,
            app=app,
            created=created,
            version=version,
            url=document["url"],
            secrets=tuple(WebhookSecret(*each) for each in document.get("secrets", ())),
            types=tuple(document["types"]),
            channels=tuple(document["channels"]),
            headers=tuple((name, value) for name, value in document.get("headers", ())),
            description=document["description"],
            rate=None if rate is None else Rate(*rate),
            concurrency=document["concurrency"],
            sealed=None if sealed is None else (sealed[0], sealed[1]),
        )


class Kept(NamedTuple):
    """An endpoint, and how it is."""

    endpoint: Endpoint
    health: Health


class Message(NamedTuple):
    """A message. id: unique, and never used again. event: what a repetition is known by, "" for none.

    payload: the bytes that are sent. channels: those that it is sent to.
    """

    id: str
    app: str
    type: str
    payload: bytes
    created: float
    event: str = ""
    channels: tuple[str, ...] = ()

    @property
    def digest(self) -> bytes:
        """What it says, in 32 bytes: that of a repetition is the same."""
        head = "\n".join([self.type, *sorted(self.channels)]).encode()
        return sha256(b"%d\n%b\n%b" % (len(head), head, self.payload)).digest()

    def repeats(self, former: str, digest: bytes) -> "Published":
        """Say what it is of an event that was published before. former, digest: of the message of then."""
        return Published(former, "again" if digest == self.digest else "collision")


class Published(NamedTuple):
    """What became of a message.

    id: of the message that was kept. outcome: again: its event was published before; collision: and said something
    else. deliveries: how many were made of it now, and how many of them wait.
    """

    id: str
    outcome: Literal["fresh", "again", "collision"]
    deliveries: int = 0
    waiting: int = 0


class Held(NamedTuple):
    """A delivery that somebody has under a lease. epoch: grows with each; an older one has lost it."""

    delivery: int
    epoch: int


class Turn(NamedTuple):
    """A delivery to send. tries: attempts of this course that were made before. number: of the one to be made."""

    held: Held
    endpoint: Endpoint
    message: Message
    tries: int
    number: int


class Attempt(NamedTuple):
    """What was done and what came of it.

    number: counts from 1 in its delivery. at: when it began. seconds: how long it took. status: 0 without an answer.
    error: "" where it has succeeded. address: `host:port`. head, body: of the answer, as much as is kept.
    """

    number: int
    at: float
    seconds: float
    status: int
    error: str
    address: str = ""
    head: str = ""
    body: bytes = b""


class Settlement(NamedTuple):
    """How a turn has ended. due: of the next attempt. paused: until when nothing else is sent to the endpoint.

    gone: disable the endpoint at once. patience: seconds, see `Health.after_failure`.
    """

    attempt: Attempt
    state: Literal["delivered", "waiting", "exhausted"]
    due: float = inf
    paused: float = 0.0
    gone: bool = False
    patience: float = inf

    def health_after(self, health: Health, now: float) -> Health:
        """Return how the endpoint is by this."""
        before = health.until(self.paused)
        if self.state == "delivered":
            return before.after_success()
        return before.after_failure(now, self.patience, gone=self.gone)


class Settled(NamedTuple):
    """What was committed. kept: False: the lease was lost, and nothing was. disabled: why the endpoint is by this."""

    kept: bool
    disabled: Why = ""


class Delivery(NamedTuple):
    """A delivery as a list shows it. attempts: all that were made. due: of the next, or the end of the lease."""

    message: str
    type: str
    endpoint: str
    state: State
    attempts: int
    due: float | None
    created: float


class Page(NamedTuple, Generic[T]):
    """A part of a list, newest first. token: gives the next part, 0: this was the last."""

    entries: Sequence[T]
    token: int

    @classmethod
    def of(cls, found: Sequence[tuple[int, T]], most: int) -> Self:
        """Make a page of what was found, with the number of each; one more than `most` tells of another page."""
        shown = found[:most]
        return cls([each for _, each in shown], shown[-1][0] if len(found) > most else 0)


class Recovered(NamedTuple):
    """How many deliveries wait again. last: tells the next slice where to go on."""

    number: int
    last: int


class Counts(NamedTuple):
    """How much there is to do. oldest: when the first delivery was due that is not at rest, None: there is none."""

    waiting: int = 0
    oldest: float | None = None
    disabled: int = 0


class DeliveryStore(Protocol):
    """All of outgoing webhooks. Used on one event loop. What has returned survives a crash.

    `now` is seconds since 1970. Every method raises StoreError when the store cannot do it. Then it may be committed
    all the same where the store is elsewhere and its answer was lost.
    """

    # -- applications and endpoints -----------------------------------------------------------------

    async def put_application(self, application: Application) -> Application:
        """Make one, or name it anew; return it."""
        ...

    async def applications(self, *, after: str = "", most: int) -> Sequence[Application]:
        """List them by id, those behind `after`."""
        ...

    async def application(self, app: str) -> Application | None:
        """Read one."""
        ...

    async def drop_application(self, app: str) -> bool:
        """Remove one with all that it has. False: there is none."""
        ...

    async def put_endpoint(self, endpoint: Endpoint) -> Endpoint | None:
        """Make one of version 0, or change the one of this version; return it with the next.

        None: it has another version by now, or is gone; or there is no such application.
        """
        ...

    async def endpoint(self, app: str, endpoint: str) -> Kept | None:
        """Read one."""
        ...

    async def endpoints(self, app: str, *, after: str = "", most: int) -> Sequence[Kept]:
        """List those of an application by id, those behind `after`."""
        ...

    async def drop_endpoint(self, app: str, endpoint: str) -> bool:
        """Remove one with its deliveries. False: there is none."""
        ...

    async def disable(self, app: str, endpoint: str) -> Kept | None:
        """Have nothing sent to an endpoint; skip what waits. None: there is none."""
        ...

    async def enable(self, app: str, endpoint: str) -> Kept | None:
        """Have it sent what comes from now on, and forget how it was. None: there is none."""
        ...

    # -- messages -------------------------------------------------------------------------------------

    async def publish(self, message: Message, *, only: str = "") -> Published | None:
        """Commit a message, with a delivery for each endpoint of the application that wants it.

        Those of disabled endpoints are skipped. only: this endpoint, whatever it wants. None: there is no such
        application.
        """
        ...

    async def message(self, app: str, message: str) -> Message | None:
        """Read one."""
        ...

    async def messages(self, app: str, *, most: int, token: int = 0) -> Page[Message]:
        """List those of an application."""
        ...

    async def deliveries(
        self,
        app: str,
        *,
        message: str = "",
        endpoint: str = "",
        state: State | None = None,
        most: int,
        token: int = 0,
    ) -> Page[Delivery]:
        """List deliveries of a message, of an endpoint, or of both."""
        ...

    async def attempts(self, app: str, message: str) -> Sequence[tuple[str, Attempt]]:
        """List all attempts to deliver a message, with their endpoints, in the order of their beginning."""
        ...

    # -- sending --------------------------------------------------------------------------------------

    async def ready(self, *, now: float) -> Sequence[str]:
        """List the endpoints to which something could be sent now."""
        ...

    async def lease(self, wishes: Mapping[str, int], *, now: float, until: float) -> Sequence[Turn]:
        """Take deliveries that are due, or whose lease is over: those due longest of each endpoint.

        wishes: how many at most, by endpoint. No more than its rate and its concurrency let it have.
        """
        ...

    async def renew(self, held: Sequence[Held], *, until: float) -> Sequence[bool]:
        """Have leases last until then. False: it is lost."""
        ...

    async def put_back(self, held: Held, *, due: float, paused: float = 0.0) -> bool:
        """Give up a turn without an attempt. paused: as of `Settlement`. False: the lease is lost."""
        ...

    async def settle(self, held: Held, settlement: Settlement, *, now: float) -> Settled:
        """Commit an attempt. Where it disables the endpoint, what waits for that is skipped."""
        ...

    # -- once more ------------------------------------------------------------------------------------

    async def resend(self, app: str, message: str, endpoint: str, *, now: float) -> bool:
        """Have a message sent to an endpoint now, from the first attempt on, whether it was before or not.

        False: there is no such message or endpoint, the endpoint is disabled, or just then it is sent.
        """
        ...

    async def recover(
        self,
        app: str,
        endpoint: str,
        *,
        since: float,
        until: float,
        now: float,
        most: int,
        after: int = 0,
    ) -> Recovered:
        """Have sent what was published from `since` to before `until` and was exhausted or skipped.

        Oldest first. For slices: call it again, after the last one, until there are fewer than `most`.
        """
        ...

    async def forget(self, before: float, *, most: int) -> int:
        """Remove messages published until then whose deliveries are all at rest; return how many.

        For slices: call it again until there are fewer than `most`.
        """
        ...

    async def forget_events(self, before: float) -> None:
        """Know events no more that were published until then."""
        ...

    async def counts(self) -> Counts:
        """Count what there is to do."""
        ...
