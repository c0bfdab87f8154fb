import asyncio
import builtins
import threading

import pytest

from frontdesk.base.clock import SystemClock
from frontdesk.base.errors import StartError, StoreError
from frontdesk.base.wheel import Wheel
from frontdesk.config.secrets import Secret
from frontdesk.stores.postgres.catalog import PostgresCatalog
from frontdesk.stores.postgres.database import MOST, Database
from tests.live.servers import emptied, postgres_server, postgres_url


@pytest.fixture
async def database():
    async with emptied(postgres_url()) as database:
        yield database


async def new_database(database, name):
    """Make an empty database beside the usual one; return its URL."""
    await database.run(lambda c: c.execute(f"DROP DATABASE IF EXISTS {name} WITH (FORCE)"))
    await database.run(lambda connection: connection.execute(f"CREATE DATABASE {name}"))
    return Secret(postgres_url().replace("/postgres", f"/{name}"))


async def test_gateways_that_start_together_make_the_schema_once(database):
    url = await new_database(database, "together")
    several = [Database(url) for _ in range(5)]
    await asyncio.gather(*(each.open() for each in several))
    count = "SELECT count(*) FROM frontdesk_schema"
    assert await several[0].run(lambda connection: connection.fetchval(count)) == 1
    for each in several:
        each.close()


async def test_a_schema_of_a_newer_frontdesk_is_left_alone(database):
    url = await new_database(database, "newer")
    first = Database(url)
    await first.open()
    await first.run(lambda c: c.execute("UPDATE frontdesk_schema SET version = 99"))
    first.close()
    with pytest.raises(StartError, match="made by a newer Frontdesk") as raised:
        await Database(url).open()
    assert "start that version" in raised.value.hint


async def test_a_server_that_says_nothing_is_told_of(database):
    async def work(connection):
        raise TimeoutError

    with pytest.raises(StoreError, match="did not do it: no answer") as raised:
        await database.run(work)
    assert "`frontdesk doctor` asks the PostgreSQL of `store`" in raised.value.hint


async def test_what_raises_in_a_transaction_undoes_all_of_it(database):
    catalog = PostgresCatalog(database, SystemClock(), Wheel(0.0))

    async def work(connection):
        await connection.execute("INSERT INTO frontdesk_changes VALUES ('f', 7)")
        raise ValueError

    with pytest.raises(ValueError):
        await database.write(work)
    assert await database.run(lambda c: c.fetch("SELECT * FROM frontdesk_changes")) == []
    await catalog.put("f", "a", {})


async def test_more_at_once_than_there_are_connections_wait(database):
    seen = await asyncio.gather(
        *(
            database.run(lambda connection: connection.fetchval("SELECT pg_backend_pid()"))
            for _ in range(5 * MOST)
        )
    )
    assert len(set(seen)) <= MOST


async def test_work_that_is_cancelled_leaves_no_connection_in_the_middle_of_it(database):
    task = asyncio.create_task(database.run(lambda c: c.execute("SELECT pg_sleep(60)")))
    running = "SELECT count(*) FROM pg_stat_activity WHERE query = 'SELECT pg_sleep(60)'"
    while not await database.run(lambda connection: connection.fetchval(running)):
        pass
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    for _ in range(2 * MOST):
        assert await database.run(lambda connection: connection.fetchval("SELECT 1")) == 1


async def test_a_connection_that_is_given_up_between_two_statements_is_a_store_error(database):
    end = "SELECT pg_terminate_backend($1, 30000)"

    async def end_from_elsewhere(pid):
        other = Database(Secret(postgres_url()))
        assert await other.run(lambda connection: connection.fetchval(end, pid))
        other.close()

    def stand_still_until_it_is_over(pid):
        elsewhere = threading.Thread(target=lambda: asyncio.run(end_from_elsewhere(pid)))
        elsewhere.start()
        elsewhere.join()

    async def work(connection):
        pid = connection.get_server_pid()
        asyncio.get_running_loop().call_soon(stand_still_until_it_is_over, pid)
        await connection.execute("SELECT 1")  # its answer and the end are read at once

    with pytest.raises(StoreError, match="the store did not do it"):
        await database.write(work)
    assert await database.run(lambda connection: connection.fetchval("SELECT 1")) == 1


async def test_a_server_that_is_killed_fails_what_is_asked_and_then_serves_again():
    with postgres_server() as server:
        database = Database(Secret(server.url))
        catalog = PostgresCatalog(database, SystemClock(), Wheel(0.0))
        await catalog.put("f", "a", {"n": 1})
        server.kill()
        with pytest.raises(StoreError, match="the store did not do it"):
            await catalog.put("f", "a", {"n": 2})
        server.start()
        assert (await catalog.get("f", "a")).document == {"n": 1}
        database.close()


async def test_a_user_who_may_make_nothing_is_told_what_is_needed(database):
    async def without_rights(connection):
        await connection.execute("DROP ROLE IF EXISTS weak")
        await connection.execute("CREATE ROLE weak LOGIN PASSWORD 's3cret'")

    url = await new_database(database, "rightless")
    await database.run(without_rights)
    weak = Database(Secret(url.reveal().replace("//frontdesk:", "//weak:")))
    with pytest.raises(StartError, match="permission denied") as raised:
        await weak.open()
    assert "makes tables and functions" in raised.value.hint


async def test_a_wrong_password_is_a_start_error_that_does_not_show_it():
    url = postgres_url().replace("s3cret", "wr0ng")
    with pytest.raises(StartError, match="cannot use the store") as raised:
        await Database(Secret(url)).open()
    assert "wr0ng" not in f"{raised.value} {raised.value.__cause__}"


def test_a_missing_driver_is_a_start_error_with_the_command(monkeypatch):
    def without(name, *arguments, **keywords):
        if name == "asyncpg":
            raise ImportError(name)
        return real(name, *arguments, **keywords)

    real = builtins.__import__
    monkeypatch.setattr(builtins, "__import__", without)
    with pytest.raises(StartError) as raised:
        Database(Secret("postgresql://localhost"))
    assert raised.value.hint == "pip install 'frontdesk[postgres]'"


async def test_what_another_gateway_changes_is_told(database):
    now = 1000.0
    clock = SystemClock()
    clock.monotonic = lambda: now
    wheel = Wheel(now)
    mine = PostgresCatalog(database, clock, wheel)
    other = PostgresCatalog(database, clock, Wheel(now))
    told = []
    mine.watch("api_key", lambda: told.append("api_key"))
    mine.watch("config", lambda: told.append("config"))

    async def look():
        nonlocal now
        now += 2.0
        wheel.advance(now)
        await asyncio.gather(mine._looking)

    await look()
    told.clear()
    await look()
    assert told == []
    await other.put("api_key", "k", {})
    await look()
    assert told == ["api_key"]
    mine.close()


async def test_commits_wait_for_the_disk_even_where_the_server_is_set_not_to():
    async with emptied(postgres_url()) as database:
        set_off = "ALTER ROLE frontdesk SET synchronous_commit = 'off'"
        await database.run(lambda connection: connection.execute(set_off))
        other = Database(Secret(postgres_url()))
        found = await other.run(lambda connection: connection.fetchval("SHOW synchronous_commit"))
        other.close()
        reset = "ALTER ROLE frontdesk RESET synchronous_commit"
        await database.run(lambda connection: connection.execute(reset))
    assert found == "on"
