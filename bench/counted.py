"""Owns the row of system calls: two reads and two writes for a proxied request, and nothing else."""

from bench import syscalls
from bench.contenders import started
from bench.figures import Figure, Finding, at_most
from bench.probe import await_answer, get
from bench.result import Bench, Result
from bench.scene import SMALL

RARE = 0.05
"""Calls of the log's batches and timers, per request, that count as none."""


def syscall_row(bench: Bench) -> Result:
    """Count system calls per small proxied request, everything on."""
    probe = get(["/practices/p001/slots"], tokens=bench.scene.tokens, length=len(SMALL))
    findings = []
    for name in ("frontdesk", "envoy"):
        with started(bench.scene, [name]) as servers:
            await_answer(servers[name].server.port, probe)
            calls = syscalls.per_request(servers[name], probe)
        judged = name == "frontdesk"
        other = {
            what: n for what, n in calls.items() if what not in ("read", "write", "poll", "log")
        }
        note = ", ".join(f"{what} {number:.2f}" for what, number in other.items())
        findings += [
            _finding(name, "socket reads", calls.get("read", 0), 2 if judged else None),
            _finding(name, "socket writes", calls.get("write", 0), 2 if judged else None),
            _finding(name, "polls, shared", calls.get("poll", 0), 1 if judged else None),
            _finding(name, "log writes", calls.get("log", 0), RARE if judged else None),
            _finding(name, "other calls", sum(other.values()), RARE if judged else None, note),
        ]
    return Result(findings)


def _finding(name: str, what: str, calls: float, limit: float | None, note: str = "") -> Finding:
    goal = None if limit is None else at_most(limit)
    return Finding(f"{name}: {what}", Figure.of([calls]), "a request", goal, note)
