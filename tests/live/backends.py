"""Owns HTTP backends: one that holds its answers until it is told, one that tells what it got."""

import asyncio
import contextlib
import hashlib
import json
import re
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


class Holding:
    """Answers `200 held` to each request, but not before `release`."""

    def __init__(self) -> None:
        self.address = ""
        self.asked = asyncio.Event()
        self.gone = asyncio.Event()
        self._released = asyncio.Event()

    def release(self) -> None:
        self._released.set()

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(asyncio.IncompleteReadError, ConnectionError):
            await reader.readuntil(b"\r\n\r\n")
            self.asked.set()
            ended = asyncio.create_task(reader.read(1))
            released = asyncio.create_task(self._released.wait())
            await asyncio.wait({ended, released}, return_when=asyncio.FIRST_COMPLETED)
            if ended.done():
                self.gone.set()
            ended.cancel()
            released.cancel()
            writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 4\r\nConnection: close\r\n\r\nheld")
        writer.close()


@contextlib.asynccontextmanager
async def holding():
    """Run one on a free port."""
    backend = Holding()
    server = await asyncio.start_server(backend.serve, "127.0.0.1", 0)
    backend.address = "{}:{}".format(*server.sockets[0].getsockname())
    async with server:
        yield backend


class Unruly:
    """Does what it is told with each request, then answers `200` with its name.

    orders: for the next requests, in turn: a status, (status, {header: value}), `reset` or `hang`.
    """

    def __init__(self, name: str) -> None:
        self.name = name
        self.address = ""
        self.orders: list = []
        self.seen: list[tuple[str, bytes]] = []
        self.peers: list[str] = []
        self.asked = asyncio.Event()
        self._connections: dict[asyncio.StreamWriter, asyncio.Task] = {}

    @property
    def url(self) -> str:
        return f"http://{self.address}"

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._connections[writer] = asyncio.current_task()
        self.peers.append(writer.get_extra_info("peername")[0])
        with contextlib.suppress(asyncio.IncompleteReadError, ConnectionError):
            while True:
                head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1")
                length = re.search(r"\r\ncontent-length: (\d+)", head, re.IGNORECASE)
                self.seen.append((head, await reader.readexactly(int(length[1]) if length else 0)))
                self.asked.set()
                order = self.orders.pop(0) if self.orders else 200
                if order == "reset":
                    writer.transport.abort()
                elif order != "hang":
                    status, headers = order if isinstance(order, tuple) else (order, {})
                    lines = "".join(f"{name}: {value}\r\n" for name, value in headers.items())
                    body = self.name.encode()
                    writer.write(
                        f"HTTP/1.1 {status} X\r\n{lines}Content-Length: {len(body)}\r\n\r\n".encode()
                        + body
                    )
        writer.close()

    def close(self) -> None:
        for writer in self._connections:
            writer.transport.abort()

    async def ended(self) -> None:
        """Wait for what was closed."""
        if self._connections:
            await asyncio.wait(self._connections.values())


@contextlib.asynccontextmanager
async def unruly(name="unruly"):
    """Run one on a free port."""
    backend = Unruly(name)
    server = await asyncio.start_server(backend.serve, "127.0.0.1", 0)
    backend.address = "{}:{}".format(*server.sockets[0].getsockname())
    try:
        yield backend
    finally:
        server.close()
        backend.close()
        await backend.ended()


class Echo(BaseHTTPRequestHandler):
    """Answers with JSON of what came: method, path, headers, length and SHA-256 of the body.

    /bytes/N answers with N bytes instead.
    """

    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True

    def do_GET(self) -> None:
        if self.path.startswith("/bytes/"):
            self._answer(bytes(int(self.path.removeprefix("/bytes/"))))
            return
        body = self._body()
        seen = {
            "method": self.command,
            "path": self.path,
            "headers": {name.lower(): value for name, value in self.headers.items()},
            "length": len(body),
            "sha256": hashlib.sha256(body).hexdigest(),
        }
        self._answer(json.dumps(seen).encode())

    do_HEAD = do_POST = do_PUT = do_GET  # noqa: N815 - the names that http.server calls

    def log_message(self, *_: object) -> None:
        """Tests look at what the door says."""

    def _body(self) -> bytes:
        if self.headers.get("transfer-encoding") != "chunked":
            return self.rfile.read(int(self.headers.get("content-length", 0)))
        body = b""
        while size := int(self.rfile.readline(), 16):
            body += self.rfile.read(size)
            self.rfile.readline()
        self.rfile.readline()
        return body

    def _answer(self, body: bytes) -> None:
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)


class _Server(ThreadingHTTPServer):
    daemon_threads = True

    def handle_error(self, *_: object) -> None:
        """A request that breaks off is part of the test."""


@contextlib.contextmanager
def threaded(handler):
    """Run a `http.server` handler in threads on a free port; yields its address."""
    server = _Server(("127.0.0.1", 0), handler)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
    thread.start()
    try:
        yield f"127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
