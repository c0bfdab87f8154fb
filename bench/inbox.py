"""Owns the row of the inbox: webhooks of many callers on a disk, each once, committed in groups, on one core."""

import asyncio
import os
import sqlite3
import tempfile
import time
from contextlib import AsyncExitStack, closing
from hashlib import sha256
from pathlib import Path

import uvloop

from bench.figures import Figure, Finding, at_least
from bench.postgres import postgres
from bench.result import Bench, Result
from frontdesk.app.collector import begin_to_serve
from frontdesk.ports.inbox import Claim, InboxStore

CALLERS = 100
CLAIMS = 20_000
KNOWN = 1_000_000
BODY = b"x" * 256
DIGEST = sha256(BODY).digest()

NOW = 1.7e9

_FILL = """
    WITH RECURSIVE number (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM number WHERE n < ?)
    INSERT INTO inbox (source, id, type, state, received, due, epoch, attempts, error, processed,
        key, ordering, version, nonce, digest, headers, body, size)
    SELECT 'shop', format('evt_%012d', -n), 'a.b', 'processed', ? - n, NULL, 0, 0, '', ? - n,
        '', '', -9e999, '', x'00', x'5b5d', x'00', 1 FROM number
"""


def inbox_row(bench: Bench) -> Result:
    """Claim webhooks one by one, 100 at a time, on one core; the server has the other one."""
    cores = os.sched_getaffinity(0)
    with postgres() as url:
        os.sched_setaffinity(0, {min(cores)})
        begin_to_serve()  # as `frontdesk run` does
        try:
            alone, among_many, in_no_order = (
                [uvloop.run(_sqlite(known, ordered=ordered)) for _ in range(bench.effort.rounds)]
                for known, ordered in ((0, True), (KNOWN, True), (KNOWN, False))
            )
            server = [uvloop.run(_postgres(url)) for _ in range(bench.effort.rounds)]
        finally:
            os.sched_setaffinity(0, cores)
    return Result(
        [
            Finding("claims, SQLite", Figure.of(alone), "/s", at_least(10_000)),
            Finding("with 1,000,000 others", Figure.of(among_many), "/s", at_least(10_000)),
            Finding("and their ids in no order", Figure.of(in_no_order), "/s"),
            Finding("claims, PostgreSQL", Figure.of(server), "/s", at_least(10_000)),
        ]
    )


async def _sqlite(known: int, *, ordered: bool) -> float:
    """Claim in a new file that has so many others already; return how many in a second."""
    from frontdesk.stores.sqlite.database import Database
    from frontdesk.stores.sqlite.inbox import SqliteInbox

    async with AsyncExitStack() as opened:
        path = Path(opened.enter_context(tempfile.TemporaryDirectory())) / "frontdesk.db"
        Database.open(path).close()
        with closing(sqlite3.connect(path)) as connection, connection:
            connection.execute(_FILL, (known, NOW, NOW))
        database = Database.open(path)
        opened.callback(database.close)
        return await _rate(SqliteInbox(database), ordered=ordered)


async def _postgres(url: str) -> float:
    from frontdesk.config.secrets import Secret
    from frontdesk.stores.postgres.database import Database
    from frontdesk.stores.postgres.inbox import PostgresInbox

    database = Database(Secret(url))
    try:
        return await _rate(PostgresInbox(database), ordered=True)
    finally:
        database.close()


async def _rate(store: InboxStore, *, ordered: bool) -> float:
    numbers = iter(range(CLAIMS))
    began = time.perf_counter()

    async def call() -> None:
        for number in numbers:
            id_ = f"{time.time_ns()}-{number:06}"  # in order, and others in each round
            if not ordered:
                id_ = sha256(id_.encode()).hexdigest()[:32]
            claim = Claim("shop", id_, BODY, DIGEST, type="a.b", state="processing")
            claimed = await store.claim(claim, now=NOW, until=NOW + 60)
            assert claimed.outcome == "fresh"

    await asyncio.gather(*(call() for _ in range(CALLERS)))
    return CLAIMS / (time.perf_counter() - began)
