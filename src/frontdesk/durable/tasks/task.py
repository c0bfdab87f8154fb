"""Owns what a state machine and whoever does its tasks say to each other. Knows no kind of task."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import NamedTuple, Protocol, runtime_checkable

from frontdesk.base.ids import uuid_of
from frontdesk.durable.life import Work
from frontdesk.rules.asl.messages import Invoke
from frontdesk.rules.asl.model import Json
from frontdesk.rules.asl.resources import Resource
from frontdesk.rules.asl.run import Facts


class Answer(Protocol):
    """Takes what came of one attempt. Called on the event loop; after `succeeded` or `failed` it listens no more."""

    def submitted(self, output: Json) -> None:
        """Tell that the job is taken: somebody else ends it, by its token or as a `.sync` job."""
        ...

    def succeeded(self, output: Json) -> None:
        """Give the result."""
        ...

    def failed(self, error: str, cause: str | None = None) -> None:
        """Fail with an error name of AWS, such as `Lambda.TooManyRequestsException`."""
        ...


@dataclass(frozen=True, slots=True)
class Watch:
    """What a task that is tried tells beside its answer.

    secrets: whether what a connection adds is told, too. seen: by AWS's names, such as `request`.
    """

    secrets: bool = False
    seen: dict[str, Mapping[str, str]] = field(default_factory=dict)


class Task(NamedTuple):
    """One attempt of a task.

    invoke: what the state asks for; its `key` is the idempotency key, the same on every attempt and after
    every crash. facts: of the execution. trace: the X-Amzn-Trace-Id of the execution, or "". watch: of a task that is tried.
    nesting: of the execution, see `Pinned`.
    """

    invoke: Invoke
    resource: Resource
    facts: Facts
    trace: str = ""
    watch: Watch | None = None
    nesting: int = 0

    @property
    def id(self) -> str:
        """A UUID that stands for this attempt, the same after every crash."""
        return uuid_of(f"{self.invoke.key}:{self.invoke.attempt}")


class Doer(Protocol):
    """Does one kind of task, at least once for each that was asked for."""

    def do(self, task: Task, answer: Answer) -> Work | None:
        """Begin, and return at once. None: there is nothing to cancel. Raises nothing.

        Who is cancelled answers nothing any more; what it has left with others stays there (see Recaller).
        """
        ...


@runtime_checkable
class Recaller(Doer, Protocol):
    """A Doer that leaves something with others, who are to stop when the task is given up."""

    def recall(self, task: Task, over: Callable[[], None]) -> Work:
        """Take it back, be it still there or not; call `over` once that is done. Raises nothing."""
        ...
