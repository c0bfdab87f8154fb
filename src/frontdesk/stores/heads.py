"""Owns what an append makes of the head of a stream, for every Journal. Pure; knows no store."""

from collections.abc import Mapping, Sequence
from itertools import chain
from typing import Any, Final, NamedTuple, Self

import orjson

from frontdesk.ports.journal import (
    NOBODY,
    Append,
    Document,
    FencedError,
    SequenceError,
    Start,
    Status,
    Stream,
    TokenError,
)

AT_ONCE: Final = 0.0

_LAST: Final = 2**63 - 1  # of all ids


class Head(NamedTuple):
    """What the next append needs to know.

    owner: None: it waits for nobody. due: when somebody must lease it; None: it is held, or waits for nothing.
    timers: by key, when each is due. outbox: by key of a command that is not done, the number of the first
    event of its append. posted, taken: numbers of the last messages.
    """

    status: Status
    seq: int
    owner: int | None
    due: float | None
    timers: Mapping[str, float]
    outbox: Mapping[str, int]
    posted: int = 0
    taken: int = 0


def begin(start: Start) -> Head:
    """Make the head of a new stream. Raises: ValueError, as `advance`, and for a NUL in a name."""
    for text in (start.kind, start.name):
        if b"\0" in text.encode():
            raise ValueError(f"a stream cannot have this name: {text!r}")
    _check(start.events, start.commands)
    timers, outbox = dict(start.timers), dict.fromkeys(start.commands, 1)
    owner, due = (start.owner, None) if start.owner else _awaited(timers, outbox)
    return Head(start.status, len(start.events), owner, due, timers, outbox)


def advance(head: Head | None, append: Append) -> Head:
    """Make the head that an append leaves behind. head: None: there is no such stream.

    Raises: FencedError; SequenceError; ValueError, where there are commands without an event.
    """
    if head is None or append.owner == NOBODY or head.owner != append.owner:
        raise FencedError(append.owner)
    if head.seq != append.expect_seq:
        raise SequenceError(append, head.seq)
    _check(append.events, append.commands)
    timers, outbox = head.timers, head.outbox
    if append.timers:
        moved = {**timers, **append.timers}
        timers = {key: at for key, at in moved.items() if at is not None}
    if append.done:
        outbox = {key: first for key, first in outbox.items() if key not in append.done}
    if append.commands:
        outbox = {**outbox, **dict.fromkeys(append.commands, head.seq + 1)}
    posted = head.posted
    taken = max(head.taken, min(append.taken, posted)) if posted else 0
    owner, due = (
        (head.owner, None) if append.hold else _awaited(timers, outbox, has_messages=taken < posted)
    )
    seq = head.seq + len(append.events)
    return Head(append.status or head.status, seq, owner, due, timers, outbox, posted, taken)


def post(head: Head) -> Head:
    """Make the head that one message more leaves behind."""
    after = head._replace(posted=head.posted + 1)
    return after if head.owner else after._replace(owner=NOBODY, due=AT_ONCE)


def columns(head: Head) -> tuple[str, float | None, int, int | None, float | None, bytes]:
    """Write a head as a row: status, ended, seq, owner, due, and the rest as JSON."""
    rest = orjson.dumps([head.timers, head.outbox, head.posted, head.taken])
    return (*head.status, head.seq, head.owner, head.due, rest)


def read_head(row: Sequence[Any]) -> Head:
    """Read what `columns` has written."""
    status, ended, seq, owner, due, rest = row
    timers, outbox, posted, taken = orjson.loads(rest)
    return Head(Status(status, ended), seq, owner, due, timers, outbox, posted, taken)


def read_stream(row: Sequence[Any]) -> Stream:
    """Read a row of id, kind, name, digest, started, status, ended, seq."""
    id_, kind, name, digest, started, status, ended, seq = row
    return Stream(id_, kind, name, digest, started, Status(status, ended), seq)


class Written(NamedTuple):
    """The documents of an append as JSON, made where its caller runs. None: there are none."""

    events: bytes | None
    commands: bytes | None
    snapshot: bytes | None

    @classmethod
    def of(cls, append: Start | Append) -> Self:
        """Write them. Raises: TypeError, for what JSON has no word for."""
        return cls(
            orjson.dumps(append.events) if append.events else None,
            orjson.dumps(append.commands) if append.commands else None,
            None if append.snapshot is None else orjson.dumps(append.snapshot),
        )


def lasting(commands: Mapping[str, Document], first: int, head: Head) -> dict[str, Document]:
    """Pick the commands of one append that are not done. first: the number of its first event."""
    return {key: command for key, command in commands.items() if head.outbox.get(key) == first}


def between(
    rows: Sequence[tuple[int, Sequence[Document]]], first: int, last: int
) -> list[Document]:
    """Pick events `first` to `last` from rows that hold them: (number of the first event, events)."""
    if not rows:
        return []
    events = list(chain.from_iterable(events for _, events in rows))
    return events[max(first - rows[0][0], 0) : max(last - rows[0][0] + 1, 0)]


def first_kept(head: Head, snapshot: int, before: int) -> int:
    """Return the number of the first event that `trim` must keep. snapshot: of the last event in one, 0: none."""
    return min(before, snapshot + 1, *head.outbox.values())


def page_token(started: float, stream: int) -> str:
    """Write down where the next page begins: after this stream."""
    return orjson.dumps([started, stream]).hex()


def place(token: str) -> tuple[float, int]:
    """Read what `page_token` has written. Raises: TokenError."""
    try:
        started, stream = orjson.loads(bytes.fromhex(token))
        after = float(started), int(stream)
    except (TypeError, ValueError) as error:
        raise TokenError("this page token is none of ours") from error
    if not 0 <= after[1] <= _LAST:
        raise TokenError("this page token is none of ours")
    return after


def _awaited(
    timers: Mapping[str, float], outbox: Mapping[str, int], *, has_messages: bool = False
) -> tuple[int | None, float | None]:
    """Return owner and due of a stream that nobody holds. has_messages: some that nobody has taken."""
    if outbox or has_messages:
        return NOBODY, AT_ONCE
    return (NOBODY, min(timers.values())) if timers else (None, None)


def _check(events: Sequence[Document], commands: Mapping[str, Document]) -> None:
    if commands and not events:
        raise ValueError("commands need an event that they come from")
