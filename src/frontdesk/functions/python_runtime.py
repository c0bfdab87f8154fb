"""Owns what AWS's Python runtime does: load a handler, call it, tell its results and errors, log.

Standard library only: it runs in the function's process. Whoever changes what a handler or its log can
see compares with the recorded cases of AWS.
"""

import contextlib
import importlib
import inspect
import io
import json
import logging
import os
import random
import resource
import sys
import time
import traceback
from collections.abc import Callable, Generator
from decimal import Decimal
from types import TracebackType
from typing import Any, Never

from frontdesk.base.spans import WANTED
from frontdesk.functions.child_channel import ChildChannel
from frontdesk.functions.context import Context
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
    SHUTDOWN,
    SPANS,
    TOO_LARGE,
    TRACED,
    WROTE,
    Frame,
    Init,
    pack,
    unpack_call,
)
from frontdesk.functions.sandbox import become, limit_to
from frontdesk.functions.variable import Variable

Handler = Callable[[Any, Context], Any]

_MEMORY_LOOK = 0.01  # seconds; asking the kernel after each of many short calls would be dear

_HTTP_RESPONSE = b"application/vnd.awslambda.http-integration-response"
_PLAIN_BYTES = b"application/octet-stream"
_END_OF_METADATA = b"\0" * 8  # AWS, "Using Lambda response streaming"


class _LambdaError(Exception):
    """An error of the runtime, not of the handler. kind: its errorType in AWS's words."""

    def __init__(self, kind: str, message: str, trace: list[str] | None = None) -> None:
        super().__init__(message)
        self.kind = kind
        self.trace = trace or []


class _TooLargeError(_LambdaError):
    """A result beyond the limit, which is told as AWS's service does: it knows of no request and no trace."""

    def __init__(self) -> None:
        super().__init__("Function.ResponseSizeTooLarge", TOO_LARGE)


def serve(channel: ChildChannel, init: Init) -> int:
    """Load the handler, then answer events until SHUTDOWN or end of file. Answer: exit status."""
    started = time.perf_counter()
    try:
        become(init)
        _start_python(init)
        handler = load_handler(init["handler"])
    except SystemExit:
        raise
    except BaseException as error:  # noqa: BLE001 - reported to the parent
        channel.send(pack(INIT_ERROR, body=_describe(error, "")))
        return 1
    channel.send(pack(READY, meta=READY_META.pack(time.perf_counter() - started)))
    runtime = _Runtime(channel, handler)
    # Differs: [threads] AWS freezes the environment between calls; here threads run on.
    while (frame := channel.next()) is not None and frame.kind != SHUTDOWN:
        if frame.kind == INVOKE:
            channel.send(runtime.answer(frame))
    return 0


class _Runtime:
    """Calls one handler, event by event."""

    def __init__(self, channel: ChildChannel, handler: Handler) -> None:
        self._channel = channel
        self._handler = handler
        self._trace = Variable("_X_AMZN_TRACE_ID")
        self._traced = False
        self._size = 0
        self._next_look = 0.0

    def answer(self, frame: Frame) -> bytes:
        """Run the handler with the event of an INVOKE; answer the frame that ends the call."""
        call = unpack_call(frame.meta)
        _RequestId.current = call.request_id
        if call.trace or self._traced:
            self._trace.set(call.trace)
            self._traced = True
        is_told = frame.flags & TRACED
        if is_told:
            os.environ[WANTED] = "1"
        _Output.wrote = False
        try:
            context = Context(call.request_id, call.deadline_ms, call.client_context)
            context.invoked_function_arn = call.arn
            result = self._handler(_unmarshal(frame.body), context)
            if inspect.isgenerator(result):
                # Differs: [generators] AWS streams from Node.js and the Runtime API only.
                self._send_parts(frame.number, result)
                kind, body = RESULT, b""
            else:
                kind, body = RESULT, marshal(result)
        except SystemExit:
            raise
        except BaseException as error:  # noqa: BLE001 - reported to the parent
            kind, body = ERROR, _describe(error, call.request_id)
        if is_told:
            del os.environ[WANTED]
            self._send_spans(frame.number)
        flush()
        meta = REPORT_META.pack(self._largest_size())
        return pack(kind, frame.number, body, meta, WROTE if _Output.wrote else 0)

    def _send_spans(self, number: int) -> None:
        module = sys.modules.get("frontdesk.base.spans")  # the code's own, maybe of another version
        if module is not None and (spans := module.collected.take()):
            self._channel.send(pack(SPANS, number, json.dumps(spans).encode()))

    def _send_parts(self, number: int, results: Generator[object, Never, object]) -> None:
        """Send what a generator yields, as it comes: metadata if it begins with a dict, then the body."""
        content_type = _PLAIN_BYTES
        with contextlib.closing(results):
            for at, result in enumerate(results):
                if at == 0 and isinstance(result, dict):
                    content_type = _HTTP_RESPONSE
                    part = marshal(result) + _END_OF_METADATA
                else:
                    part = _part(result)
                meta = content_type if at == 0 else b""
                self._channel.send(pack(RESULT, number, part, meta, MORE))

    def _largest_size(self) -> int:
        """Return the largest resident set so far in KiB, at most `_MEMORY_LOOK` old."""
        now = time.monotonic()  # noqa: TID251 - runs alone
        if now >= self._next_look:
            self._next_look = now + _MEMORY_LOOK
            self._size = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        return self._size


# -- becoming the function ----------------------------------------------------------------------------


class _Output(io.FileIO):
    """The output pipe, remembering whether it was written to."""

    wrote = False

    def write(self, data: Any, /) -> int:
        _Output.wrote = True
        return super().write(data)


def _start_python(init: Init) -> None:
    """Make interpreter, output, log format and Context those of the function."""
    # A fuse against runaway mappings, never the limit: address space is not memory.
    limit_to(resource.RLIMIT_AS, max(4 << 30, 4 * init["memory"] << 20))
    random.seed()
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
    if inspect.iscoroutinefunction(handler) or inspect.isasyncgenfunction(handler):
        handler = _synchronous(handler)
    return handler


def _synchronous(handler: Handler) -> Handler:
    """Run a coroutine function to its end, or an asynchronous generator from part to part.

    One loop for all calls: clients made in it stay usable.
    Differs: [async-handlers] AWS has no asynchronous Python handlers.
    """
    import asyncio

    loop = asyncio.new_event_loop()
    asyncio.set_event_loop(loop)

    def run_to_end(event: Any, context: Context) -> Any:
        return loop.run_until_complete(handler(event, context))

    def run_in_parts(event: Any, context: Context) -> Generator[object, None, None]:
        parts = handler(event, context)
        try:
            while True:
                yield loop.run_until_complete(anext(parts))
        except StopAsyncIteration:
            return

    return run_in_parts if inspect.isasyncgenfunction(handler) else run_to_end


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
        raise _TooLargeError
    return body


def _part(value: object) -> bytes:
    """Take what a generator yields as a piece of a body."""
    if isinstance(value, str):
        value = value.encode()
    if not isinstance(value, bytes):
        message = f"Unable to marshal response: a part is {type(value).__name__}, not str or bytes"
        raise _LambdaError("Runtime.MarshalError", message)
    return marshal(value)


def _describe(error: BaseException, request_id: str) -> bytes:
    """Log an error as AWS does and make its error object."""
    if isinstance(error, _LambdaError):
        kind, trace = error.kind, error.trace
    else:
        kind, trace = type(error).__name__, _trace(error.__traceback__)
    message = str(error)  # where that raises the process ends, as at AWS
    lines = [f"[ERROR] {kind}: {message}" if message else f"[ERROR] {kind}"]
    lines.append("Traceback (most recent call last):")
    for element in trace:
        for line in element.splitlines():
            text = line.lstrip(" ")
            lines.append("\u00a0" * (len(line) - len(text)) + text)
    with contextlib.suppress(OSError, ValueError, AttributeError):  # as in flush
        sys.stdout.write("\n".join(lines) + "\n")
    body: dict[str, object] = {"errorMessage": message, "errorType": kind}
    if not isinstance(error, _TooLargeError):
        body |= {"requestId": request_id, "stackTrace": trace}
    return json.dumps(body).encode()


def _trace(trace: TracebackType | None) -> list[str]:
    """Show the frames of the handler: those of the runtime in front of them are left out."""
    frames = traceback.extract_tb(trace)
    runtime = (__file__, "asyncio/base_events.py")
    while len(frames) > 1 and frames[0].filename.endswith(runtime):
        del frames[0]
    return traceback.format_list(frames)


def flush() -> None:
    """Write out what Python still holds of its output."""
    for stream in (sys.stdout, sys.stderr):
        try:
            stream.flush()
        except (OSError, ValueError, AttributeError):  # the handler may have closed or replaced it
            continue
