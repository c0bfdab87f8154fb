"""`frontdesk sockets` against a gateway that runs."""

import asyncio

import pytest
from websockets.asyncio.client import connect
from websockets.exceptions import ConnectionClosed

from tests.live.gateways import project, serving

CONFIG = """
apis:
  board:
    type: websocket
    base_path: /board
    routes: {$connect: {mock: {status: 200}}, $default: {mock: {status: 200}}}
"""


@pytest.fixture
async def app(tmp_path):
    async with serving(project(tmp_path, CONFIG)) as app:
        yield app


async def test_connections_are_listed_sent_to_and_closed(app, run):
    async def sockets(*arguments):
        result = await asyncio.to_thread(run, "sockets", *arguments)
        return result.exit_code, result.output

    assert await sockets("list") == (0, "")
    async with connect(f"ws://{app.addresses[0]}/board") as client:
        (found,) = (await app.pushes.census(1)).connections
        await app.pushes.join(("board", "$default", "all"), found.id)
        status, output = await sockets("list")
        assert status == 0
        first, second, head, row = output.splitlines()
        assert (first, second) == ("1 connected to board", "1 of board in group all")
        assert head.split()[0] == "CONNECTION"
        assert row.split()[0] == found.id
        assert await sockets("send", found.id, "one") == (0, "")
        assert await sockets("send-group", "board", "all", "two") == (0, "1\n")
        assert [await client.recv(), await client.recv()] == ["one", "two"]
        assert await sockets("close", found.id) == (0, "")
        with pytest.raises(ConnectionClosed):
            await client.recv()
    status, output = await sockets("close", "nobody")
    assert (status, "there is no such connection: nobody" in output) == (1, True)
