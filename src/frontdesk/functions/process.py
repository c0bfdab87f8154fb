"""Owns one child as the gateway sees it: its channel, its output, its deadline, its end.

Callbacks only: one write per call, one read per answer, one timer moved from call to call. Decides
nothing about who runs what; that is the host's and `rules.pool`'s.
"""

import asyncio
import json
import logging
import os
import struct
from collections.abc import Callable
from typing import Any, Literal, Protocol

from frontdesk.base.clock import Clock
from frontdesk.base.wheel import TICK, Wheel
from frontdesk.functions.channel import Channel
from frontdesk.functions.frames import (
    ERROR,
    INIT,
    INIT_ERROR,
    INVOKE,
    MAX_STREAM,
    MORE,
    READY,
    READY_META,
    REPORT_META,
    RESULT,
    SHUTDOWN,
    SPANS,
    TRACED,
    WROTE,
    Frame,
    FrameError,
    Init,
    pack,
    pack_call,
)
from frontdesk.functions.logs import FunctionLog
from frontdesk.functions.memory import Cgroups, resident
from frontdesk.functions.platform_errors import error_object, exit_message, timeout_message
from frontdesk.functions.results import Gathered, Parts, Streamed
from frontdesk.functions.settings import FunctionSettings
from frontdesk.functions.zygote_link import ZygoteLink
from frontdesk.ports.invoker import Invocation, Outcome

_log = logging.getLogger("frontdesk.functions")

_INIT_BUDGET = 10.0
"""Seconds that a child started on demand has to load. Source: AWS, "Lambda runtime environment"."""

_PROVISIONED_BUDGET = 130.0
"""The same of a child that is to stand ready, or its function's timeout where that is longer."""

_EXIT_GRACE = 0.5
"""Seconds from SHUTDOWN, or from a closed channel, to SIGKILL."""

_OUTPUT_READ = 64 * 1024

_KILLED = Outcome(b"", "Unavailable", "function stopped")

_ANSWERS = {RESULT: "", ERROR: "Unhandled"}
"""Kind of an answer → Outcome.error."""


State = Literal["starting", "idle", "busy", "ending"]
"""Where a child stands. ending: nobody waits for it any more but the kernel."""


class Owner(Protocol):
    """Who is told what becomes of a child. `now` is the monotonic second."""

    def ready(self, child: "Child", now: float) -> None:
        """The handler is loaded."""

    def answered(self, child: "Child", outcome: Outcome, now: float) -> None:
        """The call is over and the child is free."""

    def failed(self, child: "Child", outcome: Outcome, now: float) -> None:
        """The child could not start; it ends."""

    def overran(self, child: "Child", now: float) -> None:
        """The child has not loaded in time; it ends."""

    def called(self, child: "Child", spans: bytes) -> None:
        """The code has called others. spans: body of a SPANS frame. Raises: FrameError."""

    def lost(self, child: "Child", outcome: Outcome | None, now: float) -> None:
        """The child is ending. outcome: of the call that it ran, if any."""

    def ended(self, child: "Child") -> None:
        """The process is gone and reaped."""


class Child:
    """One process that runs one function, one event at a time."""

    def __init__(
        self,
        number: int,
        settings: FunctionSettings,
        *,
        owner: Owner,
        zygote: ZygoteLink,
        cgroups: Cgroups | None,
        log: FunctionLog,
        clock: Clock,
        wheel: Wheel,
    ) -> None:
        self.number = number
        self.settings = settings
        self.pid = 0
        self.state: State = "starting"
        self._owner = owner
        self._zygote = zygote
        self._cgroups = cgroups
        self._log = log
        self._clock = clock
        self._loop = asyncio.get_running_loop()
        self._timer = wheel.timer(self._expired)
        self._channel = Channel(self._take, self._deafened)
        self._init = b""  # what it is told once it is there
        self._loading = False  # within its first call
        self._gone = False  # the process has ended; what it sent before is still read
        self._load = (0.0, 0.0)
        self._init_seconds = 0.0  # of the first report
        self._started = 0.0
        self._used_kib = 0
        self._allowed = 0.0  # seconds that the running call was given
        self._request_id = ""
        self._number = 0  # of the running call, on the channel
        self._invocation: Invocation
        self._parts: Parts | None = None  # of its result, when it comes in parts
        self._output = -1

    @property
    def began(self) -> float:
        """Monotonic second at which its latest call began, or else it itself."""
        return self._started

    @property
    def used_bytes(self) -> int:
        """Most memory that it is known to have used."""
        return self._used_kib << 10

    def take_load(self) -> tuple[float, float] | None:
        """Return the monotonic seconds at which it began to load and had loaded, to the first who asks then."""
        load, self._load = self._load, (0.0, 0.0)
        return load if load[1] else None

    # -- orders -----------------------------------------------------------------------------------

    def start(self, make_init: Callable[[], Init]) -> None:
        """Fork it and tell it what to become. Answer: `ready`, `failed` or `overran`.

        make_init: says what; may raise OSError.
        """
        self._log.init_start()
        self._started = self._clock.monotonic()
        self._load = self._started, 0.0
        self._allowed = _INIT_BUDGET
        if self.settings.initialization == "provisioned-concurrency":
            self._allowed = max(_PROVISIONED_BUDGET, self.settings.timeout)
        self._timer.at(self._started + self._allowed)
        try:
            self._init = pack(INIT, body=json.dumps(make_init()).encode())
            self._fork()
        except OSError as error:  # a lack of descriptors, say, or of room on the disk
            _log.error(
                "no process can be started: %s", error, extra={"function": self.settings.name}
            )
            # Later: it may be given work first, or be ended.
            self._loop.call_soon(self._end, f"no process can be started: {error.strerror}")

    def _fork(self) -> None:
        self._zygote.start()
        theirs = self._channel.open()
        try:
            self._output, output = os.pipe()
        except OSError:
            for end in theirs:
                os.close(end)
            self._channel.close()
            raise
        os.set_blocking(self._output, False)
        self._loop.add_reader(self._output, self._read_output)
        self._zygote.fork(self.number, (*theirs, output))

    def forked(self, pid: int) -> None:
        """Take the word of the zygote: the process is there, and waits for INIT."""
        self.pid = pid
        if self._cgroups is not None:
            self._cgroups.admit(self.number, pid, self.settings.memory << 20)
        self._channel.send(self._init)

    def invoke(
        self, request_id: str, invocation: Invocation, now: float, arn: str = "", span: str = ""
    ) -> None:
        """Run the handler. Answer: `answered`, or `lost` with an outcome.

        A child that has just been started loads within the call, and does not say so. arn: with the
        qualifier that was asked for; "" for the function's own. span: the trace in place of the invocation's,
        whose span is recorded; what the code calls is then `called`.
        """
        timeout = self.settings.timeout
        # A caller that stops waiting says so itself; our own look at its deadline comes after that.
        # Differs: [deadline-kills] AWS lets a function run on when its caller's time is over.
        self._allowed = allowed = min(timeout, invocation.deadline + TICK - now)
        self._started = now
        self._request_id = request_id
        self._invocation = invocation
        self._number = number = (self._number + 1) & 0xFFFFFFFF
        self._loading = self.state == "starting"
        self.state = "busy"
        self._timer.at(now + allowed)
        trace = span or invocation.trace
        self._log.start(request_id, trace)
        seconds = allowed if invocation.stream is None else timeout
        deadline_ms = int((self._clock.time() + seconds) * 1000)
        arn = arn or self.settings.arn
        call = pack_call(request_id, deadline_ms, arn, trace, invocation.client_context)
        frame = pack(INVOKE, number, invocation.event, call, TRACED if span else 0)
        if self.pid:
            self._channel.send(frame)
        else:
            self._init += frame

    def retire(self) -> None:
        """End a child that runs nothing: exit handlers, then exit; killed if that takes long."""
        self.state = "ending"
        self._channel.send(pack(SHUTDOWN))
        self._timer.at(self._clock.monotonic() + _EXIT_GRACE)

    def kill(self) -> None:
        """End it now, whatever it does."""
        self.state = "ending"
        if self._parts is not None:
            self._settle(self._parts, _KILLED)
        self._zygote.kill(self.number)

    def watch_memory(self) -> None:
        """Kill a child that uses more memory than its function may. Answer: `lost`, in time."""
        limit = self.settings.memory << 20
        used = resident(self.pid, limit)
        self._used_kib = max(self._used_kib, used >> 10)
        if used > limit:
            self._zygote.kill(self.number)

    # -- the channel ------------------------------------------------------------------------------

    def _take(self, frame: Frame) -> None:
        state = self.state
        if state == "busy" and not self._loading:
            self._take_answer(frame)
        elif state == "busy":
            self._take_load(frame)
        elif state == "starting":
            self._take_start(frame)
        elif state == "idle":
            raise FrameError(f"unasked frame: kind {frame.kind}")

    def _take_load(self, frame: Frame) -> None:
        """Go on with the call that waited for the load, or end it."""
        self._loading = False
        if frame.kind == INIT_ERROR:
            self._read_output()
            now = self._clock.monotonic()
            self._log.init_failed(now - self._started, "error", phase="invoke")
            tail = self._log.report(self._request_id, now - self._started, 0, 0.0, "error")
            self.state = "ending"
            self._timer.at(now + _EXIT_GRACE)
            self._owner.lost(
                self, self._outcome(frame.body, "Unloadable", "init failed", tail), now
            )
        elif frame.kind == READY:
            self._load = self._load[0], self._clock.monotonic()
        else:
            raise FrameError(f"unasked frame: kind {frame.kind}")

    def _outcome(self, body: bytes, error: str, reason: str, tail: bytes) -> Outcome:
        """Return what the caller is told, at the end of the parts if the result came in such."""
        outcome = Outcome(body, error, reason, self._request_id, tail, self.settings.version)
        return outcome if self._parts is None else self._settle(self._parts, outcome)

    def _take_answer(self, frame: Frame) -> None:
        if frame.kind == SPANS:
            self._owner.called(self, frame.body)
            return
        error = _ANSWERS.get(frame.kind)
        if error is None or frame.number != self._number:
            raise FrameError(f"unasked frame: kind {frame.kind}")
        flags = frame.flags
        if flags & MORE:
            self._take_part(frame)
            return
        if flags & WROTE:
            self._read_output()
        now = self._clock.monotonic()
        init, self._init_seconds = self._init_seconds, 0.0
        self._used_kib = used_kib = _unpack(REPORT_META, frame)[0]
        tail = self._log.report(self._request_id, now - self._started, used_kib, init)
        outcome = self._outcome(frame.body, error, "", tail)
        self._timer.stop()
        if self._gone:
            self.state = "ending"
            self._owner.lost(self, outcome, now)
        else:
            self.state = "idle"
            self._owner.answered(self, outcome, now)

    def _take_part(self, frame: Frame) -> None:
        if self._parts is None:
            self._begin_parts(frame.meta.decode("latin-1"))
        if frame.body and self._parts is not None and not self._parts.add(frame.body):
            self._zygote.kill(self.number)
            message = (
                f"Response payload size exceeded maximum allowed payload size ({MAX_STREAM} bytes)."
            )
            self._lose("Function.ResponseSizeTooLarge", message, "error", self._clock.monotonic())

    def _begin_parts(self, content_type: str) -> None:
        take = self._invocation.stream
        if take is None:
            self._parts = Gathered()
            return
        self._allowed = self.settings.timeout
        self._timer.at(self._started + self._allowed)
        self._parts = stream = Streamed(content_type, self._request_id, self._channel)
        take(stream)

    def _settle(self, parts: Parts, outcome: Outcome) -> Outcome:
        self._parts = None
        return parts.close(outcome)

    def _take_start(self, frame: Frame) -> None:
        now = self._clock.monotonic()
        if frame.kind == READY and self._gone:
            return  # too late to be given work: it counts as one that could not start
        if frame.kind == READY:
            (self._init_seconds,) = _unpack(READY_META, frame)
            self._load = self._load[0], now
            self._timer.stop()
            self.state = "idle"
            self._owner.ready(self, now)
        elif frame.kind == INIT_ERROR:
            self._read_output()
            self._log.init_failed(now - self._started, "error")
            self.state = "ending"
            self._timer.at(now + _EXIT_GRACE)
            self._owner.failed(self, Outcome(frame.body, "Unloadable", "init failed"), now)
        else:
            raise FrameError(f"unasked frame: kind {frame.kind}")

    def _deafened(self, broken: bool) -> None:
        """The channel is closed: it is exiting, or its code closed what it did not know, or wrote to it."""
        if broken:
            self._zygote.kill(self.number)
        now = self._clock.monotonic()
        if self.state == "idle":
            self.kill()
            self._owner.lost(self, None, now)
        elif self.state != "ending":
            # Its exit status decides what the caller is told, so it may finish exiting.
            self._timer.at(now + _EXIT_GRACE)

    # -- output -----------------------------------------------------------------------------------

    def _read_output(self) -> None:
        while True:
            try:
                data = os.read(self._output, _OUTPUT_READ)
            except BlockingIOError:
                return
            if not data:
                self._loop.remove_reader(self._output)
                return
            self._log.output(data)
            if len(data) == _OUTPUT_READ:
                return  # a flood: the loop comes back after it has served others

    # -- time and end -----------------------------------------------------------------------------

    def _expired(self) -> None:
        now = self._clock.monotonic()
        overdue = now >= self._started + self._allowed
        self._zygote.kill(self.number)
        if self.state == "busy" and overdue:
            self._read_output()
            self._log.timed_out(self._request_id, self._allowed)
            message = timeout_message(self._allowed)
            self._lose("Sandbox.Timedout", message, "timeout", now)
        elif self.state == "starting" and overdue:
            self._log.init_failed(now - self._started, "timeout")
            self.state = "ending"
            if self.settings.initialization == "on-demand":
                self._owner.overran(self, now)
            else:
                message = timeout_message(self._allowed)
                body = error_object("Sandbox.Timedout", message, "")
                self._owner.failed(self, Outcome(body, "Unloadable", "init timed out"), now)

    def _lose(self, kind: str, message: str, status: str, now: float) -> None:
        """Answer a call whose process is or will be gone."""
        self.state = "ending"
        self._timer.stop()
        failure = status if status == "timeout" else f"{status}\tError Type: {kind}"
        init, self._init_seconds = self._init_seconds, 0.0
        tail = self._log.report(
            self._request_id, now - self._started, self._used_kib, init, failure
        )
        body = error_object(kind, message, self._request_id)
        outcome = self._outcome(body, "Unhandled", message, tail)
        self._owner.lost(self, outcome, now)

    def exited(self, status: int) -> None:
        """Take the word of the zygote: the process has ended with this status, or minus signal."""
        self._gone = True
        if self.state != "ending":
            self._channel.drain()  # an answer may have been its last act
        self._read_output()
        self._end(exit_message(status))
        self._channel.close()
        self._loop.remove_reader(self._output)
        os.close(self._output)
        if self._cgroups is not None:
            self._cgroups.dismiss(self.number)

    def _end(self, message: str) -> None:
        """Tell what a process that is no more leaves undone."""
        now = self._clock.monotonic()
        if self.state == "busy":
            self._lose("Runtime.ExitError", message, "error", now)
        elif self.state == "starting":
            self._log.init_failed(now - self._started, "error")
            body = error_object("Runtime.ExitError", message, "")
            self._owner.failed(self, Outcome(body, "Unloadable", message), now)
        elif self.state == "idle":
            self._owner.lost(self, None, now)
        self.state = "ending"
        self._timer.stop()
        self._log.settle()
        self._owner.ended(self)


def _unpack(form: struct.Struct, frame: Frame) -> tuple[Any, ...]:
    try:
        return form.unpack(frame.meta)
    except struct.error as error:
        raise FrameError("broken meta") from error
