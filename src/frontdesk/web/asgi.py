"""Owns the bridge between the admin listener and an application of ASGI 3: one exchange, one call of it.

Knows no page. Source: ASGI specification, "HTTP & WebSocket ASGI Message Format" 2.4.
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable, MutableMapping
from contextlib import suppress
from typing import Any, Final
from urllib.parse import unquote

from frontdesk.base.streams import Fields, Sink
from frontdesk.gateway.pipeline.exchange import Exchange, Reply
from frontdesk.gateway.pipeline.replies import refusal

Message = MutableMapping[str, Any]
Application = Callable[
    [Message, Callable[[], Awaitable[Message]], Callable[[Message], Awaitable[None]]],
    Awaitable[None],
]

_LOG: Final = logging.getLogger(__name__)
_FRAMING: Final = frozenset((b"content-length", b"transfer-encoding", b"connection"))


async def respond(application: Application, ex: Exchange) -> Reply:
    """Have an application answer; its scope's state has the exchange under `exchange`."""
    call = _Call(ex)
    call.task = asyncio.get_running_loop().create_task(call.run(application))
    try:
        return await asyncio.shield(call.reply)
    except asyncio.CancelledError:
        call.cancel()
        raise


class _Call:
    """One call; once its head is out and more follows, the source of the reply's body."""

    length: int | None = None

    def __init__(self, ex: Exchange) -> None:
        loop = asyncio.get_running_loop()
        self.reply: asyncio.Future[Reply] = loop.create_future()
        self.task: asyncio.Task[None]
        self._ex = ex
        self._head: Message = {}
        self._sink: Sink | None = None
        self._early: list[bytes] = []
        self._over = self._broken = False
        self._read = False
        self._gone: asyncio.Future[None] = loop.create_future()
        self._ready = asyncio.Event()
        self._ready.set()

    async def run(self, application: Application) -> None:
        """Call the application; whatever becomes of it, the client gets an answer."""
        try:
            await application(_scope(self._ex), self._receive, self._send)
        except Exception:  # noqa: BLE001 - whatever it was, the client is answered
            _LOG.exception("a page failed", extra={"path": self._ex.path})
        if not self.reply.done():
            self.reply.set_result(refusal(500, "internal"))
        elif not self._over:
            self._over = self._broken = True
            if self._sink is not None:
                self._sink.abort("a page failed")

    # As a Source.

    def attach(self, sink: Sink) -> None:
        """See Source."""
        self._sink = sink
        for data in self._early:
            sink.write(data)
        self._early.clear()
        if self._broken:
            sink.abort("a page failed")
        elif self._over:
            sink.end()

    def pause(self) -> None:
        """See Source."""
        self._ready.clear()

    def resume(self) -> None:
        """See Source."""
        self._ready.set()

    def cancel(self) -> None:
        """See Source."""
        self._over = True
        if not self._gone.done():
            self._gone.set_result(None)
        self.task.cancel()

    # What the application calls.

    async def _receive(self) -> Message:
        if not self._read:
            self._read = True
            return {"type": "http.request", "body": bytes(self._ex.body), "more_body": False}
        with suppress(asyncio.CancelledError):
            await self._gone
        return {"type": "http.disconnect"}

    async def _send(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            self._head = message
            return
        body, more = message.get("body", b""), message.get("more_body", False)
        if not self.reply.done():
            fields: Fields = [
                (name, value) for name, value in self._head["headers"] if name not in _FRAMING
            ]
            self._over = not more
            if not more:
                self.reply.set_result(Reply(self._head["status"], fields, body))
                return
            self.reply.set_result(Reply(self._head["status"], fields, self))
        await self._ready.wait()
        if body:
            if self._sink is None:
                self._early.append(body)
            else:
                self._sink.write(body)
        if not more and not self._over:
            self._over = True
            if self._sink is not None:
                self._sink.end()


def _scope(ex: Exchange) -> Message:
    return {
        "type": "http",
        "asgi": {"version": "3.0", "spec_version": "2.4"},
        "http_version": ex.version.removeprefix("HTTP/"),
        "method": ex.method,
        "scheme": ex.scheme,
        "path": unquote(ex.path),
        "raw_path": ex.raw_path.encode(),
        "query_string": ex.query.encode(),
        "root_path": "",
        "headers": list(ex.headers.items()),
        "client": (ex.client_ip, 0),
        "server": (ex.host, None),
        "state": {"exchange": ex},
    }
