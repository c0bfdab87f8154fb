"""Owns the memory limit of children: a cgroup for each where the system allows, else looking at /proc.

Source: Linux, Documentation/admin-guide/cgroup-v2.rst; proc_pid_smaps(5).
"""

import contextlib
import os
from pathlib import Path

from frontdesk.functions.descendants import family, read

_PAGE = os.sysconf("SC_PAGE_SIZE")
_SLACK = 32 << 20  # the interpreter's own, which Lambda's sizes do not count as strictly either
_PROCESSES = 256


# Differs: [memory-look] AWS's limit is the kernel's always.
def resident(pid: int, limit: int) -> int:
    """Tell how many bytes of memory a process and its descendants use; 0 when it is gone.

    Shared pages count in part, but that is dear to ask: only above `limit`.
    """
    processes = family(pid, _PROCESSES)
    used = sum(map(_all_pages, processes))
    return sum(map(_own_share, processes)) if used > limit else used


def _all_pages(pid: int) -> int:
    with contextlib.suppress(OSError, ValueError, IndexError):
        return int(read(f"/proc/{pid}/statm").split()[1]) * _PAGE
    return 0


def _own_share(pid: int) -> int:
    with contextlib.suppress(OSError):
        for line in read(f"/proc/{pid}/smaps_rollup").splitlines():
            if line.startswith(b"Pss:"):
                return int(line.split()[1]) << 10
    return 0


def own_cgroup(proc: Path = Path("/proc"), mount: Path = Path("/sys/fs/cgroup")) -> Path | None:
    """Find the cgroup (v2) of this process, where it can limit memory and this user may write to it."""
    try:
        own = next(
            line[3:].lstrip("/")
            for line in (proc / "self/cgroup").read_text().splitlines()
            if line.startswith("0::")
        )
        root = mount / own
        limits_memory = "memory" in (root / "cgroup.controllers").read_text().split()
    except (OSError, StopIteration):
        return None
    return root if limits_memory and os.access(root, os.W_OK) else None


class Cgroups:
    """One cgroup per child below our own: the kernel kills whoever exceeds its size.

    Made by `delegated`. Children of Lambda share no swap and die whole.
    """

    def __init__(self, root: Path) -> None:
        self._root = root

    @classmethod
    def delegated(
        cls, proc: Path = Path("/proc"), mount: Path = Path("/sys/fs/cgroup")
    ) -> "Cgroups | None":
        """Take over our cgroup (v2) if it has been given to us (systemd `Delegate=yes`)."""
        root = own_cgroup(proc, mount)
        if root is None:
            return None
        try:
            # A cgroup with children that are limited may hold no process itself.
            gateway = root / "gateway"
            gateway.mkdir(exist_ok=True)
            (gateway / "cgroup.procs").write_text(str(os.getpid()))
            (root / "cgroup.subtree_control").write_text("+memory +pids")
        except OSError:
            return None
        return cls(root)

    def admit(self, number: int, pid: int, memory: int) -> None:
        """Put a child that has not run any code of its function under its limit. memory: bytes."""
        group = self._root / f"function-{number}"
        group.mkdir(exist_ok=True)
        (group / "memory.max").write_text(str(memory + _SLACK))
        with contextlib.suppress(OSError):  # no swap accounting: then there is no swap to forbid
            (group / "memory.swap.max").write_text("0")
        (group / "memory.oom.group").write_text("1")
        (group / "pids.max").write_text(str(_PROCESSES))
        with contextlib.suppress(ProcessLookupError):  # it has died already
            (group / "cgroup.procs").write_text(str(pid))

    def dismiss(self, number: int) -> None:
        """Remove the cgroup of a child that has ended, and end what it has left there."""
        group = self._root / f"function-{number}"
        with contextlib.suppress(OSError):
            kill = os.open(group / "cgroup.kill", os.O_WRONLY)
            os.write(kill, b"1")
            os.close(kill)
        with contextlib.suppress(OSError):
            group.rmdir()
