"""Owns the thread with an event loop that serves programs without one. A process that was forked gets its own."""

import asyncio
import os
import threading
from collections.abc import Coroutine
from concurrent.futures import Future
from typing import Any, Final, TypeVar

T = TypeVar("T")


class LoopThread:
    """A thread with an event loop, made for the first call and gone with the process."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._loop: asyncio.AbstractEventLoop | None = None

    def loop(self) -> asyncio.AbstractEventLoop:
        """Return the loop, which runs."""
        with self._lock:
            if self._loop is None:
                self._loop = loop = asyncio.new_event_loop()
                name = "frontdesk-client"
                threading.Thread(target=loop.run_forever, name=name, daemon=True).start()
            return self._loop

    def run(self, job: Coroutine[Any, Any, T]) -> T:
        """Run a coroutine as if it were here: in the context of the caller, which the loop takes over."""
        loop = self.loop()
        done: Future[T] = Future()
        started: list[asyncio.Task[T]] = []

        def start() -> None:
            task = loop.create_task(job)
            started.append(task)
            task.add_done_callback(lambda task: _pass_on(task, done))

        loop.call_soon_threadsafe(start)
        try:
            return done.result()
        except BaseException:
            if not done.done():  # interrupted here: nobody wants it any more
                loop.call_soon_threadsafe(lambda: started[0].cancel())  # noqa: PLW0108 - made by then
            raise


def _pass_on(task: "asyncio.Task[T]", done: "Future[T]") -> None:
    if task.cancelled():
        done.cancel()
    elif (error := task.exception()) is not None:
        done.set_exception(error)
    else:
        done.set_result(task.result())


_threads: Final[dict[int, LoopThread]] = {}


def loop_thread() -> LoopThread:
    """Return the thread of this process: a fork has copied the object, but not the thread."""
    process = os.getpid()
    return _threads.get(process) or _threads.setdefault(process, LoopThread())
