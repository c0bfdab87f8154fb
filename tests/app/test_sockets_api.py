"""Who is connected, as operators see it, and what they send."""

import asyncio

import orjson
import pytest
from websockets.asyncio.client import connect
from websockets.exceptions import ConnectionClosed

from tests.live.calls import call
from tests.live.gateways import project, serving

CONFIG = """
apis:
  board:
    type: websocket
    base_path: /board
    routes: {$connect: {mock: {status: 200}}, $default: {mock: {status: 200}}}
"""


@pytest.fixture
async def gateway(tmp_path):
    async with serving(project(tmp_path, CONFIG)) as app:

        async def ask(method, target, document=None):
            body = None if document is None else orjson.dumps(document)
            place = str(app.config.admin.listen)
            answer = await asyncio.to_thread(call, place, method, f"/api{target}", body=body)
            return answer.status, answer.json

        app.ask = ask
        yield app


async def test_connections_are_told_of_sent_to_and_closed(gateway):
    at = f"ws://{gateway.addresses[0]}/board"
    async with connect(at, user_agent_header="dash") as one, connect(at) as other:
        status, told = await gateway.ask("GET", "/sockets")
        assert status == 200
        assert told["open"] == [{"api": "board", "stage": "$default", "connections": 2}]
        latest, first = told["connections"]
        assert (first["user_agent"], latest["api"]) == ("dash", "board")
        assert len((await gateway.ask("GET", "/sockets?most=1"))[1]["connections"]) == 1
        assert (await gateway.ask("GET", f"/sockets/{first['id']}"))[1]["user_agent"] == "dash"
        sent = await gateway.ask("POST", f"/sockets/{first['id']}/send", {"message": "grüezi"})
        assert sent == (200, {"sent": 1})
        assert await one.recv() == "grüezi"
        group = {"api": "board", "stage": "$default", "group": "dashboards"}
        for each in (first, latest):
            assert await gateway.pushes.join(tuple(group.values()), each["id"])
        _, told = await gateway.ask("GET", "/sockets")
        assert told["groups"] == [{**group, "members": 2}]
        sent = await gateway.ask("POST", "/socket-groups/send", {**group, "message": "all"})
        assert sent == (200, {"sent": 2})
        assert [await one.recv(), await other.recv()] == ["all", "all"]
        assert (await gateway.ask("POST", f"/sockets/{first['id']}/close"))[0] == 200
        with pytest.raises(ConnectionClosed) as closed:
            await one.recv()
        assert closed.value.rcvd.code == 1001


REFUSED = [
    ("GET", "/sockets?most=0", None, 422, "expected most"),
    ("GET", "/sockets/none", None, 404, "there is no such connection"),
    ("POST", "/sockets/none/send", {"message": "x"}, 404, "there is no such connection"),
    ("POST", "/sockets/none/send", {"message": 1}, 422, "expected a message that is a text"),
    ("POST", "/sockets/none/send", {"message": "x" * 131_073}, 422, "expected a message of at"),
    ("POST", "/sockets/none/close", {}, 404, "there is no such connection"),
    ("POST", "/socket-groups/send", [], 422, "expected a body"),
]


async def test_what_cannot_be_done_is_told(gateway):
    for method, target, document, status, message in REFUSED:
        found, told = await gateway.ask(method, target, document)
        assert (found, told["message"][: len(message)]) == (status, message), target
