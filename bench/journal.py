"""Owns the row of the journal: appends of many callers on a disk, committed in groups, on one core."""

import asyncio
import os
import tempfile
import time
from pathlib import Path

from bench.figures import Figure, Finding, at_least
from bench.result import Bench, Result
from frontdesk.ports.journal import Append, Journal, Start, Status

CALLERS = 200
EXECUTIONS = 4000
TASKS = "ABC"
"""States of one execution: with its start, that makes four appends."""

NOW = 1.7e9


def journal_row(bench: Bench) -> Result:
    """Write executions of three tasks to SQLite with FULL, 200 at a time, on one core."""
    cores = os.sched_getaffinity(0)
    os.sched_setaffinity(0, {min(cores)})
    try:
        rounds = [asyncio.run(_executions()) for _ in range(bench.effort.rounds)]
    finally:
        os.sched_setaffinity(0, cores)
    appends = [each * (len(TASKS) + 1) for each in rounds]
    note = "the journal alone: nothing is interpreted and no task is run"
    return Result(
        [
            Finding("executions of three tasks", Figure.of(rounds), "/s", at_least(1600), note),
            Finding("appends", Figure.of(appends), "/s"),
        ]
    )


async def _executions() -> float:
    """Write all executions; return how many in a second."""
    from frontdesk.stores.sqlite.database import Database
    from frontdesk.stores.sqlite.journal import SqliteJournal

    with tempfile.TemporaryDirectory() as folder:
        database = Database.open(Path(folder) / "frontdesk.db")
        journal = SqliteJournal(database)
        owner = await journal.join(until=NOW + 10)
        numbers = iter(range(EXECUTIONS))

        async def call() -> None:
            for number in numbers:
                await _execution(journal, owner, number)

        began = time.perf_counter()
        await asyncio.gather(*(call() for _ in range(CALLERS)))
        took = time.perf_counter() - began
        database.close()
    return EXECUTIONS / took


async def _execution(journal: Journal, owner: int, number: int) -> None:
    order = {"order": number, "amount": 12.5, "customer": {"name": "Ada O'Neill"}}
    started = await journal.start(
        Start(
            kind="charge",
            name=f"e-{number}",
            digest=bytes(32),
            time=NOW + number / 1000,
            status=Status("RUNNING"),
            owner=owner,
            events=[{"type": "Started", "input": order}, {"type": "Entered", "state": "A"}],
            commands={"e:A:1": {"invoke": "pay", "arguments": order}},
            timers={"e:A:1": NOW + 60},
        )
    )
    seq = started.stream.seq
    for state, following in zip(TASKS, [*TASKS[1:], None], strict=True):
        key, next_key = f"e:{state}:1", f"e:{following}:1"
        seq = await journal.append(
            Append(
                stream=started.stream.id,
                owner=owner,
                expect_seq=seq,
                events=[{"type": "Succeeded", "output": order}, {"type": "Exited", "state": state}],
                done=[key],
                timers={key: None} | ({next_key: NOW + 60} if following else {}),
                commands={next_key: {"invoke": "pay", "arguments": order}} if following else {},
                status=None if following else Status("SUCCEEDED", NOW + 1),
                hold=following is not None,
            )
        )
