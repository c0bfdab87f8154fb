"""Owns a turn that the processes of one host take: one at a time, and the kernel takes it from the dead."""

import fcntl
import os
from types import TracebackType


def create_turn() -> int:
    """Make what processes take turns at; returns its descriptor."""
    return os.memfd_create("frontdesk-turn")


class Turn:
    """A lock as a context manager. One for each process; its threads must not share it."""

    def __init__(self, descriptor: int) -> None:
        """Open what `create_turn` has made. descriptor: it stays the caller's."""
        # Opened anew, because a lock belongs to what has been opened, not to the process.
        self._descriptor = os.open(f"/proc/self/fd/{descriptor}", os.O_RDWR | os.O_CLOEXEC)

    def __enter__(self) -> None:
        fcntl.flock(self._descriptor, fcntl.LOCK_EX)

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        fcntl.flock(self._descriptor, fcntl.LOCK_UN)

    def close(self) -> None:
        """Take no more turns."""
        os.close(self._descriptor)
