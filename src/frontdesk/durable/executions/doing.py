"""Owns how the commands of an execution are done once they are committed, and how their ends are heard.

A command is a JSON object with `type`; what is heard of it becomes an event of the interpreter.
"""

import asyncio
from collections.abc import Callable, Sequence
from typing import Final, NamedTuple, Protocol

from frontdesk.durable.executions.codec import read_child, read_invoke
from frontdesk.durable.executions.pinned import Pinned, child_of
from frontdesk.durable.life import Work
from frontdesk.durable.tasks.task import Answer, Task
from frontdesk.ports.journal import Document
from frontdesk.rules.asl.history import HistoryEvent
from frontdesk.rules.asl.messages import (
    ChildFailed,
    ChildSucceeded,
    Continued,
    KeyedEvent,
    TaskFailed,
    TaskSubmitted,
    TaskSucceeded,
)
from frontdesk.rules.asl.model import Json
from frontdesk.rules.asl.resources import Resource, read_resource
from frontdesk.rules.asl.run import Status


class Heard(NamedTuple):
    """What was heard of a command. kind: of the event that it is, None: of none. is_over: the command is done."""

    kind: type[KeyedEvent] | type[Continued] | None
    values: dict[str, Json]
    is_over: bool = True


Tell = Callable[[Heard], None]


class Surroundings(Protocol):
    """What executions need of their process."""

    def seed(self) -> bytes:
        """Give 16 random bytes."""
        ...

    def within_attempt(self, trace: str, key: str, attempt: int) -> str:
        """Give the trace of what an attempt of a state calls. trace: of the execution."""
        ...

    def do(self, task: Task, answer: Answer) -> Work | None:
        """Have a task done."""
        ...

    def recalls(self, resource: Resource) -> bool:
        """Whether a task of this resource leaves something with others."""
        ...

    def recall(self, task: Task, over: Callable[[], None]) -> Work | None:
        """Take that back; `over` is called once it is done."""
        ...

    def start_child(self, child: Pinned, over: Callable[[], None]) -> Work | None:
        """Start the execution of an item; `over` is called when that is committed."""
        ...

    def run_child(self, child: Pinned, over: Callable[["Ended"], None]) -> Work | None:
        """Run the Express execution of an item."""
        ...

    def stop_children(self, map_run: str, over: Callable[[], None]) -> Work | None:
        """Stop all executions of a map run; `over` is called when each of them was told."""
        ...

    def tell_parent(
        self, child: Pinned, message: Document, over: Callable[[], None]
    ) -> Work | None:
        """Post to the parent of an execution."""
        ...

    def saw(self, pinned: Pinned, began: int, events: Sequence[HistoryEvent]) -> None:
        """Count and log what happened. began: the execution did, in milliseconds since 1970."""
        ...


class Ended(NamedTuple):
    """How an execution ended. output: of one that succeeded."""

    status: str
    output: Json = None
    error: str | None = None
    cause: str | None = None

    @property
    def told(self) -> tuple[type[KeyedEvent], dict[str, Json]]:
        """Return the event by which a parent hears of it, and its values."""
        if self.status == Status.SUCCEEDED:
            return ChildSucceeded, {"output": self.output}
        error = "States.Timeout" if self.status == Status.TIMED_OUT else self.error
        return ChildFailed, {"error": error, "cause": self.cause}


class TaskAnswer:
    """See `tasks.task.Answer`."""

    __slots__ = ("_has_token", "_tell")

    def __init__(self, tell: Tell, *, has_token: bool) -> None:
        """has_token: once the job is taken, whoever has the token ends the task."""
        self._tell: Tell | None = tell
        self._has_token = has_token

    def submitted(self, output: Json) -> None:
        """See Answer."""
        self._say(Heard(TaskSubmitted, {"output": output}, self._has_token))

    def succeeded(self, output: Json) -> None:
        """See Answer."""
        self._say(Heard(TaskSucceeded, {"output": output}))

    def failed(self, error: str, cause: str | None = None) -> None:
        """See Answer."""
        self._say(Heard(TaskFailed, {"error": error, "cause": cause}))

    def _say(self, heard: Heard) -> None:
        tell = self._tell
        if tell is not None:
            if heard.is_over:
                self._tell = None
            tell(heard)


def act(around: Surroundings, pinned: Pinned, command: Document, tell: Tell) -> Work | None:
    """Begin to do a command of an execution."""
    return _ACTS[command["type"]](around, pinned, command, tell)


def _invoke(around: Surroundings, pinned: Pinned, command: Document, tell: Tell) -> Work | None:
    task = _task(around, pinned, command)
    return around.do(task, TaskAnswer(tell, has_token=task.resource.has_token))


def _recall(around: Surroundings, pinned: Pinned, command: Document, tell: Tell) -> Work | None:
    return around.recall(_task(around, pinned, command), lambda: tell(Heard(None, {})))


def _task(around: Surroundings, pinned: Pinned, command: Document) -> Task:
    invoke = read_invoke(command)
    trace = around.within_attempt(pinned.trace, invoke.key, invoke.attempt)
    return Task(
        invoke, read_resource(invoke.resource), pinned.facts, trace=trace, nesting=pinned.nesting
    )


def _start_child(
    around: Surroundings, pinned: Pinned, command: Document, tell: Tell
) -> Work | None:
    start = read_child(command)
    child = child_of(pinned, start, around.within_attempt(pinned.trace, start.key, start.attempt))
    if not start.express:
        return around.start_child(child, lambda: tell(Heard(None, {})))

    def ended(end: Ended) -> None:
        kind, values = end.told
        tell(Heard(kind, {"index": start.index, **values}))

    return around.run_child(child, ended)


def _stop_children(
    around: Surroundings, _pinned: Pinned, command: Document, tell: Tell
) -> Work | None:
    return around.stop_children(command["map_run"], lambda: tell(Heard(None, {})))


def _tell_parent(
    around: Surroundings, pinned: Pinned, command: Document, tell: Tell
) -> Work | None:
    return around.tell_parent(pinned, command["message"], lambda: tell(Heard(None, {})))


def _continue(_around: Surroundings, _pinned: Pinned, _command: Document, tell: Tell) -> Work:
    # Not at once: one that never waits would let nobody else have a turn.
    return asyncio.get_running_loop().call_soon(tell, Heard(Continued, {}))


_ACTS: Final[dict[str, Callable[[Surroundings, Pinned, Document, Tell], Work | None]]] = {
    "Continue": _continue,
    "Invoke": _invoke,
    "Recall": _recall,
    "StartChild": _start_child,
    "StopChildren": _stop_children,
    "TellParent": _tell_parent,
}
"""What is done for a command, by its type."""
