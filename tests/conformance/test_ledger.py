"""What every Ledger must do. An adapter joins by a row in ADAPTERS."""

import asyncio
import os
from collections.abc import Callable
from fractions import Fraction

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, rule, run_state_machine_as_test

from frontdesk.ports.ledger import Ledger, Rule
from frontdesk.stores.memory.ledger import MemoryLedger
from frontdesk.stores.shared_memory.ledger import SharedLedger, create_memory


class Mapped(SharedLedger):
    """A SharedLedger with memory of its own."""

    def __init__(self):
        descriptor = create_memory(places=256)
        super().__init__(descriptor)
        os.close(descriptor)

    def __del__(self):
        self.close()


ADAPTERS: dict[str, Callable[[], Ledger]] = {"memory": MemoryLedger, "shared memory": Mapped}

START = 1000.0
STEP = 2.0**-13  # exact in floats

FAST = Rule("fast", limit=10, window=1.0, burst=3)
SLOW = Rule("slow", limit=3, window=1.0, burst=1)
WIDE = Rule("wide", limit=100, window=1.0, burst=20)


@pytest.fixture(params=ADAPTERS.values(), ids=ADAPTERS, scope="module")
def make(request):
    return request.param


@pytest.fixture
def ledger(make):
    return make()


def test_burst_passes_then_the_next_is_refused(ledger):
    grants = [ledger.try_take("k", FAST, 1, START) for _ in range(4)]
    assert [grant.allowed for grant in grants] == [True, True, True, False]
    assert [grant.remaining for grant in grants] == [2, 1, 0, 0]
    assert grants[-1].retry_after == pytest.approx(0.1)
    assert grants[-1].reset == pytest.approx(0.3)


def test_refused_attempts_consume_nothing(ledger):
    for _ in range(3):
        ledger.try_take("k", FAST, 1, START)
    for _ in range(50):
        assert not ledger.try_take("k", FAST, 1, START).allowed
    assert ledger.try_take("k", FAST, 1, START + 0.101).allowed


def test_waiting_for_retry_after_is_enough(ledger):
    for _ in range(3):
        ledger.try_take("k", FAST, 1, START)
    wait = ledger.try_take("k", FAST, 1, START).retry_after
    assert ledger.try_take("k", FAST, 1, START + wait + 1e-6).allowed


def test_more_than_the_burst_never_passes(ledger):
    assert not ledger.try_take("k", FAST, 4, START).allowed
    assert ledger.try_take("k", FAST, 3, START).allowed


def test_keys_do_not_share(ledger):
    assert ledger.try_take("a", SLOW, 1, START).allowed
    assert ledger.try_take("b", SLOW, 1, START).allowed
    assert not ledger.try_take("a", SLOW, 1, START).allowed


def test_all_or_nothing(ledger):
    claims = [("wide", WIDE), ("slow", SLOW)]
    assert ledger.try_take_all(claims, START)[1].allowed
    index, grant = ledger.try_take_all(claims, START)
    assert (index, grant.allowed) == (1, False)
    assert ledger.try_take("wide", WIDE, 0, START).remaining == 19


def test_the_tightest_limit_is_reported(ledger):
    claims = [("wide", WIDE), ("fast", FAST)]
    index, grant = ledger.try_take_all(claims, START)
    assert (index, grant.remaining) == (1, 2)


def test_of_several_refusals_the_longest_wait_is_reported(ledger):
    ledger.try_take("fast", FAST, 3, START)
    ledger.try_take("slow", SLOW, 1, START)
    index, grant = ledger.try_take_all([("fast", FAST), ("slow", SLOW), ("wide", WIDE)], START)
    assert index == 1
    assert grant.retry_after == pytest.approx(1 / 3)


async def test_concurrent_takers_get_exactly_the_burst(ledger):
    limit = Rule("r", limit=1, window=3600.0, burst=100)
    granted = 0

    async def taker():
        nonlocal granted
        for _ in range(10):
            granted += ledger.try_take("k", limit, 1, START).allowed
            await asyncio.sleep(0)

    await asyncio.gather(*(taker() for _ in range(50)))
    assert granted == 100


async def test_concurrent_takers_of_several_limits_get_exactly_the_smallest(ledger):
    each = Rule("each", limit=1, window=3600.0, burst=15)
    whole = Rule("whole", limit=1, window=3600.0, burst=40)
    granted = dict.fromkeys("abcd", 0)

    async def taker(name):
        for _ in range(10):
            claims = [("whole", whole), (name, each)]
            granted[name] += ledger.try_take_all(claims, START)[1].allowed
            await asyncio.sleep(0)

    await asyncio.gather(*(taker(name) for name in "abcd" * 5))
    assert sum(granted.values()) == 40
    assert max(granted.values()) <= 15
    # What the whole refused has not been taken from anyone's own limit.
    for name, count in granted.items():
        assert ledger.try_take(name, each, 0, START).remaining == 15 - count


@given(
    st.lists(st.tuples(st.integers(0, 2000), st.integers(0, 3)), max_size=60),
    st.integers(1, 200),
    st.integers(1, 10),
)
def test_no_window_of_time_admits_more_than_the_rule(make, attempts, limit, burst):
    """Whatever the takers and their interleaving: at most burst + elapsed * rate in every window."""
    ledger = make()
    limited = Rule("r", limit, 1.0, burst)
    now, admitted = START, []
    for pause, _taker in attempts:
        now += pause * STEP
        if ledger.try_take("k", limited, 1, now).allowed:
            admitted.append(now)
    for first in range(len(admitted)):
        for last in range(first, len(admitted)):
            elapsed = Fraction(admitted[last]) - Fraction(admitted[first])
            # 1e-6: instants are cut to nanoseconds
            assert last - first + 1 <= burst + elapsed * limit + Fraction(1, 10**6)


class Buckets:
    """The model: textbook token buckets in exact fractions."""

    def __init__(self):
        self.state = {}

    def tokens(self, key, limited, instant):
        tokens, last = self.state.get(key, (Fraction(limited.burst), instant))
        return min(Fraction(limited.burst), tokens + Fraction(instant - last, limited.interval))

    def take(self, claims, n, instant):
        tokens = [self.tokens(key, limited, instant) for key, limited in claims]
        if min(tokens) < n:
            return False
        for (key, _), left in zip(claims, tokens, strict=True):
            self.state[key] = (left - n, instant)
        return True


def machine(make):
    limits = [FAST, SLOW, WIDE, Rule("hour", 7, 3600.0, 2)]
    claims = st.sampled_from(
        [(f"{name}:{limited.name}", limited) for name in "ab" for limited in limits]
    )

    class LedgerMachine(RuleBasedStateMachine):
        def __init__(self):
            super().__init__()
            self.ledger = make()
            self.model = Buckets()
            self.now = START

        @rule(steps=st.integers(1, 20_000))
        def time_passes(self, steps):
            self.now += steps * STEP

        @rule(claim=claims, n=st.integers(1, 4))
        def take(self, claim, n):
            grant = self.ledger.try_take(*claim, n, self.now)
            instant = int(self.now * 1e9)
            assert grant.allowed == self.model.take([claim], n, instant)
            assert grant.remaining == int(self.model.tokens(*claim, instant))

        @rule(chosen=st.lists(claims, min_size=1, max_size=4, unique=True))
        def take_all(self, chosen):
            index, grant = self.ledger.try_take_all(chosen, self.now)
            instant = int(self.now * 1e9)
            assert grant.allowed == self.model.take(chosen, 1, instant)
            assert grant.remaining == int(self.model.tokens(*chosen[index], instant))

    return LedgerMachine


def test_ledger_agrees_with_the_model(make):
    run_state_machine_as_test(
        machine(make), settings=settings(max_examples=60, stateful_step_count=40, deadline=None)
    )
