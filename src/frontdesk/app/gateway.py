"""Composes one process of Frontdesk: opens its parts, reloads them, closes them.

In order (log, functions, plan, admin listener, data listeners) and closed in reverse, so that whoever
can connect is served, and whoever is being served can finish.
"""

import os
from collections.abc import Callable, Iterator, Mapping
from contextlib import AsyncExitStack
from functools import cached_property
from typing import TYPE_CHECKING, Final

from frontdesk.app import features
from frontdesk.app.admin import documents, refuse_open_admin
from frontdesk.app.aws_endpoints import aws_environment, environments, make_keys
from frontdesk.app.canary import CanaryRuns
from frontdesk.app.data_dir import hold
from frontdesk.app.data_plane import Candidate, DataPlane, server
from frontdesk.app.functions import all_functions, function_host, invokers
from frontdesk.app.history import History
from frontdesk.app.keys import LiveKeys
from frontdesk.app.observing import Observing
from frontdesk.app.on_demand import OnDemand, services_of
from frontdesk.app.premises import Premises
from frontdesk.app.record_files import records_environment
from frontdesk.app.reloading import LogReport, Reloads, Report
from frontdesk.app.seal import seal_key
from frontdesk.app.sockets import open_nodes
from frontdesk.app.stores import Stores, open_stores, vault_catalog
from frontdesk.app.tls import admin_tls, fixed_of_listeners
from frontdesk.app.usage import UsageKeeper
from frontdesk.base.addresses import Address
from frontdesk.base.clock import Clock, SystemClock
from frontdesk.base.metrics import CONFIG_RELOAD
from frontdesk.base.news import News
from frontdesk.base.wheel import Wheel
from frontdesk.client.heartbeat import Heartbeat
from frontdesk.config.load import Loaded
from frontdesk.config.models.root import Config
from frontdesk.config.references import elsewhere
from frontdesk.functions.host import FunctionHost
from frontdesk.functions.logs import LogFiles
from frontdesk.functions.remote import RemoteFunctions
from frontdesk.gateway.admin import AdminDoor, Face, LateDoor, TokenGatekeeper
from frontdesk.gateway.pipeline.plan import unlogged
from frontdesk.gateway.pipeline.router import GatewayPlan
from frontdesk.gateway.server.tls import CertificateWatch
from frontdesk.gateway.sockets.pushes import Pushes
from frontdesk.gateway.telemetry.functions import function_samples
from frontdesk.gateway.telemetry.health import Readiness
from frontdesk.ports.services import Services
from frontdesk.stores.memory.ledger import MemoryLedger

if TYPE_CHECKING:
    from frontdesk.app.secrets_in_use import SecretsInUse
    from frontdesk.app.supervisor import Supervisor
    from frontdesk.app.works import Works

_CLOCK = SystemClock()

_ANSWERED: Final = 1.0
"""Seconds in which requests at the admin listener that are under way may end at a stop."""


class Frontdesk:
    """One process of Frontdesk: listeners, pipeline, functions. Used on one event loop."""

    def __init__(
        self,
        loaded: Loaded,
        *,
        development: bool = False,
        echo: Callable[[str, str], None] | None = None,
        report: Report = LogReport(),  # noqa: B008 - it has no state
        environ: Mapping[str, str] = os.environ,
        workers: int | None = None,
        clock: Clock = _CLOCK,
    ) -> None:
        """Take a configuration; nothing is opened before `start`.

        development: serve the token issuer, and log readably. echo: told (function, line) for each
        line of a function's log, beside the file. report: told what came of each reload. environ: for
        the references of reloaded files. workers: processes that serve; None: as many as the file says.
        """
        self.reloads = Reloads(self, environ, report, self._count_reload)
        self._loaded = loaded
        self._fixed = _fixed(loaded.config)
        self._development = development
        self._echo = echo
        self._clock = clock
        self._wheel = Wheel(clock.monotonic())
        self.news = News()
        self._data = _data_plane(loaded.config, clock, self._wheel, development, workers)
        self._aws_keys = make_keys(loaded.config)
        self._environ = environ
        self._remote = RemoteFunctions(clock, self._wheel)
        self._opened = AsyncExitStack()
        self._addresses: list[Address] = []
        self._works = OnDemand(features.works, self._open_works)
        self._office = OnDemand(features.office, self._open_office)
        self._in_use: SecretsInUse | None = None
        self._stores: Stores
        self._functions: FunctionHost
        self._usage: UsageKeeper
        self._canaries: CanaryRuns
        self._premises: Premises
        self._in_force: Candidate

    @property
    def loaded(self) -> Loaded:
        """The configuration loaded last, and where it says what."""
        return self._loaded

    @property
    def config(self) -> Config:
        """The configuration loaded last. What `reload` has told to wait for a restart is not in force yet."""
        return self._loaded.config

    @property
    def pushes(self) -> Pushes:
        """The way to the WebSocket connections of all its processes, once it has started."""
        return self._data.pushes

    @property
    def addresses(self) -> list[Address]:
        """Where clients connect; a port 0 of the file has become a real one."""
        return self._addresses

    async def start(self) -> None:
        """Open everything; return when clients can connect.

        Raises: StartError or ConfigError, and everything is closed again.
        """
        try:
            await self._open()
        except BaseException:
            await self._opened.aclose()
            raise

    async def stop(self) -> None:
        """Accept nothing more, let requests end for up to `limits.drain`, then close everything.

        Cancelled while it waits, it waits no longer and closes what is left.
        """
        await self._opened.aclose()

    async def reload(self, loaded: Loaded) -> tuple[str, ...]:
        """Put another configuration in force. Requests under way keep the one they began with.

        Returns the keys that are read at the start only and differ from then: these wait for a restart.
        Raises: ConfigError or StartError, and nothing has changed.
        """
        await self.adopt(await self.prepare(loaded))
        return self.waiting(loaded.config)

    async def prepare(self, loaded: Loaded) -> Candidate:
        """See reloading.Reloadable."""
        return await self._data.prepare(
            loaded, invokers(loaded.config, self._functions, self._remote)
        )

    async def adopt(self, candidate: Candidate) -> Candidate:
        """See reloading.Reloadable."""
        config, former = candidate.loaded.config, self._in_force
        functions = all_functions(config)

        async def swap() -> None:
            await self._data.adopt(candidate)
            self._in_force, self._loaded = candidate, candidate.loaded

        if features.asks_for_work(config):
            await self._works.get()  # where this fails, nothing has changed
        await self._usage.adopt(config)
        await self._functions.replace(functions, swap)
        self._aws_keys.accept(environments(functions))
        works = await self._works.opened()  # it may have begun with the former configuration
        if works is not None:
            await works.adopt(candidate.loaded)
        self._follow_secrets()
        await self._canaries.adopt(config)
        return former

    def waiting(self, config: Config) -> tuple[str, ...]:
        """See reloading.Reloadable."""
        return tuple(key for key, value in _fixed(config).items() if self._fixed[key] != value)

    def reopen_logs(self) -> None:
        """Go on in new log files, after the old ones have been moved away."""
        self._data.reopen_logs()

    async def _open(self) -> None:
        config, clock, wheel, opened = self.config, self._clock, self._wheel, self._opened
        refuse_open_admin(config)
        opened.callback(os.close, hold(config.data_dir))
        heartbeat = Heartbeat(wheel, clock)
        heartbeat.start()
        opened.callback(heartbeat.close)
        data = self._data
        opened.callback(data.close)
        data.open()

        self._stores = stores = await opened.enter_async_context(open_stores(config, clock, wheel))
        embedded = data.ledger if config.shared is None else None
        self._usage = keeper = UsageKeeper(stores.usage, embedded, data, clock, wheel)
        await keeper.adopt(config)
        opened.push_async_callback(keeper.stop)
        data.telemetry.registry.collect(keeper.samples)
        keys = LiveKeys(stores.shared, data.api_keys, data.put_keys, lambda: self.config, clock)
        await keys.start(shared=config.store.url is not None)
        opened.callback(keys.stop)

        await data.join(await opened.enter_async_context(open_nodes(config, clock, wheel)))
        await self._open_functions()
        opened.push_async_callback(self._works.close)
        services = services_of(self._services)
        if stores.holds_work or features.asks_for_work(config):
            services = await self._services()
        data.lend(services, await seal_key(stores.shared))
        self._follow_secrets()
        opened.callback(self._unfollow_secrets)
        candidate = data.compile(self._loaded, invokers(config, self._functions, self._remote))
        self._in_force = candidate
        self._canaries = CanaryRuns(stores.own, clock, wheel, data.samples, data.steer)
        opened.callback(self._canaries.stop)
        await self._canaries.adopt(config)
        observing = Observing(data, stores.own, clock, wheel, self.news)
        await observing.start()
        opened.push_async_callback(observing.stop)
        self._premises = Premises(
            config,
            clock,
            wheel,
            self.news,
            data,
            stores,
            self._functions,
            self.reloads,
            keys,
            keeper,
            self._canaries,
            observing,
            loaded=lambda: self.loaded,
            in_force=lambda: self._in_force,
            addresses=lambda: self._addresses,
        )
        await self._open_admin()
        self._addresses = await data.start(candidate)
        opened.push_async_callback(data.drain)
        await self.reloads.start(History(stores.own, config.name))
        opened.callback(self.reloads.stop)

    async def _open_admin(self) -> None:
        config, clock, wheel, opened = self.config, self._clock, self._wheel, self._opened
        opened.push_async_callback(self._office.close)
        token = config.admin.token
        gatekeeper = TokenGatekeeper(None if token is None else token.reveal())
        door = LateDoor(self._early, gatekeeper, self._office.get)
        admin = server(
            config,
            door,
            unlogged,
            clock=clock,
            wheel=wheel,
            max_connections=config.limits.max_connections,
        )
        opened.push_async_callback(admin.drain, _ANSWERED)
        # Before their connections are closed, those who wait are told that there is nothing to come.
        opened.callback(door.stop)
        opened.callback(self._stop_waiting)
        tls = admin_tls(config, self._data.telemetry.handshake_failed)
        await admin.open(*config.admin.listen, key="admin.listen", tls=tls)
        watch = CertificateWatch(clock, wheel)
        opened.callback(watch.stop)
        watch.start([tls])

    async def _open_functions(self) -> None:
        config, clock, wheel, opened = self.config, self._clock, self._wheel, self._opened
        lines = LogFiles(config.data_dir / "logs", wheel, clock, self._echo)
        opened.callback(lines.flush)
        telemetry = self._data.telemetry
        self._functions = function_host(
            config,
            clock,
            wheel,
            lines,
            {**aws_environment(self._loaded, self._aws_keys), **records_environment(config)},
            observer=telemetry.functions,
            tracer=telemetry.tracer,
        )
        telemetry.registry.collect(lambda: function_samples(self._functions.census()))
        opened.push_async_callback(self._functions.stop, 0.0)
        opened.callback(self._remote.close)
        functions = all_functions(config)
        self._aws_keys.accept(environments(functions))
        await self._functions.start(functions)

    async def _open_works(self, works: "type[Works]", opened: AsyncExitStack) -> "Works":
        telemetry = self._data.telemetry
        return await works.open(
            opened,
            self._loaded,
            self._stores,
            self._clock,
            self._wheel,
            host=self._functions,
            remote=self._remote,
            keys=self._aws_keys,
            environ=self._environ,
            registry=telemetry.registry,
            news=self.news,
            tracer=telemetry.tracer,
        )

    async def _open_office(
        self, open_office: features.OpenOffice, opened: AsyncExitStack
    ) -> AdminDoor:
        return await open_office(opened, self._premises, await self._works.get(), self._early)

    async def _services(self) -> Services:
        return (await self._works.get()).services

    def _stop_waiting(self) -> None:
        if self._works.part is not None:
            self._works.part.durable.queues.queues.stop()

    def _follow_secrets(self) -> None:
        """Follow the secrets of the configuration in force, from the first one that has some."""
        if self._in_use is None and elsewhere(self.loaded.references):
            in_use = features.secrets_in_use()(
                lambda: self.loaded, self.reloads.renew, self._environ, self._clock, self._wheel
            )
            in_use.start(vault_catalog(self.config, self._stores))
            self._in_use = in_use

    def _unfollow_secrets(self) -> None:
        if self._in_use is not None:
            self._in_use.stop()

    @cached_property
    def _early(self) -> tuple[Face, ...]:
        """What monitoring asks for, whether there is an office or not."""
        return (
            documents(self.config, development=self._development),
            Readiness(self._data.not_ready, self._functions_not_ready),
            *self._data.telemetry.faces(self._data.samples),
        )

    def _count_reload(self, result: str) -> None:
        self._data.telemetry.registry.counter(CONFIG_RELOAD, result).value += 1

    def _functions_not_ready(self) -> Iterator[str]:
        for name in self._functions.unproven():
            yield f"function {name} is starting"


def _data_plane(
    config: Config, clock: Clock, wheel: Wheel, development: bool, workers: int | None
) -> "DataPlane | Supervisor":
    count = config.workers if workers is None else workers
    if count > 1:
        return features.supervisor()(config, clock, wheel, count)
    return DataPlane(config, MemoryLedger(), clock, wheel, development=development)


def compile_offline(loaded: Loaded) -> GatewayPlan:
    """Compile a configuration without starting anything: to look at, not to run.

    Raises: ConfigError for what only compiling can tell.
    """
    config, wheel = loaded.config, Wheel(0.0)
    functions = function_host(config, _CLOCK, wheel, lambda _function, _lines: None, {})
    data = DataPlane(config, MemoryLedger(), _CLOCK, wheel)
    return data.look_at(loaded, invokers(config, functions, RemoteFunctions(_CLOCK, wheel)))


def _fixed(config: Config) -> dict[str, object]:
    """List what is read when the process starts, by key of the file. A reload leaves it as it was."""
    keys = (
        "admin",
        "data_dir",
        "store",
        "shared",
        "secrets",
        "workers",
        "trusted_proxies",
        "logs",
        "metrics",
        "tracing",
        "region",
        "account",
    )
    limits = ("max_connections", "max_header", "header_timeout", "idle_timeout", "drain")
    return {
        "listen": fixed_of_listeners(config.listen),
        "records": bool(config.records),  # functions are told at the start where they are
        **{key: getattr(config, key) for key in keys},
        **{
            f"limits.{key}": getattr(config.limits, key)
            for key in (*limits, "cache", "concurrency", "nested_executions")
        },
    }
