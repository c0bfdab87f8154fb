"""Owns the calls of one function with the messages of one queue: batches, filters, what failed, what is hidden.

Source: AWS, "Creating and configuring an Amazon SQS event source mapping".
"""

import asyncio
import logging
from collections.abc import Iterator, Sequence
from math import inf
from typing import Final

import orjson

from frontdesk.base.errors import StoreError
from frontdesk.base.spans import Value
from frontdesk.config.models.queue import Consumer as FileConsumer
from frontdesk.durable.outage import Outage
from frontdesk.durable.queues.definition import Definition
from frontdesk.durable.queues.delivery import delivered
from frontdesk.durable.queues.queues import LOOK, Queues
from frontdesk.durable.tasks.functions import Functions
from frontdesk.ports.invoker import Invocation, Invoker, Outcome
from frontdesk.ports.queue import Message, Receipt
from frontdesk.ports.tracing import Opened, Tracer
from frontdesk.rules.events.patterns import compile_pattern
from frontdesk.rules.events.sqs import Attributes, failed, filtered, record
from frontdesk.rules.http.trace_context import RECORDED

_LOG: Final = logging.getLogger("frontdesk.queues")

_EVENT: Final = 5 * 1024 * 1024
"""Bytes of the bodies of one call, below the 6 MB that an event may have."""

_LATEST: Final = "$LATEST"
_RECORDED: Final = RECORDED.encode()


class Consumer:
    """Calls a function as long as there are messages, `concurrency` calls at once at most."""

    def __init__(
        self,
        queues: Queues,
        queue: Definition,
        entry: FileConsumer,
        functions: Functions,
        tracer: Tracer | None = None,
    ) -> None:
        """functions: finds the one that is called. tracer: None where spans are sent nowhere."""
        self._queues = queues
        self._queue = queue
        self._entry = entry
        self._functions = functions
        self._tracer = tracer
        self._tests = [compile_pattern(pattern) for pattern in entry.filter]
        self._calls: set[asyncio.Task[None]] = set()
        self._stopped: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._polling: asyncio.Task[None] | None = None
        self._outage = Outage(_LOG, "messages are not received", queue=queue.name)

    @property
    def identity(self) -> tuple[object, ...]:
        """What it is: with another one of these it is another consumer."""
        return self._queue, self._entry

    def start(self) -> None:
        """Begin to receive."""
        self._polling = asyncio.get_running_loop().create_task(self._poll())

    def stop(self) -> None:
        """Receive nothing more; calls under way go on."""
        if not self._stopped.done():
            self._stopped.set_result(None)

    async def end(self, drain: float) -> None:
        """Wait for calls under way, up to `drain` seconds. The messages of those left come again."""
        self.stop()
        if self._polling is not None:
            await self._polling
        if self._calls:
            await asyncio.wait(self._calls, timeout=drain)
        for call in self._calls:
            call.cancel()
        await asyncio.gather(*self._calls, return_exceptions=True)

    async def _poll(self) -> None:
        while not self._stopped.done():
            if len(self._calls) >= self._entry.concurrency:
                await self._until(*self._calls)
                continue
            if self._invoker() is None:
                await self._until_there()
                continue
            try:
                batch = await self._gather()
                self._outage.over()
            except StoreError as error:
                self._outage.failed(error)
                await self._until(seconds=LOOK)
                continue
            if batch:
                call = asyncio.get_running_loop().create_task(self._work(batch))
                self._calls.add(call)
                call.add_done_callback(self._calls.discard)

    async def _until_there(self) -> None:
        """Leave messages where they are until there is the function, which may have been removed."""
        self._tell(f"there is no such function: {self._entry.function}")
        while self._invoker() is None and not self._stopped.done():
            await self._until(seconds=LOOK)

    async def _gather(self) -> Sequence[Message]:
        """Receive a batch; of an empty queue, nothing after a while. Raises: StoreError."""
        loop, queue, most = asyncio.get_running_loop(), self._queue, self._entry.batch
        news = self._queues.news(queue.name)
        batch = [*await self._queues.receive(queue, most=most)]
        if not batch:
            await self._until(news, seconds=LOOK)
            return batch
        until = loop.time() + self._entry.window
        while len(batch) < most and (left := until - loop.time()) > 0 and not self._stopped.done():
            news = self._queues.news(queue.name)
            more = await self._queues.receive(queue, most=most - len(batch))
            batch += more
            if not more:
                await self._until(news, seconds=min(left, LOOK))
        if self._stopped.done():
            receipts = [message.receipt for message in batch]
            await self._queues.change(queue, receipts, 0)
            return []
        return batch

    async def _until(self, *first: asyncio.Future[None], seconds: float | None = None) -> None:
        """Wait until one of these is done, or the time is over, or this is stopped."""
        awaited = {self._stopped, *first}
        await asyncio.wait(awaited, timeout=seconds, return_when=asyncio.FIRST_COMPLETED)

    async def _work(self, batch: Sequence[Message]) -> None:
        try:
            parts = list(_parts(await self._wanted(batch)))
            for number, part in enumerate(parts):
                left = [message.receipt for each in parts[number:] for message in each]
                if number:  # they have waited as long as the calls before took
                    await self._queues.change(self._queue, left, self._queue.rules.visibility)
                await self._call(part, left)
        except StoreError as error:
            # What was done comes again all the same: at least once is what a queue promises.
            _LOG.warning(
                "messages are not deleted",
                extra={"queue": self._queue.name, "error": error.message},
            )

    async def _wanted(self, batch: Sequence[Message]) -> Sequence[Message]:
        """Delete what no filter lets through; return the others."""
        if not self._tests:
            return batch
        wanted: list[Message] = []
        others: list[Message] = []
        for message in batch:
            event = filtered(self._record(message))
            fits = any(test(event) for test in self._tests)
            (wanted if fits else others).append(message)
        if others:
            await self._queues.delete(self._queue, [message.receipt for message in others])
        return wanted

    def _record(self, message: Message) -> dict[str, object]:
        return record(
            delivered(self._queues, self._queue, message),
            arn=self._queues.arn(self._queue.name),
            region=self._queues.region,
        )

    async def _call(self, part: Sequence[Message], left: Sequence[Receipt]) -> None:
        """Call the function, keep what is left of the batch hidden meanwhile, delete what it has done."""
        event = orjson.dumps({"Records": [self._record(message) for message in part]})
        invoker = self._invoker()
        if invoker is None:  # it has been removed meanwhile
            return
        span = self._span(part)
        trace = span.trace if span is not None else ""
        outcome = await self._outcome(invoker, event, trace, left)
        if span is not None:
            self._tell_span(span, part, outcome)
        if outcome.error:
            self._tell(
                f"{outcome.error}: {outcome.reason or outcome.payload.decode('utf-8', 'replace')}"
            )
            return
        # Differs: [batch-failures] AWS reads batchItemFailures where ReportBatchItemFailures is set.
        failures = failed(outcome.payload, [message.id for message in part])
        done = [message.receipt for message in part if message.id not in failures]
        if failures:
            self._tell(f"{len(failures)} of {len(part)} messages failed")
        if done:
            await self._queues.delete(self._queue, done)

    def _invoker(self) -> Invoker | None:
        name, _, qualifier = self._entry.function.partition(":")
        return self._functions(name, "" if qualifier == _LATEST else qualifier)

    def _span(self, part: Sequence[Message]) -> Opened | None:
        if self._tracer is None:
            return None
        return self._tracer.begin_after([_trace(message.attributes) for message in part])

    def _tell_span(self, span: Opened, part: Sequence[Message], outcome: Outcome) -> None:
        """Record the work on messages. Source: OpenTelemetry, "Semantic conventions for Amazon SQS"."""
        told: dict[str, Value] = {
            "messaging.system": "aws_sqs",
            "messaging.operation.type": "process",
            "messaging.operation.name": "process",
            "messaging.destination.name": self._queue.name,
        }
        if len(part) > 1:
            told["messaging.batch.message_count"] = len(part)
        else:
            told["messaging.message.id"] = part[0].id
        span.close(f"process {self._queue.name}", "consumer", told, outcome.error)

    async def _outcome(
        self, invoker: Invoker, event: bytes, trace: str, left: Sequence[Receipt]
    ) -> Outcome:
        ended: asyncio.Future[Outcome] = asyncio.get_running_loop().create_future()
        # The function's own timeout ends it: nobody waits for it here.
        invocation = Invocation(event, inf, trace, trigger="pubsub")
        call = invoker.invoke(invocation, lambda outcome: _set(ended, outcome))
        visibility = self._queue.rules.visibility
        beat = visibility / 2 if visibility >= 1 else None
        try:
            while not (await asyncio.wait({ended}, timeout=beat))[0]:
                # Differs: [kept-hidden] AWS leaves them to their visibility timeout.
                await self._queues.change(self._queue, left, visibility)
        except BaseException:
            call.cancel(kill=False)
            raise
        return ended.result()

    def _tell(self, why: str) -> None:
        _LOG.warning(
            "messages are not handled",
            extra={
                "queue": self._queue.name,
                "function": self._entry.function,
                "error": why[:1000],
            },
        )


def _trace(attributes: bytes) -> str:
    """Return the trace of a message that is sampled; of others "", at the cost of a look."""
    return Attributes.read(attributes).trace if _RECORDED in attributes else ""


def _set(ended: asyncio.Future[Outcome], outcome: Outcome) -> None:
    if not ended.done():
        ended.set_result(outcome)


def _parts(messages: Sequence[Message]) -> Iterator[Sequence[Message]]:
    """Take a batch apart into what fits into events."""
    part: list[Message] = []
    size = 0
    for message in messages:
        bytes_of = len(message.body) + len(message.attributes)
        if part and size + bytes_of > _EVENT:
            yield part
            part, size = [], 0
        part.append(message)
        size += bytes_of
    if part:
        yield part
