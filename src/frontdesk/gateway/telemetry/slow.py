"""Owns the log of slow requests: where the time of each went. Stages are timed only where it is on."""

import logging
from collections.abc import Awaitable, Callable, Iterator
from itertools import pairwise

from frontdesk.base import metrics
from frontdesk.base.telemetry import Registry
from frontdesk.gateway.pipeline.context import identity_of
from frontdesk.gateway.pipeline.exchange import Exchange, Mark, Parked, Reply, Stage

_log = logging.getLogger("frontdesk.slow")


def timed(name: str, stage: Stage, monotonic: Callable[[], float], *, awaits_body: bool) -> Stage:
    """Return the stage with a mark of when it began and when it gave the request on.

    awaits_body: the body is read before this stage.
    """

    def run(ex: Exchange) -> Reply | Awaitable[Reply | None] | Parked | None:
        began = monotonic()
        answer = stage(ex)
        ex.marks += (Mark(name, began, monotonic(), awaits_body),)
        return answer

    return run


class SlowLog:
    """Writes one message for each request that took longer than it should."""

    def __init__(self, after: float, registry: Registry, log: Callable[[Exchange], None]) -> None:
        """after: seconds. log: called first."""
        self._after = after
        self._registry = registry
        self._next = log

    def record(self, ex: Exchange) -> None:
        """Take an exchange that is over."""
        self._next(ex)
        # Event streams and tunnels are meant to last: of what is streamed the time to its head counts.
        if (ex.head_sent or ex.ended) - ex.started <= self._after:
            return
        total = ex.ended - ex.started
        self._registry.counter(metrics.SLOW_REQUESTS, ex.plan.api.name).value += 1
        stages = {name: _milliseconds(seconds) for name, seconds in stage_times(ex)}
        _log.warning(
            "slow request: %.0f ms",
            total * 1000,
            extra={
                **identity_of(ex),
                "method": ex.method,
                "status": ex.status,
                "totalMs": _milliseconds(total),
                "stages": stages,
                "upstream": ex.upstream,
            },
        )


def stage_times(ex: Exchange) -> Iterator[tuple[str, float]]:
    """Divide the time of an exchange: finding the route, each stage with its waiting, body, answer.

    Gives names and seconds, in order; they add up to the whole.
    """
    marks = ex.marks
    yield "route", (marks[0].began if marks else ex.ended) - ex.started
    for mark, following in pairwise(marks):
        if following.awaits_body:
            yield mark.stage, mark.ended - mark.began
            yield "body", following.began - mark.ended
        else:
            yield mark.stage, following.began - mark.began
    if marks:
        last = marks[-1]
        answered = last.ended
        if ex.integration_latency >= 0:
            answered = max(answered, ex.integration_started + ex.integration_latency)
        yield last.stage, answered - last.began
        yield "answer", ex.ended - answered


def _milliseconds(seconds: float) -> float:
    return round(seconds * 1000, 3)
