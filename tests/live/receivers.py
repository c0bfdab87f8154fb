"""A receiver of webhooks on loopback that does as it is told, and keeps what it was sent."""

import asyncio
import contextlib

OK = b"HTTP/1.1 204 No Content\r\n\r\n"


def answer(status, *headers, body=b""):
    """Write an answer of its own."""
    lines = [f"HTTP/1.1 {status} Any", f"Content-Length: {len(body)}", *headers]
    return "\r\n".join(lines).encode() + b"\r\n\r\n" + body


async def hang(_reader, _writer):
    """Answer nothing until the sender has had enough."""
    await asyncio.Event().wait()


async def reset(_reader, writer):
    """Break off in the middle of an answer."""
    writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nhalf")
    await writer.drain()
    writer.transport.abort()


async def endless(_reader, writer):
    """Answer with a body that has no end."""
    writer.write(b"HTTP/1.1 200 OK\r\n\r\n")
    while True:
        writer.write(b"x" * 4096)
        await writer.drain()


class Received:
    """A request. headers: by their names in lower case."""

    def __init__(self, line, headers, body):
        self.line = line
        self.headers = headers
        self.body = body


class Receiver:
    """Answers with `script`, each of which is bytes or takes the connection; then with `usually`."""

    def __init__(self, *script, usually=OK):
        self.script = list(script)
        self.usually = usually
        self.received = []
        self.connections = 0
        self._news = asyncio.Condition()
        self._tasks = set()

    async def __aenter__(self):
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", 0)
        self.port = self._server.sockets[0].getsockname()[1]
        self.url = f"http://127.0.0.1:{self.port}/hook?a=1"
        return self

    async def __aexit__(self, *_):
        self._server.close()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    async def until(self, count):
        """Wait until that many requests have come."""
        async with asyncio.timeout(20), self._news:
            await self._news.wait_for(lambda: len(self.received) >= count)
        return self.received

    async def _serve(self, reader, writer):
        self.connections += 1
        task = asyncio.current_task()
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        with contextlib.suppress(
            ConnectionError, asyncio.IncompleteReadError, asyncio.CancelledError
        ):
            while True:
                head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1")
                line, *fields = head.rstrip("\r\n").split("\r\n")
                pairs = (field.partition(": ") for field in fields)
                headers = {name.lower(): value for name, _, value in pairs}
                body = await reader.readexactly(int(headers.get("content-length", 0)))
                step = self.script.pop(0) if self.script else self.usually
                async with self._news:
                    self.received.append(Received(line, headers, body))
                    self._news.notify_all()
                if isinstance(step, bytes):
                    writer.write(step)
                    await writer.drain()
                else:
                    await step(reader, writer)
        writer.transport.abort()
