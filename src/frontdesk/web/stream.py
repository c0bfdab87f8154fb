"""Owns the one stream of a page: server-sent events of the topics that it shows, gathered so that no tab drowns.

    event: request
    id: 4711
    data: {"items": [{…}, …], "dropped": 0}

Source: HTML standard §9.2, "Server-sent events".
"""

import asyncio
from collections import defaultdict
from collections.abc import AsyncIterator, Callable
from typing import Any, Final

import orjson

from frontdesk.base.clock import Clock
from frontdesk.base.news import Item, News
from frontdesk.base.wheel import Wheel

TOPICS: Final = ("request", "execution", "queue", "hook", "breaker", "config", "metric")
"""What may be watched."""

PACE: Final = 0.1
"""Seconds in which news of one topic become one event: ten a second at most."""

MOST: Final = 200
"""Items of one topic in one event; others are only counted."""

BEAT: Final = 15.0
"""Seconds without an event after which a comment shows that the stream lives."""


class Watcher:
    """Whoever watches some topics: what has come since the last look."""

    def __init__(self, news: News, topics: frozenset[str], after: int) -> None:
        """after: number of the last item that was seen; 0: of none."""
        self._items: defaultdict[str, list[Any]] = defaultdict(list)
        self._dropped: defaultdict[str, int] = defaultdict(int)
        self._last = after
        self.come = asyncio.Event()
        if after:
            for item in news.since(after, topics):
                self._take(item)
        self.end = news.watch(topics, self._take)

    def _take(self, item: Item) -> None:
        self._last = item.number
        if len(self._items[item.topic]) < MOST:
            self._items[item.topic].append(item.document)
        else:
            self._dropped[item.topic] += 1
        self.come.set()

    def gathered(self) -> bytes:
        """Write what has come as events, and forget it."""
        self.come.clear()
        items, self._items = self._items, defaultdict(list)
        dropped, self._dropped = self._dropped, defaultdict(int)
        return b"".join(
            b"event: %b\nid: %d\ndata: %b\n\n"
            % (
                topic.encode(),
                self._last,
                orjson.dumps({"items": of_it, "dropped": dropped[topic]}),
            )
            for topic, of_it in items.items()
        )


async def events(
    news: News,
    topics: frozenset[str],
    after: int,
    clock: Clock,
    wheel: Wheel,
    *,
    may: Callable[[], bool],
) -> AsyncIterator[bytes]:
    """Yield events for as long as somebody reads them, and may: whoever has lost their session reads no more."""
    watcher = Watcher(news, topics, after)
    try:
        yield b"retry: 1000\n\n"
        while may():
            if await _within(watcher.come, BEAT, clock, wheel):
                if not may():
                    break
                yield watcher.gathered()
                await _within(asyncio.Event(), PACE, clock, wheel)
            else:
                yield b": still here\n\n"
    finally:
        watcher.end()


async def _within(come: asyncio.Event, seconds: float, clock: Clock, wheel: Wheel) -> bool:
    """Wait for something until the time is over; tell whether it came."""
    over = asyncio.Event()
    timer = wheel.timer(over.set)
    timer.at(clock.monotonic() + seconds)
    waits = [asyncio.ensure_future(each.wait()) for each in (come, over)]
    try:
        await asyncio.wait(waits, return_when=asyncio.FIRST_COMPLETED)
        return come.is_set()
    finally:
        timer.stop()
        for each in waits:
            each.cancel()
