"""The Records port: versioned records, with their commands, read model and history, and who is told of changes.

Owns the contract. Knows keys and versions, and no meaning of a document: whoever calls has decided what is
written. Adapters: `stores.memory.records`, `stores.sqlite.records`, `stores.postgres.records`; the conformance
suite and a property machine run on each.

    row = Row("PAYMENT#acme", "order-1", 1, '{"code":"order-1"}')
    assert await store.publish(Publication("payments", row, data=row.document), now=now)
    assert not await store.publish(Publication("payments", row, data=row.document), now=now)  # version 1 is taken
"""

from collections.abc import Sequence
from typing import Final, Literal, NamedTuple, Protocol

from frontdesk.rules.records.spans import EVERYTHING, Span

Table = Literal["command", "data", "history"]
"""command: every version as it was written. data: the last one, as it is read. history: former rows of data."""

Kind = Literal["hook", "handler", "status"]
"""Whom changes are for. hook: whoever is told of each. handler: code beside the writer, which does what is
published synchronously itself. status: whoever is told of statuses of commands."""

REMEMBERED: Final = 7 * 86_400.0
"""Seconds for which changes are kept for a subscriber that is not there."""

URL: Final = "FRONTDESK_RECORDS_URL"
"""Variable of the environment with the URL of the store, by which a gateway tells its functions."""


Texts = Literal["command", "data", "history", "changes"]
"""Where documents are: in the tables, and in the changes that wait."""

MENTIONED: Final = 64
"""Characters of a mention."""


class Mentions(NamedTuple):
    """What stands behind a mark, `MENTIONED` characters each. last: where the look came to; None: there is no more."""

    found: set[str]
    last: tuple[object, ...] | None


class Name(NamedTuple):
    """Names a record of a module. sk: without the version."""

    module: str
    pk: str
    sk: str


class Row(NamedTuple):
    """One version of a record. sk: without the version. document: JSON text.

    ttl: second since 1970 from which on it is not there any more. status: of a command.
    """

    pk: str
    sk: str
    version: int
    document: str
    ttl: int | None = None
    status: str = ""


class Publication(NamedTuple):
    """A version to write. row: of the command. data: the document of the read model, with the same ttl.

    command_ttl: of the version of the command before. history_ttl: of the former row of data. Both None: they
    stay. by_hand: handlers are not told, the writer calls them.
    """

    module: str
    row: Row
    data: str
    command_ttl: int | None = None
    history_ttl: int | None = None
    by_hand: bool = False


class Query(NamedTuple):
    """Which rows of data are asked for. span: of sort keys, whose order the rows have."""

    module: str
    pk: str
    span: Span = EVERYTHING
    most: int = 10
    descending: bool = False


class Subscriber(NamedTuple):
    """Who is told of the changes of a module. name: the same in every process that shares the work."""

    name: str
    module: str
    kind: Kind


class Change(NamedTuple):
    """A change that a subscriber is to be told. before, after: documents. made: seconds since 1970.

    number: grows. tries: how often it has been taken, which tells its last taker from former ones. For
    subscribers of statuses, `after` is the notice.
    """

    number: int
    subscriber: str
    name: Name
    version: int
    before: str | None
    after: str
    made: float
    tries: int


class RecordStore(Protocol):
    """Records of all modules. What has returned survives a crash. `now` is seconds since 1970.

    Every method raises StoreError when the store cannot do it. Several processes may use one store.
    """

    async def publish(self, publication: Publication, *, now: float) -> bool:
        """Commit a version: command, history, data and changes together. False: another one has it already.

        The version is written where data has the version before it, or nothing.
        """
        ...

    async def get(
        self, table: Table, name: Name, version: int | None = None, *, now: float
    ) -> Row | None:
        """Return a version of a record, or without `version` the last one. None: there is none."""
        ...

    async def query(self, query: Query, *, now: float) -> Sequence[Row]:
        """Return rows of data of one `pk`."""
        ...

    async def browse(
        self, module: str, *, after: tuple[str, str], most: int, now: float
    ) -> Sequence[Row]:
        """Return rows of data of any `pk`, by pk and sk, from behind `after` on; ("", "") is the beginning."""
        ...

    async def versions(self, name: Name, *, before: int, most: int, now: float) -> Sequence[Row]:
        """Return versions of a command that are less than `before`, the newest first."""
        ...

    async def modules(self) -> Sequence[str]:
        """List the modules that have data."""
        ...

    async def archive(self, name: Name, *, ttl: int | None, now: float) -> Row | None:
        """Commit the row of data to the history as well, unless it is there; return it."""
        ...

    async def set_status(
        self, name: Name, version: int, status: str, notice: str, *, now: float
    ) -> bool:
        """Commit the status of a command, and a notice to subscribers of statuses. False: there is no such version."""
        ...

    async def set_ttl(self, name: Name, version: int, ttl: int | None) -> bool:
        """Commit the ttl of a command, and of data that shows it. False: there is no such version."""
        ...

    async def count(self, pk: str, sk: str) -> int:
        """Commit the next number of a counter, from 1 on, and return it."""
        ...

    async def subscribe(self, subscriber: Subscriber, *, now: float) -> None:
        """Have changes from now on kept for a subscriber; to be said again, now and then."""
        ...

    async def unsubscribe(self, name: str, module: str) -> None:
        """Keep no more changes of a module for a subscriber, and drop those that are kept."""
        ...

    async def subscribers(self) -> Sequence[Subscriber]:
        """List who is told of what."""
        ...

    async def take(
        self, subscriber: str, *, most: int, now: float, until: float
    ) -> Sequence[Change]:
        """Commit that changes are taken, until then; return them, the oldest of each record that is due.

        What comes after it in the same record waits until it is settled.
        """
        ...

    async def settle(self, changes: Sequence[Change]) -> None:
        """Commit that a subscriber is done with changes. Those that somebody has taken since are left."""
        ...

    async def postpone(self, change: Change, *, until: float) -> None:
        """Commit that a change is due then. One that somebody has taken since is left."""
        ...

    async def waiting(self, subscriber: str) -> tuple[int, float | None]:
        """Count the changes of a subscriber, and tell when the oldest was made."""
        ...

    async def forget(self, now: float, *, most: int) -> int:
        """Remove rows whose ttl is over, and subscribers who have not been there for long; return how many rows.

        `most` of each kind at most: call it again until there are fewer.
        """
        ...

    async def trim(self, table: Table, module: str, before: float, *, most: int) -> int:
        """Remove former versions that were written until then, `most` at most; return how many.

        Of commands the last version stays.
        """
        ...

    async def mentions(
        self, where: Texts, mark: str, *, after: tuple[object, ...], most: int
    ) -> Mentions:
        """Look through the texts of `most` rows, also of those whose ttl is over, for what stands behind a mark.

        after: where the last look came to; (): the beginning. Rows that come or move meanwhile may be passed over.
        """
        ...

    def close(self) -> None:
        """Let go of what is open."""
        ...
