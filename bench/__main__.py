"""Owns the command line: `python -m bench [--rows proxy,door] [--seconds 10] [--rounds 5] [--quick]`."""

import argparse
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from bench import machine, report
from bench.result import Bench
from bench.rows import ROWS
from bench.scene import scene
from bench.series import Effort

QUICK = Effort(seconds=1, rounds=2, warm_up=1)


def main() -> int:
    """Run the chosen rows; return 0 when all goals are met, 1 when one is missed, 2 on bad use."""
    chosen = _arguments()
    lacking = machine.missing()
    if lacking:
        print(f"missing programs: {', '.join(lacking)}", file=sys.stderr)
        return 2
    if (os.cpu_count() or 1) < 2:
        print("two cores are needed: one for the gateway, one for the load", file=sys.stderr)
        return 2
    effort = QUICK if chosen.quick else Effort(chosen.seconds, chosen.rounds)
    about = machine.describe()
    missed = 0
    with (
        tempfile.TemporaryDirectory(prefix="frontdesk-bench-") as folder,
        scene(Path(folder)) as shared,
    ):
        for name in chosen.rows:
            missed += _run(name, Bench(shared, effort), about)
    print(f"\nwritten: {report.TABLES}")
    return 1 if missed else 0


def _run(name: str, bench: Bench, about: dict[str, str]) -> int:
    """Run one row, print and keep its findings; return how many goals it missed, 1 when it failed."""
    row = ROWS[name]
    print(f"{name}: {row.about}", flush=True)
    circumstances = {
        "measured": time.strftime("%Y-%m-%d %H:%M UTC", time.gmtime()),
        "rounds": bench.effort.rounds,
        "seconds": bench.effort.seconds,
        "load_average": round(os.getloadavg()[0], 2),
    }
    try:
        result = row.run(bench)
    except (OSError, RuntimeError, ValueError, subprocess.SubprocessError) as error:
        print(f"  {name}: not measured: {error}", flush=True)
        return 1
    for finding in result.findings:
        print(report.line(name, finding), flush=True)
    report.keep(name, report.recorded(result, row.about, **circumstances), about)
    return sum(finding.verdict == "missed" for finding in result.findings)


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m bench", description=__doc__)
    parser.add_argument("--rows", type=_names, default=list(ROWS), help=f"of: {', '.join(ROWS)}")
    parser.add_argument("--seconds", type=float, default=10, help="of one round")
    parser.add_argument("--rounds", type=int, default=5, help="of every contender")
    parser.add_argument("--quick", action="store_true", help="see that it works; proves nothing")
    return parser.parse_args()


def _names(text: str) -> list[str]:
    names = text.split(",")
    unknown = [name for name in names if name not in ROWS]
    if unknown:
        raise argparse.ArgumentTypeError(f"no such row: {', '.join(unknown)}")
    return names


if __name__ == "__main__":
    sys.exit(main())
