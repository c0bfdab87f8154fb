"""Owns the exchange of a WebSocket connection that has ended: nobody is there to be answered."""

from collections.abc import Callable

from frontdesk.base.wheel import Wheel
from frontdesk.gateway.pipeline import run
from frontdesk.gateway.pipeline.exchange import Exchange, Reply
from frontdesk.gateway.server.registry import Registry


class Farewell:
    """The client's end (`ClientEnd`) where the client has gone, and what a graceful stop waits for."""

    __slots__ = ("_now", "_registry", "_timer")

    def __init__(
        self, ex: Exchange, wheel: Wheel, now: Callable[[], float], registry: Registry
    ) -> None:
        """now: monotonic seconds."""
        self._timer = wheel.timer(lambda: run.expire(ex))
        self._now = now
        self._registry = registry
        ex.client = self

    def send(self, exchange: Exchange, reply: Reply) -> None:
        """See ClientEnd."""
        self._timer.stop()
        reply.discard()
        exchange.ended = self._now()
        exchange.plan.log(exchange)
        self._registry.remove(self)

    def collect_body(self, _exchange: Exchange) -> None:
        """See ClientEnd: there is no body."""
        raise AssertionError

    def set_deadline(self, exchange: Exchange, deadline: float) -> None:  # noqa: ARG002 - it has one only
        """See ClientEnd."""
        self._timer.at(deadline)

    @property
    def busy(self) -> bool:
        """See Connection."""
        return True

    def drain(self) -> None:
        """See Connection: it ends by itself."""

    def abort(self) -> None:
        """See Connection: the work goes on, but is waited for no longer."""
        self._timer.stop()
        self._registry.remove(self)
