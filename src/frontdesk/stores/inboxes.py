"""Owns what all inboxes say alike: when a delivery is due, what becomes of a claim, how one is looked for. Knows no store."""

from collections.abc import Sequence
from math import inf
from typing import Any, Final, NamedTuple

from frontdesk.ports.inbox import (
    SUPERSEDED,
    Claim,
    Delivered,
    Finish,
    Held,
    Page,
    Search,
    State,
)
from frontdesk.stores.heads import page_token

OPEN: Final = frozenset({"received", "processing", "failed", "dead"})
"""States of those that are not done with."""


class Row(NamedTuple):
    """What a claim writes, in this order."""

    source: str
    id: str
    type: str
    state: State
    received: float
    due: float | None
    epoch: int
    attempts: int
    error: str
    processed: float | None
    key: str
    ordering: str
    version: float
    nonce: str
    digest: bytes
    headers: bytes
    body: bytes
    size: int

    @property
    def held(self) -> Held | None:
        """What its claimer deals with."""
        return Held(self.source, self.id, self.epoch) if self.state == "processing" else None


def row(claim: Claim, *, now: float, until: float, blocked: bool, superseded: bool) -> Row:
    """Make the row of a fresh claim. blocked: another one of its ordering is before it."""
    state, error = _placed(claim, blocked=blocked, superseded=superseded)
    turn = int(state == "processing")
    return Row(
        source=claim.source,
        id=claim.id,
        type=claim.type,
        state=state,
        received=now,
        due={"received": now, "processing": until}.get(state),
        epoch=turn,
        attempts=turn,
        error=error,
        processed=now if state == "processed" else None,
        key=claim.key,
        ordering=claim.ordering,
        version=claim.version,
        nonce=claim.nonce,
        digest=claim.digest,
        headers=claim.headers,
        body=claim.body,
        size=len(claim.body),
    )


def is_placed(claim: Claim) -> bool:
    """Tell whether others of its ordering decide on the state of a claim."""
    return bool(claim.ordering) and claim.state in ("processing", "processed")


def _placed(claim: Claim, *, blocked: bool, superseded: bool) -> tuple[State, str]:
    if superseded:
        return "ignored", SUPERSEDED
    return ("received", "") if blocked else (claim.state, claim.reason)


def ended(held: Held, finish: Finish, now: float) -> tuple[Any, ...]:
    """Make the values of the end of a turn.

    state, due, error, result, what attempts lose, when it was processed, and which turn: id, source, epoch.
    """
    error = finish.error.replace("\0", "\ufffd")  # a TEXT of PostgreSQL holds no NUL
    due: float | None = None
    if finish.state in ("received", "failed"):
        due = finish.again
    elif finish.state == "dead":
        due = inf
    return (
        *(finish.state, due, error, finish.result, int(finish.state == "received")),
        *(now if finish.state == "processed" else None, held.id, held.source, held.epoch),
    )


def conditions(what: Search, mark: str) -> tuple[str, list[Any]]:
    """Write a search as SQL: conditions, and their values. mark: of a numbered parameter, `?` or `$`."""
    asked: list[tuple[str, Any]] = [("received >= {}", what.since), ("received <= {}", what.until)]
    for column, value in (("source", what.source), ("id", what.id), ("state", what.state)):
        if value:
            asked.append((f"{column} = {{}}", value))
    if what.type.endswith("*"):
        start = what.type[:-1]
        asked.append((f"substr(type, 1, {len(start)}) = {{}}", start))
    elif what.type:
        asked.append(("type = {}", what.type))
    if what.state in OPEN:
        asked.append(("due <= {}", inf))  # has an index
    written = [condition.format(f"{mark}{at}") for at, (condition, _) in enumerate(asked, 1)]
    return " AND ".join(written), [value for _, value in asked]


def age(what: Search) -> str:
    """Choose the column that a list is in the order of. Those of all sources have no index by their times."""
    return "received" if what.source else "number"


def page(rows: Sequence[Any], by: str, most: int) -> Page:
    """Make a page of rows, one more of them than it may have where there are more. by: see `age`."""
    found = [delivered(each) for each in rows[:most]]
    if len(rows) <= most:
        return Page(found, "")
    number = rows[most - 1][-1]
    return Page(found, page_token(found[-1].received if by == "received" else number, number))


def delivered(found: Sequence[Any]) -> Delivered:
    """Read the columns of a `Delivered`, which end with its number. In place of `next` is when it is due."""
    shown = Delivered(*found[:-1])
    is_tried = shown.state in ("received", "failed") and shown.next != inf
    return shown if is_tried else shown._replace(next=None)
