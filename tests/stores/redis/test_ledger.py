"""What RedisLedger does beyond the conformance suite: several nodes, a server that goes and comes."""

import asyncio
import logging

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from redis import Redis

from frontdesk.ports.ledger import UNKNOWN, Quota, Rule
from frontdesk.rules.resilience.bucket import SECOND
from frontdesk.stores.redis.ledger import _SCRIPT
from tests.live.servers import redis_server, redis_url

HOURLY = Rule("hourly", limit=100, window=3600.0, burst=100)
MIDNIGHT = 4_102_444_800.0


async def test_nodes_together_get_exactly_what_the_bucket_holds(node):
    nodes = [node() for _ in range(4)]
    answers = await asyncio.gather(
        *(each.decide(("k", HOURLY)) for _ in range(50) for each in nodes)
    )
    assert sum(grant.allowed for _, grant in answers) == 100


async def test_nodes_together_get_exactly_a_quota(node, redis):
    nodes = [node() for _ in range(4)]
    quota = Quota("daily", 150, MIDNIGHT)
    for _ in range(3):
        await asyncio.gather(*(each.decide(("k", quota)) for _ in range(20) for each in nodes))
    for each in nodes:  # what one of them still holds, the others cannot have
        while (await each.decide(("k", quota)))[1].allowed:
            pass
    (key,) = redis.keys()
    assert redis.get(key) == b"150"
    assert redis.expiretime(key) == MIDNIGHT + 86400


async def test_cold_requests_of_one_turn_share_a_round_trip(node):
    one = node()
    answers = await asyncio.gather(*(one.decide((f"k{n}", HOURLY)) for n in range(100)))
    assert all(grant.allowed for _, grant in answers)
    assert one.ledger.round_trips == 1


@pytest.mark.parametrize("how", ["lapsed", "closed"])
async def test_what_was_not_used_is_given_back(node, redis, how):
    quota = Quota("daily", 1000, MIDNIGHT)
    one = node()
    for _ in range(40):
        await one.decide(("k", quota))
    if how == "closed":
        await one.ledger.close()
    else:
        now = one.clock.monotonic() + 5.0
        one.clock.monotonic = lambda: now
        one.turn(0.0)
        await one.ledger._serving
    (key,) = redis.keys()
    assert redis.get(key) == b"40"


@pytest.mark.parametrize(
    ("jump", "expected"),
    [
        pytest.param(-7200, [True, True, True, False], id="back"),
        pytest.param(7200, [True, True, True, True], id="forward"),
    ],
)
async def test_a_jump_of_the_servers_clock_blocks_nobody_and_gives_one_burst_at_most(
    node, redis, jump, expected
):
    one = node()
    limit = Rule("r", limit=2, window=3600.0, burst=4)
    await one.decide(("k", limit))
    (key,) = redis.keys()
    owed, at = redis.get(key).split()
    redis.set(key, b"%s %d" % (owed, int(at) - jump * 1_000_000))
    allowed = [(await one.decide(("k", limit)))[1].allowed for _ in range(5)]
    assert allowed == [*expected, False]


@pytest.mark.parametrize(
    ("on_loss", "allowed"), [("open", [True, True, False]), ("closed", [False, False, False])]
)
async def test_a_lost_server_is_noticed_survived_and_healed(node, caplog, on_loss, allowed):
    limit = Rule("r", limit=2, window=3600.0, burst=2)
    with redis_server() as server:
        one = node(server.url, on_loss=on_loss)
        assert (await one.decide(("k", limit)))[1].allowed
        server.kill()
        with caplog.at_level(logging.WARNING, "frontdesk.redis"):
            answers = [(await one.decide(("other", limit)))[1] for _ in range(3)]
            assert [grant.allowed for grant in answers] == allowed
            assert (answers[2] is UNKNOWN) == (on_loss == "closed")
            assert lost(one) == 1.0
            one.turn(2.0)  # it is tried again, and nothing is logged a second time
            await asyncio.sleep(0)
            server.start()
            await healed(one)
        assert [record.message.split(":")[0] for record in caplog.records] == [
            "Redis is lost",
            "Redis is back",
        ]
        assert "`frontdesk doctor` asks the Redis of `shared`" in caplog.records[0].hint
        answers = [(await one.decide(("other", limit)))[1] for _ in range(3)]
        assert [grant.allowed for grant in answers] == [True, True, False]
        assert lost(one) == 0.0


async def test_a_server_that_answers_but_does_not_write_is_lost_until_it_does(node, caplog):
    with redis_server() as server, Redis.from_url(server.url) as redis:
        one = node(server.url, on_loss="closed")
        redis.replicaof("127.0.0.1", 1)  # of nobody: it only reads
        assert (await one.decide(("k", HOURLY)))[1] is UNKNOWN
        one.turn(2.0)
        await one.link._looking
        assert lost(one) == 1.0
        assert len([each for each in caplog.records if each.name == "frontdesk.redis"]) == 1
        redis.replicaof("NO", "ONE")
        await healed(one)
        assert (await one.decide(("k", HOURLY)))[1].allowed


async def test_a_server_that_hangs_is_taken_for_lost(node, monkeypatch):
    monkeypatch.setattr("frontdesk.stores.redis.link.PATIENCE", 0.1)
    with redis_server() as server:
        one = node(server.url, on_loss="closed")
        await one.decide(("k", HOURLY))
        server.pause()
        assert (await one.decide(("other", HOURLY)))[1] is UNKNOWN
        server.go_on()


async def test_a_password_is_in_no_log(node, caplog):
    with redis_server("--requirepass", "right") as server:
        one = node(server.url.replace("//", "//:wr0ng@"), on_loss="closed")
        assert (await one.decide(("k", HOURLY)))[1] is UNKNOWN
        assert "wr0ng" not in caplog.text + repr(vars(one.link))
        other = node(server.url.replace("//", "//:right@"))
        assert (await other.decide(("k", HOURLY)))[1].allowed


ORDERS = st.lists(st.tuples(st.integers(0, 9), st.integers(0, 4)), max_size=12)


@settings(deadline=None, max_examples=40)
@given(ORDERS, st.integers(1, 12), st.sampled_from(["rate", "quota"]))
def test_the_script_grants_as_counted_by_hand(orders, limit, kind):
    hour = 3600 * SECOND  # so long between two tokens that none comes meanwhile
    terms = {"rate": (hour, limit * hour), "quota": (limit, int(MIDNIGHT))}[kind]
    with Redis.from_url(redis_url()) as redis:
        redis.flushdb()
        script = redis.register_script(_SCRIPT)
        taken = 0
        for want, back in orders:
            taken -= min(back, taken)
            share = limit if kind == "rate" else max(1, (limit - taken) // 4)
            expected = min(want, limit - taken, share)
            taken += expected
            granted, left, _, wait = script(["k"], [kind, *terms, want, back])
            assert (granted, left, wait == 0) == (expected, limit - taken, taken < limit)


def lost(node):
    return next(s.value for s in node.ledger.samples() if s.name == "frontdesk_shared_lost")


async def healed(node):
    """Turn its wheel until it has found the server again."""
    while lost(node):
        node.turn(2.0)
        await asyncio.sleep(0.01)
