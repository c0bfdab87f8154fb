"""Owns asynchronous starts of Express machines: recorded, run in memory, and run again after a crash.

Source: AWS, "Choosing workflow type": asynchronous Express executions run at least once.
"""

from collections.abc import Callable, Sequence
from typing import Any, Final

from frontdesk.durable.executions.doing import Ended, Surroundings
from frontdesk.durable.executions.pinned import Pinned, read_pinned
from frontdesk.durable.life import Happening, Told, Turn, Work
from frontdesk.ports.journal import Document, Loaded, Status

KIND: Final = "express"
"""Of their streams: `express/MACHINE`."""

_RUN: Final = "run"
"""The one command of such a stream."""


class ExpressLife:
    """One asynchronous start. See `durable.life.Life`."""

    def __init__(self, pinned: Pinned, around: Surroundings) -> None:
        self._pinned = pinned
        self._around = around

    def start(self) -> Turn:
        """Say what is recorded of the start."""
        return Turn(events=[{"execution": self._pinned.as_json()}], commands={_RUN: {}})

    def react(self, now: float, happenings: Sequence[Happening]) -> Turn:
        """See Life."""
        ends = [one.what for one in happenings if isinstance(one, Told)]
        if not ends:
            return Turn()
        end: Ended = ends[0]
        ended = {"status": end.status, "error": end.error, "cause": end.cause}
        return Turn(events=[ended], done={_RUN}, status=Status(end.status, ended=now))

    def act(self, key: str, command: Document, tell: Callable[[Any], None]) -> Work | None:  # noqa: ARG002 - there is one
        """See Life."""
        return self._around.run_child(self._pinned, tell)


class ExpressWorkflow:
    """See `durable.life.Workflow`."""

    def __init__(self, around: Surroundings) -> None:
        self._around = around

    async def revive(self, loaded: Loaded) -> ExpressLife:
        """See Workflow."""
        return ExpressLife(read_pinned(loaded.events[0]["execution"]), self._around)
