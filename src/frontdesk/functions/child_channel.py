"""Owns the child's end of its channel: frames in and out, blocking. Standard library only."""

import contextlib
import os
from typing import Final

from frontdesk.functions.frames import READ_SIZE, Decoder, Frame

ORDERS: Final = 3
ANSWERS: Final = 4
"""Descriptors of the channel in every child: what it reads from, and what it writes to."""


class ChildChannel:
    """The channel of this process. One thread reads; whoever sends does so one at a time."""

    def __init__(self) -> None:
        self._decoder = Decoder()
        self._frames: list[Frame] = []
        # A process that the function's code forks must never speak for us.
        os.register_at_fork(after_in_child=self._mute)

    def next(self) -> Frame | None:
        """Wait for the next frame; None when the gateway has gone."""
        while not self._frames:
            data = os.read(ORDERS, READ_SIZE)
            if not data:
                return None
            self._frames = self._decoder.feed(data)
        return self._frames.pop(0)

    def send(self, data: bytes) -> None:
        """Send a frame; waits while the gateway takes no more."""
        sent = os.write(ANSWERS, data)
        while sent < len(data):
            sent += os.write(ANSWERS, data[sent : sent + READ_SIZE])

    def _mute(self) -> None:
        with contextlib.suppress(OSError):
            os.dup2(0, ORDERS, inheritable=False)
            os.dup2(0, ANSWERS, inheritable=False)
