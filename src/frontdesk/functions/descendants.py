"""Owns who descends from whom, as the kernel tells it. Standard library only: the zygote uses it too.

Source: Linux, proc_tid_children(5), PR_SET_CHILD_SUBREAPER(2const).
"""

import contextlib
import os
import signal
from itertools import islice
from pathlib import Path


def children(pid: int) -> list[int]:
    """List the children of all threads of a process, zombies among them; none when it is gone."""
    found: list[int] = []
    with contextlib.suppress(OSError):  # no descriptor may be left to look with
        for file in Path(f"/proc/{pid}/task").glob("*/children"):
            with contextlib.suppress(OSError):  # a thread may end under way
                found += map(int, file.read_bytes().split())
    return found


def family(pid: int, limit: int) -> list[int]:
    """List a process and what descends from it, nearest first, `limit` processes at most."""
    found = [pid]
    for one in found:  # grows under way
        found += islice(children(one), limit - len(found))
    return found


def kill_descendants(pid: int) -> None:
    """SIGKILL to all that descends from a subreaper, but not to itself.

    Whoever has got the signal forks no more, and whose parent ends comes to the subreaper: when a
    look finds nobody new, nobody is left.
    """
    killed = {pid}
    while found := set(family(pid, 1 << 15)) - killed:
        for one in found:
            kill(one)
        killed |= found


def kill(pid: int) -> None:
    """SIGKILL to a process, if it is there."""
    with contextlib.suppress(ProcessLookupError):
        os.kill(pid, signal.SIGKILL)


def kill_group(pid: int) -> None:
    """SIGKILL to a child and its group; just after the fork the group may not exist yet."""
    assert pid > 1, "kill(2) takes the groups 0 and 1 for ourselves and for everybody"
    kill(pid)
    with contextlib.suppress(ProcessLookupError):
        os.killpg(pid, signal.SIGKILL)
