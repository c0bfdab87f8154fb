"""Owns an HTTP backend that holds its answers until it is told."""

import asyncio
import contextlib


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
