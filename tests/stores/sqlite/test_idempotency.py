"""Idempotency keys in SQLite: exact across processes, there after a crash."""

import signal
import subprocess
import sys
from textwrap import dedent

import pytest

from frontdesk.base.errors import StoreError
from frontdesk.ports.idempotency import Answer, Key
from frontdesk.stores.sqlite.idempotency import SqliteIdempotency

NOW = 1_700_000_000.0
KEYS = 30

CLAIMING = dedent(
    """
    import asyncio, pathlib, sys
    from frontdesk.ports.idempotency import Key
    from frontdesk.stores.sqlite.idempotency import SqliteIdempotency

    async def claim_all():
        store = SqliteIdempotency(pathlib.Path(sys.argv[1]))
        times = {"now": float(sys.argv[3]), "lease": 2e9, "expires": 3e9}
        print("ready", flush=True)
        sys.stdin.readline()
        claims = await asyncio.gather(
            *(store.claim(Key("s", str(at)), b"f", **times) for at in range(int(sys.argv[2])))
        )
        print(sum(claim.state == "claimed" for claim in claims), flush=True)
        sys.stdin.readline()

    asyncio.run(claim_all())
    """
)


@pytest.fixture
def path(tmp_path):
    return tmp_path / "frontdesk.db"


@pytest.fixture
def claimers(path):
    """Processes that are ready to claim the same keys."""

    def start(count):
        command = [sys.executable, "-c", CLAIMING, path, str(KEYS), str(NOW)]
        for _ in range(count):
            pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "text": True}
            processes.append(subprocess.Popen(command, **pipes))
        for process in processes:
            assert process.stdout.readline() == "ready\n"
        return processes

    processes = []
    yield start
    for process in processes:
        process.kill()
        process.communicate()


def test_processes_claim_each_key_once(claimers):
    processes = claimers(3)
    for process in processes:
        process.stdin.write("go\n")
        process.stdin.flush()
    assert sum(int(process.stdout.readline()) for process in processes) == KEYS


async def test_what_was_claimed_is_claimed_after_a_kill(claimers, path):
    (process,) = claimers(1)
    process.stdin.write("go\n")
    process.stdin.flush()
    assert int(process.stdout.readline()) == KEYS
    process.send_signal(signal.SIGKILL)
    process.wait()
    store = SqliteIdempotency(path)
    claim = await store.claim(Key("s", "0"), b"f", now=NOW, lease=NOW + 1, expires=NOW + 1)
    assert claim.state == "in_progress"
    store.close()


async def test_answers_are_there_after_a_restart(path):
    store = SqliteIdempotency(path)
    key, answer = Key("s", "k"), Answer(201, [(b"A", b"b")], b"body")
    times = {"now": NOW, "lease": NOW + 1, "expires": NOW + 100}
    await store.finish(key, (await store.claim(key, b"f", **times)).epoch, answer)
    store.close()
    store = SqliteIdempotency(path)
    assert (await store.claim(key, b"f", **times)).answer == answer
    store.close()


async def test_expired_keys_leave_the_file(path):
    store = SqliteIdempotency(path)
    for at in range(40):
        await store.claim(Key("s", str(at)), b"f", now=NOW, lease=NOW + 1, expires=NOW + 5)
    for at in range(3):
        await store.claim(Key("t", str(at)), b"f", now=NOW + 5, lease=NOW + 9, expires=NOW + 99)
    rows = await store._database.read(
        lambda connection: connection.execute("SELECT count(*) FROM idempotency").fetchone()
    )
    assert rows == (3,)
    store.close()


async def test_a_file_that_cannot_be_opened_is_an_error_and_tried_again(tmp_path):
    folder = tmp_path / "data"
    folder.write_text("in the way")
    store = SqliteIdempotency(folder / "frontdesk.db")
    times = {"now": NOW, "lease": NOW + 1, "expires": NOW + 5}
    for _ in range(2):
        with pytest.raises(StoreError):
            await store.claim(Key("s", "k"), b"f", **times)
    folder.unlink()
    assert (await store.claim(Key("s", "k"), b"f", **times)).state == "claimed"
    store.close()


def test_one_that_was_never_used_opens_nothing(path):
    SqliteIdempotency(path).close()
    assert not path.exists()
