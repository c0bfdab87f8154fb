"""Owns which Doer does the task of a Resource."""

import logging
from collections.abc import Callable, Mapping
from difflib import get_close_matches
from functools import lru_cache
from typing import Final

from frontdesk.base.clock import Clock
from frontdesk.durable.life import Work
from frontdesk.durable.tasks.executions import StartTasks, SyncTasks
from frontdesk.durable.tasks.functions import Functions, LambdaTasks
from frontdesk.durable.tasks.jobs import OURS, Jobs
from frontdesk.durable.tasks.task import Answer, Doer, Recaller, Task
from frontdesk.ports.executions import Executions
from frontdesk.ports.invocations import Invocations
from frontdesk.rules.asl.data.errors import RUNTIME
from frontdesk.rules.asl.resources import Kind, Resource

_LOG: Final = logging.getLogger(__name__)

Services = Mapping[tuple[str, str], Doer]
"""By service and action, its pattern included: `("states", "startExecution.sync:2")`."""


def services(
    functions: Functions, clock: Clock, executions: Executions, jobs: Jobs, later: Invocations
) -> dict[tuple[str, str], Doer]:
    """Make the rows of functions and of nested executions. later: takes asynchronous invocations."""
    invoke = LambdaTasks(functions, clock, later, jobs)
    start, sync = StartTasks(executions, jobs), SyncTasks(executions, jobs)
    return {
        ("aws-sdk:lambda", "invoke"): invoke,
        ("aws-sdk:lambda", "invoke.waitForTaskToken"): invoke,
        ("lambda", "invoke"): invoke,
        ("lambda", "invoke.waitForTaskToken"): invoke,
        ("states", "startExecution"): start,
        ("states", "startExecution.sync"): sync,
        ("states", "startExecution.sync:2"): sync,
        ("states", "startExecution.waitForTaskToken"): start,
    }


@lru_cache(maxsize=64)
def _is_recaller(kind: type[object]) -> bool:
    """Look at the class once: each look at a protocol takes longer than the step of an execution."""
    return issubclass(kind, Recaller)


class Doers:
    """All Doers; a Doer itself."""

    def __init__(self, functions: Doer, activities: Doer, services: Services) -> None:
        self._kinds = {Kind.FUNCTION: functions, Kind.ACTIVITY: activities}
        self._services = services

    def do(self, task: Task, answer: Answer) -> Work | None:
        """See Doer."""
        doer = self._find(task.resource)
        if doer is None:
            answer.failed(RUNTIME, self._unknown(task.resource))
            return None
        try:
            return doer.do(task, answer)
        except Exception:  # noqa: BLE001 - else it would be tried again for ever
            _LOG.exception("a task was not done")
            answer.failed(RUNTIME, OURS)
            return None

    def recalls(self, resource: Resource) -> bool:
        """Whether a task that is given up has left something with others."""
        doer = self._find(resource)
        return doer is not None and _is_recaller(type(doer))

    def recall(self, task: Task, over: Callable[[], None]) -> Work | None:
        """Take that back; call `over` once it is done (see Recaller)."""
        doer = self._find(task.resource)
        if isinstance(doer, Recaller):
            return doer.recall(task, over)
        over()
        return None

    def _find(self, resource: Resource) -> Doer | None:
        return self._kinds.get(resource.kind) or self._services.get(
            (resource.service, resource.action)
        )

    def _unknown(self, resource: Resource) -> str:
        """Say that nobody does it, and what there is."""
        asked = f"{resource.service}:{resource.action}"
        known = sorted(f"{service}:{action}" for service, action in self._services)
        near = get_close_matches(asked, known, n=1)
        hint = f"Did you mean {near[0]}? " if near else ""
        return f"Nobody here does {asked}. {hint}There are: {', '.join(known)}"
