"""The program of a worker process, which a supervisor starts: `python -m frontdesk.cli.worker`.

Not a command: its arguments are the descriptor of its socket, its number, and the level of its messages.
All else, secrets above all, comes through the socket.
"""

import ctypes
import gc
import logging
import signal
import socket
import sys
from functools import partial
from typing import Any

import uvloop

from frontdesk.app.worker import Worker
from frontdesk.cli.console import log_to_console

_SET_PDEATHSIG = 1  # of linux/prctl.h
_SET_DUMPABLE = 4


def main() -> None:
    """Serve until the supervisor has gone."""
    gc.disable()  # until it serves, as in `cli.main`
    process = ctypes.CDLL(None)
    process.prctl(_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)
    # Functions are of our user and could read our memory in /proc; see also `zygote_link`.
    process.prctl(_SET_DUMPABLE, 0, 0, 0, 0)
    # To stop is the supervisor's business: it drains, then closes the socket.
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGUSR1):
        signal.signal(number, signal.SIG_IGN)
    descriptor, worker, level = sys.argv[1:]
    log_to_console(level, readable=False)
    logging.setLogRecordFactory(partial(_record, int(worker)))
    uvloop.run(_serve(socket.socket(fileno=int(descriptor))))


async def _serve(end: socket.socket) -> None:
    await Worker().run(end)


def _record(number: int, *arguments: Any, **keywords: Any) -> logging.LogRecord:
    """Make the record of a message, which says that it is this worker's."""
    record = logging.LogRecord(*arguments, **keywords)
    record.worker = number
    return record


if __name__ == "__main__":
    main()
