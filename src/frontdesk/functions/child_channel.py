"""Owns the child's end of its channel: frames in and out, blocking. Standard library only."""

import contextlib
import os
from typing import Final

from frontdesk.functions.frames import READ_SIZE, Decoder, Frame

CHANNEL: Final = 3
"""Descriptor of the channel in every child."""


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
            data = os.read(CHANNEL, READ_SIZE)
            if not data:
                return None
            self._frames = self._decoder.feed(data)
        return self._frames.pop(0)

    def send(self, data: bytes) -> None:
        """Send a frame; waits while the gateway takes no more."""
        sent = os.write(CHANNEL, data)
        while sent < len(data):
            sent += os.write(CHANNEL, data[sent : sent + READ_SIZE])

    def _mute(self) -> None:
        with contextlib.suppress(OSError):
            os.dup2(0, CHANNEL, inheritable=False)
