"""Owns how a webhook is handed to who deals with it. Knows no store of webhooks: whoever has it commits.

Queues and state machines are handed it in the commit that says so; functions and waiting tasks after it.
"""

import asyncio
from collections.abc import Awaitable, Callable
from math import inf
from typing import Final, Protocol

import orjson

from frontdesk.base.errors import FrontdeskError
from frontdesk.base.spans import Value
from frontdesk.config.models.webhook import Target
from frontdesk.config.webhooks import source_of
from frontdesk.durable.driver import Commit
from frontdesk.durable.queues.queues import Queues, new_message_id
from frontdesk.durable.tasks.functions import Functions
from frontdesk.ports.executions import ExecutionError, Executions
from frontdesk.ports.inbox import Along
from frontdesk.ports.invoker import Invocation, Outcome
from frontdesk.ports.journal import Start, Started
from frontdesk.ports.queue import Outgoing
from frontdesk.ports.tracing import Tracer
from frontdesk.rules.events.sqs import Attributes
from frontdesk.rules.events.webhook import (
    Taken,
    execution_name,
    function_event,
    json_body,
    message,
    message_group,
)
from frontdesk.rules.webhooks.delivery import Delivery
from frontdesk.rules.webhooks.verdict import Refused

CommitAlong = Callable[[Along], Awaitable[Started | None]]
"""Commits what is handed over with the delivery; see `driver.Commit`."""

_LATEST: Final = "$LATEST"
_LONGEST_CAUSE: Final = 32_768
_PERMANENT: Final = "Permanent"
"""Name of an error that a function raises for what it will never do."""


class FailedError(FrontdeskError):
    """Nobody has dealt with it. permanent: nobody ever will."""

    def __init__(self, message: str, *, permanent: bool = False) -> None:
        super().__init__(message)
        self.permanent = permanent


class BusyError(FrontdeskError):
    """Whoever is to deal with it has no time now; it was not tried."""


class NobodyWaitsError(FrontdeskError):
    """The task that it would have answered is over."""


class Starts(Executions, Protocol):
    """Executions that may begin with the commit of something else."""

    async def start_along(
        self, machine: str, given: str, *, name: str, trace: str, commit: Commit
    ) -> None:
        """See durable.executions."""
        ...


class Targets:
    """All whom webhooks are handed to."""

    def __init__(
        self,
        functions: Functions,
        queues: Queues,
        executions: Starts,
        tracer: Tracer | None = None,
    ) -> None:
        """tracer: None where spans are sent nowhere."""
        self._functions = functions
        self._queues = queues
        self._executions = executions
        self._tracer = tracer

    async def hand_over(self, target: Target, taken: Taken, commit: CommitAlong) -> None:
        """Hand it to a queue or a state machine. Raises: FailedError, before anything is committed; StoreError."""
        if target.queue is not None:
            await self._send(target.queue, taken, commit)
        else:
            await self._start(target.state_machine or "", taken, commit)

    async def deal(self, target: Target, taken: Taken) -> bytes:
        """Have a function or a waiting task deal with it; return the result, JSON text.

        Raises: FailedError, BusyError, NobodyWaitsError; StoreError.
        """
        if target.function is not None:
            return await self._call(target.function, taken)
        await self._answer(target, taken)
        return b""

    def committed(self, along: Along) -> None:
        """Learn that what was handed over is committed."""
        for queue, _ in along.sends:
            self._queues.sent_along(queue.name)

    async def _send(self, name: str, taken: Taken, commit: CommitAlong) -> None:
        queue = self._queues.find(name)
        if queue is None:
            raise FailedError(f"there is no such queue: {name}")
        body, attributes = message(taken)
        if len(body) > queue.largest:
            raise FailedError(f"the body is longer than messages of the queue {name} may be")
        outgoing = Outgoing(new_message_id(), body, Attributes(attributes, taken.trace).written())
        if queue.rules.fifo:
            outgoing = outgoing._replace(group=message_group(taken), deduplication=taken.identity)
        await commit(Along(sends=[(queue.rules, outgoing)]))

    async def _start(self, machine: str, taken: Taken, commit: CommitAlong) -> None:
        async def commit_start(start: Start) -> Started | None:
            return await commit(Along(start=start))

        try:
            await self._executions.start_along(
                machine,
                json_body(taken),
                name=execution_name(taken),
                trace=taken.trace,
                commit=commit_start,
            )
        except ExecutionError as error:
            raise FailedError(f"{error.code}: {error.message}") from None

    async def _call(self, reference: str, taken: Taken) -> bytes:
        name, _, qualifier = reference.partition(":")
        invoker = self._functions(name, "" if qualifier == _LATEST else qualifier)
        if invoker is None:
            raise FailedError(f"there is no such function: {reference}")
        ended: asyncio.Future[Outcome] = asyncio.get_running_loop().create_future()
        span = self._tracer.begin(taken.trace) if self._tracer is not None else None
        trace = span.trace if span is not None else taken.trace
        # The function's own timeout ends it.
        invocation = Invocation(function_event(taken), inf, trace, trigger="pubsub")
        call = invoker.invoke(invocation, lambda outcome: _set(ended, outcome))
        try:
            outcome = await ended
        except BaseException:
            call.cancel(kill=False)
            raise
        if span is not None:
            span.close(f"process {taken.source}", "consumer", _told(taken), outcome.error)
        if outcome.error == "Throttled":
            raise BusyError(f"no concurrency is free: {outcome.reason}")
        if outcome.error:
            raise _failure(outcome)
        return outcome.payload

    async def _answer(self, target: Target, taken: Taken) -> None:
        selector = target.task_token or ""
        try:
            token = source_of(selector).find(Delivery(orjson.loads(taken.headers), taken.body))
        except Refused:  # a header that comes twice
            token = ""
        if not token:
            raise FailedError(f"there is no token at {selector}", permanent=True)
        given = json_body(taken)
        try:
            if target.outcome == "success":
                await self._executions.succeed(token, given)
            else:
                await self._executions.fail(token, taken.type or None, given[:_LONGEST_CAUSE])
        except ExecutionError as error:
            if error.code == "TaskTimedOut":
                raise NobodyWaitsError(error.message) from None
            raise FailedError(f"{error.code}: {error.message}", permanent=True) from None


def _told(taken: Taken) -> dict[str, Value]:
    """Say what a span is about. Source: OpenTelemetry, "Semantic conventions for messaging spans"."""
    return {
        "messaging.system": "frontdesk.webhooks",
        "messaging.operation.type": "process",
        "messaging.operation.name": "process",
        "messaging.destination.name": taken.source,
        "messaging.message.id": taken.id,
        "frontdesk.attempt": taken.attempt,
    }


def _failure(outcome: Outcome) -> FailedError:
    """Say how a function has failed, and whether it will each time."""
    try:
        told = orjson.loads(outcome.payload)
    except ValueError:
        told = None
    kind, why = "", outcome.reason
    if isinstance(told, dict):
        kind, why = str(told.get("errorType", "")), str(told.get("errorMessage", why))
    return FailedError(
        ": ".join(filter(None, (kind or outcome.error, why)))[:1000], permanent=kind == _PERMANENT
    )


def _set(ended: asyncio.Future[Outcome], outcome: Outcome) -> None:
    if not ended.done():
        ended.set_result(outcome)
