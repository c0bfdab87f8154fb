"""Owns how an invocation is kept in the store of queues: one queue for each function, the event as the body.

The names of these queues have a slash, which those of users cannot have.
"""

from typing import Final, NamedTuple

import orjson

from frontdesk.ports.queue import Queue
from frontdesk.rules.asynchronous.progress import Answer, Progress

PREFIX: Final = "invocations/"

HIDDEN: Final = 30.0
"""Seconds that an invocation is hidden from other processes, again and again while it is made."""

_RETENTION: Final = 14 * 86_400.0


def queue_of(function: str) -> Queue:
    """Return the queue of a function's invocations. Their age is looked after elsewhere."""
    return Queue(PREFIX + function, visibility=HIDDEN, retention=_RETENTION)


class Kept(NamedTuple):
    """What belongs to an invocation beside its event and its id.

    qualifier: a version or an alias, "" for $LATEST. client_context: decoded JSON text or "".
    """

    qualifier: str = ""
    trace: str = ""
    client_context: str = ""
    progress: Progress = Progress()

    @classmethod
    def read(cls, written: bytes) -> "Kept":
        """Read what `written` has written."""
        qualifier, trace, client_context, (runs, refusals, answer) = orjson.loads(written)
        progress = Progress(runs, refusals, Answer(*answer) if answer else None)
        return cls(qualifier, trace, client_context, progress)

    def written(self) -> bytes:
        """Write it for the store."""
        qualifier, trace, client_context, (runs, refusals, answer) = self
        told = (runs, refusals, None if answer is None else tuple(answer))
        return orjson.dumps((qualifier, trace, client_context, told))
