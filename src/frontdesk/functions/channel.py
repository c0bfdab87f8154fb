"""Owns the gateway's end of a child's channel: frames in and out, with back-pressure. No threads.

It is two pipes, which take the kernel half the time of a pair of sockets. Knows nothing of what frames
mean; `process` does.
"""

import asyncio
import contextlib
import os
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
        self._unsent: bytes | memoryview = b""
        self._reading = False
        self._answers = -1
        self._orders = -1

    def open(self) -> tuple[int, int]:
        """Make the channel; answer the descriptors of the child's ends: to read and to write. Raises: OSError."""
        orders, self._orders = os.pipe()
        try:
            self._answers, answers = os.pipe()
        except OSError:
            os.close(orders)
            os.close(self._orders)
            raise
        os.set_blocking(self._orders, False)
        os.set_blocking(self._answers, False)
        self._reading = True
        self._loop.add_reader(self._answers, self._readable)
        return orders, answers

    def send(self, data: bytes | memoryview) -> None:
        """Send as soon as the child reads. Before `open` there is no child: nothing."""
        if not self._reading:
            return
        if self._unsent:
            self._unsent = b"".join((self._unsent, data))
            return
        try:
            sent = os.write(self._orders, data)
        except BlockingIOError:
            sent = 0
        except OSError:
            return  # it has closed the channel, and will be heard to end
        if sent < len(data):
            self._unsent = memoryview(data)[sent:]  # a pipe takes a large event in many pieces
            self._loop.add_writer(self._orders, self._writable)

    def pause(self) -> None:
        """Read nothing for now, so that the child waits when the channel is full."""
        if self._reading:
            self._loop.remove_reader(self._answers)

    def resume(self) -> None:
        """Read on."""
        if self._reading:
            self._loop.add_reader(self._answers, self._readable)

    def drain(self) -> None:
        """Read what a child that has ended has left."""
        if self._reading:
            with contextlib.suppress(OSError, FrameError):  # BlockingIOError: nothing is left
                while data := os.read(self._answers, READ_SIZE):
                    for frame in self._decoder.feed(data):
                        self._take(frame)

    def close(self) -> None:
        """Be done with it. `closed` is not called."""
        self._reading = False
        self._loop.remove_reader(self._answers)
        self._loop.remove_writer(self._orders)
        os.close(self._orders)
        os.close(self._answers)

    def _writable(self) -> None:
        self._loop.remove_writer(self._orders)
        data, self._unsent = self._unsent, b""
        self.send(data)

    def _readable(self) -> None:
        try:
            data = os.read(self._answers, READ_SIZE)
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
        self._loop.remove_reader(self._answers)
        self._closed(broken)
