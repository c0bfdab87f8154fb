"""Composes the data plane of a gateway with workers: processes that serve, each at sockets of its own.

Stands in the place of `DataPlane`. Functions, stores, administration and reloads stay with the process
that supervises; workers count in shared memory, and call functions through a socket.
"""

import asyncio
import logging
import os
import socket
from collections.abc import Awaitable, Iterable, Mapping, Sequence
from contextlib import ExitStack, suppress
from functools import partial
from typing import Any, Final

from frontdesk.app.background import aside
from frontdesk.app.data_plane import Candidate, DataPlane, Follow
from frontdesk.app.sockets import Nodes
from frontdesk.app.telemetry import Telemetry
from frontdesk.app.worker import Proposal, Report, Start
from frontdesk.base.addresses import Address
from frontdesk.base.clock import Clock
from frontdesk.base.errors import FrontdeskError, StartError
from frontdesk.base.telemetry import Sample, merge
from frontdesk.base.wheel import Wheel
from frontdesk.client.looks import Look, Move
from frontdesk.config.load import Loaded
from frontdesk.config.models.root import Config
from frontdesk.gateway.identity.key_registry import ApiKey, KeyRegistry
from frontdesk.gateway.pipeline.build import NO_SERVICES
from frontdesk.gateway.server.listening import join, listen_together
from frontdesk.gateway.sockets.pushes import Pushes
from frontdesk.gateway.telemetry.canaries import COUNTED
from frontdesk.gateway.telemetry.watching import Take
from frontdesk.gateway.workers.orders import WorkerLostError
from frontdesk.gateway.workers.process import WorkerProcess
from frontdesk.ports.cache import Stats
from frontdesk.ports.invoker import Invoker
from frontdesk.ports.ledger import EmbeddedLedger
from frontdesk.ports.services import Services
from frontdesk.ports.usage import Row
from frontdesk.rules.resilience.breaker import Order
from frontdesk.stores.memory.ledger import MemoryLedger
from frontdesk.stores.shared_memory.ledger import SharedLedger, create_memory
from frontdesk.stores.shared_memory.turn import create_turn

PROGRAM: Final = "frontdesk.cli.worker"

PAUSES: Final = (0.0, 0.0, 0.5, 1.0, 2.0, 5.0, 10.0, 30.0)
"""Seconds before a worker is replaced, by how many in a row have ended soon."""

STEADY: Final = 10.0
"""Seconds after which the end of a worker is no longer soon."""

REPORT_TIME: Final = 5.0
"""Seconds that a worker has to tell of itself."""

_log = logging.getLogger("frontdesk.workers")


class _Place:
    """What stays when a worker is replaced. number: from 1. sockets: one for each address."""

    def __init__(self, number: int, sockets: list[socket.socket], max_connections: int) -> None:
        self.number = number
        self.sockets = sockets
        self.max_connections = max_connections
        self.process: WorkerProcess
        self.serving = False
        self.prepared: Candidate | None = None
        self.adopted: Candidate | None = None
        self.report = Report([], ())
        self.counting: asyncio.Task[None] | None = None

    def silence(self) -> None:
        """Leave the addresses to the other workers."""
        for each in self.sockets:
            each.close()
        self.sockets = []


class Supervisor:
    """The workers of one gateway. Used on its event loop, in the order of `DataPlane`."""

    def __init__(self, config: Config, clock: Clock, wheel: Wheel, workers: int) -> None:
        """workers: 2 or more."""
        self._config = config
        self._clock = clock
        self._wheel = wheel
        self._workers = workers
        # Compiles first what the workers are to compile, and serves nobody.
        self._own = DataPlane(config, MemoryLedger(), clock, wheel)
        self._ledger = self._turn = -1
        self._services = NO_SERVICES
        self._seal = b""
        self._places: list[_Place] = []
        self._living: set[WorkerProcess] = set()
        self._addresses: list[Address] = []
        self._keepers: list[asyncio.Task[None]] = []
        self._draining = False
        self._canaries: Mapping[str, float] = {}
        self._orders: dict[str, Order] = {}
        self._take: Take | None = None
        self._tell: Follow = lambda _number, _move: None
        self._counted: list[Row] = []
        self._past: list[Sample] = []  # what workers have counted that are no more
        self._nodes: Nodes
        self._shared: SharedLedger
        self._origin: Proposal
        self._in_force: Candidate

    # -- as DataPlane -----------------------------------------------------------------------------

    @property
    def telemetry(self) -> Telemetry:
        """What this process counts."""
        return self._own.telemetry

    @property
    def ledger(self) -> EmbeddedLedger:
        """What all workers count in."""
        return self._shared

    @property
    def api_keys(self) -> KeyRegistry:
        """The keys that all workers know."""
        return self._own.api_keys

    def open(self) -> None:
        """Make what the workers share: the memory to count in, and turns at the access log."""
        self._ledger, self._turn = create_memory(), create_turn()
        self._shared = SharedLedger(self._ledger)

    def lend(self, services: Services, seal: bytes) -> None:
        """Take whoever does durable work, for all workers; see `DataPlane.lend`."""
        self._own.lend(services, seal)
        self._services, self._seal = services, seal

    async def join(self, nodes: Nodes) -> None:
        """Reach the WebSocket connections of all workers from here; see `DataPlane.join`."""
        self._nodes = nodes
        await self._own.join(nodes)

    @property
    def pushes(self) -> Pushes:
        """The way to these connections."""
        return self._own.pushes

    def compile(self, loaded: Loaded, invokers: Mapping[str, Invoker]) -> Candidate:
        """Compile in this process; see `DataPlane.compile`."""
        return self._own.compile(loaded, invokers)

    async def prepare(self, loaded: Loaded, invokers: Mapping[str, Invoker]) -> Candidate:
        """Compile in this process and then in all workers.

        Raises: ConfigError or StartError of the first that cannot, and nothing has changed.
        """
        candidate = await aside(lambda: self.compile(loaded, invokers))
        await _all(self._prepare(place, candidate) for place in self._serving())
        return candidate

    async def start(self, candidate: Candidate) -> list[Address]:
        """Have all workers serve; return where. Raises: StartError or ConfigError."""
        self._origin, self._in_force = Proposal.of(candidate), candidate
        groups = self._listen()
        self._addresses = [Address(*group[0].getsockname()[:2]) for group in groups]
        self._places = [
            _Place(number, list(sockets), self._share(number))
            for number, sockets in enumerate(zip(*groups, strict=True), 1)
        ]
        await _all(self._begin_first(place) for place in self._places)
        self.telemetry.start()
        keep = asyncio.get_running_loop().create_task
        self._keepers = [keep(self._keep(place)) for place in self._places]
        return self._addresses

    async def adopt(self, candidate: Candidate) -> None:
        """Put what `prepare` has made in force, in all workers."""
        self._in_force = candidate
        await _all(self._adopt(place, candidate) for place in self._serving())

    async def steer(self, shares: Mapping[str, float]) -> None:
        """Give canaries their shares of the requests, in all workers; see `Canaries.steer`."""
        self._canaries = shares
        with suppress(WorkerLostError):
            await _all(place.process.order("steer", shares) for place in self._serving())

    def watch(self, take: Take | None) -> None:
        """Have somebody see the requests of all workers; see `DataPlane.watch`."""
        self._take = take
        for place in self._serving():
            place.process.tell("watch", take is not None)

    def follow(self, tell: Follow) -> None:
        """Have somebody told of the backends of all workers; see `DataPlane.follow`."""
        self._tell = tell

    async def drain(self) -> None:
        """Accept nobody more, and let requests end for up to `limits.drain`.

        Cancelled while it waits, it ends all workers at once.
        """
        self._draining = True
        for keeper in self._keepers:
            keeper.cancel()
        for place in self._places:
            place.silence()
        try:
            await _all(self._drain(place) for place in self._serving())
        finally:
            self._end()
            await self.pushes.stop()

    def close(self) -> None:
        """End what `open` and `start` have begun."""
        self._end()
        self._own.close()
        self._shared.close()
        os.close(self._ledger)
        os.close(self._turn)

    async def put_keys(self, keys: Sequence[ApiKey]) -> None:
        """Have all workers take API keys; returns when none goes by what they were before."""
        self.api_keys.put(keys)
        await _all(_give(process, "keys", keys) for process in self._living)

    async def counted(self) -> Sequence[Row]:
        """Return the requests of API keys since the last time; of a worker that is late, the next time."""
        for place in self._serving():
            if place.counting is None:
                place.counting = asyncio.create_task(self._count(place))
        if asked := [place.counting for place in self._places if place.counting is not None]:
            await asyncio.wait(asked, timeout=REPORT_TIME)
        counted, self._counted = self._counted, []
        return counted

    def reopen_logs(self) -> None:
        """Have all workers go on in new log files."""
        for place in self._serving():
            place.process.tell("reopen logs")

    async def cache_stats(self) -> Stats:
        """Add up what all workers keep."""
        each = await self._ask_all("cache stats")
        return Stats(*map(sum, zip(*each, strict=True))) if each else Stats(0, 0, 0, 0)

    async def flush_cache(self, prefix: str) -> int:
        """Drop kept answers in all workers; see `DataPlane.flush_cache`."""
        return sum(await self._ask_all("flush cache", prefix))

    async def upstreams(self) -> Mapping[int, Sequence[Look]]:
        """Tell how the backends are in each worker that serves, by its number."""
        places = self._serving()
        asked = (place.process.order("upstreams") for place in places)
        answers = await asyncio.gather(*asked, return_exceptions=True)
        return {
            place.number: looks
            for place, looks in zip(places, answers, strict=True)
            if not isinstance(looks, BaseException)
        }

    async def order_breakers(self, name: str, to: Order) -> int:
        """See `Upstreams.order`: in all workers, and in those that come."""
        self._orders.pop(name, None)
        if to != "closed":
            self._orders[name] = to
        return sum(await self._ask_all("order breakers", (name, to)))

    async def not_ready(self) -> list[str]:
        """Give the reasons why no requests should come; see `health.Check`."""
        if self._draining:
            return ["draining"]
        await self._hear_reports()
        reasons = [f"worker {place.number} starts" for place in self._places if not place.serving]
        told = [reason for place in self._serving() for reason in place.report.not_ready]
        return [*reasons, *dict.fromkeys(told)]

    async def samples(self) -> list[Sample]:
        """Give the numbers of all processes as one; see `scrape.Samples`."""
        await self._hear_reports()
        snapshots = [place.report.samples for place in self._places]
        return merge([self.telemetry.registry.snapshot(), self._past, *snapshots], COUNTED.get)

    # -- all workers ------------------------------------------------------------------------------

    def _listen(self) -> list[list[socket.socket]]:
        """Listen at every address, or at none, with a socket for each worker. Raises: StartError."""
        groups = []
        with ExitStack() as opened:
            for listener in self._config.listen:
                groups.append(listen_together(*listener.address, "listen", self._workers))
                for each in groups[-1]:
                    opened.enter_context(each)
            opened.pop_all()
        return groups

    def _serving(self) -> list[_Place]:
        return [place for place in self._places if place.serving]

    def _share(self, number: int) -> int:
        """Divide the connections of the host among workers, at least one for each."""
        each, more = divmod(self._config.limits.max_connections, self._workers)
        return max(1, each + (number <= more))

    def _find(self, name: str) -> Invoker | None:
        return self._in_force.parts.invokers.get(name)

    def _end(self) -> None:
        """End all workers at once."""
        for process in self._living:
            process.kill()
        for process in self._living:
            process.bury()
        self._living.clear()
        for place in self._places:
            place.silence()

    async def _ask_all(self, order: str, value: object = None) -> list[Any]:
        """Have all workers that serve carry an order out; those that end meanwhile answer nothing."""
        answers = await asyncio.gather(
            *(place.process.order(order, value) for place in self._serving()),
            return_exceptions=True,
        )
        return [each for each in answers if not isinstance(each, BaseException)]

    async def _hear_reports(self) -> None:
        """Have all workers tell of themselves. For those that do not in time the last report stands."""

        async def hear(place: _Place) -> None:
            with suppress(WorkerLostError, TimeoutError):
                async with asyncio.timeout(REPORT_TIME):
                    place.report = await place.process.order("report")

        await asyncio.gather(*map(hear, self._serving()))

    def _moved(self, number: int, move: Move) -> None:
        self._tell(number, move)

    def _see(self, document: Mapping[str, Any]) -> None:
        if self._take is not None:
            self._take(document)

    async def _count(self, place: _Place) -> None:
        self._counted += await _give(place.process, "count") or ()
        place.counting = None

    async def _drain(self, place: _Place) -> None:
        self._counted += await _give(place.process, "drain") or ()

    # -- one worker -------------------------------------------------------------------------------

    async def _keep(self, place: _Place) -> None:
        """Start another worker whenever that of a place has ended."""
        soon, began = 0, self._clock.monotonic()
        told = await self._loss_of(place)
        while True:
            soon = soon + 1 if self._clock.monotonic() - began < STEADY else 0
            pause = PAUSES[min(soon, len(PAUSES) - 1)]
            when = f"in {pause:g} s" if pause else "now"
            _log.warning("worker %d %s; another one starts %s", place.number, told, when)
            if pause:
                place.silence()
                await self._pause(pause)
            began = self._clock.monotonic()
            try:
                await self._begin(place)
            except WorkerLostError:
                told = await self._end_of(place)
            except FrontdeskError as error:
                told = f"cannot start: {error}"
                await self._end_of(place)
            else:
                told = await self._loss_of(place)

    async def _begin_first(self, place: _Place) -> None:
        try:
            await self._begin(place)
        except WorkerLostError as error:
            told = await self._end_of(place)
            hint = "what it has said itself stands above"
            raise StartError(f"worker {place.number} {told}", hint=hint) from error

    async def _begin(self, place: _Place) -> None:
        """Start a worker; return when it serves by the configuration in force.

        Raises: ConfigError or StartError, WorkerLostError.
        """
        if not place.sockets:
            place.sockets = [join(address, "listen") for address in self._addresses]
        descriptors = tuple(each.fileno() for each in place.sockets)
        node = self._nodes()
        place.process = await WorkerProcess.start(
            PROGRAM,
            [str(place.number), self._config.logs.level],
            [*descriptors, self._ledger, self._turn],
            find=self._find,
            services=self._services,
            node=node,
            seen=self._see,
            moved=partial(self._moved, place.number),
        )
        self._living.add(place.process)
        candidate = self._in_force
        start = Start(
            self._origin,
            Proposal.of(candidate),
            descriptors,
            self._ledger,
            self._turn,
            place.max_connections,
            self._canaries,
            tuple(self.api_keys),
            node.name,
            self._seal,
        )
        await place.process.order("start", start)
        place.prepared = place.adopted = candidate
        while place.adopted is not self._in_force:  # a reload came between
            await self._serve_by(place, self._in_force)
        place.serving = True
        place.process.tell("steer", self._canaries)  # what has been said since it began
        for order in self._orders.items():
            place.process.tell("order breakers", order)
        place.process.tell("watch", self._take is not None)

    async def _loss_of(self, place: _Place) -> str:
        """Wait for the end of a worker that serves; say how it ended."""
        await place.process.lost()
        place.serving = False
        # What has been counted stays counted: a sum that goes down would look like a restart.
        lasting = [each for each in place.report.samples if COUNTED[each.name].kind != "gauge"]
        self._past = merge([self._past, lasting], COUNTED.get)
        place.report = Report([], ())
        return await self._end_of(place)

    async def _end_of(self, place: _Place) -> str:
        told = await place.process.end()
        self._living.discard(place.process)
        return told

    async def _prepare(self, place: _Place, candidate: Candidate) -> None:
        # One that has ended meanwhile comes back with what is in force then.
        with suppress(WorkerLostError):
            await place.process.order("prepare", Proposal.of(candidate))
            place.prepared = candidate

    async def _adopt(self, place: _Place, candidate: Candidate) -> None:
        try:
            await self._serve_by(place, candidate)
        except WorkerLostError:
            return
        except FrontdeskError as error:  # it has come since `prepare`
            _log.warning("worker %d cannot take the new configuration: %s", place.number, error)
            place.process.kill()

    async def _serve_by(self, place: _Place, candidate: Candidate) -> None:
        if place.prepared is not candidate:
            await place.process.order("prepare", Proposal.of(candidate))
            place.prepared = candidate
        await place.process.order("adopt")
        place.adopted = candidate

    async def _pause(self, seconds: float) -> None:
        over = asyncio.get_running_loop().create_future()
        timer = self._wheel.timer(lambda: over.set_result(None))
        timer.at(self._clock.monotonic() + seconds)
        try:
            await over
        finally:
            timer.stop()


async def _give(process: WorkerProcess, name: str, value: object = None) -> Any:
    """Have a worker carry out an order; None where it has ended before."""
    with suppress(WorkerLostError):
        return await process.order(name, value)


async def _all(doings: Iterable[Awaitable[None]]) -> None:
    """Wait for all of them. Raises: what the first of those raised that did."""
    for result in await asyncio.gather(*doings, return_exceptions=True):
        if isinstance(result, BaseException):
            raise result
