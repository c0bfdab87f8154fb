"""What RedisCache does beyond the conformance suite: several nodes, and a server that is lost."""

import asyncio
import contextlib

import pytest

from frontdesk.base.clock import SystemClock
from frontdesk.base.errors import StoreError
from frontdesk.base.wheel import Wheel
from frontdesk.config.secrets import Secret
from frontdesk.ports.cache import Entry
from frontdesk.stores.redis.cache import RedisCache, _literally
from frontdesk.stores.redis.link import Link
from tests.live.servers import redis_server, redis_url

NOW = 0.0  # set for each test: answers must not expire before it begins
KEY = "clinic\0$default\0GET /plans\0/plans"


@pytest.fixture(autouse=True)
def now(monkeypatch):
    monkeypatch.setitem(globals(), "NOW", SystemClock().time())


class Node(RedisCache):
    """One gateway's cache, with a wheel that turns when it is told."""

    def __init__(self, url, prefix):
        clock = SystemClock()
        self.wheel = Wheel(clock.monotonic())
        self.turned = clock.monotonic()
        self.link = Link(Secret(url), clock, self.wheel, meanwhile="each has its own answers")
        super().__init__(self.link, prefix, clock, self.wheel)

    async def ask(self, key=KEY):
        """Ask as the stage does; return an entry or a flight."""
        told = asyncio.get_running_loop().create_future()
        flight = self.join(key, NOW, told.set_result)
        return await told if flight is None else flight

    async def keep(self, entry, key=KEY):
        (await self.ask(key)).land(entry)
        await self.settled()

    async def look(self):
        """Read what others have dropped."""
        self.turned += 5.0
        self.wheel.advance(self.turned)
        await self.settled()

    async def settled(self):
        while others := asyncio.all_tasks() - {asyncio.current_task()}:
            await asyncio.wait(others)


def entry(body=b"{}", fresh=300.0, **more):
    fields = [(b"Content-Type", b"application/json"), (b"X-Name", b"J\xf6rg")]
    return Entry(200, fields, body, NOW, NOW + fresh, NOW + 2 * fresh, **more)


def answers(redis):
    return [key for key in redis.scan_iter() if key.endswith(KEY.encode())]


@pytest.fixture
async def node(request, redis):
    async with contextlib.AsyncExitStack() as opened:

        def make(url=None):
            made = Node(url or redis_url(), f"{request.node.name}:")
            opened.push_async_callback(made.link.close)
            opened.callback(made.close)
            return made

        yield make


async def test_what_one_has_fetched_the_other_has(node):
    answer = entry(b"{}\n\x00\xff", vary=(b"accept",))
    await node().keep(answer)
    other = node()
    assert await other.ask() == answer
    assert other.get(KEY, NOW) == answer


async def test_many_who_ask_at_once_get_what_the_other_had(node):
    await node().keep(entry())
    other = node()
    assert await asyncio.gather(*(other.ask() for _ in range(20))) == [entry()] * 20


async def test_a_stale_answer_of_the_other_is_no_fresh_one(node):
    await node().keep(entry(fresh=-1.0))
    assert not isinstance(await node().ask(), Entry)


async def test_answers_end_in_redis_when_they_expire(node, redis):
    await node().keep(entry())
    (key,) = answers(redis)
    assert redis.pexpiretime(key) == int((NOW + 600) * 1000)


@pytest.mark.parametrize("prefix", ["", "clinic\0", KEY])
async def test_a_flush_reaches_the_others(node, redis, prefix):
    one, other = node(), node()
    await one.keep(entry())
    await other.ask()
    assert await one.flush(prefix) == 1
    assert answers(redis) == []
    assert other.get(KEY, NOW) is not None
    await other.look()
    assert other.get(KEY, NOW) is None


async def test_a_flush_of_others_leaves_answers_alone(node):
    one, other = node(), node()
    await one.keep(entry())
    await other.ask()
    await one.flush("clinic\0beta\0")
    await other.look()
    assert other.get(KEY, NOW) is not None
    assert isinstance(await node().ask(), Entry)


async def test_a_discarded_answer_is_gone_everywhere(node):
    one, other = node(), node()
    await one.keep(entry())
    await other.ask()
    one.discard(KEY)
    await one.settled()
    await other.look()
    assert other.get(KEY, NOW) is None
    assert not isinstance(await other.ask(), Entry)


@pytest.mark.parametrize("drop", ["flush", "discard"])
async def test_what_was_fetched_before_another_flushed_is_not_left_in_redis(node, redis, drop):
    one, other = node(), node()
    flight = await other.ask()
    if drop == "flush":
        await one.flush("clinic\0")
    else:
        one.discard(KEY)
        await one.settled()
    flight.land(entry(b"old"))
    await other.settled()
    assert answers(redis) == []
    await other.look()
    assert other.get(KEY, NOW) is None


async def test_whoever_left_while_it_was_looked_for_is_not_called(node):
    one = node()
    called = []
    assert one.join(KEY, NOW, called.append) is None
    one.leave(KEY, called.append)
    await one.settled()
    assert called == []
    assert not isinstance(await one.ask(), Entry)


async def test_while_redis_is_lost_each_has_its_own_answers(node):
    with redis_server() as server:
        one, other = node(server.url), node(server.url)
        await one.keep(entry(b"shared"))
        server.kill()
        assert not isinstance(await other.ask(), Entry)
        await other.settled()
        await other.keep(entry(b"own"), "k")
        assert other.get("k", NOW).body == b"own"
        assert one.get(KEY, NOW).body == b"shared"
        with pytest.raises(StoreError) as raised:
            await other.flush()
        assert "`frontdesk doctor` asks the Redis of `shared`" in raised.value.hint
        assert other.get("k", NOW) is None


@pytest.mark.parametrize("text", ["GET /a*", "[x]", "a?b", "\\", "^-"])
async def test_a_name_is_no_pattern(redis, text):
    redis.set(text + "tail", b"")
    redis.set("GET /another", b"")
    assert redis.keys(_literally(text) + "*") == [(text + "tail").encode()]
