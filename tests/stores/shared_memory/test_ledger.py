"""What SharedLedger does beyond the conformance suite: several processes, one that dies, bounded memory."""

import os
import signal
import subprocess
import sys
from itertools import count
from textwrap import dedent

import pytest

from frontdesk.ports.ledger import Rule
from frontdesk.stores.shared_memory.ledger import SharedLedger, create_memory

DAILY = Rule("daily", limit=1, window=86400.0, burst=1)
SECOND = Rule("second", limit=1, window=1.0, burst=1)
START = 1000.0

PLACES = 64


@pytest.fixture
def memory():
    descriptor = create_memory(PLACES)
    yield descriptor
    os.close(descriptor)


@pytest.fixture
def ledger(memory):
    ledger = SharedLedger(memory)
    yield ledger
    ledger.close()


def start(memory, program):
    """Run a program in a process of its own, with `ledger` and Rule at hand."""
    before = f"""
        import os, signal, sys
        from frontdesk.ports.ledger import Rule
        from frontdesk.stores.shared_memory.ledger import SharedLedger
        ledger = SharedLedger({memory})
    """
    return subprocess.Popen(
        [sys.executable, "-c", dedent(before) + dedent(program)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        pass_fds=[memory],
    )


def end(process, said=b""):
    """Let it go on; return what it has written and its exit code."""
    written, _ = process.communicate(said, timeout=60)
    return written.decode(), process.returncode


# -- several processes ----------------------------------------------------------------------------------


def test_of_one_burst_four_processes_get_exactly_what_it_holds(memory):
    taker = """
        route = Rule("route", limit=1, window=86400.0, burst=20_000)
        key = Rule("key", limit=1, window=86400.0, burst=6_000)
        print("ready", flush=True)
        sys.stdin.read()
        got = [0] * 4
        for n in range(8_000):
            got[n % 4] += ledger.try_take_all([("route", route), (f"key {n % 4}", key)], 1000.0)[1].allowed
        print(*got)
    """
    processes = [start(memory, taker) for _ in range(4)]
    for process in processes:
        assert process.stdout.readline() == b"ready\n"
    for process in processes:  # they begin together
        process.stdin.close()
        process.stdin = None
    got = [list(map(int, end(process)[0].split())) for process in processes]
    by_key = [sum(counts) for counts in zip(*got, strict=True)]
    assert sum(by_key) == 20_000
    assert max(by_key) <= 6_000


def test_a_process_with_an_older_clock_reading_is_not_given_more(memory, ledger):
    other = SharedLedger(memory)
    assert ledger.try_take("k", SECOND, 1, START + 1).allowed
    assert not other.try_take("k", SECOND, 1, START).allowed
    other.close()


# -- one that is killed ---------------------------------------------------------------------------------

KILLED = """
    class Deadly:
        def __init__(self, tats, writes):
            self.tats, self.writes = tats, writes
        def __getitem__(self, place):
            return self.tats[place]
        def __setitem__(self, place, tat):
            if not self.writes:
                os.kill(os.getpid(), signal.SIGKILL)
            self.writes -= 1
            self.tats[place] = tat

    daily = Rule("daily", limit=1, window=86400.0, burst=1)
    ledger.try_take("known", daily, 0, 1000.0)
    ledger._tats = Deadly(ledger._tats, WRITES)
    ledger.try_take_all([("known", daily), ("new", daily), ("newer", daily)], 1000.0)
"""


@pytest.mark.parametrize("writes", [0, 1, 2])
def test_a_holder_killed_between_its_writes_leaves_the_table_valid_and_the_lock_free(
    memory, ledger, writes
):
    process = start(memory, KILLED.replace("WRITES", str(writes)))
    assert end(process)[1] == -signal.SIGKILL
    keys = ["known", "new", "newer"]
    # What it had not written yet is as if it had not been asked; each bucket holds one more at most.
    left = [ledger.try_take(key, DAILY, 1, START).allowed for key in keys]
    assert left == [False] * writes + [True] * (3 - writes)
    assert not any(ledger.try_take(key, DAILY, 1, START).allowed for key in keys)


# -- bounded memory ---------------------------------------------------------------------------------------


def test_full_buckets_give_their_place_to_newcomers(memory, ledger):
    size = os.fstat(memory).st_size
    for n in range(50 * PLACES):
        now = START + 1.1 * n
        assert ledger.try_take(f"k{n}", SECOND, 1, now).allowed
        assert not ledger.try_take(f"k{n}", SECOND, 1, now).allowed
    assert os.fstat(memory).st_size == size


def test_a_flood_of_invented_keys_makes_it_forget_no_count(ledger):
    first = [f"first {n}" for n in range(PLACES // 4)]
    assert all(ledger.try_take(key, DAILY, 1, START).allowed for key in first)
    flood = [ledger.try_take(f"k{n}", DAILY, 1, START).allowed for n in range(20 * PLACES)]
    assert not any(ledger.try_take(key, DAILY, 1, START).allowed for key in first)
    # Each place admits one, and the shared bucket one more.
    assert sum(flood) <= 2 * PLACES + 1
    assert not ledger.try_take("another", DAILY, 1, START).allowed
    assert ledger.try_take("of another rule", SECOND, 1, START).allowed


def test_all_or_nothing_holds_for_those_that_share_a_bucket(ledger):
    for n in range(20 * PLACES):
        ledger.try_take(f"k{n}", DAILY, 1, START)
    wide = Rule("wide", limit=1, window=86400.0, burst=5)
    for _ in range(3):
        claims = [("wide", wide), ("another", DAILY)]
        assert ledger.try_take_all(claims, START)[0] == 1
    assert ledger.try_take("wide", wide, 0, START).remaining == 5


def test_a_newcomer_does_not_take_the_place_of_a_key_of_the_same_attempt(ledger):
    def place(key):
        return ledger._first(ledger._digest(key), SECOND)

    assert ledger.try_take("known", SECOND, 1, START).allowed
    newcomer = next(key for n in count() if place(key := f"k{n}") == place("known"))
    claims = [(newcomer, SECOND), ("known", SECOND)]
    later = START + 2.0  # "known" is full again, and so as good as absent
    assert ledger.try_take_all(claims, later)[1].allowed
    assert not any(ledger.try_take(key, SECOND, 1, later).allowed for key, _ in claims)


def test_a_client_cannot_aim_at_a_place(ledger):
    other_memory = create_memory(PLACES)
    other = SharedLedger(other_memory)
    try:
        assert ledger._digest("k") != other._digest("k")
    finally:
        other.close()
        os.close(other_memory)
