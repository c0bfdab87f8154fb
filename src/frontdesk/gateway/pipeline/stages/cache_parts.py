"""Owns what the caches of all modes have in common: counters, waiting, passing by, and taking a body along."""

from collections.abc import Callable

from frontdesk.base import metrics
from frontdesk.base.telemetry import Counter
from frontdesk.gateway.pipeline.build import RouteBuild
from frontdesk.gateway.pipeline.exchange import Exchange, Reply
from frontdesk.gateway.pipeline.stages.cached_answers import Answers
from frontdesk.gateway.pipeline.stages.cached_body import Gathered
from frontdesk.ports.cache import Entry, Flight, Waiter


class CacheParts:
    """What the cache of one route works with."""

    def __init__(self, build: RouteBuild) -> None:
        parts, registry = build.parts, build.parts.metrics

        def counter(result: str) -> Counter:
            if registry is None:
                return Counter()
            return registry.counter(metrics.CACHE, build.api_name, result)

        self.hits = counter("hit")
        self.misses = counter("miss")
        self.stale = counter("stale")
        self.collapsed = counter("collapsed")
        self.bypasses = counter("bypass")
        self.cache = parts.cache
        self.wheel = parts.wheel
        self.time = parts.clock.time
        self.answers = build.once(("cache answers",), lambda: Answers(build.config.name))
        self._timeout = build.operation.timeout if build.operation else 0.0
        self._passing = {why: Passing(self.answers, why) for why in ("bypass", "method")}

    def bypass(self, ex: Exchange, why: str) -> None:
        """Let a request pass by the cache. why: `method` or `bypass`, of Cache-Status."""
        self.bypasses.value += 1
        ex.fetch = self._passing[why]

    def wait(self, ex: Exchange, key: str, waiter: Waiter) -> None:
        """Have an exchange wait, no longer than it would for its own integration."""
        cache = self.cache
        ex.cancel_work = lambda _why: cache.leave(key, waiter)
        ex.client.set_deadline(ex, ex.started + self._timeout)


class Passing:
    """What Cache-Status says where the cache was not asked. See exchange.Fetch."""

    __slots__ = ("_field",)

    def __init__(self, answers: Answers, why: str) -> None:
        self._field = answers.status(f"fwd={why}")

    def answered(self, ex: Exchange, reply: Reply) -> Reply:  # noqa: ARG002 - the protocol's
        """See exchange.Fetch."""
        if reply.made == "integration":
            reply.fields.append(self._field)
        return reply

    def over(self) -> None:
        """See exchange.Fetch."""


def landing(
    reply: Reply, most: int, flight: Flight, entry: Callable[[bytes], Entry], now: float
) -> bool:
    """Land an answer, at once or when its body has come. False: it is known to be too large.

    most: bytes of a body. entry: makes what is kept, of the whole body.
    """
    body = reply.body
    if isinstance(body, bytes):
        if len(body) > most:
            return False
        flight.land(entry(body))
        return True
    if body.length is not None and body.length > most:
        return False

    def gathered(whole: bytes | None, too_large: bool) -> None:
        if whole is not None:
            flight.land(entry(whole))
        elif too_large:
            flight.decline(now)
        else:
            flight.abandon()

    reply.body = Gathered(body, most, gathered)
    return True
