"""Owns the rows of state machines: executions of three tasks, waiting ones, those taken over, beside DBOS."""

import json
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from itertools import count
from pathlib import Path

from bench.contenders import settings
from bench.driven import IN_FLIGHT
from bench.figures import Figure, Finding, at_least, at_most, ratio
from bench.frontdesk_under_test import charging
from bench.postgres import database, postgres
from bench.probe import get
from bench.process import running
from bench.result import Bench, Result, Series
from bench.series import Contender, race

STORES = ("SQLite", "PostgreSQL")

_WITHIN = 900.0
"""Seconds of one measurement."""

_FULL = 10.0
"""Seconds of a round, as asked for on the command line, from which on the numbers are as they should be."""


@dataclass(frozen=True)
class Size:
    """How many executions are measured."""

    running: int
    alone: int
    express: int
    waiting: int
    left: int
    dbos: int

    @classmethod
    def of(cls, bench: Bench) -> "Size":
        """Choose: smaller ones prove nothing."""
        if bench.effort.seconds >= _FULL:
            return cls(10_000, 300, 30_000, 100_000, 10_000, 1000)
        return cls(1000, 50, 2000, 2000, 500, 100)


class Stores:
    """New stores, empty ones, on this machine."""

    def __init__(self, folder: Path, server: str) -> None:
        self._folder = folder
        self._server = server
        self._numbers = count(1)

    @contextmanager
    def new(self, kind: str) -> Iterator[str]:
        """Make one; yield what `bench.driven` opens it by."""
        number = next(self._numbers)
        if kind == "SQLite":
            yield f"sqlite:{self._folder / f'{number}.db'}"
        else:
            with database(self._server, f"bench_{number}") as url:
                yield url


@contextmanager
def _stores() -> Iterator[Stores]:
    with tempfile.TemporaryDirectory(prefix="frontdesk-bench-") as folder, postgres() as server:
        yield Stores(Path(folder), server)


def executions_row(bench: Bench) -> Result:
    """Run executions of three tasks answered in process, 200 in flight and alone; beside DBOS."""
    size, rounds = Size.of(bench), range(bench.effort.rounds)
    findings: list[Finding] = []
    with _stores() as stores:
        for kind in STORES:
            ours, theirs, alone = [], [], []
            for _ in rounds:
                with stores.new(kind) as store:
                    ours.append(_driven("throughput", size.running, store)["rate"])
                with stores.new(kind) as store:
                    theirs.append(_dbos(store, size.dbos)["rate"])
                with stores.new(kind) as store:
                    alone.append(_driven("alone", size.alone, store)["p50"])
            findings += [
                Finding(f"{kind}: executions", Figure.of(ours), "/s", at_least(1600)),
                Finding(f"{kind}: DBOS", Figure.of(theirs), "/s"),
                Finding(f"{kind}: frontdesk against DBOS", ratio(ours, theirs), "x"),
                Finding(f"{kind}: p50 of one alone", Figure.of(alone), "ms", at_most(5)),
            ]
        with stores.new("SQLite") as store:
            express = [_driven("express", size.express, store)["rate"] for _ in rounds]
        findings.append(Finding("Express executions", Figure.of(express), "/s", at_least(5000)))
    return Result(findings)


def waiting_row(bench: Bench) -> Result:
    """Have 100,000 executions wait; take over 10,000 that a process has left."""
    size = Size.of(bench)
    findings: list[Finding] = []
    with _stores() as stores:
        for kind in STORES:
            with stores.new(kind) as store, stores.new(kind) as empty:
                waiting = _driven("waiting", size.waiting, store, empty)
            with stores.new(kind) as store:
                _driven("leaving", size.left, store)
                taken = _driven("recovery", size.left, store)["seconds"]
            resident, slower = Figure.of([waiting["resident"]]), Figure.of([waiting["slower"]])
            note = "from the start of the next process"
            if kind == "PostgreSQL":
                note += "; the lease of the dead one lapses meanwhile"
            findings += [
                Finding(f"{kind}: {size.waiting:,} waiting", resident, "MB", at_most(200)),
                Finding(f"{kind}: running ones slower by", slower, "%", at_most(10)),
                Finding(
                    f"{kind}: {size.left:,} taken over", Figure.of([taken]), "s", at_most(10), note
                ),
            ]
    return Result(findings)


def charges_row(bench: Bench) -> Result:
    """Ask for executions of three tasks at the door; real function processes do these."""
    probe = get(["/charge"], length=4)
    with ExitStack() as stack:
        server = stack.enter_context(running(charging(bench.scene)))
        rounds = race([Contender("frontdesk", server, probe)], bench.effort)
    rates = [each.rate for each in rounds["frontdesk"]]
    note = "SQLite; functions share the other core with the load"
    finding = Finding("executions by functions", Figure.of(rates), "/s", at_least(1000), note)
    title = "An execution of three functions, waited for at the door"
    return Result([finding], [Series(title, rounds)], settings({"frontdesk": server}))


def _driven(measure: str, number: int, *stores: str) -> dict[str, float]:
    return _told("bench.driven", measure, str(number), *stores)


def _dbos(store: str, number: int) -> dict[str, float]:
    url = store.replace("sqlite:", "sqlite:///")
    return _told("bench.peers.dbos_app", url, str(number), str(IN_FLIGHT))


def _told(module: str, *arguments: str) -> dict[str, float]:
    """Run a program; return what it has printed last. Raises: RuntimeError."""
    command = [sys.executable, "-m", module, *arguments]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=_WITHIN)
    if done.returncode:
        raise RuntimeError(f"{module}: {done.stderr[-2000:]}")
    told: dict[str, float] = json.loads(done.stdout.splitlines()[-1])
    return told
