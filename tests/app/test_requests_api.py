"""The operator's requests about the clients' requests, at a gateway in this process."""

import asyncio
import json
import socket

import pytest

from frontdesk.app.live_requests import LEASE
from frontdesk.gateway.telemetry.watching import RequestWatch
from tests.live.calls import call, free_port
from tests.live.gateways import project, serving
from tests.live.sockets import RawSocket

APIS = """
apis:
  a:
    routes:
      GET /x: {mock: {status: 200, body: '{"ok": true}'}}
      POST /y: {mock: {status: 201}}
"""


class Gateway:
    def __init__(self, app):
        self.app = app

    async def get(self, target, method="GET", **keywords):
        return await asyncio.to_thread(call, self.app.addresses[0], method, target, **keywords)

    async def ask(self, target="", method="GET", given=None, **keywords):
        body = None if given is None else json.dumps(given)
        answer = await asyncio.to_thread(
            call,
            str(self.app.config.admin.listen),
            method,
            f"/api/requests{target}",
            body=body,
            **keywords,
        )
        return answer.status, answer.json

    async def rows(self, query=""):
        return (await self.ask(f"?{query}"))[1]["requests"]


@pytest.fixture
async def gateway(tmp_path):
    async with serving(project(tmp_path, APIS)) as app:
        gateway = Gateway(app)
        await gateway.rows()
        yield gateway


async def test_requests_are_told_from_when_somebody_asks(tmp_path):
    async with serving(project(tmp_path, APIS)) as app:
        gateway = Gateway(app)
        plan = app._data._door.plan
        await gateway.get("/x")
        assert await gateway.rows() == []
        await gateway.get("/x?a=1")
        [row] = await gateway.rows()
        assert (row["path"], row["route"], row["status"], row["api"]) == ("/x", "GET /x", 200, "a")
        app._wheel.advance(app._clock.monotonic() + LEASE + 1)
        assert app._data._door.plan is plan


async def test_a_reload_is_watched_as_well(gateway):
    await gateway.app.reload(gateway.app.loaded)
    await gateway.get("/x")
    assert [row["path"] for row in await gateway.rows()] == ["/x"]


async def test_a_list_is_of_what_is_asked_for(gateway):
    for method, path in (("GET", "/x"), ("POST", "/y"), ("GET", "/nothing")):
        await gateway.get(path, method)
    asked = {
        "": ["/nothing", "/y", "/x"],
        "last=1": ["/nothing"],
        "status=2xx": ["/y", "/x"],
        "status=201": ["/y"],
        "status=4XX": ["/nothing"],
        "status=": ["/nothing", "/y", "/x"],
        "method=GET": ["/nothing", "/x"],
        "route=GET%20/x": ["/x"],
        "api=b": [],
        "q=NOTH": ["/nothing"],
    }
    assert {query: [row["path"] for row in await gateway.rows(query)] for query in asked} == asked
    for last in ("0", "501", "x", "-1"):
        status, told = await gateway.ask(f"?last={last}")
        assert (status, told["message"]) == (422, f"expected last from 1 to 500, found: {last}")
    for odd in ("9xx", "600", "5", "5x", "x", "20a", "2000"):
        status, told = await gateway.ask(f"?status={odd}")
        expected = f"expected a status such as 404, or 4xx, found: {odd}"
        assert (status, told["message"]) == (422, expected)


async def test_all_of_a_request_is_told_by_its_id(gateway):
    await gateway.get("/x?token=t", headers={"authorization": "Bearer abc", "a": "b"})
    [row] = await gateway.rows()
    status, found = await gateway.ask(f"/{row['id']}")
    headers = dict(found["requestHeaders"])
    assert (status, headers["a"], headers["authorization"], found["query"]) == (
        *(200, "b", "***"),
        "token=***",
    )
    assert found["responseBody"] == '{"ok": true}'
    assert "Bearer abc" not in json.dumps(found)


async def test_a_request_that_is_not_kept_is_said_to_be_gone(gateway):
    status, told = await gateway.ask("/nobody")
    assert (status, told["message"]) == (404, "this request is not kept: nobody")


async def test_a_request_is_sent_again_without_what_was_masked(gateway):
    given = {
        "method": "POST",
        "path": "/y?a=1",
        "headers": [["idempotency-key", "book-17"], ["authorization", "***"], ["host", "x"]],
        "body": "{}",
    }
    status, told = await gateway.ask("/replay", "POST", given)
    assert (status, told["status"]) == (200, 201)
    [row] = await gateway.rows()
    _, found = await gateway.ask(f"/{row['id']}")
    headers = dict(found["requestHeaders"])
    assert headers["idempotency-key"] == "book-17"
    assert "authorization" not in headers
    assert (found["query"], found["requestLength"] > 2) == ("a=1", True)


async def test_what_is_no_request_is_not_sent(gateway):
    for given in (
        None,
        [],
        {"method": "GET"},
        {"method": "GET", "path": "http://elsewhere/"},
        {"method": "GET", "path": "/x", "headers": [["a", "b\r\nc: d"]]},
        {"method": "GET", "path": "/x", "headers": ["a"]},
        {"method": "GET X", "path": "/x"},
    ):
        status, told = await gateway.ask("/replay", "POST", given)
        assert (status, bool(told["message"])) == (422, True), given
    assert await gateway.rows() == []


async def test_attempts_are_told_one_by_one(tmp_path):
    backend = f"{{targets: ['http://127.0.0.1:{free_port()}'], retry: {{attempts: 2, base: 1ms}}}}"
    config = f"upstreams: {{crm: {backend}}}\napis: {{a: {{routes: {{GET /x: {{http: {{upstream: crm}}}}}}}}}}"
    async with serving(project(tmp_path, config)) as app:
        gateway = Gateway(app)
        await gateway.rows()
        await gateway.get("/x")
        [row] = await gateway.rows()
        _, found = await gateway.ask(f"/{row['id']}")
    assert [attempt["error"] for attempt in found["attempts"]] == ["connect", "connect"]


SOCKETS = """
apis:
  live:
    type: websocket
    route_selection: $request.body.action
    routes:
      $connect: {mock: {}}
      $disconnect: {mock: {}}
      say: {mock: {body: said}, response: true}
"""


def talk(address):
    with RawSocket(address) as client:
        client.say('{"action": "say"}')
        client.frame()
        client.say('{"action": "sing", "token": "t"}')
        client.frame()


async def test_messages_of_connections_are_requests_of_their_own_kind(tmp_path):
    async with serving(project(tmp_path, SOCKETS)) as app:
        gateway = Gateway(app)
        await gateway.rows()
        await asyncio.to_thread(talk, app.addresses[0])
        while len(rows := await gateway.rows("kind=message")) < 3:
            pass  # until the end of the connection is told
        (handshake,) = await gateway.rows("kind=request")
        _, said = await gateway.ask(f"/{rows[-1]['id']}")
    shown = [(row["route"], row["bodyLength"], row["connection"]) for row in reversed(rows)]
    connection = handshake["connection"]
    assert (handshake["route"], bool(connection)) == ("$connect", True)
    assert shown == [
        ("say", 17, connection),
        ("", 32, connection),
        ("$disconnect", 0, connection),
    ]
    assert (said["requestBody"], said["responseBody"]) == ('{"action": "say"}', "said")
    assert rows[1]["status"] != 200


async def test_what_ends_before_a_route_is_found_is_shown_as_that(gateway):
    def sent(head):
        with socket.create_connection(gateway.app.addresses[0]) as client:
            client.sendall(head)
            return client.recv(1024)

    await gateway.get("/nothing")
    for head in (
        b"GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n",
        b"GET /a\\%zz HTTP/1.1\r\nHost: a\r\n\r\n",
    ):
        assert (await asyncio.to_thread(sent, head)).startswith(b"HTTP/1.1 400 ")
    rows = await gateway.rows("kind=unrouted")
    shown = [(row["status"], row["path"]) for row in rows]
    assert shown == [(400, r"/a\\%zz"), (400, "/"), (404, "/nothing")]
    assert rows[0]["outcome"]
    assert (rows[0]["api"], rows[0]["route"]) == ("", "")
    status, _ = await gateway.ask(f"/{rows[0]['id']}")
    assert status == 200


async def test_refused_requests_are_not_looked_at_while_nobody_watches(tmp_path, monkeypatch):
    monkeypatch.setattr(RequestWatch, "see_refused", None)
    async with serving(project(tmp_path, APIS)) as app:
        answer = await asyncio.to_thread(
            call, app.addresses[0], "GET", "/x", headers={"Host": "a b"}
        )
    assert answer.status == 400
