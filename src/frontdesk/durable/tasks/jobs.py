"""Owns the coroutines that do tasks which wait for a store. Knows no kind of task."""

import asyncio
import logging
from collections.abc import Callable, Coroutine
from itertools import chain
from typing import Any, Final, TypeVar

from frontdesk.base.clock import Clock
from frontdesk.base.errors import StoreError
from frontdesk.base.wheel import Wheel
from frontdesk.durable.life import Work
from frontdesk.durable.tasks.task import Answer
from frontdesk.rules.asl.data.errors import RUNTIME

_LOG: Final = logging.getLogger(__name__)

_PAUSE: Final = 1.0
"""Seconds before what the store could not do is tried again."""

OURS: Final = "An internal error occurred; the log of the gateway tells more."
"""The cause of a task that a fault of ours has failed."""


T = TypeVar("T")


class Jobs:
    """Coroutines under way. Used on one event loop."""

    def __init__(self, clock: Clock, wheel: Wheel) -> None:
        """wheel: someone advances it."""
        self._clock = clock
        self._wheel = wheel
        self._tasks: set[asyncio.Task[None]] = set()
        self._lasting: dict[str, set[asyncio.Task[Any]]] = {}
        """What `to_its_end` does, by key."""

    def run(
        self, work: Callable[[], Coroutine[Any, Any, None]], answer: Answer | None = None
    ) -> Work:
        """Do `work` until it has ended without a StoreError: it must bear to be done again.

        answer: of the task that it does; a fault of ours fails that one.
        """
        task = asyncio.get_running_loop().create_task(self._persist(work, answer))
        self._tasks.add(task)
        task.add_done_callback(self._over)
        return _Job(task)

    async def to_its_end(self, key: str, work: Coroutine[Any, Any, T]) -> T:
        """Do within a job what nobody can take back, such as a commit: it goes on where the job is cancelled.

        key: whoever undoes it asks for its end by this. Raises: what `work` raises.
        """
        task = asyncio.get_running_loop().create_task(work)
        under_way = self._lasting.setdefault(key, set())
        under_way.add(task)
        try:
            return await asyncio.shield(task)
        finally:
            if task.done():
                self._ended(key, task)
            else:
                task.add_done_callback(lambda task: self._ended(key, task))

    async def ended(self, key: str) -> None:
        """Wait until nothing of this key goes on that was to be done to its end."""
        if key in self._lasting:
            await asyncio.wait(self._lasting[key])

    def _ended(self, key: str, task: asyncio.Task[Any]) -> None:
        under_way = self._lasting[key]
        under_way.discard(task)
        if not under_way:
            del self._lasting[key]

    async def stop(self) -> None:
        """Give up all that is under way: whoever comes next finds what was committed."""
        lasting = chain.from_iterable(self._lasting.values())
        tasks: list[asyncio.Task[Any]] = [*self._tasks, *lasting]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    async def _persist(
        self, work: Callable[[], Coroutine[Any, Any, None]], answer: Answer | None
    ) -> None:
        while True:
            try:
                await work()
            except StoreError as error:
                _LOG.warning("a task waits for the store", extra={"error": error.message})
                await self._rest()
            except Exception:
                if answer is None:
                    raise
                _LOG.exception("a task was not done")
                answer.failed(RUNTIME, OURS)
                return
            else:
                return

    async def _rest(self) -> None:
        over = asyncio.Event()
        self._wheel.timer(over.set).at(self._clock.monotonic() + _PAUSE)
        await over.wait()

    def _over(self, task: "asyncio.Task[None]") -> None:
        self._tasks.discard(task)
        if not task.cancelled() and (error := task.exception()) is not None:
            _LOG.error("a task was not done", exc_info=error)


class _Job:
    """One of them, as Work."""

    __slots__ = ("_task",)

    def __init__(self, task: "asyncio.Task[None]") -> None:
        self._task = task

    def cancel(self) -> None:
        """See Work."""
        self._task.cancel()
