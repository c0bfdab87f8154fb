"""Composes one worker process: a data plane whose functions and counts are the supervisor's.

Does what the supervisor orders, and ends with it.
"""

import asyncio
import socket
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from frontdesk.app.background import aside, let_go
from frontdesk.app.collector import begin_to_serve
from frontdesk.app.data_plane import Candidate, DataPlane
from frontdesk.base.clock import SystemClock
from frontdesk.base.telemetry import Sample
from frontdesk.base.wheel import Wheel
from frontdesk.client.heartbeat import Heartbeat
from frontdesk.client.looks import Look
from frontdesk.config.load import Loaded, load
from frontdesk.config.references import Known
from frontdesk.gateway.identity.key_registry import ApiKey
from frontdesk.gateway.sockets.pushes import Node
from frontdesk.gateway.workers.channel import Channel
from frontdesk.gateway.workers.forwarded_functions import ForwardedFunctions
from frontdesk.gateway.workers.forwarded_ports import ForwardedPorts
from frontdesk.gateway.workers.forwarded_sockets import ForwardedBus, ForwardedRegistry
from frontdesk.gateway.workers.frames import MOVED, SEEN
from frontdesk.gateway.workers.orders import Handler, Obedience
from frontdesk.ports.cache import Stats
from frontdesk.ports.usage import Row
from frontdesk.rules.resilience.breaker import Order
from frontdesk.stores.shared_memory.ledger import SharedLedger
from frontdesk.stores.shared_memory.turn import Turn


@dataclass(frozen=True, slots=True)
class Proposal:
    """A configuration as it reaches a worker: what has been read once is not read again.

    paths, sources, references: see `Loaded`. functions: the names of those that it may call.
    """

    paths: tuple[Path, ...]
    sources: Mapping[Path, bytes]
    references: Known = field(repr=False)
    functions: tuple[str, ...]

    @classmethod
    def of(cls, candidate: Candidate) -> "Proposal":
        """Propose what this process has compiled."""
        loaded, functions = candidate.loaded, tuple(candidate.parts.invokers)
        return cls(loaded.paths, loaded.sources, loaded.references, functions)

    def loaded(self) -> Loaded:
        """Load it. Raises: ConfigError."""
        read = self.sources.__getitem__
        return load(self.paths, {}, read, known=self.references)


@dataclass(frozen=True, slots=True)
class Start:
    """What a worker needs to begin.

    origin: what the gateway was started with, for keys that a reload leaves alone. proposal: what is in
    force now. sockets: descriptors of those that listen, one for each `listen` of the origin. ledger,
    turn: descriptors of the shared memory, and of the turns at the access log. max_connections: this
    worker's share. canaries: theirs, see `DataPlane.steer`. api_keys: those
    that are no part of the configuration. node: its name among the processes that hold connections.
    seal: see `DataPlane.lend`.
    """

    origin: Proposal
    proposal: Proposal
    sockets: tuple[int, ...]
    ledger: int
    turn: int
    max_connections: int
    canaries: Mapping[str, float]
    api_keys: tuple[ApiKey, ...]
    node: str
    seal: bytes = field(repr=False)


@dataclass(frozen=True, slots=True)
class Report:
    """What a worker tells of itself. not_ready: see `DataPlane.not_ready`."""

    samples: list[Sample]
    not_ready: tuple[str, ...]


class Worker:
    """This process. Used on one event loop."""

    def __init__(self) -> None:
        self._clock = SystemClock()
        self._wheel = Wheel(self._clock.monotonic())
        self._channel = Channel()
        self._functions = ForwardedFunctions(self._channel)
        self._ports = ForwardedPorts(self._channel)
        self._bus = ForwardedBus(self._channel)
        self._data: DataPlane
        self._in_force: Candidate
        self._next: Candidate

    async def run(self, end: socket.socket) -> None:
        """Serve until the supervisor has gone. end: ours of the channel to it."""
        heartbeat = Heartbeat(self._wheel, self._clock)
        heartbeat.start()
        orders: Mapping[str, Handler] = {
            "start": self._start,
            "prepare": self._prepare,
            "adopt": self._adopt,
            "report": self._report,
            "keys": self._put_keys,
            "count": self._counted,
            "reopen logs": self._reopen_logs,
            "steer": self._steer,
            "watch": self._watch,
            "cache stats": self._cache_stats,
            "flush cache": self._flush_cache,
            "upstreams": self._upstreams,
            "order breakers": self._order_breakers,
            "drain": self._drain,
        }
        obedience = Obedience(self._channel, orders)
        await self._channel.open(end)
        obeying = asyncio.create_task(obedience.obey())
        await asyncio.wait({obeying, self._channel.lost}, return_when=asyncio.FIRST_COMPLETED)
        if obeying.done():
            await obeying
        obeying.cancel()
        heartbeat.close()

    async def _start(self, start: Start) -> None:
        origin = start.origin.loaded()
        loaded = origin if start.proposal == start.origin else start.proposal.loaded()
        ledger = SharedLedger(start.ledger)
        self._data = DataPlane(
            origin.config, ledger, self._clock, self._wheel, turn=Turn(start.turn)
        )
        self._data.follow(lambda _number, move: self._channel.send(MOVED, 0, move))
        await self._put_keys(start.api_keys)
        self._data.open()
        registry = ForwardedRegistry(self._channel, self._ports)
        await self._data.join(lambda: Node(start.node, registry, self._bus))
        self._data.lend(self._ports.services, start.seal)
        await self._data.steer(start.canaries)
        sockets = [socket.socket(fileno=descriptor) for descriptor in start.sockets]
        self._in_force = self._compiled(loaded, start.proposal)
        await self._data.listen(self._in_force, sockets, max_connections=start.max_connections)
        begin_to_serve()

    async def _prepare(self, proposal: Proposal) -> None:
        self._next = await aside(lambda: self._compiled(proposal.loaded(), proposal))

    async def _adopt(self, _nothing: None) -> None:
        await self._data.adopt(self._next)
        former, self._in_force = self._in_force, self._next
        wholes: list[object] = [former.plan, former.loaded]
        del former, self._next
        await aside(lambda: let_go(wholes))

    async def _report(self, _nothing: None) -> Report:
        return Report(self._data.telemetry.registry.snapshot(), tuple(self._data.not_ready()))

    async def _put_keys(self, keys: Sequence[ApiKey]) -> None:
        await self._data.put_keys(keys)

    async def _counted(self, _nothing: None) -> Sequence[Row]:
        return await self._data.counted()

    async def _reopen_logs(self, _nothing: None) -> None:
        self._data.reopen_logs()

    async def _steer(self, shares: Mapping[str, float]) -> None:
        await self._data.steer(shares)

    async def _watch(self, watched: bool) -> None:
        self._data.watch(self._see if watched else None)

    def _see(self, document: Mapping[str, Any]) -> None:
        if not self._channel.full:
            self._channel.send(SEEN, 0, document)

    async def _cache_stats(self, _nothing: None) -> Stats:
        return await self._data.cache_stats()

    async def _flush_cache(self, prefix: str) -> int:
        return await self._data.flush_cache(prefix)

    async def _upstreams(self, _nothing: None) -> Sequence[Look]:
        (looks,) = (await self._data.upstreams()).values()
        return looks

    async def _order_breakers(self, order: tuple[str, Order]) -> int:
        return await self._data.order_breakers(*order)

    async def _drain(self, _nothing: None) -> Sequence[Row]:
        await self._data.drain()
        self._data.close()
        return await self._data.counted()

    def _compiled(self, loaded: Loaded, proposal: Proposal) -> Candidate:
        invokers = {name: self._functions.invoker(name) for name in proposal.functions}
        return self._data.compile(loaded, invokers)
