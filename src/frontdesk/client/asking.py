"""Owns one request to a backend as something to await. Knows no policies."""

import asyncio
from typing import NamedTuple

from frontdesk.base.errors import UpstreamError
from frontdesk.base.streams import Duplex, Fields, Source
from frontdesk.client.call import Call


class Answered(NamedTuple):
    """An answer: its body as it came whole, as much of it as was wanted, or while it still comes."""

    status: int
    fields: Fields
    body: bytes | Source


class Asked(Call):
    """A request under way, and the sink of an answer that comes in parts. Await `answered`.

    Whoever waits no more calls `cancel`.
    """

    __slots__ = ("_body", "_fields", "_most", "_source", "_status", "answered")

    def __init__(self, method: str, head: bytes, body: bytes | Source, most: int | None) -> None:
        """most: bytes of the answer's body; one more is told, no further ones. None: hand it over as it comes."""
        super().__init__(method, head, body)
        self.answered: asyncio.Future[Answered] = asyncio.get_running_loop().create_future()
        self._most = most
        self._source: Source | None = None

    def respond(
        self,
        status: int,
        fields: Fields,
        body: bytes | Source,
        tunnel: Duplex | None,  # noqa: ARG002 - only an upgrade has one
    ) -> None:
        """See Call."""
        if type(body) is bytes or self._most is None:
            self._tell(status, fields, body)
        else:
            self._status = status
            self._fields = fields
            self._body = bytearray()
            self._source = body  # type: ignore[assignment]  # mypy does not follow `type() is`
            self._source.attach(self)  # type: ignore[union-attr]

    def fail(self, error: UpstreamError) -> None:
        """See Call."""
        if not self.answered.done():
            self.answered.set_exception(error)

    def cancel(self, *, too_slow: bool = False) -> None:
        """Give the request up, or the rest of its answer."""
        if self.carrier is not None:
            super().cancel(too_slow=too_slow)
        source, self._source = self._source, None
        if source is not None:
            source.cancel()

    def expire(self) -> None:
        """Give up, because it has taken too long."""
        if not self.answered.done():
            self.cancel(too_slow=True)
            self.fail(UpstreamError("timeout", f"no answer in time: {self.address}", sent=True))

    def _tell(self, status: int, fields: Fields, body: bytes | Source) -> None:
        if self.answered.done():  # nobody waits any more
            if type(body) is not bytes:
                body.cancel()  # type: ignore[union-attr]  # a Source
            return
        if type(body) is not bytes:
            self.carrier = None  # whoever has the body cancels it now
        elif self._most is not None:
            body = body[: self._most + 1]
        self.answered.set_result(Answered(status, fields, body))

    # -- as Sink ------------------------------------------------------------------------------------

    def write(self, data: bytes) -> None:
        """See Sink."""
        self._body += data
        assert self._most is not None
        if len(self._body) > self._most:
            self.cancel()
            self.end()

    def end(self, trailers: Fields | None = None) -> None:  # noqa: ARG002 - none tells anything
        """See Sink."""
        self._source = None
        self._tell(self._status, self._fields, bytes(self._body))

    def abort(self, reason: str) -> None:
        """See Sink."""
        self._source = None
        self.fail(UpstreamError("closed", f"the answer breaks off: {reason}", sent=True))
