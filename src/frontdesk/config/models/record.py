"""Models of `records`: who is told of changes of a module, and how long what was before is kept."""

from typing import Annotated, Self

from pydantic import model_validator

from frontdesk.config.models.integration import FunctionName
from frontdesk.config.models.model import Duration, Model, Whole, between, broken_rule, within
from frontdesk.config.models.queue import QueueName


class ChangeHook(Model):
    """Tells a function or a queue."""

    function: FunctionName | None = None
    """Name under `functions`, or name:alias. Or `queue`."""

    queue: QueueName | None = None
    """Name under `queues`. Or `function`."""

    batch: Annotated[Whole, within(1, 10)] = 10
    """Changes of one call of the function at most, each of another record. Default 10."""

    concurrency: Annotated[Whole, within(1, 100)] = 5
    """Calls at once. Default 5."""

    max_age: Annotated[Duration, between("1m", "7d")] = 86_400.0
    """How long a change that cannot be told is tried again. Default 1d."""

    @model_validator(mode="after")
    def _tells_one(self) -> Self:
        if (self.function is None) == (self.queue is None):
            raise broken_rule("expected exactly one of function, queue")
        return self


class RecordRetention(Model):
    """How long former versions are kept. Absent: for ever, or as their ttl says."""

    command: Annotated[Duration, between("1m", "3650d")] | None = None
    """How long versions of commands are kept, from their writing; the last one always."""

    history: Annotated[Duration, between("1m", "3650d")] | None = None
    """How long former rows of the read model are kept."""


class RecordModule(Model):
    """The records of one module."""

    on_change: ChangeHook | None = None
    """Who is told of each new version."""

    on_status: ChangeHook | None = None
    """Who is told of each status of a command."""

    retention: RecordRetention = RecordRetention()
    """How long former versions are kept."""
