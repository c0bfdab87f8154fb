"""Owns requests behind an answer that has left: what has become stale is fetched anew, and nobody waits."""

import copy

from frontdesk.base.streams import Fields
from frontdesk.base.wheel import Timer, Wheel
from frontdesk.gateway.pipeline import run
from frontdesk.gateway.pipeline.exchange import Exchange, Reply


def behind(ex: Exchange, wheel: Wheel) -> Exchange:
    """Copy an exchange for what stands behind the cache in its plan; `run.resume` begins that.

    Its end is not logged, and counts in no limit.
    """
    again = copy.copy(ex)
    again.client = _Nobody(wheel)
    lookup = next(at for at, step in enumerate(ex.plan.steps) if step.name == "cache lookup")
    again.at = lookup + 1
    return again


class _Nobody:
    """The client's end of a request that no client has sent, and the Sink of its answer."""

    def __init__(self, wheel: Wheel) -> None:
        self._wheel = wheel
        self._timer: Timer | None = None
        self._exchange: Exchange | None = None

    def set_deadline(self, exchange: Exchange, deadline: float) -> None:
        """See exchange.ClientEnd."""
        self._timer = self._timer or self._wheel.timer(lambda: run.expire(exchange))
        self._timer.at(deadline)

    def collect_body(self, exchange: Exchange) -> None:
        """See exchange.ClientEnd: only requests without a body look for answers."""
        run.body_ready(exchange)

    def send(self, exchange: Exchange, reply: Reply) -> None:
        """See exchange.ClientEnd."""
        if self._timer is not None:
            self._timer.stop()
        self._exchange = exchange
        if isinstance(reply.body, bytes):
            self.end()
        else:
            reply.body.attach(self)

    def write(self, data: bytes) -> None:
        """See Sink."""

    def end(self, trailers: Fields | None = None) -> None:  # noqa: ARG002 - nobody reads them
        """See Sink."""
        if self._exchange is not None and self._exchange.fetch is not None:
            self._exchange.fetch.over()

    def abort(self, reason: str) -> None:  # noqa: ARG002 - nobody reads it
        """See Sink."""
        self.end()
