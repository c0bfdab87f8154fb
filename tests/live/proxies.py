"""Owns a tiny forward proxy: CONNECT, and requests that name their target whole."""

import asyncio
import contextlib
from urllib.parse import urlsplit


class ForwardProxy:
    """Passes connections on from an address of its own. seen: the head of each request that it was sent.

    refuses: the status with which it refuses everybody, if any.
    """

    def __init__(self, source: str) -> None:
        self.source = source
        self.url = ""
        self.seen: list[bytes] = []
        self.refuses = 0
        self._pumps: set[asyncio.Task] = set()

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(asyncio.IncompleteReadError, ConnectionError):
            head = await reader.readuntil(b"\r\n\r\n")
            self.seen.append(head)
            line, _, fields = head.partition(b"\r\n")
            method, target, version = line.split(b" ")
            if self.refuses:
                writer.write(b"HTTP/1.1 %d No\r\nContent-Length: 0\r\n\r\n" % self.refuses)
            elif method == b"CONNECT":
                await self._tunnel(target.decode(), b"", reader, writer)
            else:
                url = urlsplit(target.decode())
                origin = f"{url.path}?{url.query}".rstrip("?").encode()
                kept = [
                    field
                    for field in fields.split(b"\r\n")
                    if not field.lower().startswith(b"proxy-authorization:")
                ]
                first = b"\r\n".join((b" ".join((method, origin, version)), *kept))
                await self._tunnel(url.netloc, first, reader, writer)
        writer.close()

    async def _tunnel(self, address, first, reader, writer):
        host, _, port = address.rpartition(":")
        there, onward = await asyncio.open_connection(host, int(port), local_addr=(self.source, 0))
        if first:
            onward.write(first)
        else:
            writer.write(b"HTTP/1.1 200 Connection established\r\n\r\n")
        up = asyncio.create_task(_pump(reader, onward))
        down = asyncio.create_task(_pump(there, writer))
        self._pumps |= {up, down}
        await asyncio.wait({up, down}, return_when=asyncio.FIRST_COMPLETED)
        self.end()
        onward.close()

    def end(self) -> None:
        for pump in self._pumps:
            pump.cancel()


async def _pump(reader, writer):
    with contextlib.suppress(ConnectionError):
        while data := await reader.read(65536):
            writer.write(data)


@contextlib.asynccontextmanager
async def forward_proxy(source="127.0.0.1"):
    """Run one on a free port."""
    proxy = ForwardProxy(source)
    server = await asyncio.start_server(proxy.serve, "127.0.0.1", 0)
    proxy.url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    async with server:
        yield proxy
        proxy.end()
