"""Owns the wait of an exchange for whoever runs state machines: asked in a Task, resumed by what comes of it.

Knows no kind of question, and of its refusals only the table below.
"""

import asyncio
from collections.abc import Coroutine, Mapping
from functools import partial
from typing import Final, NamedTuple

from frontdesk.base.clock import Clock
from frontdesk.base.errors import StoreError
from frontdesk.gateway.pipeline import run
from frontdesk.gateway.pipeline.exchange import PARKED, Exchange, Parked, Reply
from frontdesk.gateway.pipeline.replies import SOON, problem, refusal
from frontdesk.ports.executions import ExecutionError


class _Refused(NamedTuple):
    """What a client is told: see `replies.problem`."""

    status: int
    kind: str
    detail: str


_NO_EXECUTION: Final = _Refused(404, "no-execution", "There is no such execution.")
_NO_TOKEN: Final = _Refused(404, "no-task", "This token belongs to no task.")

_REFUSED: Final[Mapping[str, _Refused]] = {
    "ExecutionAlreadyExists": _Refused(
        409,
        "execution-exists",
        "This name is taken by an execution that has another input or ended.",
    ),
    "ExecutionDoesNotExist": _NO_EXECUTION,
    "InvalidArn": _NO_EXECUTION,
    "InvalidExecutionInput": _Refused(400, "invalid-request", "The input is no valid JSON."),
    "InvalidName": _Refused(400, "invalid-request", "The name of the execution is not valid."),
    "InvalidOutput": _Refused(400, "invalid-request", "The output is no valid JSON."),
    "InvalidToken": _NO_TOKEN,
    "TaskDoesNotExist": _NO_TOKEN,
    "TaskTimedOut": _Refused(410, "task-over", "The task of this token is over."),
}
"""By AWS's code of what is refused. All others are faults of ours: 500."""

_running: Final[set[asyncio.Task[Reply]]] = set()  # the loop itself keeps only weak references


class ExecutionCalls:
    """Has exchanges of one route wait."""

    __slots__ = ("_clock", "_timeout")

    def __init__(self, clock: Clock, timeout: float) -> None:
        """timeout: seconds that an exchange waits at most."""
        self._clock = clock
        self._timeout = timeout

    def park(self, ex: Exchange, work: Coroutine[None, None, Reply]) -> Parked:
        """Have an exchange wait for the reply that `work` makes. It is cancelled when nobody waits any more."""
        ex.integration_started = now = self._clock.monotonic()
        task = asyncio.get_running_loop().create_task(work)
        _running.add(task)
        task.add_done_callback(partial(self._done, ex))
        ex.cancel_work = partial(self._stop, ex, task)
        ex.client.set_deadline(ex, now + self._timeout)
        return PARKED

    def _stop(self, ex: Exchange, task: asyncio.Task[Reply], why: str) -> None:
        ex.integration_latency = self._clock.monotonic() - ex.integration_started
        ex.integration_error = why
        task.cancel()

    def _done(self, ex: Exchange, task: asyncio.Task[Reply]) -> None:
        _running.discard(task)
        if task.cancelled() or (ex.answered and task.exception()):
            return
        if not ex.answered:
            ex.integration_latency = self._clock.monotonic() - ex.integration_started
            run.resume_by(ex, _reply, ex, task)


def _reply(ex: Exchange, task: asyncio.Task[Reply]) -> Reply:
    try:
        return task.result()
    except ExecutionError as error:
        ex.integration_error = f"{error.code}: {error.message}"
        cause, refused = f"state_machine:{error.code}", _REFUSED.get(error.code)
        return refusal(500, cause) if refused is None else problem(*refused, cause)
    except StoreError as error:
        ex.integration_error = error.message
        return refusal(503, "state_machine:store", SOON)
