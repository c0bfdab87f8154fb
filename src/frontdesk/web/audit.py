"""Owns the audit log: who has asked for which change, or to sign in, when, and how it was answered.

Never what was sent with it.
"""

import logging
from collections import deque
from collections.abc import Iterator
from contextlib import suppress
from itertools import islice
from pathlib import Path
from typing import Any, Final

import orjson

from frontdesk.base.clock import Clock
from frontdesk.gateway.operators import Operator
from frontdesk.gateway.pipeline.exchange import Exchange
from frontdesk.gateway.pipeline.stages.failure_limit import FailureLimit

_LOG: Final = logging.getLogger(__name__)
_LONGEST: Final = 64
"""Characters that are kept of a name that nobody has proven."""


class AuditLog:
    """A file of lines of JSON: `{"time", "operator", "role", "method", "path", "status", "address"}`.

    role: "" of who was not let in; operator is the name that was tried then.
    """

    def __init__(self, path: Path, clock: Clock) -> None:
        """path: of the file; made when there is something to write."""
        self._path = path
        self._clock = clock
        self._waiting = FailureLimit(1)

    def note(self, operator: Operator, ex: Exchange, status: int) -> None:
        """See gateway.operators.Audit. What cannot be written is told to the log instead."""
        self._write(operator.name, operator.role.name.lower(), ex, status)

    def note_refused(self, name: str, ex: Exchange, status: int) -> None:
        """Keep that somebody was not let in; of those who have to wait, 429, one of each network and minute.

        name: that was tried.
        """
        if status == 429:
            now = self._clock.monotonic()
            if self._waiting.refuses(ex.client_ip, now):
                return
            self._waiting.count(ex.client_ip, now)
        self._write(name if len(name) <= _LONGEST else f"{name[:_LONGEST]}…", "", ex, status)

    def _write(self, name: str, role: str, ex: Exchange, status: int) -> None:
        entry = {
            "time": self._clock.time(),
            "operator": name,
            "role": role,
            "method": ex.method,
            "path": ex.path,
            "status": status,
            "address": ex.client_ip,
        }
        try:
            self._path.parent.mkdir(parents=True, exist_ok=True)
            with self._path.open("ab") as file:
                file.write(orjson.dumps(entry) + b"\n")
        except OSError as error:
            _LOG.error("a change is not in the audit log", extra={**entry, "error": str(error)})

    def last(self, most: int, *, contains: str = "", after: int = 0) -> list[dict[str, Any]]:
        """Return the last entries, newest first. contains: only lines with this text. after: how many are passed over.

        Reads the whole file: not on an event loop. A line that was cut off, by a full disk, is passed over.
        """
        found: deque[bytes] = deque(maxlen=after + most)
        try:
            with self._path.open("rb") as file:
                found.extend(line for line in file if contains.encode() in line)
        except OSError:
            return []
        return list(_read(islice(reversed(found), after, None)))


def _read(lines: Iterator[bytes]) -> Iterator[dict[str, Any]]:
    for line in lines:
        with suppress(orjson.JSONDecodeError):
            yield orjson.loads(line)
