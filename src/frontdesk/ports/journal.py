"""The Journal port: streams of JSON events, with what must not be lost between two of them.

Owns the contract of durable work: appends, timers, outbox, messages, leases. Knows nothing of what events
mean. Adapters: `stores.memory.journal`, `stores.sqlite.journal`, `stores.postgres.journal`; the conformance
suite and a property machine run on each.

A driver uses it so:

    owner = await journal.join(until=now + 10)
    started = await journal.start(
        Start(
            kind="charge", name="order-7", digest=b"...", time=now, status=Status("RUNNING"),
            owner=owner, events=[{"type": "Started"}], commands={"Call:1": {"invoke": "pay"}},
        )
    )
    # The commit is over: do Call:1 now. After a crash somebody finds it in `commands`, and does it again.
    seq = await journal.append(
        Append(
            stream=started.stream.id, owner=owner, expect_seq=started.stream.seq, hold=False,
            events=[{"type": "Called"}], done=["Call:1"], timers={"Wait:2": now + 3600},
        )
    )
    # Nobody holds the stream and nothing of it is in memory, until in an hour somebody's `due` leases it.
    await journal.renew(owner, until=now + 3610)
    for stream in await journal.due(owner, now=now + 3600, most=100):
        await journal.append(
            Append(
                stream=stream.stream.id, owner=owner, expect_seq=stream.stream.seq, hold=False,
                events=[{"type": "Waited"}], timers={"Wait:2": None},
                status=Status("SUCCEEDED", ended=now + 3600),
            )
        )
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from math import inf
from typing import Any, Final, Literal, NamedTuple, Protocol

from frontdesk.base.errors import FrontdeskError

NOBODY: Final = 0
"""Owner of a stream that waits for whoever comes first."""

Document = Mapping[str, Any]
"""A JSON object: what is read is what JSON keeps of what was written."""


class Status(NamedTuple):
    """What a stream is shown as, such as `RUNNING`. ended: when it came to its end; None: it has not."""

    name: str
    ended: float | None = None


class Stream(NamedTuple):
    """What a list shows of a stream.

    id: given by `start`, never twice. seq: how many events it has. digest, started: see `Start`.
    """

    id: int
    kind: str
    name: str
    digest: bytes
    started: float
    status: Status
    seq: int


class Message(NamedTuple):
    """What was posted to a stream. number: counts from 1 in each stream."""

    number: int
    document: Document


class Loaded(NamedTuple):
    """All that is needed to go on with a stream.

    snapshot: the last one, None: there is none. events: those after it, or all. timers: when each is due.
    commands: those that are not done, oldest first. messages: those that are not taken, oldest first.
    """

    stream: Stream
    snapshot: Document | None
    events: Sequence[Document]
    timers: Mapping[str, float]
    commands: Mapping[str, Document]
    messages: Sequence[Message]


_NONE: Final[Mapping[str, Any]] = {}


class Start(NamedTuple):
    """Make a stream, unless there is one of this kind and name.

    digest: of what it is started with, to tell the same start from another one. time: of the start. owner:
    who holds it from the beginning; 0: whoever comes first, at once if there are commands, else when a
    timer is due. Else see `Append`.
    """

    kind: str
    name: str
    digest: bytes
    time: float
    status: Status
    owner: int
    events: Sequence[Document]
    snapshot: Document | None = None
    timers: Mapping[str, float] = _NONE
    commands: Mapping[str, Document] = _NONE


class Append(NamedTuple):
    """Add to a stream that `owner` holds and that has `expect_seq` events.

    events: new ones; there is one at least where there are commands. snapshot: what all events up to now
    come to; None: no new one. timers: by key, when each is due; None: no more. commands: the outbox, to be
    done at least once each; its key is the key of idempotency. done: keys of commands that were. taken:
    the number of the last message that was; 0: none. status: None: as it was. hold: False lets go of the
    stream: others lease it once its first timer is due, or at once where commands or messages are left.
    """

    stream: int
    owner: int
    expect_seq: int
    events: Sequence[Document]
    snapshot: Document | None = None
    timers: Mapping[str, float | None] = _NONE
    commands: Mapping[str, Document] = _NONE
    done: Collection[str] = ()
    taken: int = 0
    status: Status | None = None
    hold: bool = True


class Started(NamedTuple):
    """What a start came to.

    state: `started`; `same`: it was before, with this digest; `other`: with another one.
    """

    state: Literal["started", "same", "other"]
    stream: Stream


@dataclass(frozen=True, slots=True, kw_only=True)
class Filter:
    """Which streams to list. status: None: any. since, until: of their start, both included."""

    kind: str
    status: str | None = None
    since: float = -inf
    until: float = inf


class Page(NamedTuple):
    """A part of a list. token: gives the next part; "": this was the last."""

    streams: Sequence[Stream]
    token: str


class Counts(NamedTuple):
    """For metrics. streams: of a status, by kind. late: streams of nobody that are due."""

    streams: Mapping[str, int]
    late: int


class FencedError(FrontdeskError):
    """An owner has lost what it held, or is none any more; nothing was committed."""

    code = "fenced"

    def __init__(self, owner: int) -> None:
        super().__init__(f"this is not held by owner: {owner}")


class SequenceError(FrontdeskError):
    """An append expected another number of events; nothing was committed. found: how many there are."""

    code = "sequence"

    def __init__(self, append: Append, found: int) -> None:
        super().__init__(
            f"stream {append.stream}: expected {append.expect_seq} events, found: {found}"
        )
        self.found = found


class TokenError(FrontdeskError):
    """A page token was not given by this list."""

    code = "page_token"


class Journal(Protocol):
    """Streams by kind and name. Used on one event loop. What has returned survives a crash.

    Operations that wait together are committed together; one that fails undoes nothing of the others.
    A stream is held by one owner at most, and an owner has a lease: while that lasts, nobody else gets its
    streams. Safety needs no clock: an append of who has lost a stream is refused, whatever time it is.
    Times are seconds since 1970. Every method raises StoreError when the store cannot do it. Then it may be
    committed all the same where the store is elsewhere and its answer was lost: load, and see.
    """

    async def join(self, *, until: float) -> int:
        """Become an owner, whose lease lasts `until`. The numbers grow, and none is given twice."""
        ...

    async def renew(self, owner: int, *, until: float) -> None:
        """Have a lease last until then; a time that is over lets others take over at once.

        Raises: FencedError, where it had lapsed and nothing was left to the owner: join anew.
        """
        ...

    async def start(self, start: Start) -> Started:
        """Commit a `Start`. Raises: FencedError, where the owner is none any more."""
        ...

    async def append(self, append: Append) -> int:
        """Commit an `Append`; return how many events there are now.

        Raises: FencedError, also where there is no such stream; SequenceError.
        """
        ...

    async def post(self, stream: int, document: Document) -> bool:
        """Commit a message to a stream, whoever holds it. False: there is no such stream."""
        ...

    async def due(self, owner: int, *, now: float, most: int) -> Sequence[Loaded]:
        """Lease streams that wait for somebody: those of nobody that are due, and those of lapsed owners.

        Each is given to one caller, and again only after it was let go or this lease has lapsed, too.
        Raises: FencedError, where the owner is none any more.
        """
        ...

    async def posted(
        self, owner: int, *, most: int, without: Collection[int] = ()
    ) -> Sequence[tuple[int, Message]]:
        """Read messages that are not taken, with the ids of their streams, of all that the owner holds.

        without: of these streams none are read.
        """
        ...

    async def load(self, stream: int) -> Loaded | None:
        """Read a stream, leasing nothing. None: not there (any more)."""
        ...

    async def find(self, kind: str, name: str) -> Stream | None:
        """Find a stream. None: not there (any more)."""
        ...

    async def read(self, stream: int, first: int, last: int) -> Sequence[Document]:
        """Read events, counted from 1, from `first` to `last`, both included, as far as there are (still)."""
        ...

    async def list(
        self, what: Filter, *, most: int, token: str = "", newest_first: bool = True
    ) -> Page:
        """List streams in order of their start. token: of the page before. Raises: TokenError."""
        ...

    async def forget(self, kind: str, before: float, *, most: int) -> int:
        """Remove streams that ended before then and wait for nothing; return how many, `most` at most.

        kind: this one, and those below it, whose names begin with it and a slash.

        It is for slices, between which others get their turn: call it again until there are fewer.
        """
        ...

    async def trim(self, stream: int, before: int) -> None:
        """Remove the events of a stream up to there that nobody needs to go on: what a snapshot has.

        before: the number of the first that is kept. Events of one append stay together, and so do all from the
        first on with which a command came that is not done.
        """
        ...

    async def counts(self, status: str, *, now: float) -> Counts:
        """Count streams. Its cost grows with those of this status, so ask of what does not pile up."""
        ...
