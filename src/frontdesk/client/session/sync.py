"""Owns `SyncClient`: the same calls for programs without an event loop, from any number of threads.

All of a process's clients share one thread with one loop. A process that was forked gets its own.
"""

import asyncio
import os
import threading
from collections.abc import Coroutine, Iterator
from concurrent.futures import Future
from functools import partial
from typing import Any, Final, Self, TypeVar, Unpack

from frontdesk.client.session.answers import Answer
from frontdesk.client.session.client import Client, Options

T = TypeVar("T")


class _LoopThread:
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


_threads: Final[dict[int, _LoopThread]] = {}


def _thread() -> _LoopThread:
    """Return the thread of this process: a fork has copied the object, but not the thread."""
    process = os.getpid()
    return _threads.get(process) or _threads.setdefault(process, _LoopThread())


class SyncClient:
    """See Client: the same settings, the same calls, without `await`. Safe in threads, and after a fork."""

    def __init__(self, base_url: str = "", **settings: Any) -> None:
        """See Client. Interceptors and fallbacks are called in the thread of the loop."""
        self._make = partial(Client, base_url, **settings)
        # By process, without a lock: a fork may copy one while it is held.
        self._clients = {os.getpid(): self._make()}

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Close all connections; calls under way fail."""
        _thread().run(self._here().close())

    def circuits(self) -> dict[str, str]:
        """See Client.circuits."""
        return self._here().circuits()

    def get(self, url: str, **options: Unpack[Options]) -> Answer:
        """Send GET, see Client.request."""
        return self.request("GET", url, **options)

    def head(self, url: str, **options: Unpack[Options]) -> Answer:
        """Send HEAD, see Client.request."""
        return self.request("HEAD", url, **options)

    def options(self, url: str, **options: Unpack[Options]) -> Answer:
        """Send OPTIONS, see Client.request."""
        return self.request("OPTIONS", url, **options)

    def post(self, url: str, **options: Unpack[Options]) -> Answer:
        """Send POST, see Client.request."""
        return self.request("POST", url, **options)

    def put(self, url: str, **options: Unpack[Options]) -> Answer:
        """Send PUT, see Client.request."""
        return self.request("PUT", url, **options)

    def patch(self, url: str, **options: Unpack[Options]) -> Answer:
        """Send PATCH, see Client.request."""
        return self.request("PATCH", url, **options)

    def delete(self, url: str, **options: Unpack[Options]) -> Answer:
        """Send DELETE, see Client.request."""
        return self.request("DELETE", url, **options)

    def request(self, method: str, url: str, **options: Unpack[Options]) -> Answer:
        """Make a call, see Client.request. Raises: what that raises; RuntimeError on the clients' own loop."""
        return _thread().run(self._here().request(method, url, **options))

    def stream(self, answer: Answer) -> Iterator[bytes]:
        """Give the body of an answer that was asked for with `stream=True`, as it comes."""
        chunks = answer.stream()
        thread = _thread()
        try:
            while (data := thread.run(_next(chunks))) is not None:
                yield data
        finally:
            thread.run(_closed(answer))

    def _here(self) -> Client:
        """Return the client of this process, whose connections are its own."""
        process = os.getpid()
        return self._clients.get(process) or self._clients.setdefault(process, self._make())


async def _next(chunks: Any) -> bytes | None:
    return await anext(chunks, None)


async def _closed(answer: Answer) -> None:
    answer.close()
