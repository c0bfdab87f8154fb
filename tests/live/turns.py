"""Owns how long an event loop is held: the processor's time of the longest turn of one callback."""

import contextlib
import time
from asyncio import events
from dataclasses import dataclass
from unittest.mock import patch


@dataclass
class Turn:
    """seconds: of the processor, by the thread of the loop alone."""

    seconds: float = 0.0


@contextlib.contextmanager
def longest_turn():
    """Watch every callback meanwhile; yields the longest."""
    found, run = Turn(), events.Handle._run

    def watched(handle):
        began = time.thread_time()
        run(handle)
        found.seconds = max(found.seconds, time.thread_time() - began)

    with patch.object(events.Handle, "_run", watched):
        yield found
