"""The Catalog port: JSON documents that outlive the process, each put a numbered version.

Owns the contract of what operators have made: configurations, functions of the Lambda API. Adapters:
`stores.memory.catalog`, `stores.sqlite.catalog`; the conformance suite runs on each.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple, Protocol

from frontdesk.base.errors import FrontdeskError

Document = Mapping[str, Any]
"""A JSON object: what is read is what JSON keeps of what was put."""


class Record(NamedTuple):
    """One version of a document.

    version: counts from 1 for each (kind, key). time: of its put, seconds since 1970.
    """

    kind: str
    key: str
    version: int
    time: float
    document: Document


@dataclass(frozen=True, slots=True, kw_only=True)
class Put:
    """Make the next version of a document.

    keep: how many versions are left, this one among them; older ones go in the same commit. expect: the
    version that is there now, 0 for none; None: whatever is there.
    """

    kind: str
    key: str
    document: Document
    keep: int = 1
    expect: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Delete:
    """Remove a document with all its versions; a later put begins with version 1. expect: see `Put`."""

    kind: str
    key: str
    expect: int | None = None


Change = Put | Delete


class ConflictError(FrontdeskError):
    """A change expected another version of its document; nothing was committed. found: 0 for none."""

    code = "conflict"

    def __init__(self, change: Change, found: int) -> None:
        super().__init__(
            f"{change.kind} {change.key}: expected version {change.expect}, found: {found}"
        )
        self.found = found


class Catalog(Protocol):
    """Documents by kind and key. Used on one event loop. What `commit` has returned survives a crash.

    Adapters derive from it: what one commit says is written here once.
    Every method raises StoreError when the store cannot do it (disk full, file damaged).
    """

    async def commit(self, changes: Sequence[Change]) -> Sequence[Record]:
        """Make all changes or none, in order; return the records of the puts.

        Raises: ConflictError when an expectation does not hold.
        """
        ...

    async def put(self, kind: str, key: str, document: Document, *, keep: int = 1) -> Record:
        """Commit one `Put`."""
        (record,) = await self.commit([Put(kind=kind, key=key, document=document, keep=keep)])
        return record

    async def delete(self, kind: str, key: str) -> None:
        """Commit one `Delete`; there need not be such a document."""
        await self.commit([Delete(kind=kind, key=key)])

    async def get(self, kind: str, key: str, version: int | None = None) -> Record | None:
        """Read a document: its newest version, or `version`. None: not there (any more)."""
        ...

    async def list(
        self, kind: str, *, after: str = "", most: int | None = None
    ) -> Sequence[Record]:
        """Read the newest version of each document of a kind, in order of keys.

        after: of keys behind this one alone. most: so many of them at most.
        """
        ...

    async def history(self, kind: str, key: str) -> Sequence[Record]:
        """Read the versions of a document that are kept, newest first."""
        ...

    def watch(self, kind: str, changed: Callable[[], None]) -> None:
        """Have `changed` called on the event loop, soon after documents of a kind may have changed.

        By whomever they were changed through this store: on several gateways with one store, all are
        told. It lasts as long as the catalog.
        """
        ...
