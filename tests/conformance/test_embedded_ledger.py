"""What every EmbeddedLedger must do beside a Ledger. An adapter joins by a row in ADAPTERS."""

import asyncio
import os

import pytest
from hypothesis import given
from hypothesis import strategies as st

from frontdesk.ports.ledger import Quota, Rule
from frontdesk.rules.periods import DAY, day_of, period_of
from frontdesk.stores.memory.ledger import MemoryLedger
from frontdesk.stores.shared_memory.ledger import SharedLedger, create_memory


class Mapped(SharedLedger):
    """A SharedLedger with memory of its own."""

    def __init__(self):
        descriptor = create_memory(places=64, reserved=4096)
        super().__init__(descriptor)
        os.close(descriptor)

    def __del__(self):
        self.close()


ADAPTERS = {"memory": lambda: MemoryLedger(max_keys=64), "shared memory": Mapped}

START = 1000.0
MIDNIGHT = 1_795_305_600.0
THREE = Quota("daily", limit=3, expires=MIDNIGHT)
FAST = Rule("fast", limit=10, window=1.0, burst=5, reserved=True)
GUESSED = Rule("guessed", limit=1, window=3600.0, burst=1)


@pytest.fixture(params=ADAPTERS.values(), ids=ADAPTERS)
def ledger(request):
    return request.param()


def taken(ledger, *claims, times=1, now=START):
    """Try again and again; return how often it was allowed."""
    return sum(ledger.try_take_all(claims, now)[1].allowed for _ in range(times))


def test_a_quota_and_a_rate_are_taken_together_or_not_at_all(ledger):
    assert taken(ledger, ("q", THREE), ("f", FAST), times=10) == 3
    assert taken(ledger, ("f", FAST), times=10) == 2


def test_a_rate_that_refuses_takes_nothing_from_the_quota(ledger):
    two = Rule("two", limit=1, window=3600.0, burst=2, reserved=True)
    assert taken(ledger, ("q", THREE), ("two", two), times=10) == 2
    assert ledger.used("q", THREE) == 2


def test_one_key_leaves_another_alone(ledger):
    assert [taken(ledger, (key, THREE), times=9) for key in "abc"] == [3, 3, 3]


async def test_takers_at_once_get_exactly_the_quota(ledger):
    hundred = Quota("daily", limit=100, expires=MIDNIGHT)
    granted = 0

    async def taker():
        nonlocal granted
        for _ in range(10):
            granted += taken(ledger, ("k", hundred))
            await asyncio.sleep(0)

    await asyncio.gather(*(taker() for _ in range(50)))
    assert granted == ledger.used("k", hundred) == 100


@pytest.mark.parametrize(
    ("before", "count", "after"), [(0, 2, 2), (1, 2, 2), (3, 2, 3), (0, 7, 7), (0, 0, 0)]
)
def test_a_preset_raises_a_count_and_never_lowers_it(ledger, before, count, after):
    taken(ledger, ("q", THREE), times=before)
    ledger.preset("q", THREE, count)
    assert ledger.used("q", THREE) == after
    assert taken(ledger, ("q", THREE), times=9) == max(3 - after, 0)


def test_counts_of_reserved_limits_are_not_touched_by_a_flood_of_others(ledger):
    assert taken(ledger, ("q", THREE), ("f", FAST), times=2) == 2
    for number in range(2000):
        ledger.try_take_all([(f"guess-{number}", GUESSED)], START)
    assert ledger.used("q", THREE) == 2
    # Those that come now have counts of their own all the same.
    assert [taken(ledger, (f"new {key}", FAST), times=9) for key in "abc"] == [5, 5, 5]
    assert [taken(ledger, (f"q {key}", THREE), times=9) for key in "abc"] == [3, 3, 3]


def test_quotas_that_are_over_make_room_once_they_may_be_forgotten(ledger):
    days = [Quota("daily", limit=1, expires=MIDNIGHT + day * DAY) for day in range(2)]
    for number in range(1000):
        taken(ledger, (f"{number} first", days[0]))
    ledger.forget(MIDNIGHT + 1)
    for number in range(3000):
        taken(ledger, (f"{number} second", days[1]))
    assert all(ledger.used(f"{number} second", days[1]) == 1 for number in range(3000))
    left = sum(ledger.used(f"{number} first", days[0]) for number in range(1000))
    assert left < 1000


def test_nothing_that_is_not_over_is_forgotten(ledger):
    ledger.forget(MIDNIGHT - 3600)
    for number in range(1000):
        taken(ledger, (f"{number}", THREE))
    assert all(ledger.used(f"{number}", THREE) == 1 for number in range(1000))


@given(st.lists(st.tuples(st.floats(-40, 40), st.integers(1, 5)), max_size=40))
def test_a_clock_that_jumps_gives_no_quota_of_a_period_twice(jumps):
    for make in ADAPTERS.values():
        ledger, wall, granted = make(), MIDNIGHT, {}
        for days, times in jumps:
            wall += days * DAY
            period = period_of("day", day_of(wall))
            claim = f"k {period}", Quota("daily", limit=3, expires=period.ends)
            granted[period] = granted.get(period, 0) + taken(ledger, claim, times=times)
        assert all(count <= 3 for count in granted.values())
