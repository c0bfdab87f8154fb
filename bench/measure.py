"""Owns readings of the kernel's tables: CPU time and memory of processes, how busy a core is."""

import os
from dataclasses import dataclass
from pathlib import Path

_TICKS = os.sysconf("SC_CLK_TCK")


@dataclass(frozen=True)
class CoreTime:
    """Seconds since start-up that a core was busy, and in all."""

    busy: float
    total: float


def cpu_seconds(pid: int) -> float:
    """Return user and system seconds of a process, to one tick (10 ms). Source: proc(5), stat."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / _TICKS


def core_time(core: int) -> CoreTime:
    """Read the counters of one core. Source: proc(5), /proc/stat; guest time is within user time."""
    for line in Path("/proc/stat").read_text().splitlines():
        name, *values = line.split()
        if name == f"cpu{core}":
            user, nice, system, idle, iowait, irq, softirq, steal = map(int, values[:8])
            busy = user + nice + system + irq + softirq + steal
            return CoreTime(busy / _TICKS, (busy + idle + iowait) / _TICKS)
    raise ValueError(f"no such core: {core}")


def busy_share(before: CoreTime, after: CoreTime) -> float:
    """Return how busy the core was between two readings, 0 to 1."""
    return (after.busy - before.busy) / max(after.total - before.total, 1e-9)


def resident_bytes(pid: int) -> int:
    """Return the resident set of a process in bytes. Source: proc(5), VmRSS of status."""
    for line in Path(f"/proc/{pid}/status").read_text().splitlines():
        if line.startswith("VmRSS:"):
            return int(line.split()[1]) * 1024
    raise ValueError(f"no resident set: process {pid}")


def descendants(pid: int) -> list[int]:
    """Return the ids of all processes below one, parents first."""
    children: dict[int, list[int]] = {}
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                parent = int((entry / "stat").read_text().rpartition(")")[2].split()[1])
            except (FileNotFoundError, ProcessLookupError):
                continue
            children.setdefault(parent, []).append(int(entry.name))
    found: list[int] = []
    waiting = [pid]
    while waiting:
        below = children.get(waiting.pop(), [])
        found += below
        waiting += below
    return found
