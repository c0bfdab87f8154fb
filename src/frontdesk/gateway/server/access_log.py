"""Owns the access log: one line per exchange, gathered, and written where the event loop cannot stall.

Losing lines is bad, losing requests is worse: a full disk or a reader that has gone costs lines only,
which are counted.
"""

import logging
import os
import threading
from collections.abc import Iterable, Mapping
from contextlib import AbstractContextManager, nullcontext
from queue import SimpleQueue
from typing import Final, NamedTuple

from frontdesk.base.appending import Appending
from frontdesk.base.errors import StartError
from frontdesk.base.wheel import Wheel
from frontdesk.gateway.pipeline.exchange import Exchange
from frontdesk.gateway.server.log_formats import Format, compile_format
from frontdesk.rules.redaction import SecretNames

_log = logging.getLogger("frontdesk.access_log")

_BATCH: Final = 256
"""Lines written together: each batch makes the writing thread and the event loop change places."""

_LATEST: Final = 0.2
"""Seconds that a line may wait for others."""

_QUEUED_BATCHES: Final = 64
"""Batches that a slow reader of the log may leave waiting; further ones are dropped."""

_STANDARD_OUTPUT: Final = "-"

_ALONE: Final = nullcontext()


class AccessLog:
    """Gathers lines on the event loop and hands them to a thread that writes."""

    def __init__(
        self,
        form: str | Mapping[str, str] | Format,
        path: str,
        *,
        wheel: Wheel,
        redact: Iterable[str] = (),
        turn: AbstractContextManager[None] = _ALONE,
    ) -> None:
        """form: see `compile_format`. path: file to append to, "-" for standard output.

        turn: is entered for each writing, where other processes write to the same pipe.
        Raises: ValueError for a bad format, StartError when the file cannot be opened.
        """
        self._format = compile_format(form, SecretNames(redact))
        self._writer = _Writer(path, turn)
        # Bytes, not lines: what orjson returns holds 8 kB, however short it is.
        self._gathered = bytearray()
        self._lines = 0
        self._timer = wheel.timer(self.flush)

    @property
    def dropped(self) -> int:
        """Lines that could not be written."""
        return self._writer.lines.total

    def record(self, ex: Exchange) -> None:
        """Take the line of an exchange that is over."""
        try:
            self._gathered += self._format(ex)
        except Exception:  # noqa: BLE001 - the request has been answered, only its line is lost
            self._writer.lines.lose(1, "a record could not be written as text")
            return
        self._lines = lines = self._lines + 1
        if lines >= _BATCH:
            self.flush()
        elif lines == 1:
            self._timer.at(ex.ended + _LATEST)

    def flush(self) -> None:
        """Hand over what has been gathered."""
        if self._lines:
            self._writer.put(_Batch(self._gathered, self._lines))
            self._gathered, self._lines = bytearray(), 0

    def reopen(self) -> None:
        """Go on in a new file of the same path, after the old one has been moved away."""
        self.flush()
        self._writer.reopen()

    def close(self) -> None:
        """Write what there is and end."""
        self.flush()
        self._timer.stop()
        self._writer.close()


class _Batch(NamedTuple):
    """Lines to be written together, and how many they are."""

    data: bytearray
    lines: int


class _Writer:
    """The thread that writes. Its queue holds batches; None means end, "reopen" what it says."""

    def __init__(self, path: str, turn: AbstractContextManager[None]) -> None:
        self._path = path
        self._turn = turn
        self._file = _open(path)
        self._queue: SimpleQueue[_Batch | str | None] = SimpleQueue()
        self.lines = Appending("access log lines", _log.warning)
        self._thread = threading.Thread(target=self._run, name="access-log", daemon=True)
        self._thread.start()

    def put(self, batch: _Batch) -> None:
        if self._queue.qsize() < _QUEUED_BATCHES:
            self._queue.put(batch)
        else:
            self.lines.lose(batch.lines, "nobody reads the log fast enough")

    def reopen(self) -> None:
        self._queue.put("reopen")

    def close(self) -> None:
        self._queue.put(None)
        self._thread.join(timeout=2.0)  # a blocked reader must not keep the gateway from ending

    def _run(self) -> None:
        while (item := self._queue.get()) is not None:
            if isinstance(item, _Batch):
                self._write(item)
            else:
                self._reopen()
        self._release()

    def _write(self, batch: _Batch) -> None:
        with self._turn:
            written = self.lines.write(self._file, batch.data)
        if written and self._queue.empty():
            self.lines.resume()  # caught up: a further loss is news

    def _reopen(self) -> None:
        if self._path == _STANDARD_OUTPUT:
            return
        try:
            file = _open_file(self._path)
        except OSError as error:
            why = os.strerror(error.errno or 0)
            _log.warning("cannot reopen the access log, going on in the old file: %s", why)
            return
        self._release()
        self._file = file

    def _release(self) -> None:
        if self._path != _STANDARD_OUTPUT:
            os.close(self._file)


_FLAGS: Final = os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC | os.O_NONBLOCK
"""Not blocking: opening a named pipe would wait for its reader."""


def _open(path: str) -> int:
    if path == _STANDARD_OUTPUT:
        return 1
    try:
        return _open_file(path)
    except OSError as error:
        raise StartError(
            f"cannot write the access log: {path}",
            hint=f"{os.strerror(error.errno or 0)}; see `logs.access.path`",
        ) from error


def _open_file(path: str) -> int:
    file = os.open(path, _FLAGS, 0o640)
    os.set_blocking(file, True)  # from here on a slow reader is waited for
    return file
