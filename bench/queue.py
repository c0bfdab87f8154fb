"""Owns the row of queues: messages of many callers on a disk, committed in groups, on one core."""

import asyncio
import os
import tempfile
import time
from collections.abc import Awaitable, Callable
from contextlib import AsyncExitStack
from pathlib import Path

import uvloop

from bench.figures import Figure, Finding, at_least
from bench.postgres import postgres
from bench.result import Bench, Result
from frontdesk.app.collector import begin_to_serve
from frontdesk.ports.queue import Outgoing, Queue, QueueStore

CALLERS = 100
MESSAGES = 20_000
BODY = b"x" * 256

NOW = 1.7e9
CALLS = Queue("calls")


def queue_row(bench: Bench) -> Result:
    """Send, then receive and delete one by one, 100 at a time, on one core; the server has the other one."""
    cores = os.sched_getaffinity(0)
    findings = []
    with postgres() as url:
        os.sched_setaffinity(0, {min(cores)})
        begin_to_serve()  # as `frontdesk run` does
        try:
            for store in ("SQLite", "PostgreSQL"):
                rounds = [uvloop.run(_round(store, url)) for _ in range(bench.effort.rounds)]
                sent, received = zip(*rounds, strict=True)
                findings += [
                    Finding(f"sends, {store}", Figure.of(sent), "/s", at_least(20_000)),
                    Finding(
                        f"receives and deletions, {store}",
                        Figure.of(received),
                        "/s",
                        at_least(10_000),
                    ),
                ]
        finally:
            os.sched_setaffinity(0, cores)
    return Result(findings)


async def _round(store: str, url: str) -> tuple[float, float]:
    """Send all messages, and receive and delete them; return how many of both in a second."""
    async with AsyncExitStack() as opened:
        queues = _open(store, url, opened)

        async def send(number: int) -> None:
            message = Outgoing(f"{number:036}", BODY)
            await queues.send(CALLS, [message], now=NOW)

        async def receive(_number: int) -> None:
            (message,) = (await queues.receive(CALLS, most=1, now=NOW)).messages
            await queues.delete(CALLS, [message.receipt], now=NOW)

        return await _rate(send), await _rate(receive)


def _open(store: str, url: str, opened: AsyncExitStack) -> QueueStore:
    if store == "SQLite":
        from frontdesk.stores.sqlite.database import Database
        from frontdesk.stores.sqlite.queue import SqliteQueues

        folder = opened.enter_context(tempfile.TemporaryDirectory())
        database = Database.open(Path(folder) / "frontdesk.db")
        opened.callback(database.close)
        return SqliteQueues(database)
    from frontdesk.config.secrets import Secret
    from frontdesk.stores.postgres.database import Database as PostgresDatabase
    from frontdesk.stores.postgres.queue import PostgresQueues

    server = PostgresDatabase(Secret(url))
    opened.callback(server.close)
    return PostgresQueues(server)


async def _rate(work: Callable[[int], Awaitable[None]]) -> float:
    numbers = iter(range(MESSAGES))

    async def call() -> None:
        for number in numbers:
            await work(number)

    began = time.perf_counter()
    await asyncio.gather(*(call() for _ in range(CALLERS)))
    return MESSAGES / (time.perf_counter() - began)
