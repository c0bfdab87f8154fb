"""Owns the handlers of one module: code that makes other read models, after each version or with it."""

import asyncio
import inspect
import logging
from collections.abc import Awaitable, Callable, Collection, Mapping, Sequence
from typing import Any, Final, TypeAlias

from frontdesk.ports.records import Change, Row, Subscriber
from frontdesk.records.drain import Drain
from frontdesk.records.shelf import Shelf
from frontdesk.rules.records.record import Record

_LOG: Final = logging.getLogger("frontdesk.records")

Handler: TypeAlias = Callable[[Record], Awaitable[Any] | Any]
"""Called with a version of a record: at least once, of each record in order. The version tells what is old."""


class Handlers:
    """All handlers of one module, by name. Those of one name in several processes share the work."""

    def __init__(self, shelf: Shelf, handlers: Mapping[str, Handler]) -> None:
        self._shelf = shelf
        self._handlers = handlers
        self._drains: Sequence[Drain] | None = None
        self._starting = asyncio.Lock()

    def __bool__(self) -> bool:
        return bool(self._handlers)

    async def start(self) -> None:
        """Have changes kept, and go on where somebody has stopped. Raises: StoreError."""
        async with self._starting:
            if self._drains is not None:
                return
            drains = [self._drain(name, handler) for name, handler in self._handlers.items()]
            for drain in drains:
                await drain.start()
            self._drains = drains

    def wake(self) -> None:
        """Tell that there is a new version."""
        for drain in self._drains or ():
            drain.wake()

    async def run(self, record: Record) -> None:
        """Run all at once; once all are over, raise what the first of them has raised."""
        outcomes = await asyncio.gather(
            *(call(handler, record) for handler in self._handlers.values()),
            return_exceptions=True,
        )
        for outcome in outcomes:
            if isinstance(outcome, BaseException):
                raise outcome

    async def stop(self, patience: float) -> None:
        """Let handlers end that have begun."""
        await asyncio.gather(*(drain.stop(patience) for drain in self._drains or ()))

    def _drain(self, name: str, handler: Handler) -> Drain:
        async def deliver(changes: Sequence[Change]) -> Collection[Change]:
            outcomes = [await self._handled(name, handler, change) for change in changes]
            return [change for change, good in zip(changes, outcomes, strict=True) if not good]

        shelf = self._shelf
        subscriber = Subscriber(f"{shelf.module}/{name}", shelf.module, "handler")
        return Drain(shelf.store, subscriber, deliver, shelf.clock)

    async def _handled(self, name: str, handler: Handler, change: Change) -> bool:
        pk, sk = change.name.pk, change.name.sk
        row = Row(pk, sk, change.version, change.after)
        try:
            await call(handler, await self._shelf.record(row))
        except Exception as error:  # noqa: BLE001 - whatever it was, the version comes again
            _LOG.warning(
                "a handler failed",
                exc_info=error,
                extra={"handler": name, "record": f"{pk}#{sk}", "version": change.version},
            )
            return False
        return True


async def call(handler: Handler, record: Record) -> None:
    """Run a handler: one that is no coroutine in a thread, so that nobody waits for it."""
    if inspect.iscoroutinefunction(handler):
        await handler(record)
        return
    result = await asyncio.to_thread(handler, record)
    if inspect.isawaitable(result):
        await result
