"""Owns another company's API: an HTTP server that does with each request what a function says."""

import asyncio
import contextlib
import json
import re
from typing import NamedTuple


class Asked(NamedTuple):
    """A request. headers: by lower-case name. peer: the address that it came from."""

    method: str
    target: str
    headers: dict[str, str]
    body: bytes
    peer: str


class Vendor:
    """Answers with what `answer` makes of each request: (status, headers, body), a JSON value, or None to hang up.

    seen: every request. url: of the whole.
    """

    def __init__(self, answer) -> None:
        self.answer = answer
        self.seen: list[Asked] = []
        self.url = ""
        self.connections: dict[asyncio.StreamWriter, asyncio.Task] = {}

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections[writer] = asyncio.current_task()
        with contextlib.suppress(asyncio.IncompleteReadError, ConnectionError):
            while True:
                head = (await reader.readuntil(b"\r\n\r\n")).decode()
                line, *lines = head.strip().split("\r\n")
                method, target, _ = line.split(" ")
                headers = {
                    name.lower(): value for name, value in (each.split(": ", 1) for each in lines)
                }
                body = await reader.readexactly(int(headers.get("content-length", 0)))
                asked = Asked(method, target, headers, body, writer.get_extra_info("peername")[0])
                self.seen.append(asked)
                given = self.answer(asked)
                if asyncio.iscoroutine(given):
                    given = await given
                if given is None:
                    break
                writer.write(_response(method, given))
                await writer.drain()
        writer.close()


def _response(method, given):
    status, headers, body = given if isinstance(given, tuple) else (200, {}, given)
    if not isinstance(body, bytes):
        headers = {"Content-Type": "application/json", **headers}
        body = json.dumps(body).encode()
    fields = {"Content-Length": len(body), **headers}
    lines = "".join(f"{name}: {value}\r\n" for name, value in fields.items())
    return f"HTTP/1.1 {status} X\r\n{lines}\r\n".encode() + (b"" if method == "HEAD" else body)


@contextlib.asynccontextmanager
async def vendor(answer, *, ssl=None):
    """Run one on a free port of 127.0.0.1."""
    one = Vendor(answer)
    server = await asyncio.start_server(one.serve, "127.0.0.1", 0, ssl=ssl)
    scheme = "https" if ssl else "http"
    one.url = f"{scheme}://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    try:
        yield one
    finally:
        server.close()
        for writer in one.connections:
            writer.transport.abort()
        if one.connections:
            await asyncio.wait(one.connections.values())


def limiting(each=1, retry_after="60"):
    """Make an answer that takes so many requests of each address, and refuses further ones."""
    taken: dict[str, int] = {}

    def answer(asked):
        taken[asked.peer] = taken.get(asked.peer, 0) + 1
        if taken[asked.peer] > each:
            return 429, {"Retry-After": retry_after}, {"message": "slow down"}
        return {"from": asked.peer}

    return answer


def path_of(asked):
    """Return the path of a request without its query."""
    return re.sub(r"\?.*", "", asked.target)
