from hypothesis import given
from hypothesis import strategies as st

from frontdesk.ports.ledger import Rule
from frontdesk.stores.memory.ledger import MemoryLedger

LIMIT = Rule("r", limit=10, window=1.0, burst=2)


def test_expired_keys_are_swept_as_new_ones_come():
    ledger = MemoryLedger()
    for number in range(1000):
        ledger.try_take(f"old-{number}", LIMIT, 1, 1.0)
    assert len(ledger) == 1000
    for number in range(1000):
        ledger.try_take(f"new-{number}", LIMIT, 1, 2.0)
    assert len(ledger) == 1000


def test_a_swept_key_had_its_full_burst_back():
    ledger = MemoryLedger()
    ledger.try_take("k", LIMIT, 2, 1.0)
    ledger.try_take("other", LIMIT, 1, 2.0)
    assert ledger.try_take("k", LIMIT, 1, 2.0).remaining == 1


def test_memory_is_bounded_and_a_flood_shares_one_bucket():
    ledger = MemoryLedger(max_keys=10)
    known = ledger.try_take("key-0", LIMIT, 2, 1.0)
    assert known.allowed
    allowed = sum(ledger.try_take(f"key-{number}", LIMIT, 2, 1.0).allowed for number in range(1000))
    assert allowed == 9 + 1
    assert len(ledger) == 11
    assert not ledger.try_take("key-0", LIMIT, 1, 1.0).allowed


def test_a_full_ledger_recovers_once_keys_expire():
    ledger = MemoryLedger(max_keys=10)
    for number in range(100):
        ledger.try_take(f"key-{number}", LIMIT, 2, 1.0)
    allowed = [ledger.try_take(f"later-{number}", LIMIT, 2, 2.0).allowed for number in range(10)]
    assert all(allowed)
    assert len(ledger) <= 10


@given(
    st.integers(1, 3),
    st.lists(
        st.tuples(st.integers(0, 4), st.sampled_from([0.0, 0.0, 0.015625, 0.25])), max_size=80
    ),
)
def test_a_small_table_never_admits_more_than_a_large_one_would(max_keys, attempts):
    small, large = MemoryLedger(max_keys), MemoryLedger()
    now = 1.0
    passed: dict[int, list[float]] = {}
    for subject, pause in attempts:
        now += pause
        if small.try_take(f"k{subject}", LIMIT, 1, now).allowed:
            passed.setdefault(subject, []).append(now)
    # What the small table let through, the large one lets through too: it forgot nothing.
    for subject, instants in passed.items():
        assert all(large.try_take(f"k{subject}", LIMIT, 1, instant).allowed for instant in instants)
