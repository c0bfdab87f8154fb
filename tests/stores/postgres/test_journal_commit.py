import asyncio

import asyncpg
import pytest

from frontdesk.base.errors import StoreError
from frontdesk.config.secrets import Secret
from frontdesk.ports.journal import Append, FencedError, SequenceError, Start, Status
from frontdesk.stores.postgres.database import Database
from frontdesk.stores.postgres.journal import PostgresJournal
from tests.live.servers import emptied, postgres_url

NOW = 1_700_000_000.0


@pytest.fixture
async def database():
    async with emptied(postgres_url()) as database:
        yield database


@pytest.fixture
def journal(database):
    return PostgresJournal(database)


@pytest.fixture
async def owner(journal):
    return await journal.join(until=NOW + 10)


@pytest.fixture
def other():
    """Yield the journal of another process."""
    database = Database(Secret(postgres_url()))
    yield PostgresJournal(database)
    database.close()


async def begun(journal, owner, name="a"):
    return (await started_at(journal, owner, name)).stream.id


async def started_at(journal, owner, name):
    start = Start(
        kind="k",
        name=name,
        digest=b"",
        time=NOW,
        status=Status("RUNNING"),
        owner=owner,
        events=[{"n": 1}],
    )
    return await journal.start(start)


async def append(journal, owner, stream, seq=1, **other):
    fields = {"events": [{"n": seq + 1}], **other}
    return await journal.append(Append(stream=stream, owner=owner, expect_seq=seq, **fields))


async def queries_of(database, work):
    """Run work on a connection that was in use; return the first words of what it has asked the server."""
    asked = []
    logger = asked.append
    await database.run(lambda connection: _do(connection.add_query_logger, logger))
    await work
    await database.run(lambda connection: _do(connection.remove_query_logger, logger))
    return [" ".join(each.query.split()[:2]).partition("(")[0] for each in asked]


async def _do(method, logger):
    method(logger)


async def test_a_commit_of_what_is_held_is_one_round_trip(database, journal, owner):
    stream = await begun(journal, owner)

    async def work():
        await append(journal, owner, stream)
        await append(journal, owner, stream, 2, hold=False)

    assert await queries_of(database, work()) == ["SELECT frontdesk_journal_change"] * 2


async def test_what_starts_and_what_goes_on_share_a_round_trip(database, journal, owner):
    stream = await begun(journal, owner)
    both = asyncio.gather(begun(journal, owner, "b"), append(journal, owner, stream))
    assert await queries_of(database, both) == ["SELECT frontdesk_journal_start"]
    assert both.result()[1] == 2


async def test_what_was_leased_goes_on_in_one_round_trip(database, journal, owner, other):
    await begun(journal, owner, "b")
    stream = await begun(other, await other.join(until=NOW))
    (leased,) = await journal.due(owner, now=NOW + 1, most=9)
    assert leased.stream.id == stream
    asked = await queries_of(database, append(journal, owner, stream))
    assert asked == ["SELECT frontdesk_journal_change"]


async def test_a_message_of_another_process_comes_between(journal, owner, other):
    stream = await begun(journal, owner)
    assert await other.post(stream, {"m": 1})
    assert await append(journal, owner, stream, timers={"t": NOW + 9}) == 2
    assert await other.post(stream, {"m": 2})
    assert await append(journal, owner, stream, 2, taken=1, hold=False) == 3
    (left,) = await other.due(await other.join(until=NOW + 10), now=NOW, most=9)
    assert [message.number for message in left.messages] == [2]
    assert left.timers == {"t": NOW + 9}


async def test_what_another_process_has_taken_over_is_refused(journal, owner, other):
    stream = await begun(journal, owner)
    theirs = await other.join(until=NOW + 30)
    await other.due(theirs, now=NOW + 20, most=9)
    with pytest.raises(FencedError):
        await append(journal, owner, stream)
    assert await append(other, theirs, stream) == 2


async def test_what_has_started_is_told_so_whatever_becomes_of_the_rest(
    database, journal, owner, monkeypatch
):
    async def deadlock(_work):
        raise StoreError("no") from asyncpg.DeadlockDetectedError("no")

    monkeypatch.setattr(database, "write", deadlock)
    post, started = await asyncio.gather(
        journal.post(99_999, {"m": 1}), started_at(journal, owner, "b"), return_exceptions=True
    )
    assert isinstance(post, StoreError)
    assert started.state == "started"


async def test_a_stale_append_spoils_none_that_is_committed_with_it(journal, owner, other):
    mine, theirs = await begun(journal, owner), await begun(journal, owner, "b")
    assert await other.post(theirs, {"m": 1})
    results = await asyncio.gather(
        append(journal, owner, mine),
        append(journal, owner, theirs, 7),
        begun(journal, owner, "c"),
        journal.post(mine, {"m": 1}),
        journal.post(99, {}),
        return_exceptions=True,
    )
    assert results[0] == 2
    assert isinstance(results[1], SequenceError)
    assert results[3:] == [True, False]
    assert await append(journal, owner, mine, 2) == 3


async def test_a_message_that_is_taken_at_once_is_kept_by_nobody(journal, owner):
    stream = await begun(journal, owner)
    await asyncio.gather(journal.post(stream, {"m": 1}), append(journal, owner, stream, taken=1))
    assert (await journal.load(stream)).messages == []


async def test_no_table_is_read_whole_by_what_was_planned_while_it_was_short(
    database, journal, owner
):
    await begun(journal, owner)
    await database.run(lambda connection: connection.execute("VACUUM ANALYZE"))
    scans = """
        SELECT coalesce(sum(seq_scan), 0) FROM pg_stat_xact_user_tables
        WHERE relname LIKE 'frontdesk_journal_%'
    """

    async def scanned(connection):
        async with connection.transaction():
            before = await connection.fetchval(scans)
            stream = (1,)
            change = [stream, *[()] * 20, stream, stream]
            parameters = ", ".join(f"${number}" for number in range(1, 24))
            call = f"SELECT frontdesk_journal_change({parameters})"
            await connection.fetchval(call, *change)
            return await connection.fetchval(scans) - before

    assert await database.run(scanned) == 0
