"""Owns the gateway's end of a child's channel: frames in and out, with back-pressure. No threads.

Knows nothing of what frames mean; `process` does.
"""

import asyncio
import contextlib
import socket
from collections.abc import Callable

from frontdesk.functions.frames import READ_SIZE, Decoder, Frame, FrameError


class Channel:
    """One channel on the running loop.

    take: called with each frame; may raise FrameError. closed: called once, at the end of file or after
    a broken frame (True), after which nothing more is read.
    """

    def __init__(self, take: Callable[[Frame], None], closed: Callable[[bool], None]) -> None:
        self._take = take
        self._closed = closed
        self._loop = asyncio.get_running_loop()
        self._decoder = Decoder()
        self._unsent = b""
        self._reading = False
        self._socket: socket.socket

    def open(self) -> int:
        """Make the channel; answer the descriptor of the child's end."""
        self._socket, theirs = socket.socketpair()
        self._socket.setblocking(False)
        self._reading = True
        self._loop.add_reader(self._socket, self._readable)
        return theirs.detach()

    def send(self, data: bytes) -> None:
        """Send as soon as the child reads. Before `open` there is no child: nothing."""
        if not self._reading:
            return
        if self._unsent:
            self._unsent += data
            return
        try:
            sent = self._socket.send(data)
        except BlockingIOError:
            sent = 0
        except OSError:
            return  # it has closed the channel; the reader is told
        if sent < len(data):
            self._unsent = data[sent:]
            self._loop.add_writer(self._socket, self._writable)

    def pause(self) -> None:
        """Read nothing for now, so that the child waits when the channel is full."""
        self._loop.remove_reader(self._socket)

    def resume(self) -> None:
        """Read on."""
        if self._reading:
            self._loop.add_reader(self._socket, self._readable)

    def drain(self) -> None:
        """Read what a child that has ended has left."""
        if self._reading:
            with contextlib.suppress(OSError, FrameError):  # BlockingIOError: nothing is left
                while data := self._socket.recv(READ_SIZE):
                    for frame in self._decoder.feed(data):
                        self._take(frame)

    def close(self) -> None:
        """Be done with it. `closed` is not called."""
        self._reading = False
        self._loop.remove_reader(self._socket)
        self._loop.remove_writer(self._socket)
        self._socket.close()

    def _writable(self) -> None:
        self._loop.remove_writer(self._socket)
        data, self._unsent = self._unsent, b""
        self.send(data)

    def _readable(self) -> None:
        try:
            data = self._socket.recv(READ_SIZE)
        except BlockingIOError:
            return
        except OSError:
            data = b""
        if not data:
            self._end(broken=False)
            return
        try:
            for frame in self._decoder.feed(data):
                self._take(frame)
        except FrameError:
            self._end(broken=True)

    def _end(self, *, broken: bool) -> None:
        self._reading = False
        self._loop.remove_reader(self._socket)
        self._closed(broken)
