"""Owns the face of the admin listener that answers Prometheus: `GET /metrics`."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable
from typing import Final, TypeVar

from frontdesk.base.telemetry import Sample
from frontdesk.gateway.pipeline.exchange import Exchange, Reply
from frontdesk.gateway.pipeline.replies import refusal
from frontdesk.gateway.telemetry.exposition import by_metric, format_for, written

PATH: Final = "/metrics"

SLICE: Final = 50
"""Series read or written between two turns of the event loop: about half a millisecond."""

Samples = Callable[[], Iterable[Sample] | Awaitable[Iterable[Sample]]]
"""Gives what there is to tell: of this process, or, when they must be asked, of all workers."""

T = TypeVar("T")


class MetricsFace:
    """Tells all numbers to whoever has the token: they show routes, backends and how they fare."""

    needs_token = True

    def __init__(self, samples: Samples) -> None:
        self._samples = samples

    def serves(self, ex: Exchange) -> bool:
        """See Face."""
        return ex.path == PATH

    def answer(self, ex: Exchange) -> Reply | Awaitable[Reply]:
        """See Face."""
        if ex.method not in ("GET", "HEAD"):
            return refusal(405, "method", (b"allow", b"GET, HEAD"))
        return self._write(ex.headers.get(b"accept", b""))

    async def _write(self, accept: bytes) -> Reply:
        form, told = format_for(accept), self._samples()
        samples = await told if isinstance(told, Awaitable) else told
        families = by_metric([sample async for sample in unhurried(samples)])
        pieces = [piece.encode() async for piece in unhurried(written(families, form))]
        return Reply(200, [(b"content-type", form.content_type)], b"".join(pieces))


async def unhurried(items: Iterable[T]) -> AsyncIterator[T]:
    """Go through items, and let requests pass after every few of them."""
    loop = asyncio.get_running_loop()
    for number, item in enumerate(items, 1):
        yield item
        if number % SLICE == 0:
            turn = loop.create_future()
            loop.call_soon(turn.set_result, None)
            await turn
