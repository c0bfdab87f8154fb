"""Owns one request to a backend as something to await. Knows no kind of task."""

import asyncio
from typing import NamedTuple

from frontdesk.base.errors import UpstreamError
from frontdesk.base.streams import Duplex, Fields, Source
from frontdesk.client.call import Call, Sender
from frontdesk.rules.asl.http_tasks import Request


class Answered(NamedTuple):
    """An answer that has come whole, or as much of it as was wanted."""

    status: int
    fields: Fields
    body: bytes


async def ask(backend: Sender, request: Request, most: int) -> Answered:
    """Send a request and wait for its answer. most: bytes of the body; one more is told, no further ones.

    Raises: UpstreamError.
    """
    call = _Asked(request, most)
    try:
        backend.send(call)
        return await call.answered
    finally:
        call.cancel()  # where nobody waits any more; else nothing happens


class _Asked(Call):
    """A request under way, and the sink of an answer that comes in parts."""

    __slots__ = ("_body", "_fields", "_most", "_source", "_status", "answered")

    def __init__(self, request: Request, most: int) -> None:
        super().__init__(request.method, request.head, request.body)
        self.repeatable = self.repeatable or request.has_key
        self.answered: asyncio.Future[Answered] = asyncio.get_running_loop().create_future()
        self._most = most
        self._body = bytearray()
        self._source: Source | None = None

    def respond(
        self,
        status: int,
        fields: Fields,
        body: bytes | Source,
        tunnel: Duplex | None,  # noqa: ARG002 - only an upgrade has one
    ) -> None:
        """See client.Call."""
        self._status = status
        self._fields = fields
        if isinstance(body, bytes):
            self._body += body[: self._most + 1]
            self.end()
        else:
            self._source = body
            body.attach(self)

    def fail(self, error: UpstreamError) -> None:
        """See client.Call."""
        if not self.answered.done():
            self.answered.set_exception(error)

    def cancel(self, *, too_slow: bool = False) -> None:
        """Give the request up, or the rest of its answer."""
        super().cancel(too_slow=too_slow)
        source, self._source = self._source, None
        if source is not None:
            source.cancel()

    # -- as Sink ------------------------------------------------------------------------------------

    def write(self, data: bytes) -> None:
        """See Sink."""
        self._body += data
        if len(self._body) > self._most:
            del self._body[self._most + 1 :]
            self.cancel()
            self.end()

    def end(self, trailers: Fields | None = None) -> None:  # noqa: ARG002 - none tells anything
        """See Sink."""
        self._source = None
        if not self.answered.done():
            answered = Answered(self._status, self._fields, bytes(self._body))
            self.answered.set_result(answered)

    def abort(self, reason: str) -> None:
        """See Sink."""
        self._source = None
        self.fail(UpstreamError("closed", f"the answer breaks off: {reason}", sent=True))
