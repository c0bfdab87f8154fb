"""A SQLite file that is opened when something is asked of it: once, and again where it could not be."""

import asyncio

import pytest

from frontdesk.base.errors import StoreError
from frontdesk.stores.sqlite.database import Database
from frontdesk.stores.sqlite.late_database import LateDatabase


def one(connection):
    return connection.execute("SELECT 1").fetchone()


def test_one_that_was_never_asked_opens_nothing(tmp_path):
    LateDatabase(tmp_path / "frontdesk.db").close()
    assert not (tmp_path / "frontdesk.db").exists()


async def test_all_who_ask_at_once_have_it_opened_once(tmp_path, monkeypatch):
    opened = []

    def open_once(path):
        opened.append(path)
        return real(path)

    real = Database.open
    monkeypatch.setattr(Database, "open", open_once)
    database = LateDatabase(tmp_path / "frontdesk.db")
    assert await asyncio.gather(*(database.read(one) for _ in range(9))) == [(1,)] * 9
    assert opened == [tmp_path / "frontdesk.db"]
    database.close()


async def test_one_that_could_not_be_opened_is_tried_again(tmp_path):
    folder = tmp_path / "data"
    folder.write_text("in the way")
    database = LateDatabase(folder / "frontdesk.db")
    for _ in range(2):
        with pytest.raises(StoreError):
            await database.read(one)
    folder.unlink()
    assert await database.read(one) == (1,)
    database.close()


async def test_who_asks_a_closed_one_opens_it_again(tmp_path):
    database = LateDatabase(tmp_path / "frontdesk.db")
    await database.write(lambda connection: connection.execute("CREATE TABLE kept (number)"))
    database.close()
    assert await database.read(
        lambda connection: connection.execute("SELECT count(*) FROM kept").fetchone()
    ) == (0,)
    database.close()
