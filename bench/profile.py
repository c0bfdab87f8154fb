"""Owns the profile: where the time of a proxied request goes, by library and by line of Python.

`python -m bench.profile [--seconds 10]`. perf (Debian: linux-perf) sees the kernel and C; py-spy sees
Python. Each samples a round of its own, under full load, for each disturbs the process in its way.
"""

import argparse
import re
import shutil
import subprocess
import sys
import tempfile
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from threading import Thread

from bench.contenders import started
from bench.load import closed_loop
from bench.probe import Probe, get
from bench.process import Running
from bench.report import OUT
from bench.scene import SMALL, scene

SHOWN = 25
_PERF_ROW = re.compile(r"\s*([\d.]+)%\s+(\S.*?)[\s-]*$")


def perf(running: Running, seconds: int, folder: Path) -> list[str]:
    """Return shares by library, then by symbol: kernel, libuv, the interpreter, C extensions."""
    data = str(folder / "perf.data")
    _quietly(
        "perf",
        "record",
        "-F",
        "999",
        "-p",
        str(running.pid),
        "-o",
        data,
        "--",
        "sleep",
        str(seconds),
    )
    lines: list[str] = []
    for keys in ("dso", "dso,symbol"):
        told = _quietly("perf", "report", "-i", data, "--stdio", "--sort", keys)
        rows = [match for row in told.splitlines() if (match := _PERF_ROW.match(row))]
        lines += _table(keys, [(" ".join(row[2].split()), float(row[1])) for row in rows])
    return lines


def py_spy(running: Running, seconds: int, folder: Path) -> list[str]:
    """Return shares of samples by Python function: in it alone, and in it or below it.

    Only samples that hold the interpreter's lock count: the log's thread waits most of its time.
    """
    stacks = folder / "stacks"
    program = str(Path(sys.executable).with_name("py-spy"))
    _quietly(
        *(program, "record", "--pid", str(running.pid), "--duration", str(seconds)),
        *("--gil", "--rate", "500", "--format", "raw", "--output", str(stacks)),
    )
    alone: Counter[str] = Counter()
    within: Counter[str] = Counter()
    for row in stacks.read_text().splitlines():
        stack, _, count = row.rpartition(" ")
        frames = [re.sub(r":\d+\)$", ")", frame) for frame in stack.split(";")]
        alone[frames[-1]] += int(count)
        for frame in set(frames):
            within[frame] += int(count)
    total = max(1, alone.total())
    lines: list[str] = []
    for title, counts in (("function alone", alone), ("function and what it calls", within)):
        lines += _table(title, [(name, 100 * n / total) for name, n in counts.most_common()])
    return lines


def _table(title: str, rows: list[tuple[str, float]]) -> list[str]:
    lines = [f"| {title} | % |", "|---|---:|"]
    return [*lines, *(f"| `{name}` | {share:.1f} |" for name, share in rows[:SHOWN]), ""]


def _quietly(*command: str) -> str:
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout


def _under_load(
    running: Running, probe: Probe, sample: Callable[[Running, int, Path], list[str]], seconds: int
) -> list[str]:
    port = running.server.port
    closed_loop(port, probe, seconds=2)
    load = Thread(target=closed_loop, args=(port, probe), kwargs={"seconds": seconds + 3})
    load.start()
    try:
        with tempfile.TemporaryDirectory() as folder:
            return sample(running, seconds, Path(folder))
    finally:
        load.join()


def main() -> None:
    """Profile the proxied request with everything on; write bench/out/profile.md and print it."""
    parser = argparse.ArgumentParser(prog="python -m bench.profile", description=__doc__)
    parser.add_argument("--seconds", type=int, default=10)
    seconds = parser.parse_args().seconds
    lines = ["# Where the time of a proxied request goes", ""]
    with (
        tempfile.TemporaryDirectory(prefix="frontdesk-bench-") as folder,
        scene(Path(folder)) as shared,
        started(shared, ["frontdesk"]) as servers,
    ):
        probe = get(["/practices/p001/slots"], tokens=shared.tokens, length=len(SMALL))
        if shutil.which("perf"):
            lines += _under_load(servers["frontdesk"], probe, perf, seconds)
        else:
            lines += ["perf is not installed: the kernel's share is not shown.", ""]
        lines += _under_load(servers["frontdesk"], probe, py_spy, seconds)
    OUT.mkdir(exist_ok=True)
    (OUT / "profile.md").write_text("\n".join(lines))
    print("\n".join(lines))


if __name__ == "__main__":
    main()
