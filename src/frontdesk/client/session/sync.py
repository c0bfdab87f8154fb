"""Owns `SyncClient`: the same calls for programs without an event loop, from any number of threads.

All of a process's clients share one thread with one loop. A process that was forked gets its own.
"""

import os
from collections.abc import Iterator
from functools import partial
from typing import Any, Self, Unpack

from frontdesk.client.loop_thread import loop_thread
from frontdesk.client.session.answers import Answer
from frontdesk.client.session.client import Client, Options


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
        loop_thread().run(self._here().close())

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
        return loop_thread().run(self._here().request(method, url, **options))

    def stream(self, answer: Answer) -> Iterator[bytes]:
        """Give the body of an answer that was asked for with `stream=True`, as it comes."""
        chunks = answer.stream()
        thread = loop_thread()
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
