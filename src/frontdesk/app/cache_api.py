"""Owns the operator's requests about kept answers, on the admin listener.

    GET  /cache                                         how many there are, and their bytes
    POST /cache/flush  {"api": …, "stage": …, "route": …}   drop them, all or those of an API, stage, route

With workers, all of them are asked and told.
"""

from collections.abc import Awaitable
from typing import Any, Protocol

import orjson

from frontdesk.base.errors import StoreError
from frontdesk.gateway.admin import FRESH
from frontdesk.gateway.pipeline.exchange import Exchange, Reply
from frontdesk.gateway.pipeline.replies import JSON, refusal
from frontdesk.ports.cache import Stats

LEVELS = ("api", "stage", "route")
"""What a flush may name, each only with those before it: how the keys of a cache begin."""


class Caches(Protocol):
    """The caches of all processes that serve."""

    async def cache_stats(self) -> Stats: ...

    async def flush_cache(self, prefix: str) -> int: ...


class CacheApi:
    """The face of these requests."""

    needs_token = True

    def __init__(self, caches: Caches) -> None:
        self._caches = caches

    def serves(self, ex: Exchange) -> bool:
        """See Face."""
        return ex.path in ("/cache", "/cache/flush")

    def answer(self, ex: Exchange) -> Reply | Awaitable[Reply]:
        """See Face."""
        method = "GET" if ex.path == "/cache" else "POST"
        if ex.method != method:
            return refusal(405, "method", (b"allow", method.encode()))
        return self._stats() if method == "GET" else self._flush(ex)

    async def _stats(self) -> Reply:
        return _reply(200, (await self._caches.cache_stats())._asdict())

    async def _flush(self, ex: Exchange) -> Reply:
        prefix = _prefix(ex.body)
        if prefix is None:
            hint = f"write {', '.join(LEVELS)}, each only with those before it"
            return _reply(422, {"message": "expected what to flush", "hint": hint, "findings": []})
        try:
            flushed = await self._caches.flush_cache(prefix)
        except StoreError as error:
            hint = "answers here are dropped; tell the other gateways again when Redis is back"
            return _reply(503, {"message": error.message, "hint": hint, "findings": []})
        return _reply(200, {"flushed": flushed})


def _prefix(body: bytes) -> str | None:
    """Return how the keys begin that a request means; None where it cannot be understood."""
    try:
        asked: Any = orjson.loads(body or b"{}")
    except ValueError:
        return None
    if not isinstance(asked, dict) or asked.keys() - set(LEVELS):
        return None
    said = [asked[level] for level in LEVELS if level in asked]
    first = [asked.get(level) for level in LEVELS[: len(said)]]
    if said != first or not all(isinstance(name, str) and name for name in said):
        return None
    return "".join([f"{name}\0" for name in said])


def _reply(status: int, document: object) -> Reply:
    return Reply(status, [JSON, FRESH], orjson.dumps(document))
