"""Owns a child's life: become the function, then one event at a time. Standard library only.

Runs in the function's process, after the fork. Behaves to the handler as the Python runtime of AWS
Lambda does: context object, error objects, log format, environment. Knows nothing of the gateway.
"""

import atexit
import contextlib
import ctypes
import importlib
import inspect
import io
import json
import logging
import os
import random
import resource
import signal
import sys
import time
import traceback
from collections.abc import Callable
from decimal import Decimal
from types import TracebackType
from typing import Any, NoReturn, TypedDict

from frontdesk.functions.context import Context
from frontdesk.functions.frames import (
    ERROR,
    INIT,
    INIT_ERROR,
    INVOKE,
    READ_SIZE,
    READY,
    READY_META,
    REPORT_META,
    RESULT,
    SHUTDOWN,
    WROTE,
    Decoder,
    Frame,
    pack,
    unpack_call,
)

Handler = Callable[[Any, Context], Any]

MAX_RESULT = 6_291_556
"""Bytes of a synchronous result. Source: AWS, Lambda quotas, and the recorded error text."""

_MEMORY_LOOK = 0.01  # seconds; asking the kernel after each of many short calls would be dear

_CHANNEL = 3  # descriptor of the channel in every child
_SET_DEATH_SIGNAL = 1  # prctl, linux/prctl.h
_SET_NAME = 15
_libc = ctypes.CDLL(None)


class Init(TypedDict):
    """What a child becomes. path: folders put first on sys.path, in order. arn: of the function.

    environment: all of it; nothing is inherited. memory: MB. temporary_bytes: of one file, at most.
    """

    function: str
    handler: str
    task_root: str
    path: list[str]
    environment: dict[str, str]
    memory: int
    arn: str
    temporary_bytes: int


class _LambdaError(Exception):
    """An error of the runtime, not of the handler. kind: its errorType in AWS's words."""

    def __init__(self, kind: str, message: str, trace: list[str] | None = None) -> None:
        super().__init__(message)
        self.kind = kind
        self.trace = trace or []


# -- the process ------------------------------------------------------------------------------------


def run(channel: int, output: int, zygote: int) -> NoReturn:
    """Be a child until told to end. channel, output: descriptors. zygote: process id of the parent."""
    status = 1
    try:
        _leave_parent(channel, output, zygote)
        status = _Child().live()
    except SystemExit as leave:
        status = _exit_status(leave)
    except BaseException:  # noqa: BLE001 - the last frame of this process
        traceback.print_exc()
    finally:
        _finish()
        os._exit(status)


def _leave_parent(channel: int, output: int, zygote: int) -> None:
    """Cut every tie to the zygote but the channel and the output pipe."""
    os.setsid()
    _libc.prctl(_SET_DEATH_SIGNAL, signal.SIGKILL, 0, 0, 0)
    if os.getppid() != zygote:
        os._exit(1)  # the zygote died before the line above
    signal.set_wakeup_fd(-1)
    for number in (signal.SIGCHLD, signal.SIGTERM):
        signal.signal(number, signal.SIG_DFL)
    signal.signal(signal.SIGINT, signal.default_int_handler)
    # Both descriptors stand above 2: the zygote holds 0, 1 and 2.
    null = os.open(os.devnull, os.O_RDWR)
    os.dup2(null, 0)
    os.dup2(output, 1)
    os.dup2(output, 2)
    os.dup2(channel, _CHANNEL, inheritable=False)
    os.closerange(_CHANNEL + 1, 1 << 16)


class _Output(io.FileIO):
    """The output pipe, remembering whether it was written to."""

    wrote = False

    def write(self, data: Any, /) -> int:
        _Output.wrote = True
        return super().write(data)


class _Child:
    def __init__(self) -> None:
        self._channel = _CHANNEL
        self._decoder = Decoder()
        self._frames: list[Frame] = []
        self._handler: Handler
        self._traced = False
        self._size = 0
        self._next_look = 0.0
        # A process that a handler forks must never speak for us.
        os.register_at_fork(after_in_child=self._mute)

    def live(self) -> int:
        """Load the handler, then answer events until SHUTDOWN or end of file. Answer: exit status."""
        first = self._next()
        if first is None or first.kind != INIT:
            return 1
        started = time.perf_counter()
        try:
            init: Init = json.loads(first.body)
            become(init)
            self._handler = load_handler(init["handler"])
        except SystemExit:
            raise
        except BaseException as error:  # noqa: BLE001 - reported to the parent
            self._send(pack(INIT_ERROR, body=_describe(error, "")))
            return 1
        self._send(pack(READY, meta=READY_META.pack(time.perf_counter() - started)))
        # Differs: [threads] AWS freezes the environment between calls; here threads run on.
        while (frame := self._next()) is not None and frame.kind != SHUTDOWN:
            if frame.kind == INVOKE:
                self._send(self._answer(frame))
        return 0

    def _answer(self, frame: Frame) -> bytes:
        request_id, deadline_ms, trace, client_context = unpack_call(frame.meta)
        _RequestId.current = request_id
        if trace or self._traced:
            os.environ["_X_AMZN_TRACE_ID"] = trace
            self._traced = True
        _Output.wrote = False
        try:
            context = Context(request_id, deadline_ms, client_context)
            kind, body = RESULT, marshal(self._handler(_unmarshal(frame.body), context))
        except SystemExit:
            raise
        except BaseException as error:  # noqa: BLE001 - reported to the parent
            kind, body = ERROR, _describe(error, request_id)
        _flush()
        meta = REPORT_META.pack(self._largest_size())
        return pack(kind, frame.number, body, meta, WROTE if _Output.wrote else 0)

    def _largest_size(self) -> int:
        """Return the largest resident set so far in KiB, at most `_MEMORY_LOOK` old."""
        now = time.monotonic()  # noqa: TID251 - runs alone
        if now >= self._next_look:
            self._next_look = now + _MEMORY_LOOK
            self._size = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        return self._size

    def _next(self) -> Frame | None:
        while not self._frames:
            data = os.read(self._channel, READ_SIZE)
            if not data:
                return None
            self._frames = self._decoder.feed(data)
        return self._frames.pop(0)

    def _send(self, data: bytes) -> None:
        sent = os.write(self._channel, data)
        while sent < len(data):
            sent += os.write(self._channel, data[sent : sent + READ_SIZE])

    def _mute(self) -> None:
        with contextlib.suppress(OSError):
            os.dup2(0, self._channel, inheritable=False)


# -- becoming the function ----------------------------------------------------------------------------


def become(init: Init) -> None:
    """Take on environment, limits, folders and log format of the function."""
    for limit, value in (
        (resource.RLIMIT_CORE, 0),
        (resource.RLIMIT_NOFILE, 1024),
        (resource.RLIMIT_FSIZE, init["temporary_bytes"]),
        # A fuse against runaway mappings, never the limit: address space is not memory.
        (resource.RLIMIT_AS, max(4 << 30, 4 * init["memory"] << 20)),
    ):
        _, hard = resource.getrlimit(limit)
        allowed = value if hard == resource.RLIM_INFINITY else min(value, hard)
        resource.setrlimit(limit, (allowed, allowed))
    _libc.prctl(_SET_NAME, b"fn:" + init["function"].encode()[:12], 0, 0, 0)
    os.environ.clear()
    os.environ.update(init["environment"])
    time.tzset()
    random.seed()
    os.chdir(init["task_root"])
    python_path = [entry for entry in os.environ.get("PYTHONPATH", "").split(":") if entry]
    sys.path[:0] = [*init["path"], *python_path]
    sys.argv = [init["handler"]]
    # A code folder is not ours to write to, and a file changed twice in a second must be read anew.
    sys.dont_write_bytecode = True
    for name, descriptor in (("stdout", 1), ("stderr", 2)):
        raw = _Output(descriptor, "w", closefd=False)
        stream = io.TextIOWrapper(
            io.BufferedWriter(raw), "utf-8", "backslashreplace", line_buffering=True
        )
        setattr(sys, name, stream)
        setattr(sys, f"__{name}__", stream)
    _start_logging()
    environment = os.environ
    Context.function_name = environment["AWS_LAMBDA_FUNCTION_NAME"]
    Context.function_version = environment["AWS_LAMBDA_FUNCTION_VERSION"]
    Context.memory_limit_in_mb = environment["AWS_LAMBDA_FUNCTION_MEMORY_SIZE"]
    Context.log_group_name = environment["AWS_LAMBDA_LOG_GROUP_NAME"]
    Context.log_stream_name = environment["AWS_LAMBDA_LOG_STREAM_NAME"]
    Context.invoked_function_arn = init["arn"]


class _RequestId(logging.Filter):
    current = ""

    def filter(self, record: logging.LogRecord) -> bool:
        record.aws_request_id = _RequestId.current
        return True


class _LogHandler(logging.StreamHandler[Any]):
    """Writes to whatever sys.stdout is now, records already ended by the format."""

    terminator = ""

    def emit(self, record: logging.LogRecord) -> None:
        self.stream = sys.stdout
        super().emit(record)


def _start_logging() -> None:
    logging.Formatter.converter = time.gmtime
    handler = _LogHandler(sys.stdout)
    handler.setFormatter(
        logging.Formatter(
            "[%(levelname)s]\t%(asctime)s.%(msecs)03dZ\t%(aws_request_id)s\t%(message)s\n",
            "%Y-%m-%dT%H:%M:%S",
        )
    )
    handler.addFilter(_RequestId())
    logging.getLogger().addHandler(handler)


def load_handler(name: str) -> Handler:
    """Import `package.module.function`. Raises: what importing raises; _LambdaError in Lambda's words."""
    try:
        module_name, function_name = name.rsplit(".", 1)
    except ValueError as error:
        raise _LambdaError(
            "Runtime.MalformedHandlerName", f"Bad handler '{name}': {error}"
        ) from None
    try:
        module = importlib.import_module(module_name.replace("/", "."))
    except ImportError as error:
        message = f"Unable to import module '{module_name}': {error}"
        raise _LambdaError("Runtime.ImportModuleError", message) from error
    except SyntaxError as error:
        message = f"Syntax error in module '{module_name}': {error}"
        place = f'  File "{error.filename}" Line {error.lineno}\n    {error.text}'
        raise _LambdaError("Runtime.UserCodeSyntaxError", message, [place]) from error
    handler = getattr(module, function_name, None)
    if handler is None:
        message = f"Handler '{function_name}' missing on module '{module_name}'"
        raise _LambdaError("Runtime.HandlerNotFound", message)
    return _synchronous(handler) if inspect.iscoroutinefunction(handler) else handler


def _synchronous(handler: Handler) -> Handler:
    """Run a coroutine function to its end. One loop for all calls: clients made in it stay usable.

    Differs: [async-handlers] AWS has no asynchronous Python handlers.
    """
    import asyncio

    loop = asyncio.new_event_loop()
    asyncio.set_event_loop(loop)

    def run_to_end(event: Any, context: Context) -> Any:
        return loop.run_until_complete(handler(event, context))

    return run_to_end


# -- events in, results out -----------------------------------------------------------------------------


def _unmarshal(event: bytes) -> Any:
    try:
        return json.loads(event.decode())
    except ValueError as error:
        raise _LambdaError(
            "Runtime.UnmarshalError", f"Unable to unmarshal input: {error}"
        ) from error


def _plain(value: object) -> object:
    if isinstance(value, Decimal):
        # Differs: [decimal] AWS writes all digits; a double is what our encoder can write.
        return int(value) if value == value.to_integral_value() else float(value)
    raise TypeError(f"Object of type {type(value).__name__} is not JSON serializable")


# AWS escapes non-ASCII characters up to Python 3.11 and no longer from 3.12 on.
_encode = json.JSONEncoder(default=_plain, ensure_ascii=sys.version_info < (3, 12)).encode


def marshal(result: object) -> bytes:
    """Turn a handler's result into JSON text, in the form of AWS's runtime; bytes pass as they are."""
    if isinstance(result, bytes):
        body = result
    else:
        try:
            body = _encode(result).encode()
        except Exception as error:
            message = f"Unable to marshal response: {error}"
            raise _LambdaError("Runtime.MarshalError", message) from error
    if len(body) > MAX_RESULT:
        raise _LambdaError(
            "Function.ResponseSizeTooLarge",
            f"Response payload size exceeded maximum allowed payload size ({MAX_RESULT} bytes).",
        )
    return body


def _describe(error: BaseException, request_id: str) -> bytes:
    """Log an error as AWS does and make its error object."""
    if isinstance(error, _LambdaError):
        kind, trace = error.kind, error.trace
    else:
        kind, trace = type(error).__name__, _trace(error.__traceback__)
    message = str(error)
    lines = [f"[ERROR] {kind}: {message}" if message else f"[ERROR] {kind}"]
    lines.append("Traceback (most recent call last):")
    for element in trace:
        for line in element.splitlines():
            text = line.lstrip(" ")
            lines.append("\u00a0" * (len(line) - len(text)) + text)
    with contextlib.suppress(OSError, ValueError):
        sys.stdout.write("\n".join(lines) + "\n")
    body = {
        "errorMessage": message,
        "errorType": kind,
        "requestId": request_id,
        "stackTrace": trace,
    }
    return json.dumps(body).encode()


def _trace(trace: TracebackType | None) -> list[str]:
    """Show the frames of the handler: those of the runtime in front of them are left out."""
    frames = traceback.extract_tb(trace)
    runtime = (__file__, "asyncio/base_events.py")
    while len(frames) > 1 and frames[0].filename.endswith(runtime):
        del frames[0]
    return traceback.format_list(frames)


# -- the end ----------------------------------------------------------------------------------------


def _flush() -> None:
    for stream in (sys.stdout, sys.stderr):
        try:
            stream.flush()
        except (OSError, ValueError):  # the handler may have closed it
            continue


def _finish() -> None:
    """Do what an interpreter does at its end, but never wait for threads."""
    with contextlib.suppress(BaseException):
        atexit._run_exitfuncs()  # noqa: SLF001 - os._exit follows, which would skip them
    _flush()


def _exit_status(leave: SystemExit) -> int:
    """Read the status as the interpreter does: none is 0, a text is printed and 1."""
    if leave.code is None:
        return 0
    if isinstance(leave.code, int):
        return leave.code & 0xFF
    with contextlib.suppress(OSError, ValueError):
        print(leave.code, file=sys.stderr)  # noqa: T201 - what the interpreter does
    return 1
