"""Owns the coroutines that do tasks which wait for a store. Knows no kind of task."""

import asyncio
import logging
from collections.abc import Callable, Coroutine
from typing import Any, Final

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


class Jobs:
    """Coroutines under way. Used on one event loop."""

    def __init__(self, clock: Clock, wheel: Wheel) -> None:
        """wheel: someone advances it."""
        self._clock = clock
        self._wheel = wheel
        self._tasks: set[asyncio.Task[None]] = set()

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

    async def stop(self) -> None:
        """Give up all that is under way."""
        tasks = list(self._tasks)
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
