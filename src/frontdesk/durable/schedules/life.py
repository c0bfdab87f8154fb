"""Owns the stream of one schedule: its times become commands, each once; what fails is tried again.

Source: AWS Lambda, "Understanding retry behavior", asynchronous invocation.
"""

import logging
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from typing import Final

from frontdesk.base.metrics import SCHEDULE_RUNS
from frontdesk.base.telemetry import Registry
from frontdesk.durable.life import Fired, Happening, Posted, Told, Turn, Work
from frontdesk.durable.schedules.definition import Definition
from frontdesk.durable.schedules.state import MOST, State
from frontdesk.durable.schedules.targets import Targets
from frontdesk.ports.journal import Document, Loaded

_LOG: Final = logging.getLogger(__name__)

KIND: Final = "schedule"
NEXT: Final = "next"
"""Key of the timer of the next instant. Others are those of further attempts."""

_WAITS: Final = (60.0, 120.0, 240.0, 300.0)
"""Seconds before a further attempt: the n-th one, then always the last."""


class ScheduleWorkflow:
    """The workflow `schedule`: see life.Workflow."""

    def __init__(self, targets: Targets, registry: Registry) -> None:
        self._targets = targets
        self._registry = registry

    async def revive(self, loaded: Loaded) -> "ScheduleLife":
        """See Workflow. The snapshot has all: events are for whoever wants to know what was."""
        assert loaded.snapshot is not None
        state = State.read(loaded.snapshot)
        name = loaded.stream.name
        return ScheduleLife(name, state, dict(loaded.commands), self._targets, self._registry)


class ScheduleLife:
    """One schedule at work: see life.Life. commands: those that are under way."""

    def __init__(
        self,
        name: str,
        state: State,
        commands: dict[str, Document],
        targets: Targets,
        registry: Registry,
    ) -> None:
        self._name = name
        self._state = state
        self._commands = commands
        self._targets = targets
        self._registry = registry

    def react(self, now: float, happenings: Sequence[Happening]) -> Turn:
        """See Life. Whatever happens, what is due runs: a message may come together with its time."""
        turn = Turn()
        for happening in happenings:
            match happening:
                case Posted(document):
                    self._adopt(document["definition"], now, turn)
                case Told(key, what):
                    self._told(key, what, now, turn)
                case Fired(key) if key in self._state.again:
                    self._ask(self._state.again.pop(key), turn)
                    turn.events.append({"type": "Retried", "timer": key})
        self._run_due(now, turn)
        if turn.events:
            turn.snapshot = self._state.document
            turn.status = self._state.status(now)
        return turn

    def act(self, key: str, command: Document, tell: Callable[[str], None]) -> Work | None:
        """See Life."""
        del key
        return self._targets.begin(command, tell)

    def _adopt(self, document: Document | None, now: float, turn: Turn) -> None:
        definition = None if document is None else Definition.read(document)
        if definition == self._state.definition:
            return
        self._state.adopt(definition, now)
        if definition is None:
            turn.timers.update(dict.fromkeys(self._state.again))
            self._state.again.clear()
        turn.events.append({"type": "Adopted" if definition else "Removed"})

    def _run_due(self, now: float, turn: Turn) -> None:
        # Differs: [missed-times] AWS's schedules are never down; some of ours that were missed run later.
        due = self._state.due(now, MOST - len(self._commands))
        if due.missed is not None:
            self._count("missed")
            _LOG.warning("schedule %s has missed %s", self._name, _time(due.missed))
            turn.events.append({"type": "Missed", "instant": due.missed})
        for instant in due.instants:
            turn.events.append({"type": "Fired", "instant": instant})
            self._ask(self._command(instant, now), turn)
        # With as many as may be under way, the end of one of them goes on, not a timer.
        turn.timers[NEXT] = self._state.next if len(self._commands) < MOST else None

    def _command(self, instant: int, now: float) -> Document:
        definition = self._state.definition
        assert definition is not None
        return {
            "arn": definition.arn,
            "instant": instant,
            "attempt": 1,
            "since": now,
            "machine": definition.machine,
            "function": definition.function,
            "input": definition.input,
        }

    def _ask(self, command: Document, turn: Turn) -> None:
        key = f"{command['instant']}:{command['attempt']}"
        self._commands[key] = turn.commands[key] = command

    def _told(self, key: str, fault: str, now: float, turn: Turn) -> None:
        command = self._commands.pop(key)
        turn.done.add(key)
        if not fault:
            self._count("started")
            return
        attempt = command["attempt"]
        wait = _WAITS[min(attempt, len(_WAITS)) - 1]
        definition = self._state.definition
        at = _time(command["instant"])
        # Differs: [scheduled-retries] AWS's scheduler tries 185 times in a day.
        if (
            definition is not None
            and attempt < definition.attempts
            and now + wait - command["since"] <= definition.max_age
        ):
            timer = f"again:{command['instant']}"
            self._state.again[timer] = {**command, "attempt": attempt + 1}
            turn.timers[timer] = now + wait
            self._count("retried")
            _LOG.warning("schedule %s tries %s again in %d s: %s", self._name, at, wait, fault)
        else:
            self._count("lost")
            _LOG.error("schedule %s has lost its run of %s: %s", self._name, at, fault)
        turn.events.append({"type": "Failed", "command": key, "error": fault})

    def _count(self, result: str) -> None:
        self._registry.counter(SCHEDULE_RUNS, self._name, result).value += 1


def _time(instant: int) -> str:
    return f"{datetime.fromtimestamp(instant, UTC):%Y-%m-%dT%H:%M:%SZ}"
