"""Owns the Runtime API: a command of any language gets events and gives results over local HTTP.

Standard library only: the function's process serves it and runs the command as its child, so that to the
gateway a command is like any other function. Source: AWS, "Using the Lambda runtime API".
"""

import base64
import binascii
import json
import os
import signal
import socket
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Final, NoReturn

from frontdesk.functions.child_channel import ChildChannel
from frontdesk.functions.frames import (
    ERROR,
    INIT_ERROR,
    INVOKE,
    MAX_RESULT,
    MORE,
    READY,
    READY_META,
    REPORT_META,
    RESULT,
    TOO_LARGE,
    WROTE,
    Frame,
    Init,
    pack,
    unpack_call,
)
from frontdesk.functions.runtime_http import BrokenMessageError, Connection, Request
from frontdesk.functions.sandbox import become, end_with_parent

_HOST: Final = "127.0.0.1"
_ROOT: Final = "/2018-06-01/runtime/"
_BREATH: Final = 0.05  # seconds
_ACCEPTED: Final = b'{"status":"OK"}\n'

_End = tuple[int, bytes]
"""Kind and body of the frame that ends a call."""


def serve(channel: ChildChannel, init: Init) -> int:
    """Run the command until SHUTDOWN or end of file. Answer: exit status.

    When the command ends before, this process ends as it did.
    """
    api = _RuntimeApi(channel)
    become(init)
    signal.signal(signal.SIGINT, signal.SIG_DFL)
    # Differs: [runtime-api-port] at AWS nobody but the function can reach it.
    listener = socket.create_server((_HOST, 0))
    os.environ["AWS_LAMBDA_RUNTIME_API"] = f"{_HOST}:{listener.getsockname()[1]}"
    command, failure = _start(init["command"])
    if failure:
        message = f"Couldn't find valid bootstrap(s): {init['command'][0]}: {failure}"
        body = json.dumps({"errorType": "Runtime.InvalidEntrypoint", "errorMessage": message})
        channel.send(pack(INIT_ERROR, body=body.encode()))
        return 1
    api.command = command
    end = threading.Thread(target=_end_as, args=(command,), daemon=True)
    end.start()
    threading.Thread(target=_accept, args=(listener, api), daemon=True).start()
    while (frame := channel.next()) is not None and frame.kind == INVOKE:
        api.offer(frame)
    os.kill(command, signal.SIGTERM)
    end.join()  # with it this process ends; a command that takes its time is ended by the gateway
    return 0


def _start(command: list[str]) -> tuple[int, str]:
    """Start the command in our process group. Answer: its process id, or why it cannot be run."""
    failed, fails = os.pipe()  # closed by the exec
    here = os.getpid()
    pid = os.fork()
    if pid == 0:
        try:
            end_with_parent(here)
            for number in (signal.SIGPIPE, signal.SIGXFSZ):
                signal.signal(number, signal.SIG_DFL)  # Python ignores them
            os.execvp(command[0], command)  # noqa: S606 - the command of the configuration
        except OSError as error:
            os.write(fails, os.strerror(error.errno or 0).encode())
        finally:
            os._exit(127)
    os.close(fails)
    failure = os.read(failed, 200).decode()
    os.close(failed)
    return pid, failure


def _end_as(command: int) -> NoReturn:
    """End this process when the command ends, and as it ended: the zygote tells the gateway how."""
    _, status = os.waitpid(command, 0)
    code = os.waitstatus_to_exitcode(status)
    if code < 0:
        signal.raise_signal(-code)
    os._exit(code if code >= 0 else 128 - code)  # as a shell has it, for what did not end us


def _accept(listener: socket.socket, api: "_RuntimeApi") -> None:
    while True:
        try:
            connected, _ = listener.accept()
        except OSError:  # no descriptor is left: the command holds too many connections
            time.sleep(_BREATH)
            continue
        connected.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        connection = Connection(connected)
        threading.Thread(target=api.talk, args=(connection,), daemon=True).start()


class _RuntimeApi:
    """What the command has been given and has answered. One thread per connection, one call at a time.

    command: its process id.
    """

    def __init__(self, channel: ChildChannel) -> None:
        self.command = 0
        self._channel = channel
        self._started = time.perf_counter()
        self._ready = False
        self._change = threading.Condition()
        self._offered: Frame | None = None  # nobody has fetched it yet
        self._number = 0  # of the call that runs
        self._request_id = ""  # likewise; "" while none runs, or its answer is being sent
        self._busy = False  # from `next` until the answer is sent
        self._serve: dict[tuple[str, str], Callable[[Connection, Request, str], None]] = {
            ("GET", "invocation/next"): self._next,
            ("POST", "invocation/response"): self._response,
            ("POST", "invocation/error"): self._error,
            ("POST", "init/error"): self._init_error,
        }

    def offer(self, frame: Frame) -> None:
        """Take an INVOKE from the gateway; the next `next` gets it."""
        with self._change:
            self._offered = frame
            self._change.notify_all()

    def talk(self, connection: Connection) -> None:
        """Serve one connection of the command."""
        with suppress(BrokenMessageError):
            for request in connection.requests():
                self._answer(connection, request)
        connection.close()

    def _answer(self, connection: Connection, request: Request) -> None:
        room, _, rest = request.path.removeprefix(_ROOT).partition("/")
        request_id, _, what = rest.rpartition("/")
        serve = self._serve.get((request.method, f"{room}/{what}"))
        if serve is None or not request.path.startswith(_ROOT):
            # Differs: [extensions] AWS has an Extensions API beside this one.
            request.read(0)
            connection.refuse(404, "NotFound", f"no such resource: {request.path}")
        else:
            serve(connection, request, request_id)

    # -- the resources ----------------------------------------------------------------------------

    def _next(self, connection: Connection, request: Request, _request_id: str) -> None:
        request.read(0)
        with self._change:
            if self._busy:
                message = "State transition from Running to Ready failed for runtime."
                message += " Error: State transition is not allowed"
                connection.refuse(403, "InvalidStateTransition", message)
                return
            if not self._ready:
                self._ready = True
                seconds = time.perf_counter() - self._started
                self._channel.send(pack(READY, meta=READY_META.pack(seconds)))
            self._change.wait_for(lambda: self._offered is not None)
            frame = self._offered
            if frame is None or connection.gone():  # another one gets it, or the next that comes
                self._change.notify_all()
                raise BrokenMessageError("nobody waits for the event any more")
            call = unpack_call(frame.meta)
            self._offered, self._number, self._request_id = None, frame.number, call.request_id
            self._busy = True
        fields = {
            "Lambda-Runtime-Aws-Request-Id": call.request_id,
            "Lambda-Runtime-Deadline-Ms": str(call.deadline_ms),
            "Lambda-Runtime-Invoked-Function-Arn": call.arn,
            "Lambda-Runtime-Trace-Id": call.trace,
            "Lambda-Runtime-Client-Context": call.client_context.replace("\n", ""),
        }
        connection.answer(200, frame.body, {name: value for name, value in fields.items() if value})

    def _response(self, connection: Connection, request: Request, request_id: str) -> None:
        if not self._claim(request_id):
            _refuse_id(connection, request)
            return
        streams = request.fields.get("lambda-runtime-function-response-mode") == "streaming"
        try:
            end = self._pass_on(request) if streams else _result(request)
        except BrokenMessageError:
            self._end(ERROR, _error("Runtime.TruncatedResponse", "Response ended prematurely"))
            raise
        self._end(*end)
        if end is _TOO_LARGE:
            message = f"Exceeded maximum allowed payload size ({MAX_RESULT} bytes)."
            connection.refuse(413, "RequestEntityTooLarge", message)
        else:
            connection.answer(202, _ACCEPTED)

    def _error(self, connection: Connection, request: Request, request_id: str) -> None:
        body = _error_object(request)
        if self._claim(request_id):
            self._end(ERROR, body)
            connection.answer(202, _ACCEPTED)
        else:
            _refuse_id(connection, request)

    def _init_error(self, connection: Connection, request: Request, _request_id: str) -> None:
        body = _error_object(request)
        if self._ready:
            message = "State transition from Ready to InitError failed for runtime."
            message += " Error: State transition is not allowed"
            connection.refuse(403, "InvalidStateTransition", message)
        else:
            self._channel.send(pack(INIT_ERROR, body=body))
            connection.answer(202, _ACCEPTED)

    # -- one call ---------------------------------------------------------------------------------

    def _claim(self, request_id: str) -> bool:
        """Let one connection answer the call that runs."""
        with self._change:
            claimed = request_id == self._request_id != ""
            if claimed:
                self._request_id = ""
            return claimed

    def _pass_on(self, request: Request) -> _End:
        """Send a result on as it comes. A channel that is full makes the command wait in turn."""
        meta = request.fields.get("content-type", "application/octet-stream").encode()
        for piece in request.pieces():
            self._channel.send(pack(RESULT, self._number, piece, meta, MORE))
            meta = b""
        kind = request.trailers.get("lambda-runtime-function-error-type")
        if kind is None:
            return RESULT, b""
        told = request.trailers.get("lambda-runtime-function-error-body", "")
        try:
            return ERROR, base64.b64decode(told, validate=True) or _error(kind, "")
        except binascii.Error:
            return ERROR, _error(kind, told)

    def _end(self, kind: int, body: bytes) -> None:
        """Tell the gateway that the call is over."""
        meta = REPORT_META.pack(_largest_size(self.command))
        with self._change:
            self._busy = False
            self._channel.send(pack(kind, self._number, body, meta, WROTE))


def _result(request: Request) -> _End:
    """Read a result that comes whole."""
    body = request.read(MAX_RESULT)
    return _TOO_LARGE if body is None else (RESULT, body)


def _refuse_id(connection: Connection, request: Request) -> None:
    request.read(0)
    connection.refuse(400, "InvalidRequestID", "Invalid request ID")


def _error_object(request: Request) -> bytes:
    """Read the error that the command reports: its JSON object, or one of its header field."""
    body = request.read(MAX_RESULT)
    kind = request.fields.get("lambda-runtime-function-error-type", "Unknown")
    return body or _error(kind, "")


def _error(kind: str, message: str) -> bytes:
    return json.dumps({"errorMessage": message, "errorType": kind}).encode()


_TOO_LARGE: Final[_End] = (ERROR, _error("Function.ResponseSizeTooLarge", TOO_LARGE))


def _largest_size(pid: int) -> int:
    """Return the largest resident set so far of a process in KiB; 0 when it has gone."""
    with suppress(OSError):
        for line in Path(f"/proc/{pid}/status").read_text().splitlines():
            if line.startswith("VmHWM:"):
                return int(line.split()[1])
    return 0
