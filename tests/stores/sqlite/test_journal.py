"""What may befall the file of a journal."""

import asyncio
import contextlib
import sqlite3

import pytest

from frontdesk.base.errors import StoreError
from frontdesk.ports.journal import Append, FencedError, Filter, Start, Status
from frontdesk.stores.sqlite import database as database_module
from frontdesk.stores.sqlite.database import Database, damage
from frontdesk.stores.sqlite.journal import SqliteJournal
from tests.live.appending import NOW, all_there, append
from tests.live.disks import fill, small_disk


async def start(journal, owner, name="e-1", **other):
    fields = append(1) | other
    start = Start(
        kind="k", name=name, digest=b"", time=NOW, status=Status("RUNNING"), owner=owner, **fields
    )
    return (await journal.start(start)).stream


async def test_a_full_disk_refuses_appends_whole_and_they_go_on_when_there_is_room(tmp_path):
    with small_disk(tmp_path / "disk") as disk:
        database = Database.open(disk / "frontdesk.db")
        journal = SqliteJournal(database)
        owner = await journal.join(until=NOW + 10)
        stream = await start(journal, owner)
        fill(disk / "filler")
        number, seq = 1, stream.seq

        def add():
            fields = append(number + 1) | {"done": [f"c{number}"]}
            return journal.append(Append(stream=stream.id, owner=owner, expect_seq=seq, **fields))

        message = ""
        while not message:
            try:
                seq = await add()
                number += 1
            except StoreError as error:
                message = error.message
        assert "full" in message
        (disk / "filler").unlink()
        await all_there(journal, stream, number)
        assert await add() == seq + 2
        database.close()
        assert damage(disk / "frontdesk.db") == ""


async def test_what_has_no_room_is_refused_alone(tmp_path):
    database = Database.open(tmp_path / "frontdesk.db")
    journal = SqliteJournal(database)
    owner = await journal.join(until=NOW + 10)
    small, large = [await start(journal, owner, name) for name in ("small", "large")]
    await database.read(
        lambda connection: connection.execute("PRAGMA max_page_count = 40").fetchone()
    )
    results = await asyncio.gather(
        *(
            journal.append(
                Append(stream=each.id, owner=owner, expect_seq=2, events=[{"text": "x" * size}])
            )
            for each, size in [(large, 1_000_000), (small, 1)]
        ),
        return_exceptions=True,
    )
    assert isinstance(results[0], StoreError)
    assert results[1] == 3
    assert (await journal.load(large.id)).stream.seq == 2
    database.close()


@pytest.mark.parametrize("alone", [True, False], ids=["alone", "shared"])
async def test_who_is_alone_takes_over_what_the_dead_have_left_at_once(tmp_path, alone):
    path = tmp_path / "frontdesk.db"
    database = Database.open(path)
    former = SqliteJournal(database)
    left = await start(former, await former.join(until=NOW + 10), "left")
    database.close()

    database = Database.open(path)
    journal = SqliteJournal(database, alone=alone)
    owner = await journal.join(until=NOW + 10)
    found = await journal.due(owner, now=NOW, most=9)
    assert [each.stream.id for each in found] == ([left.id] if alone else [])
    other = await journal.join(until=NOW + 10)  # after that it is one who lives
    assert await journal.due(other, now=NOW, most=9) == []
    database.close()


async def test_what_others_have_written_meanwhile_counts(tmp_path):
    path = tmp_path / "frontdesk.db"
    databases = [Database.open(path) for _ in range(2)]
    ours, theirs = [SqliteJournal(each) for each in databases]
    owner = await ours.join(until=NOW + 10)
    stream = (await start(ours, owner, "shared")).id

    async def add(seq: int, **more):
        return await ours.append(
            Append(stream=stream, owner=owner, expect_seq=seq, events=[{"n": seq}], **more)
        )

    assert await add(2) == 3
    await theirs.post(stream, {"text": "hello"})
    assert await add(3, taken=1) == 4  # what was posted may be taken
    assert (await ours.load(stream)).messages == []

    other = await theirs.join(until=NOW + 20)
    assert [each.stream.id for each in await theirs.due(other, now=NOW + 10, most=9)] == [stream]
    with pytest.raises(FencedError):
        await add(4)
    assert (await theirs.load(stream)).stream.seq == 4
    for each in databases:
        each.close()


async def test_a_damaged_file_is_a_clear_error(tmp_path):
    path = tmp_path / "frontdesk.db"
    database = Database.open(path)
    journal = SqliteJournal(database)
    owner = await journal.join(until=NOW + 10)
    for number in range(50):
        await start(journal, owner, f"e-{number}", events=[{"text": "x" * 2000}])
    database.close()
    with contextlib.closing(sqlite3.connect(path)) as connection:
        (size,) = connection.execute("PRAGMA page_size").fetchone()
        roots = connection.execute(
            "SELECT rootpage FROM sqlite_schema WHERE tbl_name LIKE 'journal%' AND rootpage > 0"
        ).fetchall()
    with path.open("r+b") as file:  # the names of the tables stay as they were
        for (page,) in roots:
            file.seek((page - 1) * size)
            file.write(b"\xa5" * size)

    assert damage(path)
    database = Database.open(path)
    journal = SqliteJournal(database)
    for refused in (
        journal.load(1),
        journal.list(Filter(kind="k"), most=9),
        journal.append(Append(stream=1, owner=owner, expect_seq=1, events=[{}])),
        journal.due(owner, now=NOW, most=9),
    ):
        with pytest.raises(StoreError, match="malformed"):
            await refused
    database.close()


async def test_a_file_of_a_former_version_keeps_its_streams(tmp_path, monkeypatch):
    with monkeypatch.context() as former:
        former.setattr(database_module, "_MIGRATIONS", database_module._MIGRATIONS[:9])
        database = Database.open(tmp_path / "frontdesk.db")
        journal = SqliteJournal(database)
        owner = await journal.join(until=NOW + 10)
        stream = await start(journal, owner)
        fields = append(2)
        await journal.append(Append(stream=stream.id, owner=owner, expect_seq=stream.seq, **fields))
        before = await journal.load(stream.id)
        database.close()
    database = Database.open(tmp_path / "frontdesk.db")
    journal = SqliteJournal(database)
    assert await journal.load(stream.id) == before
    assert await journal.read(stream.id, 1, 9) == [*append(1)["events"], *append(2)["events"]]
    database.close()
