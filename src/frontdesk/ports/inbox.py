"""The Inbox port: webhooks that were taken, each once, until somebody has dealt with each.

Owns the contract. Knows nothing of signatures, nor of who deals with what. Adapters: `stores.memory.inbox`,
`stores.sqlite.inbox`, `stores.postgres.inbox`; the conformance suite and a property machine run on each.
`Hooks` is the door's way to it; adapters: `durable.inbox`, and `gateway.workers` for processes that only serve.

    claim = Claim("stripe", "evt_1", b"{...}", digest=b"...", type="payment_intent.succeeded")
    (taken,) = await inbox.claim([claim], now=now, lease=Lease("a", now + 60))
    # The commit is over: the sender may have its 2xx. What is fresh is this process's to deal with.
    await inbox.finish(taken.held, Finish("processed"), now=now)
"""

from collections.abc import Sequence
from math import inf
from typing import Literal, NamedTuple, Protocol

from frontdesk.ports.journal import Start
from frontdesk.ports.queue import Outgoing, Queue

State = Literal["received", "processing", "processed", "failed", "dead", "ignored"]
"""received: waits for its turn. processing: somebody has it under a lease. failed: is tried again. dead: is not."""


class Lease(NamedTuple):
    """Who deals with a delivery, and until when nobody else may. until: seconds since 1970."""

    owner: str
    until: float


class Along(NamedTuple):
    """What is committed with a claim that is fresh, and not at all with another one.

    With it the delivery is dealt with: what it has started is as durable as itself.
    """

    sends: Sequence[tuple[Queue, Outgoing]] = ()
    start: Start | None = None


class Claim(NamedTuple):
    """A delivery whose sender is proven.

    source: name of the webhook. id: what tells repetitions from others, see `rules.webhooks.verdict.Event`.
    nonce: may be taken once only in this source, "" where there is none. headers: as JSON text, those that are
    kept. digest: of the body. key: which secret has matched. ordering: one at a time of the same, "" for none;
    version: of what it tells of, where one that is older than what was processed counts no more.
    state: "received"; "ignored" for what is only recorded; "processing" takes the lease at once.
    """

    source: str
    id: str
    body: bytes
    digest: bytes
    type: str = ""
    nonce: str = ""
    headers: bytes = b"{}"
    key: str = ""
    ordering: str = ""
    version: float | None = None
    state: State = "received"
    reason: str = ""
    along: Along = Along()


class Held(NamedTuple):
    """A delivery that somebody deals with. epoch: grows with each turn; an older one has lost it."""

    source: str
    id: str
    epoch: int


class Claimed(NamedTuple):
    """What became of a claim.

    outcome: fresh; duplicate: it was taken before; collision: with another body; replayed: its nonce was.
    state, result: of the delivery as it stands now. held: set where the claim has taken the lease, too.
    """

    outcome: Literal["fresh", "duplicate", "collision", "replayed"]
    state: State
    result: bytes = b""
    held: Held | None = None


class Turn(NamedTuple):
    """A delivery to deal with, under a lease. attempts: this one included. replay: an operator asked for it."""

    held: Held
    type: str
    headers: bytes
    body: bytes
    received: float
    attempts: int
    ordering: str
    replay: bool


class Finish(NamedTuple):
    """How a turn has ended. state: failed needs `again`, when it is tried next. result: kept for repetitions.

    along: committed with it: effects that are the store's own happen once.
    """

    state: State
    again: float = inf
    error: str = ""
    result: bytes = b""
    along: Along = Along()


class Delivered(NamedTuple):
    """A delivery as a list shows it; times in seconds since 1970. size: bytes of the body."""

    source: str
    id: str
    type: str
    state: State
    received: float
    attempts: int
    next: float | None
    processed: float | None
    error: str
    key: str
    ordering: str
    duplicates: int
    replays: int
    size: int


class Document(NamedTuple):
    """A delivery with what it has brought. body: None after `keep_body` of the retention."""

    entry: Delivered
    headers: bytes
    body: bytes | None
    result: bytes


class Search(NamedTuple):
    """Which deliveries. "", None: any. type: one type, or all that begin with it where it ends in `*`."""

    source: str = ""
    state: State | None = None
    type: str = ""
    id: str = ""
    since: float = -inf
    until: float = inf


class Page(NamedTuple):
    """A part of a list, newest first. token: gives the next part; "": this was the last."""

    entries: Sequence[Delivered]
    token: str


class Counts(NamedTuple):
    """How many deliveries of a source are in a state."""

    source: str
    state: State
    number: int


class InboxStore(Protocol):
    """The deliveries of all sources. Used on one event loop. What has returned survives a crash.

    Operations that wait together are committed together; one that fails undoes nothing of the others. `now`
    is seconds since 1970. Every method raises StoreError when the store cannot do it. Then it may be
    committed all the same where the store is elsewhere and its answer was lost.
    """

    async def claim(
        self, claims: Sequence[Claim], *, now: float, lease: Lease
    ) -> Sequence[Claimed]:
        """Commit deliveries, each unless it is there: exactly one of many claims is fresh.

        A claim with state processing and an ordering gets the lease only where nothing else of the ordering
        is before it; else it is received.
        """
        ...

    async def take(
        self, sources: Sequence[str], *, most: int, now: float, lease: Lease
    ) -> Sequence[Turn]:
        """Lease deliveries of these sources that are due, or whose lease is over, oldest first.

        Of one ordering the oldest that is not done with, and none while one of it is in processing.
        """
        ...

    async def renew(self, held: Sequence[Held], *, until: float) -> Sequence[bool]:
        """Have leases last until then. False: it is lost."""
        ...

    async def finish(self, held: Held, finish: Finish, *, now: float) -> bool:
        """Commit the end of a turn. False: the lease is lost, and nothing has changed."""
        ...

    async def find(self, source: str, delivery: str) -> Document | None:
        """Read one. None: it is not there (any more)."""
        ...

    async def list(self, what: Search, *, most: int, token: str = "") -> Page:
        """List deliveries, newest first. Raises: TokenError (ports.journal)."""
        ...

    async def replay(self, what: Search, *, most: int, now: float, before: float) -> int:
        """Have deliveries that are at rest dealt with again, those received before then; return how many.

        Oldest first. Attempts count from 0 again. Those whose body is gone are left out.
        """
        ...

    async def next_due(self, sources: Sequence[str]) -> float | None:
        """Tell when the next one is to be taken. None: nothing waits."""
        ...

    async def forget(self, source: str, *, before: float, bodies_before: float, most: int) -> int:
        """Remove deliveries at rest that were received before then, and bodies of others; return how many.

        For slices: call it again until there are fewer than `most`.
        """
        ...

    async def counts(self) -> Sequence[Counts]:
        """Count deliveries by source and state."""
        ...


class Proven(NamedTuple):
    """A delivery that the door has proven. headers: pairs that are kept. sync: the sender waits for the result."""

    id: str
    type: str
    body: bytes
    nonce: str = ""
    key: str = ""
    headers: Sequence[tuple[str, str]] = ()
    sent_at: float | None = None
    signed_body: bool = True
    trace: str = ""


class Settled(NamedTuple):
    """What to tell the sender. outcome: see `Claimed`; busy: another delivery of it is under way (sync only).

    error: the handler failed (sync only), and a repetition is dealt with again. result: JSON text of the
    handler (sync only).
    """

    outcome: Literal["fresh", "duplicate", "collision", "replayed", "busy"]
    result: bytes = b""
    error: str = ""


class Hooks(Protocol):
    """Whoever takes webhooks for the door."""

    async def settle(self, hook: str, proven: Proven, *, within: float) -> Settled:
        """Commit a delivery; of a synchronous hook also wait for its handler, `within` seconds at most.

        hook: a name of the file. Raises: StoreError, and nothing may be acknowledged.
        """
        ...
