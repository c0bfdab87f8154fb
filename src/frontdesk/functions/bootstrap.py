"""Owns a child's process: from the fork to its end. Standard library only.

Runs in the function's process. What the function is written in decides who goes on: `python_runtime`
calls a handler, `runtime_api` serves a command of any language. Knows nothing of the gateway.
"""

import atexit
import contextlib
import json
import os
import signal
import sys
import traceback
from typing import NoReturn

from frontdesk.functions import python_runtime, runtime_api
from frontdesk.functions.child_channel import ANSWERS, ORDERS, ChildChannel
from frontdesk.functions.frames import INIT, Init
from frontdesk.functions.sandbox import end_with_parent


def run(orders: int, answers: int, output: int, zygote: int) -> NoReturn:
    """Be a child until told to end. orders, answers: of the channel. zygote: process id of the parent."""
    status = 1
    try:
        _leave_parent(orders, answers, output, zygote)
        status = _live()
    except SystemExit as leave:
        status = _exit_status(leave)
    except BaseException:  # noqa: BLE001 - the last frame of this process
        traceback.print_exc()
    finally:
        _finish()
        os._exit(status)


def _leave_parent(orders: int, answers: int, output: int, zygote: int) -> None:
    """Cut every tie to the zygote but the channel and the output pipe."""
    os.setsid()
    end_with_parent(zygote)
    signal.set_wakeup_fd(-1)
    for number in (signal.SIGCHLD, signal.SIGTERM, signal.SIGHUP, signal.SIGUSR1):
        signal.signal(number, signal.SIG_DFL)
    signal.signal(signal.SIGINT, signal.default_int_handler)
    # All three stand above 3, which the zygote holds with those below, and in this order.
    null = os.open(os.devnull, os.O_RDWR)
    os.dup2(null, 0)
    os.dup2(output, 1)
    os.dup2(output, 2)
    os.dup2(orders, ORDERS, inheritable=False)
    os.dup2(answers, ANSWERS, inheritable=False)
    os.closerange(ANSWERS + 1, 1 << 16)


def _live() -> int:
    """Be the function until SHUTDOWN or end of file. Answer: exit status."""
    channel = ChildChannel()
    first = channel.next()
    if first is None or first.kind != INIT:
        return 1
    init: Init = json.loads(first.body)
    serve = runtime_api.serve if init["command"] else python_runtime.serve
    return serve(channel, init)


def _finish() -> None:
    """Do what an interpreter does at its end, but never wait for threads."""
    with contextlib.suppress(BaseException):
        atexit._run_exitfuncs()  # noqa: SLF001 - os._exit follows, which would skip them
    python_runtime.flush()


def _exit_status(leave: SystemExit) -> int:
    """Read the status as the interpreter does: none is 0, a text is printed and 1."""
    if leave.code is None:
        return 0
    if isinstance(leave.code, int):
        return leave.code & 0xFF
    with contextlib.suppress(OSError, ValueError):
        print(leave.code, file=sys.stderr)  # noqa: T201 - what the interpreter does
    return 1
