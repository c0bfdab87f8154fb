"""A process that appends to streams of a Journal, and says so after each commit. Arguments: kind, file or URL."""

import asyncio
import contextlib
import sys
from pathlib import Path

from frontdesk.base.errors import StoreError
from frontdesk.config.secrets import Secret
from frontdesk.ports.journal import Append, FencedError, Start, Status
from frontdesk.stores.postgres.database import Database as PostgresDatabase
from frontdesk.stores.postgres.journal import PostgresJournal
from frontdesk.stores.sqlite.database import Database as SqliteDatabase
from frontdesk.stores.sqlite.journal import SqliteJournal

NOW = 1_700_000_000.0
STREAMS = 8

OPEN = {
    "sqlite": lambda where: SqliteJournal(SqliteDatabase.open(Path(where))),
    "postgres": lambda where: PostgresJournal(PostgresDatabase(Secret(where))),
}


def append(number):
    """Return what the append of this number has; all of it names the number."""
    return {
        "events": [{"append": number}, {"append": number}],
        "snapshot": {"append": number},
        "timers": {"t": NOW + number},
        "commands": {f"c{number}": {"append": number}},
    }


async def all_there(journal, stream, acknowledged):
    """Assert that a stream has every append that was acknowledged, one more at most, and no half."""
    loaded = await journal.load(stream.id)
    last = loaded.snapshot["append"]
    assert acknowledged <= last <= acknowledged + 1
    expected = append(last)
    assert loaded[1:5] == (expected["snapshot"], [], expected["timers"], expected["commands"])
    events = [event["append"] for event in await journal.read(stream.id, 1, 10**9)]
    assert events == [number for number in range(1, last + 1) for _ in "12"]


def acknowledgements(text):
    """Read the last append of each stream that the process has acknowledged."""
    lines = [line.split() for line in text.splitlines(keepends=True) if line.endswith("\n")]
    return {name: int(number) for name, number in lines if number.isdigit()}


async def _append_on(journal, owner, name):
    first = Start(
        kind="k",
        name=name,
        digest=b"",
        time=NOW,
        status=Status("RUNNING"),
        owner=owner,
        **append(1),
    )
    stream = (await journal.start(first)).stream
    seq, number = stream.seq, 1
    while True:
        _say(name, number)
        number += 1
        one = Append(
            stream=stream.id,
            owner=owner,
            expect_seq=seq,
            done=[f"c{number - 1}"],
            **append(number),
        )
        seq = await _until_done(lambda one=one: journal.append(one))


async def _until_done(attempt):
    """Try again what the store could not do, as long as it cannot."""
    while True:
        with contextlib.suppress(StoreError):
            return await attempt()


def _say(name, what):
    sys.stdout.write(f"{name} {what}\n")
    sys.stdout.flush()


async def _append_until_fenced(journal, owner, name):
    try:
        await _append_on(journal, owner, name)
    except FencedError:
        _say(name, "fenced")


async def _main(kind, where):
    journal = OPEN[kind](where)
    owner = await journal.join(until=NOW + 10)
    await asyncio.gather(
        *(_append_until_fenced(journal, owner, f"e-{index}") for index in range(STREAMS))
    )


if __name__ == "__main__":
    asyncio.run(_main(*sys.argv[1:]))
