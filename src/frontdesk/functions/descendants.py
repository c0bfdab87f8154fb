"""Owns who descends from whom, as the kernel tells it. Standard library only: the zygote uses it too.

Source: Linux, proc_tid_children(5), PR_SET_CHILD_SUBREAPER(2const).
"""

import contextlib
import os
import signal
from io import FileIO
from itertools import islice


def children(pid: int) -> list[int]:
    """List the children of all threads of a process, zombies among them; none when it is gone."""
    found: list[int] = []
    # No descriptor may be left to look with.
    with contextlib.suppress(OSError), os.scandir(f"/proc/{pid}/task") as threads:
        for thread in threads:
            with contextlib.suppress(OSError):  # it may end under way
                found += map(int, read(f"{thread.path}/children").split())
    return found


def read(path: str) -> bytes:
    """Read a file of /proc whole. It is done often: a Path would take longer than the kernel. Raises: OSError."""
    with FileIO(path) as file:
        return file.readall()


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
