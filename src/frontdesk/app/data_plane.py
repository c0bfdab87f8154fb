"""Composes what serves clients in one process: access log, plan, its parts, listeners.

It is given invokers, an embedded ledger and listening sockets; whose these are is not its business.
"""

import socket
from collections import ChainMap
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, ExitStack, nullcontext
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from frontdesk.app import features
from frontdesk.app.background import aside
from frontdesk.app.sockets import Nodes
from frontdesk.app.stores import (
    cache_store,
    idempotency_store,
    shared_cache,
    shared_ledger,
    shared_link,
)
from frontdesk.app.telemetry import Telemetry
from frontdesk.app.tls import certificates_of_listeners
from frontdesk.base import metrics
from frontdesk.base.addresses import Address
from frontdesk.base.clock import Clock
from frontdesk.base.telemetry import Sample
from frontdesk.base.wheel import Wheel
from frontdesk.client.looks import Look, Move
from frontdesk.client.upstreams import Upstreams
from frontdesk.config.load import Loaded
from frontdesk.config.models.root import Config
from frontdesk.gateway.identity.fetch import fetch
from frontdesk.gateway.identity.key_registry import ApiKey
from frontdesk.gateway.identity.keyring import KeyRing
from frontdesk.gateway.identity.vendors import Vendors
from frontdesk.gateway.pipeline.build import Parts
from frontdesk.gateway.pipeline.canaries import Canaries
from frontdesk.gateway.pipeline.compile import compile_gateway
from frontdesk.gateway.pipeline.exchange import Exchange
from frontdesk.gateway.pipeline.plan import unlogged
from frontdesk.gateway.pipeline.router import Door, GatewayPlan
from frontdesk.gateway.server.access_log import AccessLog
from frontdesk.gateway.server.limits import Limits
from frontdesk.gateway.server.listener import Server
from frontdesk.gateway.server.listening import listen
from frontdesk.gateway.server.log_formats import terminal_line
from frontdesk.gateway.server.shared import Entrance
from frontdesk.gateway.server.tls import Certificates, CertificateWatch, ListenerTls
from frontdesk.gateway.sockets.pushes import Pushes
from frontdesk.gateway.telemetry.backends import backend_samples
from frontdesk.gateway.telemetry.scrape import unhurried
from frontdesk.gateway.telemetry.watching import RequestWatch, Take, WatchedPlan
from frontdesk.ports.cache import Stats
from frontdesk.ports.invoker import Invoker
from frontdesk.ports.ledger import EmbeddedLedger
from frontdesk.ports.services import Services
from frontdesk.ports.usage import Row
from frontdesk.rules.auth.sealed_names import SealedNames
from frontdesk.rules.http.forwarding import TrustedProxies
from frontdesk.rules.redaction import SecretNames
from frontdesk.rules.resilience.breaker import Order

if TYPE_CHECKING:
    from frontdesk.stores.redis.ledger import RedisLedger

Follow = Callable[[int, Move], None]
"""Is told of a change of a backend, with the number of the worker; 0 where there are none."""


@dataclass(frozen=True, slots=True)
class Candidate:
    """A configuration that is ready to be put in force."""

    loaded: Loaded
    plan: GatewayPlan
    parts: Parts
    certificates: tuple[Certificates | None, ...]


class _Moves:
    """Passes on what breakers and targets do. Backends know this, not the plane, which holds plan and configuration."""

    def __init__(self) -> None:
        self.tell: Follow = lambda _number, _move: None

    def told(self, move: Move) -> None:
        """Learn that the only process there is has seen one."""
        self.tell(0, move)


class DataPlane:
    """Used on one event loop.

    In this order: `open`, `join`, `lend`, `compile`, `start` or `listen`, `drain`, `close`.
    """

    def __init__(
        self,
        config: Config,
        ledger: EmbeddedLedger,
        clock: Clock,
        wheel: Wheel,
        *,
        development: bool = False,
        turn: AbstractContextManager[None] | None = None,
    ) -> None:
        """Take what is fixed at the start; nothing is opened yet.

        development: log readably. turn: of this process at the access log, where others write it too.
        """
        self._config = config
        self._clock = clock
        self._wheel = wheel
        self._development = development
        self._turn = turn or nullcontext()
        self.telemetry = Telemetry(config, clock)
        self._moves = _Moves()
        keys = KeyRing(clock, wheel, fetch, on_fetched=self.telemetry.keys_fetched)
        upstreams = Upstreams(clock, wheel, self.telemetry.backend, self._moves.told)
        self._parts = Parts(
            clock,
            wheel,
            ledger,
            {},
            keys,
            upstreams,
            self.telemetry.metrics,
            self.telemetry.traces,
            canaries=Canaries(self.telemetry.registry),
            vendors=Vendors(clock, fetch),
        )
        self.ledger = ledger
        self.pushes: Pushes
        self.api_keys = self._parts.api_keys
        self._shared: RedisLedger | None = None
        self._access: AccessLog | None = None
        self._standing = "starting"  # until clients are let in
        self._door: Door
        self._plan: GatewayPlan
        self._take: Take | None = None  # whoever watches
        self._request_watch: RequestWatch | None = None
        self._server: Server
        self._tls: list[ListenerTls | None] = []
        self._watch = CertificateWatch(clock, wheel)

    def lend(self, services: Services, seal: bytes) -> None:
        """Take whoever does durable work, before anything is compiled.

        seal: 32 random bytes, the same in all processes: with them the names of executions are sealed.
        """
        names = SealedNames(seal)
        self._parts = replace(self._parts, sealed_names=names, **services._asdict())

    async def join(self, nodes: Nodes) -> None:
        """Be one of the processes that hold WebSocket connections, until `drain` is over."""
        self.pushes = Pushes(self._parts.sockets, nodes(), self._clock, self._wheel)
        await self.pushes.start()

    def open(self) -> None:
        """Choose the stores, and open the access log, which `close` closes.

        Raises: StartError or ConfigError.
        """
        config, clock, wheel = self._config, self._clock, self._wheel
        parts = replace(
            self._parts, idempotency=idempotency_store(config), cache=cache_store(config)
        )
        if config.shared is not None:
            link = shared_link(config.shared, clock, wheel)
            self._shared = shared_ledger(config, link, parts.ledger, clock, wheel)
            cache = shared_cache(config, link, parts.cache, clock, wheel)
            parts = replace(parts, ledger=self._shared, cache=cache)
        self._parts = parts
        logs = config.logs
        if logs.access is None:
            return
        asked = "format" in logs.access.model_fields_set
        self._access = AccessLog(
            terminal_line if self._development and not asked else logs.access.format,
            logs.access.path,
            wheel=self._wheel,
            redact=logs.redact,
            turn=self._turn,
        )

    def look_at(self, loaded: Loaded, invokers: Mapping[str, Invoker]) -> GatewayPlan:
        """Compile a configuration to look at the plan alone. Raises: ConfigError, as `compile`."""
        return compile_gateway(loaded, self._parts.successor(invokers), self._record())

    async def prepare(self, loaded: Loaded, invokers: Mapping[str, Invoker]) -> Candidate:
        """Compile a configuration beside the one in force while requests go on; see `compile`."""
        return await aside(lambda: self.compile(loaded, invokers))

    def compile(self, loaded: Loaded, invokers: Mapping[str, Invoker]) -> Candidate:
        """Compile a configuration beside the one in force, in whatever thread: nothing changes.

        invokers: by function name. Raises: ConfigError for what only compiling can tell, and StartError
        when a certificate cannot be used.
        """
        if features.speaks_websocket(loaded.config):
            features.websocket()
        parts = self._parts.successor(invokers)
        plan = compile_gateway(loaded, parts, self._record())
        certificates = certificates_of_listeners(self._config.listen, loaded.config)
        return Candidate(loaded, plan, parts, certificates)

    async def start(self, candidate: Candidate) -> list[Address]:
        """Let clients in at every `listen` of the file; return where. Raises: StartError."""
        with ExitStack() as opened:  # all of them, before anybody is served at one
            sockets = [
                opened.enter_context(listen(*listener.address, "listen"))
                for listener in self._config.listen
            ]
            opened.pop_all()
        most = self._config.limits.max_connections
        return await self.listen(candidate, sockets, max_connections=most)

    async def listen(
        self, candidate: Candidate, sockets: list[socket.socket], *, max_connections: int
    ) -> list[Address]:
        """Let clients in; return where. sockets: one that listens for each `listen` of the file.

        max_connections: of this process.
        """
        self._parts = candidate.parts
        failed = self.telemetry.handshake_failed
        self._tls = [
            None if found is None else ListenerTls(found, failed)
            for found in candidate.certificates
        ]
        self._plan = candidate.plan
        self._door = self.telemetry.door(candidate.plan)
        self._show()
        self._server = server(
            self._config,
            self._door,
            self._record_refused(),
            clock=self._clock,
            wheel=self._wheel,
            max_connections=max_connections,
        )
        opening = zip(sockets, self._config.listen, self._tls, strict=True)
        addresses = [
            Address(*await self._server.serve(listening, half_close=listener.half_close, tls=tls))
            for listening, listener, tls in opening
        ]
        self._watch.start(self._tls)
        # Last, because the issuer may be our own.
        self._parts.start()
        self.telemetry.registry.collect(self._samples)
        self.telemetry.start()
        self._standing = ""
        return addresses

    async def adopt(self, candidate: Candidate) -> None:
        """Put what `prepare` has made in force. Requests under way keep what they began with."""
        self._parts = candidate.parts
        for tls, certificates in zip(self._tls, candidate.certificates, strict=True):
            if tls is not None and certificates is not None:
                tls.replace(certificates, self._clock.time())
        self._plan = candidate.plan
        self._show()
        self._parts.start()

    async def steer(self, shares: Mapping[str, float]) -> None:
        """Give canaries their shares of the requests; see `Canaries.steer`."""
        self._parts.canaries.steer(shares)

    def watch(self, take: Take | None) -> None:
        """Have somebody see requests from now on; None: nobody, and none of it is in the way."""
        self._take = take
        if self._standing != "starting":
            self._show()

    def follow(self, tell: Follow) -> None:
        """Have somebody told from now on when a breaker or a target of a backend changes."""
        self._moves.tell = tell

    def _show(self) -> None:
        """Put the plan in force, watched or not."""
        self._door.plan, self._request_watch = self._plan, None
        if self._take is not None:
            logs = self._config.logs
            monotonic = self._clock.monotonic if logs.slow is None else None
            watch = RequestWatch(self._take, SecretNames(logs.redact), monotonic)
            self._door.plan, self._request_watch = WatchedPlan(self._plan, watch), watch

    async def upstreams(self) -> Mapping[int, Sequence[Look]]:
        """Tell how the backends are, by number of the process: 0, the only one."""
        return {0: [each.look() for each in self._parts.upstreams.each()]}

    async def order_breakers(self, name: str, to: Order) -> int:
        """See `Upstreams.order`."""
        return self._parts.upstreams.order(name, to)

    async def drain(self) -> None:
        """Accept nobody more, and let requests end for up to `limits.drain`."""
        self._watch.stop()
        self._standing = "draining"
        try:
            await self._server.drain(self._config.limits.drain)
        finally:
            await self.pushes.stop()
            if self._shared is not None:
                await self._shared.close()

    def close(self) -> None:
        """Close what the plan and the log have opened."""
        self.telemetry.close()
        self._parts.stop()
        if self._access is not None:
            self._access.close()

    async def put_keys(self, keys: Sequence[ApiKey]) -> None:
        """Take API keys, in place of what they were before, from the next request on."""
        self.api_keys.put(keys)

    async def counted(self) -> Sequence[Row]:
        """Return the requests of API keys since the last time."""
        return self._parts.tally.take()

    def reopen_logs(self) -> None:
        """Go on in new log files, after the old ones have been moved away."""
        if self._access is not None:
            self._access.reopen()

    async def cache_stats(self) -> Stats:
        """Tell what answers are kept."""
        return self._parts.cache.stats()

    async def flush_cache(self, prefix: str) -> int:
        """Drop the kept answers whose keys begin so; return how many."""
        return await self._parts.cache.flush(prefix)

    def not_ready(self) -> Iterator[str]:
        """Give the reasons why no requests should come; see `health.Check`."""
        if self._standing:
            yield self._standing
        for issuer in self._parts.keys.missing():
            yield f"no keys of issuer {issuer}"

    async def samples(self) -> Iterator[Sample]:
        """Give all numbers of this process, and let requests pass meanwhile; see `scrape.Samples`."""
        registry = self.telemetry.registry
        async for _ in unhurried(registry.settle()):
            pass
        return registry.samples()

    def _samples(self) -> Iterator[Sample]:
        yield Sample(metrics.ACTIVE_REQUESTS.name, (), float(self._server.active))
        yield from self._parts.sockets.samples()
        kept = self._parts.cache.stats()
        yield Sample(metrics.CACHE_BYTES.name, (), float(kept.bytes))
        yield Sample(metrics.CACHE_EVICTIONS.name, (), float(kept.evictions))
        yield from backend_samples(self._parts.upstreams.each())
        shown = [listener.certificates.by_file for listener in self._tls if listener is not None]
        for path, certificate in dict(ChainMap(*shown)).items():
            left = certificate.not_after - self._clock.time()
            yield Sample(metrics.CERT_EXPIRY.name, (str(path),), left)
        if self._shared is not None:
            yield from self._shared.samples()
        if self._access is not None:
            yield Sample(metrics.ACCESS_LOG_DROPPED.name, (), float(self._access.dropped))

    def _record_refused(self) -> Callable[[Exchange], None]:
        """Return what takes requests that are refused before they reach the plan."""
        log = self.telemetry.of_unrouted(self._record())

        def record(ex: Exchange) -> None:
            log(ex)
            if self._request_watch is not None:
                self._request_watch.see_refused(ex)

        return record

    def _record(self) -> Callable[[Exchange], None]:
        return self.telemetry.around(unlogged if self._access is None else self._access.record)


def server(
    config: Config,
    door: Entrance,
    log: Callable[[Exchange], None],
    *,
    clock: Clock,
    wheel: Wheel,
    max_connections: int,
) -> Server:
    """Make the listeners of a door. log: takes exchanges that were refused before they were routed."""
    limits = config.limits
    return Server(
        door,
        clock=clock,
        wheel=wheel,
        log=log,
        trusted=TrustedProxies(config.trusted_proxies),
        limits=Limits(
            fields=limits.max_header,
            header_timeout=limits.header_timeout,
            idle_timeout=limits.idle_timeout,
            max_connections=max_connections,
        ),
    )
