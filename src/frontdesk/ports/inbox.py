"""The Inbox port: webhooks that were taken, each once, until somebody has dealt with each.

Owns the contract. Knows nothing of signatures, nor of who deals with what. Adapters: `stores.memory.inbox`,
`stores.sqlite.inbox`, `stores.postgres.inbox`; the conformance suite and a property machine run on each.
`Hooks` is the door's way to it; adapters: `durable.inbox`, and `gateway.workers` for processes that only serve.

    claim = Claim("stripe", "evt_1", b"{...}", digest=b"...", state="processing")
    claimed = await inbox.claim(claim, now=now, until=now + 60)
    # The commit is over: the sender may have its 2xx. What is fresh is this process's to deal with.
    await inbox.finish(claimed.held, Finish("processed"), now=now)
"""

from collections.abc import Mapping, Sequence
from math import inf
from typing import Literal, NamedTuple, Protocol

from frontdesk.ports.journal import Start, Started
from frontdesk.ports.queue import Outgoing, Queue

State = Literal["received", "processing", "processed", "failed", "dead", "ignored"]
"""received: waits for its turn. processing: somebody has it under a lease. failed: is tried again. dead: is not."""

OnDead = Literal["continue", "block"]
"""What a dead delivery means to those that follow it in its ordering: nothing, or that they wait."""

SUPERSEDED = "superseded"
"""Why a delivery is ignored that tells of something older than what was processed."""


class Along(NamedTuple):
    """What is committed together with a delivery: what it has started is as durable as itself.

    start: raises FencedError, and nothing is committed, where its owner is none any more.
    """

    sends: Sequence[tuple[Queue, Outgoing]] = ()
    start: Start | None = None


class Claim(NamedTuple):
    """A delivery whose sender is proven. No text of it has a NUL.

    source: name of the webhook. id: what tells repetitions from others, see `rules.webhooks.verdict.Event`.
    nonce: may be taken once only in this source, "" where there is none. headers: as JSON text, those that are
    kept, as pairs. digest: of the body. key: which secret has matched. ordering: one at a time of the same, "" for none;
    version: of what it tells of, where one that is older than what was processed of its ordering counts no more.
    state: "received"; "ignored" for what is only recorded; "processing" takes the lease at once; "processed"
    is dealt with by `along`, which is committed with it. retake: one that was there and has failed is taken
    again, with a lease. on_dead: see `OnDead`. id and ordering have 255 characters at most.
    """

    source: str
    id: str
    body: bytes
    digest: bytes
    type: str = ""
    nonce: str = ""
    headers: bytes = b"[]"
    key: str = ""
    ordering: str = ""
    version: float = -inf
    state: Literal["received", "processing", "processed", "ignored"] = "received"
    reason: str = ""
    along: Along = Along()
    retake: bool = False
    on_dead: OnDead = "continue"


class Held(NamedTuple):
    """A delivery that somebody deals with. epoch: grows with each turn; an older one has lost it."""

    source: str
    id: str
    epoch: int


class Claimed(NamedTuple):
    """What became of a claim.

    outcome: fresh; duplicate: it was taken before; collision: with another body; replayed: its nonce was;
    again: it had failed, and is taken again. state, result: of the delivery as it stands now. held: set where
    the claim has taken the lease, too. attempts: this one included. started: what came of `along.start`,
    where that was done.
    """

    outcome: Literal["fresh", "duplicate", "collision", "replayed", "again"]
    state: State
    result: bytes = b""
    held: Held | None = None
    attempts: int = 0
    started: Started | None = None


class Lease(NamedTuple):
    """How deliveries of a source are taken. until: when the lease is over. on_dead: see `OnDead`."""

    until: float
    on_dead: OnDead = "continue"


class Turn(NamedTuple):
    """A delivery to deal with, under a lease.

    attempts: this one included. crashes: turns before it, in a row, that nobody has finished. replays: how often
    an operator has asked for it anew.
    """

    held: Held
    type: str
    headers: bytes
    body: bytes
    received: float
    attempts: int
    crashes: int
    ordering: str
    replays: int


class Finish(NamedTuple):
    """How a turn has ended.

    state: failed is tried again at `again`, or with inf once somebody asks; received gives the turn back
    until `again`, and it was no attempt. result: kept for repetitions. along: committed with it: effects that
    are the store's own happen once.
    """

    state: State
    again: float = inf
    error: str = ""
    result: bytes = b""
    along: Along = Along()


class Finished(NamedTuple):
    """What became of the end of a turn. kept: False: the lease was lost, and nothing has changed."""

    kept: bool
    started: Started | None = None


class Delivered(NamedTuple):
    """A delivery as a list shows it; times in seconds since 1970.

    next: when it is tried, of those that are. processed: when last. size: bytes of the body.
    """

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
    """Which deliveries. "", None: any. type: one type, or all that begin with it where it ends in `*`.

    since, until: of their receipt, both included.
    """

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
    """How many deliveries of a source are in a state. oldest: when the first of them was received."""

    source: str
    state: State
    number: int
    oldest: float


class InboxStore(Protocol):
    """The deliveries of all sources. Used on one event loop. What has returned survives a crash.

    Operations that wait together are committed together; one that fails undoes nothing of the others. `now`
    is seconds since 1970, as is `until`, the end of a lease. Every method raises StoreError when the store
    cannot do it. Then it may be committed all the same where the store is elsewhere and its answer was lost.
    """

    async def claim(self, claim: Claim, *, now: float, until: float) -> Claimed:
        """Commit a delivery unless it is there: exactly one of many claims is fresh.

        Where another one of its ordering is before it, a claim that would be processing or processed is
        received, and what was to be committed along is not. Raises: FencedError, see `Along`.
        """
        ...

    async def take(self, leases: Mapping[str, Lease], *, most: int, now: float) -> Sequence[Turn]:
        """Lease deliveries that are due, or whose lease is over, those that have waited longest first.

        leases: by source; of other sources nothing is taken. Of one ordering the first that is not done with,
        by version and then as received, and none while one of it is in processing, nor, with `block`, when the
        first is dead. What is superseded is ignored instead, unless an operator has asked for it.
        """
        ...

    async def renew(self, held: Sequence[Held], *, until: float) -> Sequence[bool]:
        """Have leases last until then. False: it is lost."""
        ...

    async def finish(self, held: Held, finish: Finish, *, now: float) -> Finished:
        """Commit the end of a turn. Raises: FencedError, see `Along`."""
        ...

    async def find(self, source: str, delivery: str) -> Document | None:
        """Read one. None: it is not there (any more)."""
        ...

    async def list(self, what: Search, *, most: int, token: str = "") -> Page:
        """List deliveries, newest first. Raises: TokenError (ports.journal)."""
        ...

    async def replay(self, what: Search, *, most: int, now: float, apart: float) -> int:
        """Have deliveries dealt with again that nobody deals with, oldest first; return how many.

        apart: seconds from when one is due until the next one is. Attempts count from 0 again. Those whose
        body is gone are left out.
        """
        ...

    async def forget(
        self, source: str, *, before: float, bodies_before: float, most: int, waiting: bool = False
    ) -> int:
        """Remove deliveries at rest that were received before then, and bodies of others; return how many.

        At rest are those that nobody will deal with unless he is asked. waiting: the others go, too, for
        nobody takes any of this source. It is for slices: call it again until there are none.
        """
        ...

    async def sources(self) -> Sequence[str]:
        """List the sources that have deliveries of any state."""
        ...

    async def counts(self) -> Sequence[Counts]:
        """Count deliveries by source and state, without those that are processed or ignored."""
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
