"""Composes one worker process: a data plane whose functions and counts are the supervisor's.

Does what the supervisor orders, and ends with it.
"""

import asyncio
import gc
import pickle
import socket
from collections.abc import Mapping
from dataclasses import dataclass, field

from frontdesk.app.background import aside, let_go
from frontdesk.app.data_plane import Candidate, DataPlane
from frontdesk.base.clock import SystemClock
from frontdesk.base.telemetry import Sample
from frontdesk.base.wheel import Wheel
from frontdesk.client.heartbeat import Heartbeat
from frontdesk.config.load import Loaded
from frontdesk.gateway.workers.channel import Channel
from frontdesk.gateway.workers.orders import Handler, Obedience
from frontdesk.gateway.workers.remote_functions import RemoteFunctions
from frontdesk.stores.shared_memory.ledger import SharedLedger
from frontdesk.stores.shared_memory.turn import Turn


@dataclass(frozen=True, slots=True)
class Proposal:
    """A configuration as it reaches a worker: with its references resolved, nothing to be read again.

    functions: the names of those that it may call.
    """

    loaded: Loaded
    functions: tuple[str, ...]

    def packed(self) -> bytes:
        """Write it as bytes, which `unpacked` reads."""
        return pickle.dumps(self, pickle.HIGHEST_PROTOCOL)


def unpacked(proposal: bytes) -> Proposal:
    """Read what `Proposal.packed` has written."""
    read: Proposal = pickle.loads(proposal)  # noqa: S301 - it came through the channel; see there
    return read


@dataclass(frozen=True, slots=True)
class Start:
    """What a worker needs to begin.

    proposal: packed. sockets: descriptors of those that listen, one for each `listen` of the file.
    ledger, turn: descriptors of the shared memory, and of the turns at the access log. max_connections:
    this worker's share.
    """

    proposal: bytes = field(repr=False)  # with secrets
    sockets: tuple[int, ...]
    ledger: int
    turn: int
    max_connections: int


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
        self._functions = RemoteFunctions(self._channel)
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
            "reopen logs": self._reopen_logs,
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
        proposal = unpacked(start.proposal)
        ledger = SharedLedger(start.ledger)
        self._data = DataPlane(
            proposal.loaded.config, ledger, self._clock, self._wheel, turn=Turn(start.turn)
        )
        self._data.open()
        sockets = [socket.socket(fileno=descriptor) for descriptor in start.sockets]
        self._in_force = self._compiled(proposal)
        await self._data.listen(self._in_force, sockets, max_connections=start.max_connections)
        # What lives now lives on: the collector need not look at it again and again.
        gc.freeze()
        gc.enable()

    async def _prepare(self, proposal: bytes) -> None:
        self._next = await aside(lambda: self._compiled(unpacked(proposal)))

    async def _adopt(self, _nothing: None) -> None:
        await self._data.adopt(self._next)
        former, self._in_force = self._in_force, self._next
        wholes: list[object] = [former.plan, former.loaded]
        del former, self._next
        await aside(lambda: let_go(wholes))

    async def _report(self, _nothing: None) -> Report:
        return Report(self._data.telemetry.registry.snapshot(), tuple(self._data.not_ready()))

    async def _reopen_logs(self, _nothing: None) -> None:
        self._data.reopen_logs()

    async def _drain(self, _nothing: None) -> None:
        await self._data.drain()
        self._data.close()

    def _compiled(self, proposal: Proposal) -> Candidate:
        invokers = {name: self._functions.invoker(name) for name in proposal.functions}
        return self._data.compile(proposal.loaded, invokers)
