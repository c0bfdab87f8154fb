"""Owns the value of one outbound request: what to send, and who hears of the answer.

Whoever wants an answer derives from `Call` and overrides `respond` and `fail`; exactly one of them is
called, once, on the event loop, and neither after `cancel`. Knows no socket.
"""

from typing import Final, Protocol

from frontdesk.base.errors import UpstreamError
from frontdesk.base.streams import Duplex, Fields, Source

IDEMPOTENT: Final = frozenset({"GET", "HEAD", "OPTIONS", "PUT", "DELETE", "TRACE"})
"""RFC 9110 §9.2.2."""


class Carrier(Protocol):
    """Whoever has a call in hand: a pool while it waits, then a connection."""

    def drop(self, call: "Call", *, too_slow: bool) -> None:
        """Let go of a call that was cancelled. too_slow: because no answer came in time."""
        ...


class Call:
    """One outbound request.

    method: upper-case token. head: request line and header fields, each ended by CRLF, without framing
    fields (Content-Length, Transfer-Encoding) and the empty line: those are the connection's. Without
    Host too, unless `has_host`: the target's own is added. body: complete bytes or a Source.
    repeatable: sending it twice does no more than sending it once; set from the method, and by hand for
    requests with an idempotency key. upgrade: asks for another protocol, so 101 may be the answer; set
    by hand, like `has_host`.
    address: "host:port" of the target in use, "" before one is chosen.
    """

    __slots__ = (
        "address",
        "body",
        "carrier",
        "has_host",
        "head",
        "method",
        "repeatable",
        "replayed",
        "upgrade",
    )

    def __init__(self, method: str, head: bytes, body: bytes | Source = b"") -> None:
        self.method = method
        self.head = head
        self.body = body
        self.has_host = False
        self.upgrade = False
        self.repeatable = method in IDEMPOTENT
        self.replayed = False
        self.address = ""
        self.carrier: Carrier | None = None

    def respond(
        self, status: int, fields: Fields, body: bytes | Source, tunnel: Duplex | None
    ) -> None:
        """Take the final answer.

        status: 200-599, or 101 with `tunnel` set. fields: end-to-end fields in order, plus
        Content-Length of an answer to HEAD and Upgrade of a 101. body: bytes when all of it has come,
        else a Source; an answer to HEAD without a length has a Source of unknown length, which is empty.
        """
        raise NotImplementedError

    def fail(self, error: UpstreamError) -> None:
        """Learn that there will be no answer. May come before `send` has returned."""
        raise NotImplementedError

    def attempted(self, address: str, status: int, error: str, seconds: float) -> None:
        """Take note of one attempt of several that may be made; see `AttemptObserver.attempted`."""

    def cancel(self, *, too_slow: bool = False) -> None:
        """Give the request up; a connection that carries it is closed. Too late: nothing happens.

        too_slow: the caller had waited long enough, which counts against the target's health.
        """
        carrier, self.carrier = self.carrier, None
        if carrier is not None:
            carrier.drop(self, too_slow=too_slow)


class Sender(Protocol):
    """Whoever takes calls: a backend. Under policies it is a `Persistent`, which takes calls of its own kind."""

    def send(self, call: Call) -> None:
        """Send a request; `call.respond` or `call.fail` tells what came of it."""
        ...
