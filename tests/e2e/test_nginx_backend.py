"""A real backend: Debian's nginx behind the whole data plane, from socket to socket."""

import asyncio
import contextlib
import gzip
import hashlib
import json
import tempfile
from pathlib import Path

import pytest
import uvloop
from websockets.asyncio.client import connect
from websockets.asyncio.server import serve

from frontdesk.app import Frontdesk
from frontdesk.config.load import load
from tests.live.calls import free_port


def pytest_asyncio_loop_factories(config, item):
    return {"uvloop": uvloop.new_event_loop}


CONFIG = """
daemon off; master_process off; worker_processes 1; pid {dir}/pid; error_log {dir}/error.log warn;
events {{ worker_connections 256; }}
http {{
  gzip on; gzip_types text/plain; gzip_proxied any; gzip_min_length 100;
  access_log off; default_type text/plain; keepalive_timeout {keepalive};
  client_body_temp_path {dir}/body; proxy_temp_path {dir}/proxy; fastcgi_temp_path {dir}/fastcgi;
  uwsgi_temp_path {dir}/uwsgi; scgi_temp_path {dir}/scgi; client_max_body_size 64m;
  server {{
    listen 127.0.0.1:{port}; root {dir}/www;
    location = /small {{ return 200 "small"; }}
    location = /empty {{ return 204; }}
    location = /moved {{ return 301 /small; }}
    location = /echo {{
      add_header X-Seen-Host $http_host; add_header X-Seen-For $http_x_forwarded_for;
      add_header X-Seen-Via $http_via; add_header X-Seen-Uri $request_uri;
      add_header X-Seen-Connection "$http_connection"; add_header X-Seen-Requests $connection_requests;
      add_header Set-Cookie a=1; add_header Set-Cookie b=2;
      return 200 "echo";
    }}
    location /put/ {{ dav_methods PUT; create_full_put_path on; }}
    location /slow/ {{ limit_rate 64k; }}
    location = /early {{ return 413; }}
  }}
}}
"""


@contextlib.asynccontextmanager
async def nginx(*, keepalive="75s"):
    """Run nginx with a folder of its own; yields its port and the folder."""
    with tempfile.TemporaryDirectory(prefix="nginx-") as folder:
        port = free_port()
        _prepare(Path(folder), port, keepalive)
        process = await asyncio.create_subprocess_exec(
            "/usr/sbin/nginx",
            "-p",
            folder,
            "-c",
            f"{folder}/nginx.conf",
            "-e",
            f"{folder}/error.log",
        )
        try:
            await _listening(port, process)
            yield port, Path(folder)
        finally:
            process.terminate()
            await process.wait()


def _prepare(folder: Path, port: int, keepalive: str) -> None:
    www = folder / "www"
    (www / "slow").mkdir(parents=True)
    (www / "text.txt").write_text("text " * 2000)
    (www / "large.bin").write_bytes(LARGE)
    (www / "slow" / "large.bin").write_bytes(LARGE)
    # The worker is who runs the tests, and owns the files.
    user = "user root;" if folder.stat().st_uid == 0 else ""
    config = CONFIG.format(dir=folder, port=port, keepalive=keepalive)
    (folder / "nginx.conf").write_text(user + config)


async def _listening(port, process):
    async with asyncio.timeout(20):
        while True:
            assert process.returncode is None, "nginx did not start"
            try:
                _reader, writer = await asyncio.open_connection("127.0.0.1", port)
            except OSError:
                await asyncio.sleep(0.02)
            else:
                writer.close()
                return


LARGE = bytes(range(256)) * 16 * 1024  # 4 MiB


@contextlib.asynccontextmanager
async def door_to(port, *, route=None, upstreams=None):
    """Serve one API whose every route goes to a backend; yields the address, the log and the app."""
    route = {"http": f"http://127.0.0.1:{port}"} if route is None else route
    config = {
        "name": "nginx",
        "listen": "127.0.0.1:0",
        "admin": {"listen": "127.0.0.1:0"},
        "limits": {"max_body": "128MB", "drain": "1s"},
        "upstreams": upstreams or {},
        "apis": {"a": {"routes": {"$default": route}}},
    }
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "frontdesk.yaml"
        path.write_text(json.dumps(config))
        app = Frontdesk(load([path], {}))
        log = []
        app._data._record = lambda: log.append
        await app.start()
        try:
            yield app.addresses[0], log, app
        finally:
            await app.stop()


class Answer:
    def __init__(self, raw: bytes) -> None:
        head, _, self.body = raw.partition(b"\r\n\r\n")
        line, *lines = head.split(b"\r\n")
        self.status = int(line.split(b" ")[1])
        self.fields = [
            (name.lower(), value) for name, value in (line.split(b": ", 1) for line in lines)
        ]

    def all(self, name: bytes) -> list[bytes]:
        return [value for key, value in self.fields if key == name]

    def one(self, name: bytes) -> bytes:
        (value,) = self.all(name)
        return value


async def ask(address, target, *, method=b"GET", fields=(), body=b"") -> Answer:
    reader, writer = await asyncio.open_connection(*address)
    lines = [
        b"%b %b HTTP/1.1" % (method, target),
        b"Host: api.example",
        b"Connection: close",
        *fields,
    ]
    writer.write(b"\r\n".join(lines) + b"\r\n\r\n" + body)
    raw = await asyncio.wait_for(reader.read(), 30)
    writer.close()
    return Answer(raw)


async def test_answers_of_every_kind_come_through():
    async with nginx() as (port, _), door_to(port) as (address, log, _):
        small = await ask(address, b"/small")
        assert (small.status, small.body) == (200, b"small")
        assert small.one(b"server").startswith(b"nginx")
        assert len(small.all(b"date")) == 1
        assert (await ask(address, b"/empty")).status == 204
        assert (await ask(address, b"/moved")).one(b"location").endswith(b"/small")
        assert (await ask(address, b"/none")).status == 404
        head = await ask(address, b"/large.bin", method=b"HEAD")
        assert (head.one(b"content-length"), head.body) == (b"%d" % len(LARGE), b"")
        etag = (await ask(address, b"/text.txt")).one(b"etag")
        fresh = await ask(address, b"/text.txt", fields=[b"If-None-Match: " + etag])
        assert (fresh.status, fresh.one(b"etag"), fresh.body) == (304, etag, b"")
        part = await ask(address, b"/large.bin", fields=[b"Range: bytes=256-511"])
        assert (part.status, part.body) == (206, bytes(range(256)))
        assert {ex.upstream for ex in log} == {f"127.0.0.1:{port}"}


async def test_the_backend_sees_one_clean_request():
    async with nginx() as (port, _), door_to(port) as (address, _log, _):
        spoofed = [b"X-Forwarded-For: 6.6.6.6", b"Keep-Alive: 5"]
        echo = await ask(address, b"/echo?a=%20b&c", fields=spoofed)
        assert echo.one(b"x-seen-host") == b"127.0.0.1:%d" % port
        assert echo.one(b"x-seen-for") == b"127.0.0.1"
        assert echo.one(b"x-seen-via") == b"1.1 frontdesk"
        assert echo.one(b"x-seen-uri") == b"/echo?a=%20b&c"
        assert echo.all(b"x-seen-connection") == []
        assert echo.all(b"set-cookie") == [b"a=1", b"b=2"]


async def test_connections_are_kept_between_requests():
    async with nginx() as (port, _), door_to(port) as (address, _log, _):
        counts = [(await ask(address, b"/echo")).one(b"x-seen-requests") for _ in range(5)]
        assert counts == [b"1", b"2", b"3", b"4", b"5"]


async def test_large_bodies_stream_both_ways():
    async with nginx() as (port, folder), door_to(port) as (address, _log, _):
        down = await ask(address, b"/large.bin")
        assert hashlib.sha256(down.body).digest() == hashlib.sha256(LARGE).digest()
        up = await ask(
            address,
            b"/put/known.bin",
            method=b"PUT",
            fields=[b"Content-Length: %d" % len(LARGE)],
            body=LARGE,
        )
        assert up.status == 201
        chunks = b"".join(
            b"%x\r\n%b\r\n" % (len(LARGE[at : at + 50_000]), LARGE[at : at + 50_000])
            for at in range(0, len(LARGE), 50_000)
        )
        up = await ask(
            address,
            b"/put/chunked.bin",
            method=b"PUT",
            fields=[b"Transfer-Encoding: chunked"],
            body=chunks + b"0\r\n\r\n",
        )
        assert up.status == 201
        for name in ("known.bin", "chunked.bin"):
            assert (folder / "www" / "put" / name).read_bytes() == LARGE


async def test_a_small_chunked_answer_is_passed_whole_with_its_length():
    async with nginx() as (port, _), door_to(port) as (address, _log, _):
        answer = await ask(address, b"/text.txt", fields=[b"Accept-Encoding: gzip"])
        assert answer.one(b"content-encoding") == b"gzip"
        assert answer.one(b"content-length") == b"%d" % len(answer.body)
        assert gzip.decompress(answer.body) == b"text " * 2000


async def test_an_expectation_is_answered_at_the_door():
    async with nginx() as (port, folder), door_to(port) as (address, _log, _):
        reader, writer = await asyncio.open_connection(*address)
        writer.write(
            b"PUT /put/expected HTTP/1.1\r\nHost: a\r\nConnection: close\r\n"
            b"Content-Length: 5\r\nExpect: 100-continue\r\n\r\n"
        )
        interim = await asyncio.wait_for(reader.readuntil(b"\r\n\r\n"), 20)
        assert interim == b"HTTP/1.1 100 Continue\r\n\r\n"
        writer.write(b"hello")
        assert Answer(await asyncio.wait_for(reader.read(), 20)).status == 201
        writer.close()
        assert (folder / "www" / "put" / "expected").read_bytes() == b"hello"


async def test_an_early_refusal_reaches_a_client_that_is_still_sending():
    async with nginx() as (port, _), door_to(port) as (address, _log, _):
        reader, writer = await asyncio.open_connection(*address)
        writer.write(
            b"POST /early HTTP/1.1\r\nHost: a\r\nContent-Length: 100000000\r\n\r\n" + b"x" * 1000
        )
        head = await asyncio.wait_for(reader.readuntil(b"\r\n\r\n"), 20)
        assert head.startswith(b"HTTP/1.1 413")
        writer.close()


async def test_a_client_that_goes_away_frees_the_backend():
    async with nginx() as (port, _), door_to(port) as (address, _log, app):
        reader, writer = await asyncio.open_connection(*address)
        writer.write(b"GET /slow/large.bin HTTP/1.1\r\nHost: a\r\n\r\n")
        await asyncio.wait_for(reader.readuntil(b"\r\n\r\n"), 20)
        writer.transport.abort()
        (upstream,) = app._data._parts.upstreams._by_settings.values()
        async with asyncio.timeout(20):
            while any(pool._open for pool in upstream._pools):  # noqa: ASYNC110 - nothing says when it is empty
                await asyncio.sleep(0.02)
        assert (await ask(address, b"/small")).body == b"small"


async def test_connections_that_nginx_has_closed_cost_nobody_a_failure():
    async with nginx(keepalive="0") as (port, _), door_to(port) as (address, _log, _):
        statuses = [(await ask(address, b"/small")).status for _ in range(5)]
        assert statuses == [200] * 5


async def test_a_backend_that_is_not_there_is_unavailable():
    async with door_to(free_port()) as (address, log, _):
        answer = await ask(address, b"/small")
        assert (answer.status, answer.body) == (503, b'{"message":"Service Unavailable"}')
        assert log[0].error == "upstream:connect"


async def test_two_targets_share_the_load_and_survive_one():
    async with nginx() as (one, _), nginx() as (two, _):
        targets = [f"http://127.0.0.1:{one}", f"http://127.0.0.1:{two}"]
        pair = {"targets": targets, "health": {"failures": 1}}
        route = {"http": {"upstream": "pair"}}
        async with door_to(0, route=route, upstreams={"pair": pair}) as (address, log, _):
            for _ in range(4):
                assert (await ask(address, b"/small")).status == 200
            assert [ex.upstream.rpartition(":")[2] for ex in log] == [str(one), str(two)] * 2


async def test_web_sockets_pass_through():
    async def echo(connection):
        async for message in connection:
            await connection.send(message)

    async with serve(echo, "127.0.0.1", 0) as server:
        port = server.sockets[0].getsockname()[1]
        async with door_to(port) as ((host, own), log, _):
            async with connect(f"ws://{host}:{own}/live", proxy=None) as socket:
                for message in ("text", b"bytes", "x" * 1_000_000):
                    await socket.send(message)
                    assert await socket.recv() == message
            async with asyncio.timeout(20):
                while not log:  # noqa: ASYNC110 - it is written when the client's end has gone
                    await asyncio.sleep(0.01)
            assert log[0].status == 101


async def test_events_arrive_one_by_one():
    step = asyncio.Event()

    async def events(reader, writer):
        await reader.readuntil(b"\r\n\r\n")
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n\r\n")
        for n in range(3):
            writer.write(b"data: %d\n\n" % n)
            await step.wait()
            step.clear()
        writer.close()

    backend = await asyncio.start_server(events, "127.0.0.1", 0)
    async with backend, door_to(backend.sockets[0].getsockname()[1]) as (address, _log, _):
        reader, writer = await asyncio.open_connection(*address)
        writer.write(b"GET /events HTTP/1.1\r\nHost: a\r\n\r\n")
        for n in range(3):
            await asyncio.wait_for(reader.readuntil(b"data: %d\n\n" % n), 20)
            step.set()
        await asyncio.wait_for(reader.readuntil(b"0\r\n\r\n"), 20)
        writer.close()


@pytest.mark.parametrize("clients", [32])
async def test_many_clients_at_once_get_their_own_answers(clients):
    async with nginx() as (port, folder), door_to(port) as (address, _log, _):
        for n in range(clients):
            (folder / "www" / f"{n}.txt").write_text(f"file {n} " * 500)

        async def client(n):
            for _ in range(5):
                answer = await ask(address, b"/%d.txt" % n)
                assert answer.body.decode() == f"file {n} " * 500

        await asyncio.gather(*(client(n) for n in range(clients)))
