"""What every Cache must do. An adapter joins by a row in ADAPTERS.

An adapter whose answers come later is given time by `settled`.
"""

import asyncio
import contextlib
import os
from functools import partial

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from frontdesk.base.clock import SystemClock
from frontdesk.base.wheel import Wheel
from frontdesk.config.secrets import Secret
from frontdesk.ports.cache import MAX_WAITING, PASSING, Entry
from frontdesk.stores.memory.cache import MemoryCache
from frontdesk.stores.redis.cache import RedisCache
from frontdesk.stores.redis.link import Link
from tests.live.servers import redis_url

NOW = 1_700_000_000.25
KEY = "clinic\0$default\0GET /plans\0/plans"


@contextlib.asynccontextmanager
async def memory(*args):
    yield MemoryCache(*args)


SIZES = ("max_bytes", "max_entry")


@contextlib.asynccontextmanager
async def redis(*args):
    clock = SystemClock()
    wheel = Wheel(clock.monotonic())
    link = Link(Secret(redis_url()), clock, wheel, meanwhile="each has its own answers")
    cache = RedisCache(
        link, f"cache {os.urandom(8).hex()}:", clock, wheel, **dict(zip(SIZES, args, strict=False))
    )
    yield cache
    await settled()
    cache.close()
    await link.close()


ADAPTERS = {"memory": memory, "redis": redis}


@pytest.fixture(params=ADAPTERS.values(), ids=ADAPTERS)
def opened(request):
    return request.param


@pytest.fixture
async def cache(opened):
    async with opened() as cache:
        yield cache


def entry(body=b"{}", *, fresh=300.0, expires=None, **more):
    kept = fresh if expires is None else expires
    fields = [(b"Content-Type", b"application/json"), (b"X-Name", b"J\xf6rg")]
    return Entry(200, fields, body, NOW, NOW + fresh, NOW + kept, **more)


class Asker:
    """One who asks, as the stage does. got: an entry, a flight, or None while it waits."""

    def __init__(self, cache, key=KEY, *, now=NOW, waits=True):
        self.calls = 0
        self.got = cache.join(key, now, self.take if waits else None)

    def take(self, answer):
        self.calls += 1
        self.got = answer

    @property
    def leads(self):
        return self.got is not None and not isinstance(self.got, Entry)


async def settled():
    """Let a store that is elsewhere answer."""
    await asyncio.sleep(0)
    while others := asyncio.all_tasks() - {asyncio.current_task()}:
        await asyncio.wait(others)


async def ask(cache, *args, **more):
    asker = Asker(cache, *args, **more)
    await settled()
    return asker


async def keep(cache, entry, key=KEY, *, now=NOW):
    (await ask(cache, key, now=now)).got.land(entry)
    await settled()


# -- entries ---------------------------------------------------------------------------------------


async def test_nothing_is_there_at_first(cache):
    assert cache.get(KEY, NOW) is None
    assert (await ask(cache)).leads


async def test_what_has_landed_is_there_under_its_key_alone(cache):
    await keep(cache, entry(b'{"plans": []}\x00\xff'))
    assert cache.get(KEY, NOW) == entry(b'{"plans": []}\x00\xff')
    assert cache.get(KEY + "x", NOW) is None


async def test_what_tells_how_to_find_answers_is_kept_like_them(cache):
    marker = Entry(0, [], b"", NOW, NOW + 300, NOW + 300, vary=(b"accept-language",))
    await keep(cache, marker)
    assert cache.get(KEY, NOW).vary == (b"accept-language",)


@pytest.mark.parametrize(
    ("second", "there"),
    [(0, True), (299.5, True), (300, False), (9999, False), (-1, True), (-3600, False)],
    ids=["new", "nearly over", "over", "long over", "clock set back", "clock set far back"],
)
async def test_an_entry_is_there_until_it_expires(cache, second, there):
    await keep(cache, entry())
    assert (cache.get(KEY, NOW + second) is not None) is there


async def test_a_stale_entry_is_there_until_it_expires(cache):
    await keep(cache, entry(fresh=10, expires=60))
    assert cache.get(KEY, NOW + 59).fresh == NOW + 10
    assert cache.get(KEY, NOW + 60) is None


async def test_a_later_answer_takes_the_place_of_an_earlier_one(cache):
    await keep(cache, entry(b"1"))
    cache.lead(KEY).land(entry(b"2"))
    await settled()
    assert cache.get(KEY, NOW).body == b"2"
    assert cache.stats().entries == 1


# -- room -------------------------------------------------------------------------------------------


async def test_an_entry_that_is_too_large_is_not_kept_but_given_to_who_waits(opened):
    async with opened(100_000, 10_000) as cache:
        assert cache.max_entry == 10_000
        leader, waiting = await ask(cache), await ask(cache)
        large = entry(bytes(10_000))
        leader.got.land(large)
        await settled()
        assert waiting.got == large
        assert cache.get(KEY, NOW) is None
        assert cache.stats().bytes == 0


async def test_what_has_not_been_read_for_longest_makes_room(opened):
    async with opened(30_000, 10_000) as cache:
        for number in range(3):
            await keep(cache, entry(bytes(8_000)), f"k{number}\0")
        assert cache.get("k0\0", NOW) is not None
        await keep(cache, entry(bytes(8_000)), "k3\0")
        there = [number for number in range(4) if cache.get(f"k{number}\0", NOW)]
        assert there == [0, 2, 3]
        assert cache.stats().evictions == 1


@settings(max_examples=40, deadline=None)
@given(
    steps=st.lists(
        st.tuples(
            st.sampled_from(["keep", "keep", "discard", "read"]),
            st.integers(0, 9),
            st.integers(0, 4000),
        ),
        max_size=40,
    )
)
@pytest.mark.parametrize("adapter", ADAPTERS.values(), ids=ADAPTERS)
def test_bytes_stay_within_bounds_and_are_told_exactly(adapter, steps):
    async def play():
        async with adapter(9_000, 3_000) as cache:
            for step, number, size in steps:
                key = f"k{number}\0"
                if step == "keep":
                    cache.lead(key).land(entry(bytes(size)))
                elif step == "discard":
                    cache.discard(key)
                else:
                    cache.get(key, NOW)
                there = {n: found for n in range(10) if (found := cache.get(f"k{n}\0", NOW))}
                stats = cache.stats()
                assert stats.entries == len(there)
                assert stats.bytes == sum(each.size + len("k0\0") for each in there.values())
                assert stats.bytes <= stats.max_bytes == 9_000

    asyncio.run(play())


# -- one fetches for many ------------------------------------------------------------------------------


async def test_one_leads_and_the_others_get_its_answer(cache):
    leader, *waiting = [await ask(cache) for _ in range(5)]
    assert leader.leads
    assert [each.got for each in waiting] == [None] * 4
    answer = entry()
    leader.got.land(answer)
    await settled()
    assert [each.got for each in waiting] == [answer] * 4


async def test_keys_do_not_wait_for_each_other(cache):
    assert (await ask(cache)).leads
    assert (await ask(cache, KEY + "?region=west")).leads


async def test_the_first_who_waits_takes_over_when_a_flight_is_abandoned(cache):
    leader, second, third = [await ask(cache) for _ in range(3)]
    leader.got.abandon()
    await settled()
    assert second.leads
    assert third.got is None
    second.got.land(entry())
    await settled()
    assert third.got == entry()


async def test_after_an_abandoned_flight_for_which_nobody_waited_the_next_leads(cache):
    (await ask(cache)).got.abandon()
    assert (await ask(cache)).leads


async def test_a_thousand_may_fail_one_after_the_other(cache):
    attempts = []

    def fail(flight):
        attempts.append(flight)
        flight.abandon()

    leader = await ask(cache)
    waiters = [partial(fail) for _ in range(MAX_WAITING)]  # each is somebody else
    for waiter in waiters:
        cache.join(KEY, NOW, waiter)
    leader.got.abandon()
    for _ in range(MAX_WAITING):
        await asyncio.sleep(0)
    assert len(attempts) == MAX_WAITING


async def test_whoever_has_left_is_not_called(cache):
    leader, gone, staying = [await ask(cache) for _ in range(3)]
    cache.leave(KEY, gone.take)
    leader.got.abandon()
    await settled()
    assert gone.calls == 0
    assert staying.leads


async def test_beyond_the_most_who_may_wait_each_fetches_for_itself(cache):
    leader = await ask(cache)
    for _ in range(MAX_WAITING):
        Asker(cache)
    late = await ask(cache)
    assert late.leads
    late.got.abandon()
    assert (await ask(cache)).leads
    leader.got.land(entry())


async def test_when_an_answer_cannot_be_kept_all_fetch_for_themselves(cache):
    leader, *waiting = [await ask(cache) for _ in range(3)]
    leader.got.decline(NOW)
    await settled()
    assert all(each.leads for each in waiting)
    assert (await ask(cache)).leads
    assert (await ask(cache)).leads


async def test_after_a_while_one_tries_again_for_all(cache):
    (await ask(cache)).got.decline(NOW)
    await settled()
    assert (await ask(cache, now=NOW + PASSING)).leads
    assert (await ask(cache, now=NOW + PASSING)).got is None


async def test_an_answer_that_can_be_kept_again_ends_the_passing(cache):
    (await ask(cache)).got.decline(NOW)
    await settled()
    (await ask(cache)).got.land(entry(fresh=1))
    await settled()
    assert (await ask(cache, now=NOW + 1.5)).leads
    assert (await ask(cache, now=NOW + 1.5)).got is None


async def test_whoever_does_not_wait_leads_or_learns_that_somebody_does(cache):
    leader = await ask(cache, waits=False)
    assert leader.leads
    assert (await ask(cache, waits=False)).got is None
    leader.got.land(entry())


async def test_a_flight_of_its_own_lands_beside_that_of_the_others(cache):
    leader, waiting = await ask(cache), await ask(cache)
    cache.lead(KEY).land(entry(b"own"))
    await settled()
    assert cache.get(KEY, NOW).body == b"own"
    assert waiting.got is None
    leader.got.land(entry(b"theirs"))
    await settled()
    assert waiting.got.body == b"theirs"


@pytest.mark.parametrize("end", ["land", "decline", "abandon"])
async def test_a_flight_ends_once(cache, end):
    leader, waiting = await ask(cache), await ask(cache)
    leader.got.land(entry())
    args = {"land": [entry(b"2")], "decline": [NOW], "abandon": []}
    getattr(leader.got, end)(*args[end])
    await settled()
    assert waiting.calls == 1
    assert cache.get(KEY, NOW).body == b"{}"


# -- dropped by hand ---------------------------------------------------------------------------------------

ALL = (
    "clinic\0$default\0GET /plans\0",
    "clinic\0$default\0GET /p\0",
    "clinic\0beta\0GET /plans\0",
    "other\0",
)


@pytest.mark.parametrize(
    ("prefix", "left"),
    [
        ("", []),
        ("clinic\0", [ALL[3]]),
        ("clinic\0$default\0", [ALL[2], ALL[3]]),
        ("clinic\0$default\0GET /p\0", [ALL[0], ALL[2], ALL[3]]),
        ("nobody\0", list(ALL)),
    ],
    ids=["all", "an API", "a stage", "a route", "nothing"],
)
async def test_a_flush_drops_what_begins_so(cache, prefix, left):
    for key in ALL:
        await keep(cache, entry(), key)
    assert await cache.flush(prefix) == len(ALL) - len(left)
    assert [key for key in ALL if cache.get(key, NOW)] == left


async def test_one_entry_is_dropped_by_its_key(cache):
    for key in ALL:
        await keep(cache, entry(), key)
    cache.discard(ALL[0])
    await settled()
    assert [key for key in ALL if cache.get(key, NOW)] == list(ALL[1:])


async def _flush(cache):
    await cache.flush("clinic\0")


async def _discard(cache):
    cache.discard(KEY)


@pytest.mark.parametrize("drop", [_flush, _discard])
@pytest.mark.parametrize("own", [False, True], ids=["leading", "on its own"])
async def test_what_was_fetched_before_a_flush_is_not_kept_after_it(cache, drop, own):
    flight = cache.lead(KEY) if own else (await ask(cache)).got
    await drop(cache)
    flight.land(entry())
    await settled()
    assert cache.get(KEY, NOW) is None


@pytest.mark.parametrize("drop", [_flush, _discard])
async def test_whoever_comes_after_a_flush_waits_for_nobody_from_before(cache, drop):
    leader, waiting = await ask(cache), await ask(cache)
    await drop(cache)
    later = await ask(cache)
    assert later.leads
    leader.got.land(entry(b"old"))
    await settled()
    assert waiting.got.body == b"old"
    later.got.land(entry(b"new"))
    await settled()
    assert cache.get(KEY, NOW).body == b"new"


async def test_whoever_waits_goes_on_when_the_flight_from_before_a_flush_fails(cache):
    leader, waiting = await ask(cache), await ask(cache)
    await cache.flush()
    leader.got.abandon()
    await settled()
    assert waiting.leads
    waiting.got.land(entry())
    await settled()
    assert cache.get(KEY, NOW) is not None


async def test_whoever_waits_joins_the_flight_from_after_a_flush(cache):
    leader, waiting = await ask(cache), await ask(cache)
    await cache.flush()
    later = await ask(cache)
    leader.got.abandon()
    later.got.land(entry(b"new"))
    await settled()
    assert waiting.got.body == b"new"
