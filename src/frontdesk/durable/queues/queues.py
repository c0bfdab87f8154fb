"""Owns which queues there are, and what is done with them: those of the file, and those that the API has made.

A name is one queue: where both have it, it is the file's. Who waits for messages is woken by whoever sends
in this process, and looks once a second for what others have sent.
"""

import asyncio
import hashlib
import logging
import os
import uuid
from collections.abc import Collection, Mapping, Sequence
from math import inf
from typing import Final

from frontdesk.base import metrics
from frontdesk.base.clock import Clock
from frontdesk.base.errors import StoreError
from frontdesk.base.telemetry import Registry
from frontdesk.durable.queues.definition import Definition
from frontdesk.ports.catalog import Catalog, Delete, Put
from frontdesk.ports.queue import Counts, Kept, Message, Outgoing, QueueStore, Receipt, Sent
from frontdesk.rules.events.sqs import Attributes

QUEUE: Final = "queue"
"""Documents: what the API has made, by name."""

LOOK: Final = 1.0
"""Seconds between two looks of who waits for a message."""

SLICE: Final = 1000
"""Messages that are removed or moved in one commit."""

_LOG: Final = logging.getLogger("frontdesk.queues")
_PAGE: Final = 500


class Queues:
    """All queues of one gateway. Used on its event loop."""

    def __init__(
        self,
        store: QueueStore,
        catalog: Catalog,
        clock: Clock,
        registry: Registry,
        *,
        region: str,
        account: str,
    ) -> None:
        self.region = region
        self._store = store
        self._catalog = catalog
        self._clock = clock
        self._registry = registry
        self._arn = f"arn:aws:sqs:{region}:{account}:"
        self._of_file: Mapping[str, Definition] = {}
        self._of_api: dict[str, Definition] = {}
        self._news: dict[str, asyncio.Future[None]] = {}
        self._following: asyncio.Task[None] | None = None
        self._stopped = False

    async def start(self) -> None:
        """Read what the API has made, and follow what other gateways make of it. Raises: StoreError."""
        self._catalog.watch(QUEUE, self._changed)
        await self._refresh()

    def stop(self) -> None:
        """Have everybody who waits go away with nothing."""
        self._stopped = True
        if self._following is not None:
            self._following.cancel()
        for name in list(self._news):
            self._tell(name)

    def adopt(self, queues: Mapping[str, Definition]) -> None:
        """Take those of the file in place of those taken before."""
        for name in queues.keys() & self._of_api.keys():
            _LOG.warning("a queue of the API gives way to the file's: %s", name)
        self._of_file = {
            name: self._of_file[name] if _same(self._of_file.get(name), queue) else queue
            for name, queue in queues.items()
        }

    # -- which there are ----------------------------------------------------------------------------

    def arn(self, name: str) -> str:
        """Return the ARN of a queue."""
        return self._arn + name

    def find(self, text: str) -> Definition | None:
        """Find a queue by its name, ARN or URL: the last part counts. None: there is none."""
        name = text.rpartition("/")[2].rpartition(":")[2]
        return self._of_file.get(name) or self._of_api.get(name)

    def all(self) -> Sequence[Definition]:
        """List all queues by name."""
        queues = {**self._of_api, **self._of_file}
        return [queues[name] for name in sorted(queues)]

    async def put(self, definition: Definition) -> None:
        """Make a queue of the API, or change it. Raises: StoreError."""
        document = definition.document
        await self._catalog.commit([Put(kind=QUEUE, key=definition.name, document=document)])
        self._of_api[definition.name] = definition

    async def drop(self, definition: Definition) -> None:
        """Remove a queue of the API with its messages. Raises: StoreError."""
        await self._catalog.commit([Delete(kind=QUEUE, key=definition.name)])
        self._of_api.pop(definition.name, None)
        await self.forget(definition.name, inf)

    # -- messages -----------------------------------------------------------------------------------

    async def send(self, queue: Definition, messages: Sequence[Outgoing]) -> Sequence[Sent]:
        """Send messages, all or none. Raises: StoreError."""
        if queue.rules.fifo:
            messages = [_known_by_body(message) for message in messages]
        sent = await self._store.send(queue.rules, messages, now=self._clock.time())
        self._count(queue.name, "sent", sum(not each.again for each in sent))
        self._tell(queue.name)
        return sent

    async def enqueue(self, queue: str, body: bytes, *, group: str, same: str, trace: str) -> str:
        """See ports.queue.Enqueuer."""
        found = self.find(queue)
        if found is None:  # a reload has taken it away, while a request was under way
            raise StoreError(f"there is no such queue: {queue}")
        if not found.rules.fifo:
            group = same = ""
        attributes = Attributes(trace=trace).written()
        (sent,) = await self.send(
            found, [Outgoing(new_message_id(), body, attributes, group, same)]
        )
        return sent.id

    def sent_along(self, name: str) -> None:
        """Learn that a message was committed together with something else."""
        self._count(name, "sent", 1)
        self._tell(name)

    async def receive(
        self,
        queue: Definition,
        *,
        most: int,
        visibility: float | None = None,
        wait: float = 0.0,
    ) -> Sequence[Message]:
        """Receive messages; wait up to `wait` seconds for the first one. Raises: StoreError."""
        loop = asyncio.get_running_loop()
        until = loop.time() + wait
        while True:
            news = self.news(queue.name)  # before the look: what is sent during it is news
            found = await self._receive(queue, most, visibility)
            left = until - loop.time()
            if found or left <= 0 or self._stopped:
                return found
            await asyncio.wait({news}, timeout=min(left, LOOK))

    async def delete(self, queue: Definition, receipts: Sequence[Receipt]) -> Sequence[bool]:
        """Be done with messages. False: the receipt is no longer good. Raises: StoreError."""
        done = await self._store.delete(queue.rules, receipts, now=self._clock.time())
        self._count(queue.name, "deleted", sum(done))
        return done

    async def change(
        self, queue: Definition, receipts: Sequence[Receipt], visibility: float
    ) -> Sequence[bool]:
        """Hide messages for so long from now on. False: the receipt is no longer good. Raises: StoreError."""
        now = self._clock.time()
        done = await self._store.change(queue.rules, receipts, visibility=visibility, now=now)
        if visibility == 0:
            self._tell(queue.name)
        return done

    async def sources(self, queue: Definition) -> Mapping[str, int]:
        """Count its messages by the queue that has given them up. Raises: StoreError."""
        return await self._store.sources(queue.name)

    async def peek(self, queue: Definition, *, after: int, most: int) -> Sequence[Kept]:
        """List its messages without receiving them, see the port. Raises: StoreError."""
        return await self._store.peek(queue.name, after=after, most=most)

    async def drop_messages(self, queue: Definition, numbers: Collection[int]) -> int:
        """Remove these messages, received or not; return how many. Raises: StoreError."""
        gone = await self._store.drop(queue.name, numbers)
        self._count(queue.name, "deleted", gone)
        return gone

    async def move(
        self,
        queue: Definition,
        to: Definition,
        *,
        source: str | None,
        most: int,
        numbers: Collection[int] | None = None,
    ) -> int:
        """Move messages to another queue, see the port. Raises: StoreError."""
        now = self._clock.time()
        moved = await self._store.move(
            queue.name, to.name, source=source, most=most, now=now, numbers=numbers
        )
        if moved:
            self._count(queue.name, "redriven", moved)
            self._tell(to.name)
        return moved

    async def purge(self, queue: Definition) -> int:
        """Remove what has been sent up to now; return how many. Raises: StoreError."""
        return await self.forget(queue.name, self._clock.time())

    async def forget(self, name: str, before: float) -> int:
        """Remove messages sent until then, in slices; return how many. Raises: StoreError."""
        total = 0
        while True:
            gone = await self._store.forget(name, before, most=SLICE)
            total += gone
            if gone < SLICE:
                return total

    async def forget_known(self, before: float) -> None:
        """See the port."""
        await self._store.forget_known(before)

    async def counts(self, queue: Definition) -> Counts:
        """Count its messages. Raises: StoreError."""
        return await self._store.counts(queue.name, now=self._clock.time())

    def handled(self, name: str, operation: str) -> float:
        """Return how many messages of a queue were `sent`, `deleted` … in this process."""
        return self._registry.counter(metrics.QUEUE_MESSAGES, name, operation).value

    def news(self, name: str) -> asyncio.Future[None]:
        """Return what is done once something has been sent to a queue in this process."""
        news = self._news.get(name)
        if news is None:
            news = self._news[name] = asyncio.get_running_loop().create_future()
        return news

    # -- inside ---------------------------------------------------------------------------------------

    async def _receive(
        self, queue: Definition, most: int, visibility: float | None
    ) -> Sequence[Message]:
        now = self._clock.time()
        received = await self._store.receive(queue.rules, most=most, now=now, visibility=visibility)
        if received.messages:
            self._count(queue.name, "received", len(received.messages))
        if received.dead:
            self._count(queue.name, "dead", received.dead)
            self._tell(queue.rules.dead_letter)
        return received.messages

    def _count(self, name: str, operation: str, number: int) -> None:
        self._registry.counter(metrics.QUEUE_MESSAGES, name, operation).value += number

    def _tell(self, name: str) -> None:
        news = self._news.pop(name, None)
        if news is not None and not news.done():
            news.set_result(None)

    def _changed(self) -> None:
        if self._following is None or self._following.done():
            self._following = asyncio.get_running_loop().create_task(self._follow())

    async def _follow(self) -> None:
        try:
            await self._refresh()
        except StoreError as error:
            _LOG.warning("the queues are not read", extra={"error": error.message})

    async def _refresh(self) -> None:
        found: dict[str, Definition] = {}
        after = ""
        while page := await self._catalog.list(QUEUE, after=after, most=_PAGE):
            found |= {each.key: Definition.read(each.document) for each in page}
            after = page[-1].key
        self._of_api = found


def new_message_id() -> str:
    """Make the id of a message: a random UUID."""
    return str(uuid.UUID(bytes=os.urandom(16), version=4))


def _known_by_body(message: Outgoing) -> Outgoing:
    if message.deduplication:
        return message
    return message._replace(deduplication=hashlib.sha256(message.body).hexdigest())


def _same(former: Definition | None, queue: Definition) -> bool:
    return former is not None and former.rules == queue.rules
