"""The stream of a page: gathered events, what was dropped, going on after a break, signs of life."""

import asyncio
import json

import pytest

from frontdesk.base.news import News
from frontdesk.base.wheel import Wheel
from frontdesk.web.stream import BEAT, MOST, PACE, events


class Clock:
    def __init__(self):
        self.now = 100.0

    def monotonic(self):
        return self.now


class Reader:
    """Reads one stream, and moves its time."""

    def __init__(self, news, topics, after=0, may=lambda: True):
        self.clock = Clock()
        self.wheel = Wheel(self.clock.now)
        self.stream = events(news, frozenset(topics), after, self.clock, self.wheel, may=may)

    async def read(self, *, after=0.0):
        reading = asyncio.ensure_future(anext(self.stream))
        for _ in range(5):
            await asyncio.sleep(0)
        if not reading.done():
            self.clock.now += after + 0.1
            self.wheel.advance(self.clock.now)
        return await reading


def parsed(event):
    lines = dict(line.split(": ", 1) for line in event.decode().strip().split("\n"))
    return lines["event"], int(lines["id"]), json.loads(lines["data"])


@pytest.fixture
async def news():
    return News()


async def test_what_comes_together_is_one_event(news):
    reader = Reader(news, ["request"])
    assert await reader.read() == b"retry: 1000\n\n"
    await begun(reader)
    for number in range(3):
        news.tell("request", {"n": number})
    news.tell("queue", {"n": 9})
    told = parsed(await reader.reading)
    assert told == ("request", 3, {"items": [{"n": 0}, {"n": 1}, {"n": 2}], "dropped": 0})
    await reader.stream.aclose()
    assert news.wanted == frozenset()


async def begun(reader):
    """Have the stream wait for news."""
    reader.reading = asyncio.ensure_future(anext(reader.stream))
    for _ in range(5):
        await asyncio.sleep(0)


async def test_of_a_flood_only_so_many_are_sent_and_the_others_counted(news):
    reader = Reader(news, ["request"])
    await reader.read()
    await begun(reader)
    for number in range(MOST + 7):
        news.tell("request", {"n": number})
    _, last, data = parsed(await reader.reading)
    assert (last, len(data["items"]), data["dropped"]) == (MOST + 7, MOST, 7)
    await reader.stream.aclose()


async def test_the_next_event_waits_its_turn(news):
    reader = Reader(news, ["request"])
    await reader.read()
    await begun(reader)
    news.tell("request", {"n": 1})
    await reader.reading
    await begun(reader)
    news.tell("request", {"n": 2})
    for _ in range(5):
        await asyncio.sleep(0)
    assert not reader.reading.done()
    reader.clock.now += PACE + 0.1
    reader.wheel.advance(reader.clock.now)
    assert parsed(await reader.reading)[2]["items"] == [{"n": 2}]
    await reader.stream.aclose()


async def test_whoever_was_away_gets_what_was_missed(news):
    for number in range(4):
        news.tell("request", {"n": number})
    reader = Reader(news, ["request"], after=2)
    await reader.read()
    assert parsed(await reader.read())[2]["items"] == [{"n": 2}, {"n": 3}]
    await reader.stream.aclose()


async def test_a_silent_stream_shows_that_it_lives(news):
    reader = Reader(news, ["request"])
    await reader.read()
    assert await reader.read(after=BEAT) == b": still here\n\n"
    await reader.stream.aclose()


async def test_whoever_may_read_no_more_gets_nothing_more(news):
    allowed = [True]
    reader = Reader(news, ["request"], may=lambda: allowed[0])
    assert (await reader.read()).startswith(b"retry")
    reading = asyncio.ensure_future(anext(reader.stream))
    await asyncio.sleep(0)
    allowed[0] = False
    news.tell("request", {"path": "/hush"})
    with pytest.raises(StopAsyncIteration):
        await reading
    assert news.wanted == frozenset()
