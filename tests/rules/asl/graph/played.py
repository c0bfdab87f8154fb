"""Executions of the machines to draw, each brought to a moment: what is answered, and when."""

import json
from pathlib import Path

from frontdesk.rules.asl.messages import (
    Invoke,
    Redriven,
    StartTimer,
    Stopped,
    TaskFailed,
    TaskSubmitted,
    TaskSucceeded,
    TimerFired,
)
from frontdesk.rules.asl.outlook import outlook
from frontdesk.rules.asl.progress import progress
from tests.rules.asl.machines import Played

HERE = Path(__file__).parent
BUSY = "Lambda.TooManyRequestsException"
MORNING = 1_773_907_200_000


class Scene:
    """One execution of a machine of the folder. Times are seconds after the last thing that happened."""

    def __init__(self, name, given=None):
        self.definition = json.loads((HERE / "machines" / f"{name}.json").read_text())
        self.played = Played(self.definition, given, now=MORNING)
        self._answered = set()

    def ok(self, state, output=None, *, after=0.1):
        return self._answer(state, after, TaskSucceeded, output={"Payload": output or {}})

    def no(self, state, error=BUSY, *, after=0.1):
        return self._answer(state, after, TaskFailed, error=error)

    def submitted(self, state, *, after=0.1):
        return self._answer(state, after, TaskSubmitted, over=False, output={})

    def timer(self):
        """Let the time of the last timer come."""
        timer = self.played.timer
        self.played.now = timer.at
        self.played.answer(timer, TimerFired)
        return self

    def redrive(self, *, after=3600):
        return self._tell(after, Redriven)

    def stop(self, *, after=1):
        return self._tell(after, Stopped)

    @property
    def progress(self):
        played = self.played
        timers = {one.key: one.at for one in played.of(StartTimer)}
        return progress(played.events, outlook(played.program, played.run, timers))

    def _answer(self, state, after, kind, *, over=True, **values):
        open_ = [one for one in self.played.of(Invoke) if one.state == state]
        invoke = next(one for one in open_ if (one.key, one.attempt) not in self._answered)
        if over:
            self._answered.add((invoke.key, invoke.attempt))
        self.played.now += round(after * 1000)
        self.played.answer(invoke, kind, **values)
        return self

    def _tell(self, after, kind):
        self.played.now += round(after * 1000)
        self.played.tell(kind)
        return self


def seed_succeeded():
    """The seed's machine: one address is refused for ever, another one helps."""
    scene = Scene("vendor-retry")
    for _ in range(2):
        scene.no("Proxy 1").timer()
    scene.ok("Proxy 1", {"statusCode": 429}, after=0.6).timer()
    return scene.ok("Proxy 2", {"statusCode": 200}, after=0.25)


def seed_waits():
    """The same, while it waits for the second address's turn."""
    return Scene("vendor-retry").ok("Proxy 1", {"statusCode": 429}, after=0.6)


def seed_retries():
    """The same, before the fourth attempt of the first."""
    scene = Scene("vendor-retry")
    for _ in range(2):
        scene.no("Proxy 1").timer()
    return scene.no("Proxy 1")


def saga_failed():
    """A trip whose car cannot be had: what was booked is given back, and the execution fails."""
    scene = Scene("saga").ok("Book flight").ok("Book hotel").no("Book car", "Car.None", after=2)
    scene.no("Cancel hotel", "Hotel.Busy").timer()
    return scene.ok("Cancel hotel").ok("Cancel flight", after=75)


def map_of(orders):
    scene = Scene("map-inline")
    scene.played.now += 1000
    scene.played.answer(scene.played.invoke, TaskSucceeded, output={"orders": orders})
    return scene


def map_with_failures():
    """Two items are done, one is billed in vain four times; the others are given up."""
    scene = map_of([1, 2, 3, 4, 5])
    scene.ok("Price").ok("Price").ok("Bill").ok("Bill").ok("Price")
    for _ in range(3):
        scene.no("Bill", "Card.Declined").timer()
    return scene.no("Bill", "Card.Declined")


def map_runs():
    """Five of eight at once, while some are done."""
    scene = map_of(list(range(8)))
    return scene.ok("Price", after=2).ok("Price").ok("Bill").no("Bill", "Card.Declined")


def parallel_aborted():
    """One branch fails, the others are given up, and the error is caught."""
    return Scene("parallel-branches", {"id": 1}).ok("Credit").no("Address", "Address.Unknown")


def stopped():
    """Somebody stops it while a branch works."""
    return Scene("parallel-branches", {}).ok("Address").stop()


def token_waits():
    """A person is asked for the second time."""
    scene = Scene("token-and-activity").no("Ask a person", "States.Timeout", after=600)
    return scene.ok("Remind").submitted("Ask a person")


def redriven():
    """Items that failed or were given up go on after a redrive; what had succeeded stays."""
    scene = map_with_failures().redrive().ok("Price", after=2)
    return scene.ok("Price").ok("Bill")


EXECUTIONS = {
    "map-runs": map_runs,
    "map-with-failures": map_with_failures,
    "parallel-aborted": parallel_aborted,
    "redriven": redriven,
    "saga-failed": saga_failed,
    "seed-retries": seed_retries,
    "seed-succeeded": seed_succeeded,
    "seed-waits": seed_waits,
    "stopped": stopped,
    "token-waits": token_waits,
}
