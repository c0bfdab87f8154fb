"""WebSocket APIs under faults: backends that are slow or gone, floods, silent peers, reloads and stops."""

import asyncio
import contextlib
import json
import struct
from types import SimpleNamespace

import pytest
import websockets

from frontdesk.app import gateway as app_gateway
from frontdesk.config.load import load
from tests.live.calls import free_port
from tests.live.gateways import project, serving
from tests.live.sockets import CLOSE, PING, RawSocket, frame

PATIENCE = 20


class Backend:
    """An HTTP backend that answers when it may, and keeps what it was asked."""

    def __init__(self):
        self.asked = []
        self.may = asyncio.Event()
        self.may.set()
        self.status = 200
        self._more = asyncio.Event()

    async def serve(self, reader, writer):
        with contextlib.suppress(asyncio.IncompleteReadError, ConnectionError):
            head = await reader.readuntil(b"\r\n\r\n")
            self.asked.append(head.split(b" ")[1].decode())
            self._more.set()
            await self.may.wait()
            writer.write(b"HTTP/1.1 %d X\r\nContent-Length: 2\r\n" % self.status)
            writer.write(b"Connection: close\r\n\r\nok")
        writer.close()

    async def until(self, path, count=1):
        async with asyncio.timeout(PATIENCE):
            while self.asked.count(path) < count:
                self._more.clear()
                await self._more.wait()


@contextlib.asynccontextmanager
async def backend():
    made = Backend()
    async with await asyncio.start_server(made.serve, "127.0.0.1", 0) as server:
        made.url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
        yield made
        made.may.set()


@contextlib.asynccontextmanager
async def gateway(folder, routes, settings="", top=""):
    """Run an API `live` with routes, written as YAML of one line; told of by what tests ask."""
    path = project(
        folder, f"{top}\napis:\n  live: {{type: websocket, {settings} routes: {{{routes}}}}}\n"
    )
    async with serving(path) as app:
        yield SimpleNamespace(app=app, path=path, address=app.addresses[0])


def hub(gateway):
    return gateway.app._data._parts.sockets


async def until(condition):
    async with asyncio.timeout(PATIENCE):
        while not condition():  # noqa: ASYNC110 - nothing says when
            await asyncio.sleep(0.01)


def connect(gateway, **keywords):
    return websockets.connect(f"ws://{gateway.address}/", **keywords)


async def status_of(gateway):
    """Shake hands; return the connection, or the status that refuses it."""
    try:
        return await connect(gateway)
    except websockets.InvalidStatus as refused:
        return refused.response.status_code


async def reload(gateway, old, new):
    text = gateway.path.read_text()
    assert old in text
    gateway.path.write_text(text.replace(old, new))
    await gateway.app.reload(load([gateway.path], {}))


async def closed(ws):
    """Wait for the end of a connection; return code and reason of the close frame that came."""
    await asyncio.wait_for(ws.wait_closed(), PATIENCE)
    return ws.close_code, ws.close_reason


async def asked(ws, message="x"):
    await ws.send(message)
    return await asyncio.wait_for(ws.recv(), PATIENCE)


ECHO = "$default: {mock: {body: x}, response: true}"

# -- $connect and $disconnect -------------------------------------------------------------------------


async def test_handshakes_that_wait_for_connect_do_not_pass_the_cap_of_an_address(tmp_path):
    async with backend() as served:
        routes = f'$connect: {{http: "{served.url}/in"}}, {ECHO}'
        async with gateway(tmp_path, routes, "limits: {per_address: 3},") as running:
            served.may.clear()
            tries = [asyncio.create_task(status_of(running)) for _ in range(8)]
            await served.until("/in", 8)
            served.may.set()
            found = await asyncio.gather(*tries)
            held = [each for each in found if each != 429]
            assert len(held) == len(hub(running)) == 3
            for each in held:
                assert await asked(each) == "x"
                await each.close()


async def test_a_slow_or_dead_connect_is_told_and_leaves_nothing(tmp_path):
    async with backend() as served:
        routes = f'$connect: {{http: "{served.url}/in", timeout: 100ms}}, {ECHO}'
        async with gateway(tmp_path, routes, "limits: {per_address: 1},") as running:
            served.may.clear()
            assert await status_of(running) == 504
            served.may.set()
            await reload(running, served.url, f"http://127.0.0.1:{free_port()}")
            assert await status_of(running) == 503
            assert len(hub(running)) == 0
            await reload(running, "timeout: 100ms", "timeout: 20s")
            assert await status_of(running) == 503


async def test_a_client_that_leaves_during_connect_holds_no_place(tmp_path):
    async with backend() as served:
        routes = f'$connect: {{http: "{served.url}/in"}}, {ECHO}'
        async with gateway(tmp_path, routes, "limits: {per_address: 1},") as running:
            served.may.clear()
            leaving = asyncio.create_task(status_of(running))
            await served.until("/in")
            leaving.cancel()
            await asyncio.wait([leaving])
            served.may.set()
            async with connect(running) as ws:
                assert await asked(ws) == "x"


@pytest.mark.parametrize("how", ["refuses", "is not there"])
async def test_a_disconnect_that_fails_keeps_no_connection(tmp_path, how):
    async with backend() as served:
        served.status = 500
        url = served.url if how == "refuses" else f"http://127.0.0.1:{free_port()}"
        routes = f'$disconnect: {{http: "{url}/out"}}, {ECHO}'
        async with gateway(tmp_path, routes, "limits: {per_address: 1},") as running:
            for _ in range(3):
                async with connect(running) as ws:
                    assert await asked(ws) == "x"
                await until(lambda: len(hub(running)) == 0)
    assert served.asked == ["/out"] * 3 if how == "refuses" else not served.asked


# -- floods and silent peers --------------------------------------------------------------------------


async def test_a_flood_beyond_all_connections_is_refused_and_those_that_are_open_go_on(tmp_path):
    async with gateway(tmp_path, ECHO, top="limits: {max_connections: 3}") as running:
        held = [await connect(running) for _ in range(3)]
        assert [await status_of(running) for _ in range(5)] == [503] * 5
        assert [await asked(each) for each in held] == ["x"] * 3
        await held.pop().close()
        async with connect(running) as ws:
            assert await asked(ws) == "x"
        for each in held:
            await each.close()


async def test_a_peer_that_is_gone_without_a_word_is_pinged_cut_off_and_released(tmp_path):
    async with backend() as served:
        routes = f'$disconnect: {{http: "{served.url}/out"}}, {ECHO}'
        async with gateway(tmp_path, routes, "limits: {ping: 1s, pong: 1s},") as running:
            silent = await asyncio.to_thread(RawSocket, running.address)
            (id_,) = hub(running)._connections
            assert await running.app.pushes.join(("live", "$default", "board"), id_)
            await served.until("/out")
            with silent:
                assert [each.opcode for each in silent.rest()] == [PING]
            assert not await running.app.pushes.post(id_, b"x")
            assert await running.app.pushes.members(("live", "$default", "board")) == []


# -- reloads ------------------------------------------------------------------------------------------


async def test_a_reload_changes_routes_and_bounds_of_an_open_api(tmp_path):
    routes = "gone: {mock: {body: here}, response: true}"
    settings = "limits: {per_address: 1},"
    async with gateway(tmp_path, routes, settings) as running, connect(running) as ws:
        assert await asked(ws, '{"action": "gone"}') == "here"
        assert await status_of(running) == 429
        await reload(running, "per_address: 1", "per_address: 2, message: 1KB")
        async with connect(running) as second:
            await second.send("x" * 2000)
            assert (await closed(second))[0] == 1009
        # An open connection keeps the bounds that it began with.
        assert json.loads(await asked(ws, "x" * 2000))["message"] == "Forbidden"
        await reload(running, "gone: {mock: {body: here}", "new: {mock: {body: now}")
        assert json.loads(await asked(ws, '{"action": "gone"}'))["message"] == "Forbidden"
        assert await asked(ws, '{"action": "new"}') == "now"


async def test_connections_of_an_api_that_is_removed_are_pushed_to_until_their_next_message(
    tmp_path,
):
    async with gateway(tmp_path, ECHO) as running, connect(running) as ws:
        (id_,) = hub(running)._connections
        await reload(running, "live:", "other:")
        assert await running.app.pushes.post(id_, b"still")
        assert await ws.recv() == "still"
        await ws.send("x")
        assert await closed(ws) == (1001, "Going away")
        await until(lambda: len(hub(running)) == 0)
        assert not await running.app.pushes.post(id_, b"x")


# -- the end of the gateway -----------------------------------------------------------------------------


async def test_a_stop_tells_all_and_lets_in_nobody_for_good(tmp_path):
    async with backend() as served:
        routes = f'$connect: {{http: "{served.url}/in"}}, $disconnect: {{http: "{served.url}/out"}}, {ECHO}'
        async with gateway(tmp_path, routes) as running:
            open_ = await connect(running)
            served.may.clear()
            entering = asyncio.create_task(status_of(running))
            await served.until("/in", 2)
            stopping = asyncio.create_task(running.app.stop())
            assert await closed(open_) == (1001, "Going away")
            served.may.set()
            assert await closed(await entering) == (1001, "Going away")
            await asyncio.wait_for(stopping, PATIENCE)
            assert served.asked.count("/out") == 2


async def test_a_stop_waits_no_longer_than_drain_for_silent_peers_and_their_disconnect(tmp_path):
    async with backend() as served:
        routes = f'$disconnect: {{http: "{served.url}/out"}}, {ECHO}'
        async with gateway(tmp_path, routes, top="limits: {drain: 2s}") as running:
            with await asyncio.to_thread(RawSocket, running.address) as silent:
                polite = await connect(running)
                served.may.clear()
                stopping = asyncio.create_task(running.app.stop())
                await served.until("/out")  # of the polite one; nobody answers it
                await asyncio.wait_for(stopping, PATIENCE)  # `timeout` alone is 29 s
                assert await closed(polite) == (1001, "Going away")
                assert [each.closing for each in silent.rest()] == [(1001, "Going away")]


async def test_a_close_of_the_client_is_answered_while_a_message_is_under_way(tmp_path):
    async with backend() as served:
        routes = (
            f'$default: {{http: "{served.url}/said"}}, $disconnect: {{http: "{served.url}/out"}}'
        )
        async with gateway(tmp_path, routes) as running:
            served.may.clear()
            client = await asyncio.to_thread(RawSocket, running.address)
            with client:
                client.say("x")
                await served.until("/said")
                client.send(frame(CLOSE, struct.pack("!H", 4000)))
                assert [each.closing for each in await asyncio.to_thread(client.rest)] == [
                    (4000, "")
                ]
            await served.until("/out")
            served.may.set()
            assert len(hub(running)) == 0


async def test_sockets_go_on_while_the_admin_listener_is_down(tmp_path, monkeypatch):
    servers, make = [], app_gateway.server

    def server(*given, **named):
        servers.append(make(*given, **named))
        return servers[-1]

    monkeypatch.setattr(app_gateway, "server", server)
    async with gateway(tmp_path, ECHO) as running, connect(running) as ws:
        (admin,) = servers
        await admin.drain(0.0)
        assert await asked(ws) == "x"
        async with connect(running) as another:
            assert await asked(another) == "x"
