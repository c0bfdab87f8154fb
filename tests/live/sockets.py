"""Owns WebSocket clients of tests that say what no library would, and gateways in a thread for them."""

import asyncio
import base64
import contextlib
import os
import socket
import struct
import threading
from typing import NamedTuple

from tests.live.gateways import serving

CONT, TEXT, BINARY, CLOSE, PING, PONG = 0, 1, 2, 8, 9, 10


class Frame(NamedTuple):
    """A frame as it came: opcode, payload, FIN, and the reserved bits (RSV1 is 4)."""

    opcode: int
    data: bytes = b""
    fin: bool = True
    rsv: int = 0

    @property
    def closing(self):
        """Code and reason of a close frame; 1005 where it tells none."""
        if not self.data:
            return 1005, ""
        return struct.unpack("!H", self.data[:2])[0], self.data[2:].decode()


def frame(opcode, data=b"", *, fin=True, rsv=0, mask=True, length=None):
    """Write a frame. length: what it says of its length, where that is a lie; mask: whether it is masked."""
    size = len(data) if length is None else length
    head = bytes([(fin << 7) | (rsv << 4) | opcode])
    bit = mask << 7
    if size < 126:
        head += bytes([bit | size])
    elif size < 65536:
        head += struct.pack("!BH", bit | 126, size)
    else:
        head += struct.pack("!BQ", bit | 127, size)
    if not mask:
        return head + data
    key = os.urandom(4)
    return head + key + bytes(byte ^ key[at % 4] for at, byte in enumerate(data))


class RawSocket:
    """A client that has shaken hands, and says what bytes it is told to."""

    def __init__(self, address, *fields, target="/", receive_buffer=None, source=None):
        """fields: further lines of the handshake. receive_buffer: bytes, to be slow by. source: address of ours."""
        self.socket = socket.socket()
        self.socket.settimeout(20)
        if receive_buffer is not None:
            self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive_buffer)
        if source is not None:
            self.socket.bind((source, 0))
        self.socket.connect(tuple(address))
        key = base64.b64encode(os.urandom(16)).decode()
        lines = [f"GET {target} HTTP/1.1", "Host: ws.example.com", "Connection: Upgrade"]
        lines += ["Upgrade: websocket", "Sec-WebSocket-Version: 13", f"Sec-WebSocket-Key: {key}"]
        self.socket.sendall("\r\n".join([*lines, *fields, "", ""]).encode())
        self._held = b""
        while b"\r\n\r\n" not in self._held:
            self._more()
        head, _, self._held = self._held.partition(b"\r\n\r\n")
        line, *shown = head.decode().split("\r\n")
        self.status = int(line.split()[1])
        pairs = (each.partition(": ") for each in shown)
        self.fields = {name.lower(): value for name, _, value in pairs}

    def send(self, *pieces):
        """Say bytes, frames or not, in one write."""
        with contextlib.suppress(ConnectionError):  # refused in the middle of what we say
            self.socket.sendall(b"".join(pieces))

    def say(self, text):
        """Send a message."""
        self.send(frame(TEXT, text if isinstance(text, bytes) else text.encode()))

    def frame(self):
        """Wait for the next frame; None: the connection has ended."""
        try:
            head = self._take(2)
            size = head[1] & 127
            if size == 126:
                size = struct.unpack("!H", self._take(2))[0]
            elif size == 127:
                size = struct.unpack("!Q", self._take(8))[0]
            data = self._take(size)
        except (EOFError, ConnectionError):
            return None
        return Frame(head[0] & 15, data, bool(head[0] & 128), head[0] >> 4 & 7)

    def body(self):
        """Read what a refused handshake says."""
        size = int(self.fields["content-length"])
        return self._take(size)

    def rest(self):
        """Read all frames until the connection ends."""
        return list(iter(self.frame, None))

    def close(self):
        """Go away without a word."""
        self.socket.close()

    def _take(self, size):
        while len(self._held) < size:
            self._more()
        taken, self._held = self._held[:size], self._held[size:]
        return taken

    def _more(self):
        data = self.socket.recv(1 << 16)
        if not data:
            raise EOFError
        self._held += data

    def __enter__(self):
        return self

    def __exit__(self, *_raised):
        self.close()


class Threaded:
    """A gateway on an event loop of its own thread. run: have a function called there, and wait for its result."""

    def __init__(self, app, loop):
        self.app = app
        self.address = app.addresses[0]
        self._loop = loop

    def run(self, work):
        """Call something on the gateway's loop."""

        async def called():
            return work()

        return asyncio.run_coroutine_threadsafe(called(), self._loop).result(20)


@contextlib.contextmanager
def threaded(path, **keywords):
    """Run a project in a thread, for clients that block."""
    ready = threading.Event()
    box = {}

    async def main():
        box["stop"] = asyncio.Event()
        box["loop"] = asyncio.get_running_loop()
        try:
            async with serving(path, **keywords) as app:
                box["app"] = app
                ready.set()
                await box["stop"].wait()
        except BaseException as error:
            box["error"] = error
            raise
        finally:
            ready.set()

    thread = threading.Thread(target=asyncio.run, args=(main(),))
    thread.start()
    ready.wait()
    if "app" not in box:
        thread.join()
        raise box["error"]
    try:
        yield Threaded(box["app"], box["loop"])
    finally:
        box["loop"].call_soon_threadsafe(box["stop"].set)
        thread.join()
