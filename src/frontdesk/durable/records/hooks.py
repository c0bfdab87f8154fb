"""Owns the telling of changes of records to functions and queues, as the file says, over reloads."""

import asyncio
import hashlib
import logging
from collections.abc import Collection, Iterator, Mapping, Sequence
from math import inf
from typing import Final

from frontdesk.base import metrics
from frontdesk.base.clock import Clock
from frontdesk.base.errors import StoreError
from frontdesk.base.telemetry import Registry
from frontdesk.config.models.record import ChangeHook, RecordModule
from frontdesk.durable.queues.queues import Queues
from frontdesk.durable.tasks.functions import Functions
from frontdesk.ports.invoker import Invocation, Outcome
from frontdesk.ports.queue import Outgoing
from frontdesk.ports.records import Change, Kind, RecordStore, Subscriber
from frontdesk.records.drain import Drain
from frontdesk.rules.events.records import Told, change_id, record_text
from frontdesk.rules.events.sqs import failed

_LOG: Final = logging.getLogger("frontdesk.records")

_LATEST: Final = "$LATEST"
_LOOK: Final = 0.25
"""Seconds between two looks for what functions have written."""

_KINDS: Final[Mapping[str, Kind]] = {"on_change": "hook", "on_status": "status"}


class Hook:
    """Tells one function or queue."""

    def __init__(
        self,
        subscriber: Subscriber,
        entry: ChangeHook,
        queues: Queues,
        functions: Functions,
        registry: Registry,
    ) -> None:
        self.subscriber = subscriber
        self.entry = entry
        self._queues = queues
        self._functions = functions
        self._registry = registry

    async def __call__(self, changes: Sequence[Change]) -> Collection[Change]:
        """See drain.Deliver."""
        tell = self._call if self.entry.function else self._send
        undone = await tell(changes)
        self._count("delivered", len(changes) - len(undone))
        self._count("failed", len(undone))
        return undone

    async def _call(self, changes: Sequence[Change]) -> Collection[Change]:
        """Call the function; all failed, or those that it names."""
        assert self.entry.function is not None
        name, _, qualifier = self.entry.function.partition(":")
        invoker = self._functions(name, "" if qualifier == _LATEST else qualifier)
        if invoker is None:
            self._tell(f"there is no such function: {self.entry.function}")
            return changes
        told = [self._told(change) for change in changes]
        event = f'{{"Records":[{",".join(map(record_text, told))}]}}'.encode()
        ended: asyncio.Future[Outcome] = asyncio.get_running_loop().create_future()
        # The function's own timeout ends it: nobody waits for it here.
        call = invoker.invoke(
            Invocation(event, inf, trigger="pubsub"),
            lambda outcome: None if ended.done() else ended.set_result(outcome),
        )
        try:
            outcome = await ended
        except asyncio.CancelledError:
            call.cancel(kill=False)
            raise
        if outcome.error:
            self._tell(
                f"{outcome.error}: {outcome.reason or outcome.payload.decode('utf-8', 'replace')}"
            )
            return changes
        ids = [change_id(each) for each in told]
        undone = failed(outcome.payload, ids)
        return [change for change, id_ in zip(changes, ids, strict=True) if id_ in undone]

    async def _send(self, changes: Sequence[Change]) -> Collection[Change]:
        """Send to the queue. What is sent again after a crash has the same id."""
        assert self.entry.queue is not None
        queue = self._queues.find(self.entry.queue)
        if queue is None:
            self._tell(f"there is no such queue: {self.entry.queue}")
            return changes
        try:
            await self._queues.send(queue, [self._message(change) for change in changes])
        except StoreError as error:
            self._tell(error.message)
            return changes
        return ()

    def _message(self, change: Change) -> Outgoing:
        told = self._told(change)
        group = hashlib.sha256("\0".join(change.name).encode()).hexdigest()
        id_ = change_id(told)
        return Outgoing(id_, record_text(told).encode(), group=group, deduplication=id_)

    def _told(self, change: Change) -> Told:
        return Told(
            origin=f"{change.subscriber} {change.number} {change.made}",
            **change.name._asdict(),
            version=change.version,
            before=change.before,
            after=change.after,
            made=change.made,
            is_status=self.subscriber.kind == "status",
        )

    def _count(self, outcome: str, number: int) -> None:
        labels = (self.subscriber.module, self.subscriber.kind, outcome)
        self._registry.counter(metrics.RECORD_DELIVERIES, *labels).value += number

    def _tell(self, why: str) -> None:
        extra = {"subscriber": self.subscriber.name, "error": why[:1000]}
        _LOG.warning("a change of a record is not told", extra=extra)


class Hooks:
    """All hooks of one gateway. Those of gateways of one name share the work."""

    def __init__(
        self,
        store: RecordStore,
        gateway: str,
        clock: Clock,
        *,
        queues: Queues,
        functions: Functions,
        registry: Registry,
    ) -> None:
        """gateway: name of the gateway."""
        self._store = store
        self._prefix = f"{gateway}/"
        self._clock = clock
        self._queues = queues
        self._functions = functions
        self._registry = registry
        self._drains: dict[str, tuple[Hook, Drain]] = {}

    @property
    def subscribers(self) -> Sequence[Subscriber]:
        """Who is told of what."""
        return [hook.subscriber for hook, _ in self._drains.values()]

    async def adopt(self, modules: Mapping[str, RecordModule]) -> None:
        """Take another configuration. What waits for a hook that is gone is dropped. Raises: StoreError."""
        wanted = {hook.subscriber.name: hook for hook in self._hooks(modules)}
        there_were = bool(self._drains)
        for name, (hook, drain) in list(self._drains.items()):
            if name not in wanted or wanted[name].entry != hook.entry:
                del self._drains[name]
                await drain.stop(0.0)
        if wanted or there_were:
            await self._drop_others(wanted)
        for name, hook in wanted.items():
            if name not in self._drains:
                drain = self._drain(hook)
                await drain.start()
                self._drains[name] = hook, drain

    async def stop(self, patience: float) -> None:
        """Take nothing more, and wait for calls under way; what is left comes again."""
        await asyncio.gather(*(drain.stop(patience) for _, drain in self._drains.values()))

    def _hooks(self, modules: Mapping[str, RecordModule]) -> Iterator[Hook]:
        for module, entry in modules.items():
            for key, kind in _KINDS.items():
                hook: ChangeHook | None = getattr(entry, key)
                if hook is not None:
                    name = f"{self._prefix}{module}/{key}"
                    yield Hook(
                        Subscriber(name, module, kind),
                        hook,
                        self._queues,
                        self._functions,
                        self._registry,
                    )

    def _drain(self, hook: Hook) -> Drain:
        entry = hook.entry
        return Drain(
            self._store,
            hook.subscriber,
            hook,
            self._clock,
            batch=entry.batch,
            concurrency=entry.concurrency,
            max_age=entry.max_age,
            look=_LOOK,
        )

    async def _drop_others(self, wanted: Collection[str]) -> None:
        for name, module, _ in await self._store.subscribers():
            if name.startswith(self._prefix) and name not in wanted:
                await self._store.unsubscribe(name, module)
