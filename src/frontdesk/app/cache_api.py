"""Owns the operator's requests about kept answers, on the admin listener.

    GET  /cache                                         how many there are, and their bytes
    POST /cache/flush  {"api": …, "stage": …, "route": …}   drop them, all or those of an API, stage, route

With workers, all of them are asked and told. What the file does not have is refused: a misspelt name drops nothing.
"""

from collections.abc import Awaitable, Callable, Iterable
from typing import Any, Protocol

import orjson

from frontdesk.app.actions import json_reply, refused
from frontdesk.base.errors import FrontdeskError, StoreError
from frontdesk.config.models.root import Config
from frontdesk.config.validation import among
from frontdesk.gateway.pipeline.exchange import Exchange, Reply
from frontdesk.gateway.pipeline.replies import refusal
from frontdesk.ports.cache import Stats

LEVELS = ("api", "stage", "route")
"""What a flush may name: an API, and of it a stage, a route, or both. So do the keys of a cache begin."""


class Caches(Protocol):
    """The caches of all processes that serve."""

    async def cache_stats(self) -> Stats: ...

    async def flush_cache(self, prefix: str) -> int: ...


class CacheApi:
    """The face of these requests."""

    needs_token = True

    def __init__(self, caches: Caches, config: Callable[[], Config]) -> None:
        """config: the configuration in force."""
        self._caches = caches
        self._config = config

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
        return json_reply(200, (await self._caches.cache_stats())._asdict())

    async def _flush(self, ex: Exchange) -> Reply:
        try:
            names = _names(_asked(ex.body), self._config())
        except FrontdeskError as error:
            return refused(error)
        try:
            flushed = await self._caches.flush_cache("".join([f"{name}\0" for name in names]))
        except StoreError as error:
            hint = "answers here are dropped; tell the other gateways again when Redis is back"
            return refused(StoreError(error.message, hint=hint))
        return json_reply(200, {"flushed": flushed})


def _asked(body: bytes) -> dict[str, str]:
    """Read what a request names, by level. Raises: FrontdeskError where it cannot be understood."""
    try:
        asked: Any = orjson.loads(body or b"{}")
    except ValueError:
        asked = None
    if (
        not isinstance(asked, dict)
        or asked.keys() - set(LEVELS)
        or (asked and "api" not in asked)
        or not all(isinstance(name, str) for name in asked.values())
    ):
        raise FrontdeskError("expected what to flush", hint="write api, and stage or route of it")
    return asked


def _names(asked: dict[str, str], config: Config) -> list[str]:
    """Return the API, stage and route that are meant, or the first of them. Raises: FrontdeskError."""
    if not asked:
        return []
    api = config.apis[_known("API", asked["api"], config.apis)]
    names = [asked["api"]]
    if "stage" in asked:
        names.append(_known("stage", asked["stage"], api.stages))
    elif "route" in asked:
        if len(api.stages) > 1:
            raise FrontdeskError(
                f"several stages have this route: {', '.join(api.stages)}", hint="say one"
            )
        names += api.stages
    if "route" in asked:
        names.append(_known("route", asked["route"], [key for _, key, _ in api.operations()]))
    return names


def _known(kind: str, name: str, names: Iterable[str]) -> str:
    """Return a name of the file. Raises: FrontdeskError where it has no such name."""
    if name not in names:
        raise FrontdeskError(f"there is no such {kind}: {name}", hint=among(name, names))
    return name
