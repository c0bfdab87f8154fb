"""Owns one attempt of an invocation: the call, and what is made of its outcome.

What was not committed comes again: an invocation is made at least once, always with the same request id.
Source: AWS, "Invoking a Lambda function asynchronously".
"""

import asyncio
import logging
from math import inf
from typing import Final

from frontdesk.base import metrics
from frontdesk.base.clock import Clock
from frontdesk.base.errors import StoreError
from frontdesk.base.spans import Value
from frontdesk.base.telemetry import Registry
from frontdesk.durable.invocations.destinations import Destinations, UndeliveredError
from frontdesk.durable.invocations.kept import HIDDEN, Kept
from frontdesk.durable.invocations.subject import Subject, Subjects
from frontdesk.ports.invoker import Invocation, Outcome
from frontdesk.ports.queue import Message, Queue, QueueStore
from frontdesk.ports.tracing import Tracer
from frontdesk.rules.asynchronous.progress import Answer, Condition, Policy, Progress, going_on
from frontdesk.rules.asynchronous.record import Ended, error_message

_LOG: Final = logging.getLogger("frontdesk.invocations")

BEAT: Final = HIDDEN / 2
"""Seconds after which it is hidden anew."""

_NOT_RUN: Final = frozenset({"Throttled", "Unavailable"})
"""Errors of an outcome that say that the function has not run."""

_GONE: Final = Outcome(b"", "Unavailable", "there is no such version or alias any more")


class Attempts:
    """Makes attempts. subjects: finds functions."""

    def __init__(
        self,
        store: QueueStore,
        clock: Clock,
        registry: Registry,
        subjects: Subjects,
        destinations: Destinations,
        *,
        tracer: Tracer | None = None,
    ) -> None:
        """tracer: None where spans are sent nowhere."""
        self._store = store
        self._clock = clock
        self._registry = registry
        self._subjects = subjects
        self._destinations = destinations
        self._tracer = tracer

    def count(self, function: str, what: str) -> None:
        """Count what happens to invocations; see the table of metrics."""
        self._registry.counter(metrics.ASYNC_EVENTS, function, what).value += 1

    async def make(self, queue: Queue, function: str, message: Message) -> None:
        """Make an attempt with an invocation that was received, and commit what comes of it."""
        try:
            await self._make(queue, function, message)
        except StoreError as error:
            # It comes again, and the function may do again what it has done: once at least is what is promised.
            _LOG.warning(
                "the end of an asynchronous invocation is not kept",
                extra={"function": function, "request_id": message.id, "error": error.message},
            )

    async def _make(self, queue: Queue, function: str, message: Message) -> None:
        kept = Kept.read(message.attributes)
        subject = self._subjects(function, kept.qualifier)
        policy = subject.policy if subject is not None else Policy()
        condition = self._before(subject, policy, message)
        progress = kept.progress
        if condition is None:
            outcome = await self._outcome(subject, queue, message, kept)
            progress, following = self._after(outcome, policy, progress, message.sent)
            if isinstance(following, float):
                self.count(function, "deferred" if progress.refusals else "retried")
                attributes = kept._replace(progress=progress).written()
                await self._store.postpone(
                    queue,
                    message.receipt,
                    attributes=attributes,
                    visibility=following,
                    now=self._clock.time(),
                )
                return
            condition = following
        arn = subject.arn if subject is not None else function
        ended = Ended(message.id, arn, message.body, condition, progress)
        await self._tell(function, policy, ended, kept.trace)
        await self._store.delete(queue, [message.receipt], now=self._clock.time())

    def _before(
        self, subject: Subject | None, policy: Policy, message: Message
    ) -> Condition | None:
        """Say how an invocation is over before an attempt; None: it is not."""
        if self._clock.time() >= message.sent + policy.max_age:
            return "EventAgeExceeded"
        if subject is not None and subject.reserved == 0:
            return "ZeroReservedConcurrency"
        return None

    def _after(
        self, outcome: Outcome, policy: Policy, progress: Progress, sent: float
    ) -> tuple[Progress, float | Condition]:
        """Return how far it has come, and what follows: seconds to wait, or how it is over."""
        if outcome.error in _NOT_RUN:
            progress = progress.refused()
        else:
            payload = outcome.payload.decode("utf-8", "replace")
            progress = progress.ran(Answer(outcome.version, bool(outcome.error), payload))
            if not outcome.error:
                return progress, "Success"
        return progress, going_on(progress, policy, sent=sent, now=self._clock.time())

    async def _outcome(
        self, subject: Subject | None, queue: Queue, message: Message, kept: Kept
    ) -> Outcome:
        """Call the function, and keep the invocation hidden from others meanwhile. Raises: StoreError."""
        if subject is None:
            return _GONE
        ended: asyncio.Future[Outcome] = asyncio.get_running_loop().create_future()
        span = self._tracer.begin(kept.trace) if self._tracer is not None else None
        # The function's own timeout ends it: nobody waits for it here.
        invocation = Invocation(
            message.body,
            inf,
            span.trace if span is not None else kept.trace,
            kept.client_context,
            trigger="other",
            request_id=message.id,
        )
        call = subject.invoker.invoke(invocation, lambda outcome: _set(ended, outcome))
        try:
            while not (await asyncio.wait({ended}, timeout=BEAT))[0]:
                now = self._clock.time()
                await self._store.change(queue, [message.receipt], visibility=HIDDEN, now=now)
        except BaseException:
            call.cancel(kill=False)
            raise
        outcome = ended.result()
        if span is not None:
            function = subject.arn.split(":")[6]
            span.close(
                f"process {function}", "consumer", _told(function, message, kept), outcome.error
            )
        return outcome

    async def _tell(self, function: str, policy: Policy, ended: Ended, trace: str) -> None:
        """Tell destinations how an invocation is over. Raises: StoreError."""
        has_succeeded = ended.condition == "Success"
        to = policy.on_success if has_succeeded else policy.on_failure
        told = {"function": function, "request_id": ended.request_id}
        if not has_succeeded:
            answer = ended.progress.answer
            error = "" if answer is None else error_message(answer)
            _LOG.warning(
                "an asynchronous invocation is given up",
                extra={**told, "condition": ended.condition, "error": error},
            )
        tellings = []
        if to:
            now = self._clock.time()
            tellings.append(self._destinations.tell(to, ended, now, trace=trace))
        if policy.dead_letter and not has_succeeded:
            tellings.append(self._destinations.bury(policy.dead_letter, ended, trace=trace))
        for telling in tellings:
            try:
                await telling
            except UndeliveredError as error:
                self.count(function, "undelivered")
                _LOG.error("a destination is not told", extra={**told, "error": str(error)})
        self.count(function, "succeeded" if has_succeeded else "dropped")


def _told(function: str, message: Message, kept: Kept) -> dict[str, Value]:
    """Say what a span is about. Source: OpenTelemetry, "Semantic conventions for messaging spans"."""
    progress = kept.progress
    return {
        "messaging.system": "frontdesk.invocations",
        "messaging.operation.type": "process",
        "messaging.operation.name": "process",
        "messaging.destination.name": function,
        "messaging.message.id": message.id,
        "frontdesk.attempt": progress.runs + progress.refusals + 1,
    }


def _set(ended: "asyncio.Future[Outcome]", outcome: Outcome) -> None:
    if not ended.done():
        ended.set_result(outcome)
