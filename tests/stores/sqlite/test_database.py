import asyncio
import fcntl
import os
import signal
import sqlite3
import stat
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor, wait

import pytest

from frontdesk.base.clock import SystemClock
from frontdesk.base.errors import StartError, StoreError
from frontdesk.stores.sqlite.catalog import SqliteCatalog
from frontdesk.stores.sqlite.database import Database

WRITER = """
import asyncio, sys
from pathlib import Path
from frontdesk.base.clock import SystemClock
from frontdesk.stores.sqlite.catalog import SqliteCatalog
from frontdesk.stores.sqlite.database import Database

async def main():
    catalog = SqliteCatalog(Database.open(Path(sys.argv[1])), SystemClock())
    async def puts(name):
        number = 0
        while True:
            number += 1
            await catalog.put("n", name, {"n": number})
            print(name, number, flush=True)
    await asyncio.gather(*(puts(f"w{index}") for index in range(4)))

asyncio.run(main())
"""


@pytest.fixture
def path(tmp_path):
    return tmp_path / "state" / "frontdesk.db"


@pytest.fixture
def database(path):
    database = Database.open(path)
    yield database
    database.close()


def test_a_process_killed_in_the_middle_of_puts_loses_none_it_acknowledged(path):
    with subprocess.Popen(
        [sys.executable, "-c", WRITER, str(path)], stdout=subprocess.PIPE, text=True
    ) as writer:
        lines = [writer.stdout.readline() for _ in range(100)]
        writer.send_signal(signal.SIGKILL)
        lines += writer.stdout.readlines()
    acknowledged = {}
    for line in lines:
        if line.endswith("\n"):
            name, number = line.split()
            acknowledged[name] = int(number)
    assert len(acknowledged) == 4

    database = Database.open(path)
    catalog = SqliteCatalog(database, SystemClock())
    kept = {record.key: record.document["n"] for record in asyncio.run(_list(catalog, "n"))}
    database.close()
    for name, number in acknowledged.items():
        assert number <= kept[name] <= number + 1


async def _list(catalog, kind):
    return await catalog.list(kind)


def test_only_the_owner_can_read_the_file_and_what_sqlite_puts_beside_it(database, path):
    modes = {stat.S_IMODE(file.stat().st_mode) for file in path.parent.iterdir()}
    assert modes == {0o600}


async def test_a_commit_waits_for_the_disk_and_readers_are_not_held_up(database):
    def pragma(name):
        return lambda connection: connection.execute(f"PRAGMA {name}").fetchone()[0]

    assert await database.read(pragma("journal_mode")) == "wal"
    assert await database.read(pragma("synchronous")) == 2  # FULL


async def test_the_data_is_there_when_the_file_is_opened_again(path):
    for number in range(2):
        database = Database.open(path)
        record = await SqliteCatalog(database, SystemClock()).put("f", "a", {})
        database.close()
        assert record.version == number + 1


async def test_what_one_turn_of_the_loop_asks_for_is_one_transaction(database):
    begun = []
    database._connection.set_trace_callback(lambda text: begun.append(text.startswith("BEGIN")))

    async def ask():
        os.sched_yield()  # lets the thread of the store in
        return await database.write(lambda connection: connection.execute("SELECT 1").fetchone())

    assert await asyncio.gather(*(ask() for _ in range(50))) == [(1,)] * 50
    assert begun.count(True) == 1


async def test_what_was_asked_for_is_done_before_it_closes(path):
    database = Database.open(path)
    asked = asyncio.ensure_future(SqliteCatalog(database, SystemClock()).put("f", "a", {}))
    await asyncio.sleep(0)
    database.close()
    assert (await asked).version == 1


async def test_what_work_raises_undoes_its_own_changes_only(database):
    def insert(key):
        return lambda connection: connection.execute(
            "INSERT INTO catalog VALUES ('k', ?, 1, 0, x'7b7d')", (key,)
        )

    def half(connection):
        insert("half")(connection)
        raise ValueError("no")

    results = await asyncio.gather(
        database.write(insert("a")),
        database.write(half),
        database.write(insert("b")),
        return_exceptions=True,
    )
    assert isinstance(results[1], ValueError)
    rows = await database.read(
        lambda connection: connection.execute("SELECT key FROM catalog").fetchall()
    )
    assert rows == [("a",), ("b",)]


async def test_a_full_disk_is_a_clear_error_and_the_store_goes_on_when_there_is_room(database):
    def pages(count):
        return lambda connection: connection.execute(f"PRAGMA max_page_count = {count}").fetchone()

    catalog = SqliteCatalog(database, SystemClock())
    await catalog.put("f", "a", {"n": 1})
    await database.read(pages(1))
    with pytest.raises(StoreError, match="full"):
        await catalog.put("f", "big", {"text": "x" * 100_000})
    assert await catalog.get("f", "big") is None
    await database.read(pages(1_000_000))
    await catalog.put("f", "big", {"text": "x" * 100_000})
    assert (await catalog.get("f", "a")).document == {"n": 1}


def test_who_opens_a_store_waits_for_another_one_who_does(path):
    path.parent.mkdir()
    folder = os.open(path.parent, os.O_RDONLY)
    fcntl.flock(folder, fcntl.LOCK_EX)  # what a process that makes the store holds
    with ThreadPoolExecutor(1) as threads:
        opening = threads.submit(Database.open, path)
        assert wait([opening], timeout=0.3).not_done
        os.close(folder)
        opening.result().close()


def _garbage(path):
    path.write_bytes(b"no database at all, but text that is long enough" * 100)


def _newer(path):
    with sqlite3.connect(path) as connection:
        connection.execute("PRAGMA user_version = 99")
    connection.close()


@pytest.mark.parametrize(
    ("spoil", "message"),
    [
        pytest.param(_garbage, "not a database", id="not-a-database"),
        pytest.param(_newer, "made by a newer Frontdesk", id="newer"),
        pytest.param(lambda path: path.mkdir(), "unable to open", id="a-folder"),
    ],
)
def test_a_file_that_cannot_be_used_is_named(path, spoil, message):
    path.parent.mkdir()
    spoil(path)
    with pytest.raises(StartError, match=message) as raised:
        Database.open(path)
    assert str(path) in raised.value.message


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write everywhere")
def test_a_folder_that_cannot_be_written_is_named(tmp_path):
    tmp_path.chmod(0o500)
    with pytest.raises(StartError, match="cannot use the store"):
        Database.open(tmp_path / "state" / "frontdesk.db")
