"""Owns what a process takes on of its function before any code of it runs. Standard library only."""

import ctypes
import os
import resource
import signal
import time

from frontdesk.functions.frames import Init

_SET_DEATH_SIGNAL = 1  # prctl, linux/prctl.h
_SET_NAME = 15
_libc = ctypes.CDLL(None)


def end_with_parent(parent: int) -> None:
    """Have the kernel end this process when its parent ends. parent: process id."""
    _libc.prctl(_SET_DEATH_SIGNAL, signal.SIGKILL, 0, 0, 0)
    if os.getppid() != parent:
        os._exit(1)  # it died before the line above


def become(init: Init) -> None:
    """Take on environment, limits, name and folder of the function."""
    for limit, value in (
        (resource.RLIMIT_CORE, 0),
        (resource.RLIMIT_NOFILE, 1024),
        (resource.RLIMIT_FSIZE, init["temporary_bytes"]),
    ):
        limit_to(limit, value)
    _libc.prctl(_SET_NAME, b"fn:" + init["function"].encode()[:12], 0, 0, 0)
    os.environ.clear()
    os.environ.update(init["environment"])
    time.tzset()
    os.chdir(init["task_root"])


def limit_to(limit: int, value: int) -> None:
    """Set a limit of `resource` to `value`, or to what the system allows of it."""
    _, hard = resource.getrlimit(limit)
    allowed = value if hard == resource.RLIM_INFINITY else min(value, hard)
    resource.setrlimit(limit, (allowed, allowed))
