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
        """prefix: of its keys; gateways with the same one share their claims."""
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
        link.on_return = self._tell_again

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
        if is_new and node in self._told:  # it has lost what it knew, without having been lost
            self._mark_all()
        self._told.add(node)

    async def elsewhere(self, name: str, now: float) -> set[str]:
        """Return the nodes of other processes that hold a name. Raises: StoreError."""

        async def ask(redis: Any) -> tuple[list[bytes], list[bytes]]:
            async with redis.pipeline(transaction=False) as pipeline:
                pipeline.zrangebyscore(self._key(name), f"({now!r}", "+inf")
                pipeline.zrangebyscore(self._prefix + "alive", f"({now!r}", "+inf")
                holding, alive = await pipeline.execute()
            return holding, alive

        holding, alive = await self._link.call(ask)
        return {node.decode() for node in {*holding} & {*alive}} - self.alive.keys()

    async def forget(self, node: str) -> None:
        """Tell that a node is no more. Raises: StoreError."""
        self._told.discard(node)
        if self._writing is not None:
            await self._writing
        await self._link.call(lambda redis: redis.zrem(self._prefix + "alive", node))

    # -- writing ------------------------------------------------------------------------------------

    def _tell_again(self) -> None:
        """Redis answers again, and may have forgotten everything."""
        self._writing = asyncio.get_running_loop().create_task(self._tell_all())

    async def _tell_all(self) -> None:
        with suppress(StoreError):
            for node in tuple(self.alive):
                await self.renew(node, self._clock.time())
        self._writing = None
        self._mark_all()

    def _mark_all(self) -> None:
        held = ((name, node) for name, holders in self.by_name.items() for node in holders)
        self._unwritten.update(dict.fromkeys(held))
        self._write()

    def _write(self) -> None:
        if self._writing is None and self._unwritten and not self._link.lost:
            self._writing = asyncio.get_running_loop().create_task(self._write_all())

    async def _write_all(self) -> None:
        """Write until nothing has changed: all of one turn of the loop go together."""
        try:
            while self._unwritten:
                some = list(self._unwritten)[:_MOST]
                now = self._clock.time()
                keys = [self._key(name) for name, _ in some]
                arguments = [each for of in some for each in self._arguments(*of, now)]
                for each in some:
                    del self._unwritten[each]
                try:
                    await self._link.call(lambda _redis: self._script(keys, arguments))  # noqa: B023 - awaited here
                except StoreError:
                    self._unwritten.update(dict.fromkeys(some))
                    return
        finally:
            self._writing = None

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
