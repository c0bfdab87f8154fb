"""WebSocket connections over real sockets, with and without TLS: large messages, pressure, the end."""

import asyncio

import pytest
import websockets

from frontdesk.gateway.server.ws import LONGEST_ANSWER
from tests.gateway.server.test_ws import SocketHouse

FRAME = 32 * 1024
PATIENCE = 20


@pytest.fixture
def house():
    return SocketHouse()


@pytest.fixture
async def connect(way):
    """Connect a client; `connect.server` is whom it reaches."""
    server, (host, port), tls = way
    opened = []

    async def connect():
        scheme = "wss" if tls else "ws"
        opened.append(
            await websockets.connect(f"{scheme}://{host}:{port}/", **tls, compression=None)
        )
        return opened[-1]

    connect.server = server
    yield connect
    for ws in opened:
        ws.transport.abort()
        await ws.wait_closed()


def messages(count):
    """Make that many messages, each as large as can be answered and another than the others."""
    return [f"{number:08}" * (LONGEST_ANSWER // 8) for number in range(count)]


async def until(condition):
    """Let the loop turn until something is so."""
    async with asyncio.timeout(PATIENCE):
        while not condition():  # noqa: ASYNC110 - nothing says when
            await asyncio.sleep(0.005)


async def say(ws, message):
    """Send a message in frames as large as they may be."""
    await ws.send(message[at : at + FRAME] for at in range(0, len(message), FRAME))


async def heard(ws):
    return await asyncio.wait_for(ws.recv(), PATIENCE)


async def test_large_messages_pass_both_ways_in_their_order(connect):
    ws = await connect()
    for message in messages(3):
        await say(ws, message)
        assert await heard(ws) == message


async def test_a_client_that_does_not_read_is_not_read_and_loses_nothing(connect, house):
    ws = await connect()
    ws.transport.pause_reading()
    sent = messages(400)

    async def send():
        for message in sent:
            await say(ws, message)

    sending = asyncio.ensure_future(send())
    (connection,) = connect.server._registry.connections
    await until(lambda: connection._stalled)
    assert len(house.messages) < len(sent)
    ws.transport.resume_reading()
    for message in sent:
        assert await heard(ws) == message
    await sending


async def test_a_client_that_says_goodbye_is_answered(connect, house):
    ws = await connect()
    await ws.close(4000, "enough")
    assert (ws.close_code, ws.close_reason) == (4000, "enough")
    await until(lambda: house.ends)
    assert house.ends == [("socket1", 4000, "enough")]


async def test_a_client_that_goes_without_a_word_has_gone(connect, house):
    ws = await connect()
    ws.transport.abort()
    await until(lambda: house.ends)
    assert house.ends[0][:2] == ("socket1", 1006)


async def test_a_stop_says_goodbye(connect, house):
    ws = await connect()
    await asyncio.wait_for(connect.server.drain(60), PATIENCE)
    await asyncio.wait_for(ws.wait_closed(), PATIENCE)
    assert ws.close_code == 1001
    assert [each[1] for each in house.ends] == [1001]
