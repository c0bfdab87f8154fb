"""Owns a function's log: Lambda's text lines, the output between them, and files to keep them in.

Where lines go is the composition root's choice: a sink takes a function's name and whole lines.
Source: AWS, "Lambda log formats", plain text; REPORT as in "Viewing logs for Lambda functions".
"""

import logging
import math
import os
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

from frontdesk.base.appending import Appending
from frontdesk.base.clock import Clock
from frontdesk.base.errors import StartError
from frontdesk.base.wheel import Wheel
from frontdesk.functions.environment import RUNTIME
from frontdesk.functions.settings import FunctionSettings
from frontdesk.rules.http.trace_context import read_recorded, write_root

_log = logging.getLogger("frontdesk.functions")

LogSink = Callable[[str, bytes], None]
"""Takes a function's name and one or more whole lines, each with its line end."""

TAIL = 4096
"""Bytes of a call's log that are handed back with its outcome (X-Amz-Log-Result)."""

_LINE = 64 * 1024
_PER_SECOND = 1 << 20
_FLUSH_AFTER = 0.1
_FLAGS = os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC


class FunctionLog:
    """What one child writes, call by call."""

    __slots__ = ("_call", "_clock", "_dropped", "_memory", "_name", "_partial", "_runtime", "_second",
                 "_sink", "_taken", "_trace", "_version")  # fmt: skip

    def __init__(self, settings: FunctionSettings, sink: LogSink, clock: Clock) -> None:
        self._name = settings.name
        self._version = settings.version
        self._memory = f"\tMemory Size: {settings.memory} MB\tMax Memory Used: "
        self._runtime = "provided" if settings.command else RUNTIME.replace("n", "n:", 1)
        self._sink = sink
        self._clock = clock
        self._call: list[bytes] = []
        self._trace = ""
        self._partial = b""
        self._second = 0
        self._taken = 0  # bytes of output in this second
        self._dropped = 0

    def init_start(self) -> None:
        """Say that a child comes up."""
        self._write(f"INIT_START Runtime Version: {self._runtime}\n".encode())

    def init_failed(self, seconds: float, status: str, phase: str = "init") -> None:
        """Say that it did not. status: `error` or `timeout`. phase: `invoke` when a call waits for it."""
        self.settle()
        text = f"INIT_REPORT Init Duration: {seconds * 1000:.2f} ms\tPhase: {phase}"
        self._write(f"{text}\tStatus: {status}\n".encode())

    def start(self, request_id: str, trace: str = "") -> None:
        """Begin a call. trace: its X-Amzn-Trace-Id."""
        self._call.clear()
        self._trace = trace
        self._write(f"START RequestId: {request_id} Version: {self._version}\n".encode())

    def timed_out(self, request_id: str, seconds: float) -> None:
        """Say that the call was ended. seconds: the time that it was allowed."""
        self.settle()
        now = datetime.fromtimestamp(self._clock.time(), UTC).isoformat(timespec="milliseconds")
        moment = now.replace("+00:00", "Z")
        self._write(f"{moment} {request_id} Task timed out after {seconds:.2f} seconds\n".encode())

    def report(
        self, request_id: str, seconds: float, used_kib: int, init: float, failure: str = ""
    ) -> bytes:
        """End a call; answer the end of its log.

        seconds: duration. init: seconds of loading, for the first call of a child, else 0.
        failure: what REPORT shows as Status, else "".
        """
        if self._partial or self._dropped:
            self.settle()
        text = (
            f"END RequestId: {request_id}\n"
            f"REPORT RequestId: {request_id}\tDuration: {seconds * 1000:.2f} ms"
            f"\tBilled Duration: {math.ceil((seconds + init) * 1000)} ms"
            f"{self._memory}{used_kib >> 10} MB\t"
        )
        if init:
            text += f"Init Duration: {init * 1000:.2f} ms\t"
        if failure:
            text += f"Status: {failure}\t"
        traced = read_recorded(self._trace)
        if traced is not None:
            text += f"\nXRAY TraceId: {write_root(traced.trace_id)}\tSegmentId: {traced.span_id}"
            text += "\tSampled: true\t"
        self._write(f"{text}\n".encode())
        return b"".join(self._call)[-TAIL:]

    def output(self, data: bytes) -> None:
        """Take what the child wrote to stdout or stderr, in any pieces."""
        second = int(self._clock.monotonic())
        if second != self._second:
            self._second, self._taken = second, 0
        self._taken += len(data)
        if self._taken > _PER_SECOND:  # Differs: [output-rate] AWS keeps all of it.
            self._dropped += len(data)
            return
        lines, end, self._partial = (self._partial + data).rpartition(b"\n")
        if end:
            self._write(_text(lines + end))
        if len(self._partial) > _LINE:
            self.settle()

    def settle(self) -> None:
        """Write what stands without a line end, and how much was lost."""
        partial, self._partial = self._partial, b""
        if partial:
            self._write(_text(partial) + b"\n")
        if self._dropped:
            self._write(b"[frontdesk] %d bytes of output dropped\n" % self._dropped)
            self._dropped = 0

    def _write(self, lines: bytes) -> None:
        self._call.append(lines)
        self._sink(self._name, lines)


def _text(data: bytes) -> bytes:
    return data.decode("utf-8", "replace").encode()


class LogFiles:
    """A sink: one file per function, `{name}.log`, appended to in batches.

    echo: also told each line at once, with the function's name (readable console).
    """

    def __init__(
        self,
        folder: Path,
        wheel: Wheel,
        clock: Clock,
        echo: Callable[[str, str], None] | None = None,
    ) -> None:
        """folder: made when missing. Raises: StartError when it cannot be made."""
        try:
            folder.mkdir(0o750, parents=True, exist_ok=True)
        except OSError as error:
            hint = "set data_dir to a folder that can be written"
            raise StartError(f"cannot use the data folder: {error}", hint=hint) from error
        self._folder = folder
        self._echo = echo
        self._clock = clock
        self._pending: dict[str, list[bytes]] = {}
        self._files: dict[str, Appending] = {}
        self._timer = wheel.timer(self.flush)

    def __call__(self, function: str, lines: bytes) -> None:
        """Take lines; they stand in the file within a moment."""
        if not self._pending:
            self._timer.at(self._clock.monotonic() + _FLUSH_AFTER)
        batch = self._pending.get(function)
        if batch is None:
            self._pending[function] = [lines]
        else:
            batch.append(lines)
        if self._echo is not None:
            for line in lines.decode().splitlines():
                self._echo(function, line)

    def flush(self) -> None:
        """Write everything now. Call it once more at the end."""
        pending, self._pending = self._pending, {}
        for function, lines in pending.items():
            appending = self._files.get(function)
            if appending is None:
                appending = Appending(f"log lines of {function}", _log.warning)
                self._files[function] = appending
            self._append(appending, self._folder / f"{function}.log", b"".join(lines))

    def _append(self, appending: Appending, path: Path, lines: bytes) -> None:
        """Open the file each time, so that whoever rotates it needs to tell nobody."""
        try:
            file = os.open(path, _FLAGS, 0o640)
        except OSError as error:  # a full disk stops no function
            appending.lose(lines.count(b"\n"), os.strerror(error.errno or 0))
            return
        try:
            if appending.write(file, lines):
                appending.resume()
        finally:
            os.close(file)
