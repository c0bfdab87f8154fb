"""Owns claims on names that several gateways share: those of this process in memory, and all of them in Redis.

What this process holds is known without asking. What Redis has missed or forgotten it is told again.
"""

import asyncio
from collections.abc import Iterable, Sequence
from contextlib import suppress
from importlib.resources import files
from typing import Any, Final

from frontdesk.base.clock import Clock
from frontdesk.base.errors import StoreError
from frontdesk.ports.registry import ALIVE, is_connection
from frontdesk.stores.memory.registry import Claims, MemoryRegistry
from frontdesk.stores.redis.link import Link

_SCRIPT: Final = (files(__package__) / "claims.lua").read_text(encoding="utf-8")

_MOST: Final = 500
"""Changes in one round trip: the server does nothing else meanwhile."""

_FORGOTTEN: Final = 3600
"""Seconds for which a dead node is remembered, which is longer than clocks differ."""


class SharedClaims(Claims):
    """The claims of the nodes of this process, and their copy in Redis. Used on one event loop."""

    def __init__(self, link: Link, prefix: str, clock: Clock) -> None:
        """prefix: of its keys; gateways with the same one share their claims.

        Whoever notices that Redis was away calls `tell_again`.
        """
        super().__init__()
        self._link = link
        self._prefix = prefix
        self._clock = clock
        self._script = link.script(_SCRIPT)
        self._unwritten: dict[tuple[str, str], None] = {}
        """Names with the nodes whose claims on them have changed."""
        self._writing: asyncio.Task[None] | None = None
        self._told: set[str] = set()
        """Nodes that Redis has been told are alive."""
        self._untold: set[str] = set()
        """Nodes that it may have forgotten."""
        self._sure_at = 0.0
        """Second since 1970 from which on a connection that Redis does not know is gone."""

    def changed(self, node: str, names: Iterable[str]) -> None:
        """Write what is so now, as soon as Redis can be told."""
        self._unwritten.update(dict.fromkeys((name, node) for name in names))
        self._write()

    async def renew(self, node: str, now: float) -> None:
        """Tell that a node is alive. Raises: StoreError."""
        key = self._prefix + "alive"

        async def tell(redis: Any) -> bool:
            async with redis.pipeline(transaction=False) as pipeline:
                pipeline.zadd(key, {node: now + ALIVE})
                pipeline.zremrangebyscore(key, "-inf", now - _FORGOTTEN)
                pipeline.expire(key, _FORGOTTEN)
                added, *_ = await pipeline.execute()
            return bool(added)

        is_new = await self._link.call(tell)
        if is_new and node in self._told:
            self.tell_again()
        self._told.add(node)

    def tell_again(self) -> None:
        """Redis may have forgotten everything. So may others have to tell it again, when they notice."""
        self._sure_at = self._clock.time() + ALIVE / 3
        self._told.clear()
        self._untold.update(self.alive)
        held = ((name, node) for name, holders in self.by_name.items() for node in holders)
        self._unwritten.update(dict.fromkeys(held))
        self._write()

    async def elsewhere(self, name: str, now: float) -> set[str]:
        """Return the nodes of other processes that hold a name. Raises: StoreError."""

        async def ask(redis: Any) -> tuple[list[bytes], list[bytes]]:
            async with redis.pipeline(transaction=False) as pipeline:
                pipeline.zrangebyscore(self._key(name), f"({now!r}", "+inf")
                pipeline.zrangebyscore(self._prefix + "alive", f"({now!r}", "+inf")
                holding, alive = await pipeline.execute()
            return holding, alive

        holding, alive = await self._link.call(ask)
        found = {node.decode() for node in {*holding} & {*alive}} - self.alive.keys()
        if not found and now < self._sure_at and is_connection(name):
            raise StoreError("Redis is just back, and may not have been told of it yet")
        return found

    async def forget(self, node: str) -> None:
        """Tell that a node is no more. Raises: StoreError."""
        self._told.discard(node)
        await self.written()
        await self._link.call(lambda redis: redis.zrem(self._prefix + "alive", node))

    async def written(self) -> None:
        """Wait until Redis has been told, or is lost. Raises nothing."""
        if self._writing is not None:
            await self._writing

    # -- writing ------------------------------------------------------------------------------------

    def _write(self) -> None:
        waits = self._unwritten or self._untold
        if waits and self._writing is None and not self._link.lost:
            self._writing = asyncio.get_running_loop().create_task(self._write_all())

    async def _write_all(self) -> None:
        """Write until nothing has changed: all of one turn of the loop go together."""
        try:
            while self._unwritten or self._untold:
                await self._write_some()
        except StoreError:
            pass  # whoever holds the link says so; `tell_again` comes when it is back
        finally:
            self._writing = None

    async def _write_some(self) -> None:
        now = self._clock.time()
        for node in tuple(self._untold & self.alive.keys()):
            await self.renew(node, now)
        self._untold.clear()
        some = list(self._unwritten)[:_MOST]
        keys = [self._key(name) for name, _ in some]
        arguments = [each for of in some for each in self._arguments(*of, now)]
        for each in some:
            del self._unwritten[each]
        try:
            await self._link.call(lambda _redis: self._script(keys, arguments))
        except StoreError:
            self._unwritten.update(dict.fromkeys(some))
            raise

    def _arguments(self, name: str, node: str, now: float) -> tuple[str, str, int]:
        over = self.by_name.get(name, {}).get(node, 0.0)
        return node, repr(over), max(0, int((over - now) * 1000))

    def _key(self, name: str) -> str:
        return f"{self._prefix}claims:{name}"


class RedisRegistry(MemoryRegistry):
    """See `ports.registry.Registry`: the face that one node has of it."""

    _claims: SharedClaims

    def __init__(self, node: str, claims: SharedClaims) -> None:
        super().__init__(node, claims)

    def claim(self, names: Iterable[str], until: float) -> None:
        """See the port."""
        names = tuple(names)
        super().claim(names, until)
        self._claims.changed(self._node, names)

    def release(self, names: Iterable[str]) -> None:
        """See the port."""
        names = tuple(names)
        super().release(names)
        self._claims.changed(self._node, names)

    async def renew(self, now: float) -> None:
        """See the port."""
        await super().renew(now)
        await self._claims.renew(self._node, now)

    async def holders(self, name: str, now: float) -> Sequence[str]:
        """See the port. For a connection of this process Redis is not asked."""
        near = await super().holders(name, now)
        if near and is_connection(name):
            return near
        return sorted({*near, *await self._claims.elsewhere(name, now)})

    async def leave(self) -> None:
        """See the port."""
        await super().leave()
        with suppress(StoreError):
            await self._claims.forget(self._node)
