"""Owns the life of one execution: what happens to it becomes steps of the interpreter, and these a turn.

The same for executions in the journal and in memory. Knows nobody who does a task, and no clock.
"""

import logging
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, Final

from frontdesk.durable.executions import timers
from frontdesk.durable.executions.codec import kept, write_command, write_step
from frontdesk.durable.executions.doing import Ended, Heard, Surroundings, act
from frontdesk.durable.executions.pinned import Pinned
from frontdesk.durable.executions.tracing import ExecutionSpans
from frontdesk.durable.executions.waiting import Waiting
from frontdesk.durable.life import Fired, Happening, Posted, Told, Turn, Work
from frontdesk.ports.journal import Document, Status
from frontdesk.rules.asl.history import HistoryEvent
from frontdesk.rules.asl.interpreter import step
from frontdesk.rules.asl.messages import (
    NO_TIMEOUT,
    ActivityStarted,
    Broken,
    CancelTask,
    CancelTimer,
    ChildFailed,
    ChildSucceeded,
    Command,
    Continue,
    Continued,
    Event,
    Fail,
    Finish,
    Invoke,
    KeyedEvent,
    MapRunUpdated,
    Redriven,
    StartChild,
    Started,
    StartTimer,
    Stopped,
    TaskFailed,
    TaskSubmitted,
    TaskSucceeded,
    TaskTimedOut,
    TimerFired,
)
from frontdesk.rules.asl.model import TaskState
from frontdesk.rules.asl.program import Program
from frontdesk.rules.asl.resources import Kind, read_resource
from frontdesk.rules.asl.run import Run
from frontdesk.rules.asl.run import Status as RunStatus

_LOG: Final = logging.getLogger(__name__)

_FAR: Final = 3e8
"""Seconds until the heartbeat of a task that no worker has taken yet: it does not count."""

_QUIET: Final = (ChildSucceeded, ChildFailed, MapRunUpdated)
"""Events that may change something without a word."""

_STEPS: Final = 64
"""Steps after which a snapshot spares the next owner their replay; more, where there is more to write."""


class ExecutionLife:
    """One execution at work. See `durable.life.Life`."""

    def __init__(
        self,
        program: Program,
        pinned: Pinned,
        run: Run,
        around: Surroundings,
        *,
        timers_set: Iterable[str] = (),
        commands: Mapping[str, Document] | None = None,
        steps: int = 0,
        recorded: bool = True,
        spans: ExecutionSpans | None = None,
    ) -> None:
        """timers_set, commands: what waits in the journal. steps: since the last snapshot, if recorded.

        spans: of an execution whose trace is sampled.
        """
        self.program = program
        self.pinned = pinned
        self.run = run
        self.ended_at: float | None = None  # seconds since 1970
        self._around = around
        self._waiting = Waiting(timers_set, commands or {})
        self._steps = steps
        self._recorded = recorded
        self._spans = spans

    def start(self, now: float) -> Turn:
        """Take the first step. now: seconds since 1970."""
        turn = Turn()
        self._step(Started(now=_ms(now), seed=self._around.seed()), turn)
        return turn

    def react(self, now: float, happenings: Sequence[Happening]) -> Turn:
        """See Life."""
        turn, moment = Turn(), _ms(now)
        for one in happenings:
            event = _READ[type(one)](self, moment, one, turn)
            if event is not None:
                self._step(event, turn)
        if self._steps > _STEPS + 2 * len(self.run.strands):
            self._steps = 0
            turn.snapshot = {"execution": self.pinned.as_json(), "run": self.run.as_json()}
        return turn

    def act(self, key: str, command: Document, tell: Callable[[Any], None]) -> Work | None:  # noqa: ARG002 - commands name their own
        """See Life."""
        return act(self._around, self.pinned, command, tell)

    @property
    def ended(self) -> Ended:
        """How it ended, or that it runs."""
        run = self.run
        return Ended(run.status.value, run.output, run.error, run.cause)

    def awaits(self, key: str, attempt: int, token: str) -> bool:
        """Tell whether a task still waits for whoever has its token."""
        entry = key.rpartition(":")[2]
        found = self.run.waiting.get(int(entry)) if entry.isdecimal() else None
        if found is None:
            return False
        strand = self.run.strands[found]
        return strand.token == token and strand.attempt == attempt

    # What happens becomes events.

    def fired(self, now: int, happening: Fired, turn: Turn) -> Event | None:
        """Take a timer."""
        was_set = self._waiting.fired(happening.key)
        key, attempt, is_own, heartbeat = timers.read_timer(happening.key)
        seed = self._around.seed()
        if is_own:
            return TimerFired(now=now, seed=seed, key=key, attempt=attempt)
        if not was_set:
            return None
        self._recall(key, attempt, self._token(key), turn)
        self._task_is_over(key, attempt, turn)
        late = heartbeat is not None
        return TaskTimedOut(now=now, seed=seed, key=key, attempt=attempt, heartbeat=late)

    def told(self, now: int, happening: Told, turn: Turn) -> Event | None:
        """Take what was heard of a command."""
        command = self._waiting.command(happening.key)
        if command is None:
            return None
        heard: Heard = happening.what
        kind = heard.kind
        if heard.is_over:
            self._waiting.done(happening.key, turn)
        if kind is None or (
            kind is TaskSubmitted and not read_resource(command["resource"]).pattern
        ):
            return None
        seed = self._around.seed()
        if kind is Continued:
            return Continued(now=now, seed=seed)
        assert issubclass(kind, KeyedEvent)
        key, attempt = command["key"], command["attempt"]
        if kind is not TaskSubmitted:
            self._waiting.drop_limits(key, attempt, turn)
        return kind(now=now, seed=seed, key=key, attempt=attempt, **heard.values)

    def posted(self, now: int, happening: Posted, turn: Turn) -> Event | None:
        """Take a message."""
        document = happening.document
        return _POSTED[document["type"]](self, now, document, turn)

    def answered(self, now: int, document: Document, turn: Turn) -> Event | None:
        """Take what somebody says who has a token."""
        key, attempt = document["key"], document["attempt"]
        if not self.awaits(key, attempt, document["token"]):
            return None
        self._task_is_over(key, attempt, turn)
        seed = self._around.seed()
        if document["type"] == "TaskSucceeded":
            output = document["output"]
            return TaskSucceeded(now=now, seed=seed, key=key, attempt=attempt, output=output)
        error, cause = document["error"], document["cause"]
        return TaskFailed(now=now, seed=seed, key=key, attempt=attempt, error=error, cause=cause)

    def lives(self, now: int, document: Document, turn: Turn) -> Event | None:
        """Move the heartbeat of a task: its worker has taken it, or tells that it is alive."""
        key, attempt = document["key"], document["attempt"]
        if not self.awaits(key, attempt, document["token"]):
            return None
        self._waiting.beat(key, attempt, now / 1000, turn)
        if document["type"] == "Heartbeat":
            return None
        return ActivityStarted(
            now=now, seed=self._around.seed(), key=key, attempt=attempt, worker=document["worker"]
        )

    def child_ended(self, now: int, document: Document, _turn: Turn) -> Event | None:
        """Take the end of a child, unless it is told a second time when all is over."""
        if self.run.status is not RunStatus.RUNNING:
            return None
        kind = ChildSucceeded if document["type"] == "ChildSucceeded" else ChildFailed
        values = {name: value for name, value in document.items() if name != "type"}
        return kind(now=now, seed=self._around.seed(), **values)

    def map_run_updated(self, now: int, document: Document, _turn: Turn) -> Event | None:
        """Take other bounds of a map run, unless that is over."""
        run = self.run
        if run.status is not RunStatus.RUNNING:
            return None
        for strand in run.strands.values():
            if strand.spread.get("arn") == document["arn"]:
                return MapRunUpdated(
                    now=now,
                    seed=self._around.seed(),
                    key=f"{run.facts.execution}:{strand.state}:{strand.entry}",
                    attempt=strand.attempt,
                    **document["bounds"],
                )
        return None

    def stopped(self, now: int, document: Document, _turn: Turn) -> Event | None:
        """Take the wish that it stops."""
        if self.run.status is not RunStatus.RUNNING:
            return None
        seed = self._around.seed()
        return Stopped(now=now, seed=seed, error=document["error"], cause=document["cause"])

    def redriven(self, now: int, _document: Document, turn: Turn) -> Event | None:
        """Take the wish that it goes on."""
        if self.run.status in {RunStatus.RUNNING, RunStatus.SUCCEEDED}:
            return None
        turn.status = Status(RunStatus.RUNNING.value)
        return Redriven(now=now, seed=self._around.seed())

    # Events become steps.

    def _step(self, event: Event, turn: Turn) -> None:
        run = self.run
        events = run.events
        if self._recorded:
            event = kept(event)
        try:
            made = step(self.program, run, event)
        except Exception:  # noqa: BLE001 - see below
            # A fault of ours ends this execution, where somebody sees it and may redrive it later.
            _LOG.exception("a state machine failed", extra={"execution": run.facts.execution})
            run.events = events
            cause = f"An internal error occurred while taking {type(event).__name__}."
            event = Broken(now=event.now, seed=event.seed, cause=cause)
            made = step(self.program, run, event)
        history, commands = made
        if not history and not commands and not isinstance(event, _QUIET):
            return  # it came too late
        for command in commands:
            _TAKE[type(command)](self, event.now, command, turn)
        self._around.saw(self.pinned, run.started, history)
        if self._spans is not None:
            self._spans.saw(run.started, history)
        if self._recorded:
            self._steps += 1
            turn.events.append(self._document(event, history, is_first=not events))

    def _document(
        self, event: Event, history: Sequence[HistoryEvent], *, is_first: bool
    ) -> Document:
        document = write_step(event, history)
        if is_first:
            document["execution"] = self.pinned.as_json()
        if self.run.redrives:
            document |= {"redrives": self.run.redrives, "redriven": self.run.redriven}
        return document

    def invoke(self, now: int, command: Invoke, turn: Turn) -> None:
        """Ask for a task, and watch its limits."""
        key, attempt = command.key, command.attempt
        self._waiting.ask(f"{attempt}:{key}", write_command(command), turn)
        # Differs: [activity-timeout] that of an activity begins at AWS when a worker takes it
        if command.timeout is not None and command.timeout < NO_TIMEOUT:
            self._waiting.set(timers.timeout(key, attempt), now / 1000 + command.timeout, turn)
        if command.heartbeat is not None:
            is_activity = read_resource(command.resource).kind is Kind.ACTIVITY
            wait = _FAR if is_activity else command.heartbeat
            self._waiting.set(
                timers.heartbeat(key, attempt, command.heartbeat), now / 1000 + wait, turn
            )

    def start_child(self, _now: int, command: StartChild, turn: Turn) -> None:
        """Ask for a child."""
        key = f"{command.attempt}:{command.key}:{command.index}"
        self._waiting.ask(key, write_command(command), turn)

    def start_timer(self, _now: int, command: StartTimer, turn: Turn) -> None:
        """Set a timer."""
        self._waiting.set(timers.own(command.key, command.attempt), command.at / 1000, turn)

    def cancel_timer(self, _now: int, command: CancelTimer, turn: Turn) -> None:
        """Drop a timer."""
        self._waiting.drop(timers.own(command.key, command.attempt), turn)

    def cancel_task(self, _now: int, command: CancelTask, turn: Turn) -> None:
        """Wait for a task, or for children, no more."""
        key, attempt = command.key, command.attempt
        self._recall(key, attempt, command.token, turn)
        self._task_is_over(key, attempt, turn)
        if not command.map_run:
            return
        children = f"{attempt}:{key}:"
        self._waiting.done_below(children, turn)
        stop = {"type": "StopChildren", "map_run": command.map_run}
        self._waiting.ask(f"{children}stop", stop, turn)

    def go_on(self, _now: int, _command: Continue, turn: Turn) -> None:
        """Ask for another step."""
        self._waiting.ask(f"continue:{self.run.entries}", {"type": "Continue"}, turn)

    def end(self, now: int, _command: Finish | Fail, turn: Turn) -> None:
        """Wait for nothing any more; tell the parent."""
        self.ended_at = now / 1000
        turn.status = Status(self.run.status.value, ended=self.ended_at)
        self._waiting.end(turn)
        parent = self.pinned.parent
        if parent is not None:
            kind, values = self.ended.told
            message = {"type": kind.__name__, **parent.place, **values}
            tell = {"type": "TellParent", "message": message}
            self._waiting.ask(f"tell:{self.run.redrives}", tell, turn)

    def _recall(self, key: str, attempt: int, token: str, turn: Turn) -> None:
        """Have taken back what a task that is given up has left with others."""
        name = key.removeprefix(f"{self.pinned.facts.execution}:").rpartition(":")[0]
        state = self.program.states[name]
        if isinstance(state, TaskState) and self._around.recalls(read_resource(state.resource)):
            invoke = Invoke(
                key=key,
                attempt=attempt,
                state=name,
                resource=state.resource,
                arguments={},
                token=token,
            )
            asked = self._waiting.command(f"{attempt}:{key}") or write_command(invoke)
            self._waiting.ask(f"{attempt}:{key}:recall", {**asked, "type": "Recall"}, turn)

    def _token(self, key: str) -> str:
        found = self.run.waiting.get(int(key.rpartition(":")[2]))
        return "" if found is None else self.run.strands[found].token

    def _task_is_over(self, key: str, attempt: int, turn: Turn) -> None:
        self._waiting.done(f"{attempt}:{key}", turn)
        self._waiting.drop_limits(key, attempt, turn)


def _ms(seconds: float) -> int:
    return int(seconds * 1000)


_READ: Final[dict[type, Callable[[ExecutionLife, int, Any, Turn], Event | None]]] = {
    Fired: ExecutionLife.fired,
    Posted: ExecutionLife.posted,
    Told: ExecutionLife.told,
}
"""What a happening is to the interpreter."""

_POSTED: Final[dict[str, Callable[[ExecutionLife, int, Document, Turn], Event | None]]] = {
    "ActivityStarted": ExecutionLife.lives,
    "ChildFailed": ExecutionLife.child_ended,
    "ChildSucceeded": ExecutionLife.child_ended,
    "Heartbeat": ExecutionLife.lives,
    "MapRunUpdated": ExecutionLife.map_run_updated,
    "Redriven": ExecutionLife.redriven,
    "Stopped": ExecutionLife.stopped,
    "TaskFailed": ExecutionLife.answered,
    "TaskSucceeded": ExecutionLife.answered,
}
"""What a message is to the interpreter, by its type."""

_TAKE: Final[dict[type[Command], Callable[[ExecutionLife, int, Any, Turn], None]]] = {
    CancelTask: ExecutionLife.cancel_task,
    CancelTimer: ExecutionLife.cancel_timer,
    Continue: ExecutionLife.go_on,
    Fail: ExecutionLife.end,
    Finish: ExecutionLife.end,
    Invoke: ExecutionLife.invoke,
    StartChild: ExecutionLife.start_child,
    StartTimer: ExecutionLife.start_timer,
}
"""What a command of the interpreter adds to a turn."""
