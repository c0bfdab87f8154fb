"""Owns the counting of executions: how they end, how long they take, what their states come to, how many are open."""

from collections import Counter as Tally
from collections.abc import Iterator, Sequence
from typing import Final

from frontdesk.base import metrics
from frontdesk.base.clock import Clock
from frontdesk.base.telemetry import Counter, Registry, Sample
from frontdesk.base.wheel import Wheel
from frontdesk.durable.executions.pinned import Pinned
from frontdesk.durable.executions.places import is_child
from frontdesk.durable.rounds import Rounds
from frontdesk.ports.journal import Journal
from frontdesk.rules.asl.history import HistoryEvent

_STATES: Final = ("Choice", "Map", "Parallel", "Pass", "Succeed", "Task", "Wait")
_STEPS: Final = {
    **{f"{state}StateExited": (state, "succeeded") for state in _STATES},
    **{f"{state}StateAborted": (state, "aborted") for state in _STATES},
    "FailStateEntered": ("Fail", "failed"),
}
"""What a state came to, by the event that tells so."""

_ENDS: Final = {
    "ExecutionAborted": "ABORTED",
    "ExecutionFailed": "FAILED",
    "ExecutionSucceeded": "SUCCEEDED",
    "ExecutionTimedOut": "TIMED_OUT",
}


class ExecutionMetrics:
    """Counts what this process sees of executions. Children of distributed Maps are none of the machine's own."""

    def __init__(self, registry: Registry) -> None:
        self._registry = registry
        self._steps: dict[tuple[str, str], Counter] = {}

    def saw(self, pinned: Pinned, began: int, events: Sequence[HistoryEvent]) -> None:
        """Count events. began: when the execution did, in milliseconds since 1970."""
        machine = pinned.facts.machine_name
        for _, _, at, event_type, _ in events:
            if event_type in _STEPS:
                self._step(machine, event_type).value += 1
            elif event_type in _ENDS and not pinned.map_run:
                status = _ENDS[event_type]
                self._registry.counter(metrics.EXECUTIONS, machine, status).value += 1
                took = (at - began) / 1000
                self._registry.histogram(metrics.EXECUTION_DURATION, machine).observe(took)

    def _step(self, machine: str, event_type: str) -> Counter:
        found = self._steps.get((machine, event_type))
        if found is None:
            found = self._registry.counter(metrics.EXECUTION_STEPS, machine, *_STEPS[event_type])
            self._steps[machine, event_type] = found
        return found


class OpenExecutions(Rounds):
    """Counts what is open, in the store: those of all gateways, without children of distributed Maps."""

    every = 15.0
    undone = "open executions are not counted"

    def __init__(self, journal: Journal, clock: Clock, wheel: Wheel) -> None:
        super().__init__(clock, wheel)
        self._journal = journal
        self._open: Tally[str] = Tally()

    def samples(self) -> Iterator[Sample]:
        """Give the last count. See base.telemetry.Collector."""
        for machine, count in self._open.items():
            yield Sample(metrics.EXECUTIONS_OPEN.name, (machine,), count)

    async def go_round(self) -> None:
        """See Rounds."""
        counts = await self._journal.counts("RUNNING", now=self._clock.time())
        self._open = Tally(dict.fromkeys(self._open, 0))
        for kind, count in counts.streams.items():
            family, _, machine = kind.partition("/")
            if family in {"execution", "express"} and not is_child(kind):
                self._open[machine] += count
