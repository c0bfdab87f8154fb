"""Bodies in parts: whoever is slow holds the other side back."""

import asyncio

import pytest

from frontdesk.base.streams import HIGH_WATER
from frontdesk.client import BrokenAnswerError
from frontdesk.client.session.streams import Incoming, Outgoing


class Server:
    """The Source of an answer, fed by the test."""

    length = None

    def __init__(self):
        self.sink = None
        self.told = []

    def attach(self, sink):
        self.sink = sink

    def pause(self):
        self.told.append("pause")

    def resume(self):
        self.told.append("resume")

    def cancel(self):
        self.told.append("cancel")


@pytest.fixture
def server():
    return Server()


@pytest.fixture
def incoming(server):
    return Incoming(server)


async def test_whoever_reads_slowly_holds_the_server_back(server, incoming):
    half = bytes(HIGH_WATER // 2 + 1)
    server.sink.write(half)
    assert server.told == []
    server.sink.write(half)
    assert server.told == ["pause"]
    await anext(incoming)
    assert server.told == ["pause"]
    await anext(incoming)
    assert server.told == ["pause", "resume"]


async def test_what_came_before_the_end_is_read_first(server, incoming):
    server.sink.write(b"a")
    server.sink.abort("closed")
    assert await anext(incoming) == b"a"
    with pytest.raises(BrokenAnswerError, match="closed"):
        await anext(incoming)


async def test_waiting_for_more(server, incoming):
    reading = asyncio.create_task(anext(incoming))
    await asyncio.sleep(0)
    server.sink.write(b"a")
    assert await reading == b"a"
    server.sink.end()
    with pytest.raises(StopAsyncIteration):
        await anext(incoming)
    incoming.cancel()
    assert server.told == []


async def test_wanting_no_more(server, incoming):
    incoming.cancel()
    incoming.cancel()
    assert server.told == ["cancel"]


class Taken:
    """The Sink of a request."""

    def __init__(self):
        self.data = []
        self.over = asyncio.Event()
        self.aborted = ""

    def write(self, data):
        self.data.append(data)

    def end(self, _trailers=None):
        self.over.set()

    def abort(self, reason):
        self.aborted = reason
        self.over.set()


async def test_a_server_that_takes_slowly_holds_the_body_back():
    given = []

    async def parts():
        for part in (b"a", b"b"):
            given.append(part)
            yield part

    taken, outgoing = Taken(), Outgoing(parts())
    outgoing.pause()
    outgoing.attach(taken)
    for _ in range(5):
        await asyncio.sleep(0)
    assert (given, taken.data) == ([b"a"], [])
    outgoing.resume()
    await taken.over.wait()
    assert taken.data == [b"a", b"b"]


async def test_a_body_that_fails_breaks_the_request_off():
    async def parts():
        yield b"a"
        raise ValueError("s3cret")

    taken = Taken()
    Outgoing(parts()).attach(taken)
    await taken.over.wait()
    assert taken.aborted == "the body of the request failed: ValueError"


async def test_nobody_wants_the_rest_of_a_body():
    ended = asyncio.Event()

    async def parts():
        try:
            await asyncio.Event().wait()
            yield b""
        finally:
            ended.set()

    outgoing = Outgoing(parts())
    outgoing.attach(Taken())
    await asyncio.sleep(0)
    outgoing.cancel()
    await ended.wait()
