"""Composes one process of Frontdesk: opens its parts, reloads them, closes them.

In order (log, functions, plan, admin listener, data listeners) and closed in reverse, so that whoever
can connect is served, and whoever is being served can finish.
"""

import os
from collections.abc import Callable, Iterator, Mapping
from contextlib import AsyncExitStack
from typing import Final

from frontdesk.app.admin import refuse_open_admin
from frontdesk.app.aws import AwsApis, secret_services
from frontdesk.app.cache_api import CacheApi
from frontdesk.app.canary import CanaryRuns
from frontdesk.app.config_api import ConfigApi
from frontdesk.app.console import Reception
from frontdesk.app.data_dir import hold
from frontdesk.app.data_plane import Candidate, DataPlane, server, unlogged
from frontdesk.app.durable import DurableWork
from frontdesk.app.executions_api import ExecutionsApi
from frontdesk.app.function_facts import FunctionFacts
from frontdesk.app.functions import (
    all_functions,
    function_host,
    invokers,
    policies,
    remote_invokers,
)
from frontdesk.app.functions_api import FunctionsApi
from frontdesk.app.history import History
from frontdesk.app.keys import LiveKeys
from frontdesk.app.keys_api import KeysApi
from frontdesk.app.method_tests import MethodTests
from frontdesk.app.observing import Observing
from frontdesk.app.records import records_environment
from frontdesk.app.releases_api import ReleasesApi, VersionCalls
from frontdesk.app.reloading import LogReport, Reloads, Report
from frontdesk.app.seal import seal_key
from frontdesk.app.secrets_api import SecretsApi
from frontdesk.app.secrets_in_use import SecretsInUse
from frontdesk.app.sockets import open_nodes, places_of
from frontdesk.app.sockets_api import SocketsApi
from frontdesk.app.state_machines_api import StateMachinesApi
from frontdesk.app.stores import Stores, open_stores, vault_catalog
from frontdesk.app.supervisor import Supervisor
from frontdesk.app.tls import admin_tls, fixed_of_listeners
from frontdesk.app.upstreams_api import UpstreamsApi
from frontdesk.app.usage import UsageKeeper
from frontdesk.aws.connections.service import ConnectionsService
from frontdesk.base.addresses import Address
from frontdesk.base.clock import Clock, SystemClock
from frontdesk.base.metrics import CONFIG_RELOAD
from frontdesk.base.news import News
from frontdesk.base.wheel import Wheel
from frontdesk.client.heartbeat import Heartbeat
from frontdesk.config.load import Loaded
from frontdesk.config.models.root import Config
from frontdesk.functions.host import FunctionHost
from frontdesk.functions.logs import LogFiles
from frontdesk.functions.remote import RemoteFunctions
from frontdesk.functions.settings import FunctionDefinition
from frontdesk.gateway.admin import Face
from frontdesk.gateway.pipeline.build import NO_SERVICES
from frontdesk.gateway.pipeline.router import GatewayPlan
from frontdesk.gateway.server.tls import CertificateWatch
from frontdesk.gateway.sockets.pushes import Pushes
from frontdesk.gateway.telemetry.functions import function_samples
from frontdesk.gateway.telemetry.health import Readiness
from frontdesk.stores.memory.ledger import MemoryLedger
from frontdesk.stores.vault.endpoints import Endpoints
from frontdesk.stores.vault.master_keys import MasterKeys
from frontdesk.stores.vault.vault import Vault

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
        self._aws = AwsApis(loaded, clock)
        self._environ = environ
        self._remote = RemoteFunctions(clock, self._wheel)
        self._opened = AsyncExitStack()
        self._addresses: list[Address] = []
        self._functions: FunctionHost
        self._durable: DurableWork
        self._usage: UsageKeeper
        self._canaries: CanaryRuns
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
        functions = all_functions(candidate.loaded.config)
        former = self._in_force

        async def swap() -> None:
            await self._data.adopt(candidate)
            self._in_force, self._loaded = candidate, candidate.loaded

        await self._usage.adopt(candidate.loaded.config)
        await self._functions.replace(functions, swap)
        await self._adopt_functions(functions)
        await self._durable.adopt(candidate.loaded)
        await self._canaries.adopt(self.config)
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

        stores = await opened.enter_async_context(open_stores(config, clock, wheel))
        embedded = data.ledger if config.shared is None else None
        self._usage = keeper = UsageKeeper(stores.usage, embedded, data, clock, wheel)
        await keeper.adopt(config)
        opened.push_async_callback(keeper.stop)
        data.telemetry.registry.collect(keeper.samples)
        keys = LiveKeys(stores.shared, data.api_keys, data.put_keys, lambda: self.config, clock)
        await keys.start(shared=config.store.url is not None)
        opened.callback(keys.stop)

        await data.join(await opened.enter_async_context(open_nodes(config, clock, wheel)))
        await self._open_functions(stores)
        vault = await self._open_vault(stores)
        await self._open_durable(stores, vault.endpoints)
        candidate = data.compile(self._loaded, invokers(config, self._functions, self._remote))
        self._in_force = candidate
        self._canaries = CanaryRuns(stores.own, clock, wheel, data.samples, data.steer)
        opened.callback(self._canaries.stop)
        await self._canaries.adopt(config)
        versions = VersionCalls(lambda: self.config, stores.usage, clock)
        releases = ReleasesApi(versions, self._canaries)
        key = await seal_key(stores.shared)
        reception = Reception(config, stores.shared, clock, wheel, key=key, news=self.news)
        await reception.start()
        opened.callback(reception.stop)
        observing = Observing(data, stores.own, clock, wheel, self.news)
        await observing.start()
        opened.push_async_callback(observing.stop)
        config_api, keys_api = ConfigApi(self.reloads), KeysApi(keys, keeper, clock, data.samples)
        secrets_api = SecretsApi(vault)
        admin = server(
            config,
            reception.door(
                (
                    config_api,
                    *self._faces(),
                    releases,
                    keys_api,
                    *self._executions_faces(),
                    self._functions_api(),
                    SocketsApi(lambda: self.pushes),
                    *self._durable.faces,
                    secrets_api,
                    *observing.faces(
                        config,
                        self._durable.queues.queues,
                        lambda: self._addresses,
                        lambda: self._in_force,
                    ),
                    self._aws.face(
                        self._durable.invocations.all,
                        self._durable.queues,
                        *self._durable.wires,
                        *secret_services(config, vault),
                        ConnectionsService(self.pushes, lambda: places_of(self.config)),
                    ),
                ),
                reserved=(config_api, keys_api, secrets_api),
                development=self._development,
            ),
            unlogged,
            clock=clock,
            wheel=wheel,
            max_connections=config.limits.max_connections,
        )
        opened.push_async_callback(admin.drain, _ANSWERED)
        # Before their connections are closed, those who wait for messages are told that there are none.
        opened.callback(self._durable.queues.queues.stop)
        tls = admin_tls(config)
        await admin.open(*config.admin.listen, key="admin.listen", tls=tls)
        watch = CertificateWatch(clock, wheel)
        opened.callback(watch.stop)
        watch.start([tls])
        self._addresses = await data.start(candidate)
        opened.push_async_callback(data.drain)
        await self.reloads.start(History(stores.own, config.name))
        opened.callback(self.reloads.stop)

    async def _open_functions(self, stores: Stores) -> None:
        config, clock, wheel, opened = self.config, self._clock, self._wheel, self._opened
        lines = LogFiles(config.data_dir / "logs", wheel, clock, self._echo)
        opened.callback(lines.flush)
        telemetry = self._data.telemetry
        self._functions = function_host(
            config,
            clock,
            wheel,
            lines,
            {**self._aws.environment, **records_environment(config)},
            observer=telemetry.functions,
            tracer=telemetry.tracer,
        )
        telemetry.registry.collect(lambda: function_samples(self._functions.census()))
        opened.push_async_callback(self._functions.stop, 0.0)
        opened.callback(self._remote.close)
        functions = all_functions(config)
        await self._functions.start(functions)
        await self._adopt_functions(functions)
        await self._aws.open(self._functions, stores.own)

    async def _adopt_functions(self, functions: list[FunctionDefinition]) -> None:
        config = self.config
        await self._aws.adopt(functions, remote_invokers(config, self._remote), policies(config))

    async def _open_durable(self, stores: Stores, endpoints: Endpoints) -> None:
        config, clock, wheel, opened = self.config, self._clock, self._wheel, self._opened
        lines = LogFiles(config.data_dir / "logs" / "states", wheel, clock)
        opened.callback(lines.flush)
        self._durable = DurableWork(
            config,
            stores,
            clock,
            wheel,
            functions=self._aws.function,
            subjects=self._aws.subject,
            endpoints=endpoints,
            log=lines,
            registry=self._data.telemetry.registry,
            news=self.news,
            tracer=self._data.telemetry.tracer,
        )
        opened.push_async_callback(self._durable.stop, config.limits.drain)
        await self._durable.start(self._loaded)
        durable = self._durable
        services = NO_SERVICES._replace(
            executions=durable.executions,
            queues=durable.queues.queues,
            hooks=durable.inbox.hooks,
            actions=durable.publishing.actions,
            invocations=durable.invocations.all,
        )
        self._data.lend(services, await seal_key(stores.shared))

    async def _open_vault(self, stores: Stores) -> Vault:
        config, clock = self.config, self._clock
        catalog = vault_catalog(config, stores)
        keys = MasterKeys(self._environ, config.data_dir)
        vault = Vault(catalog, stores.deliveries, keys, clock)
        await vault.secrets.sweep()
        in_use = SecretsInUse(
            lambda: self.loaded, self.reloads.renew, self._environ, clock, self._wheel
        )
        in_use.start(catalog)
        self._opened.callback(in_use.stop)
        return vault

    def _functions_api(self) -> Face:
        registry, counted = self._aws.registry, self._data.telemetry.registry
        logs = self.config.data_dir / "logs"
        facts = FunctionFacts(lambda: self.loaded, registry, self._functions, counted.samples, logs)
        return FunctionsApi(facts, registry, self._durable.invocations.all, self._clock)

    def _executions_faces(self) -> tuple[Face, ...]:
        executions, machines = self._durable.executions, self._durable.machines
        return (
            StateMachinesApi(executions, executions, machines),
            ExecutionsApi(executions, executions, machines),
        )

    def _faces(self) -> tuple[Face, ...]:
        return (
            CacheApi(self._data, lambda: self.config),
            MethodTests(lambda: self._in_force),
            UpstreamsApi(self._data, self._data.samples),
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
) -> DataPlane | Supervisor:
    count = config.workers if workers is None else workers
    if count > 1:
        return Supervisor(config, clock, wheel, count)
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
    )
    limits = ("max_connections", "max_header", "header_timeout", "idle_timeout", "drain")
    return {
        "listen": fixed_of_listeners(config.listen),
        "records": bool(config.records),  # functions are told at the start where they are
        **{key: getattr(config, key) for key in keys},
        **{
            f"limits.{key}": getattr(config.limits, key)
            for key in (*limits, "cache", "concurrency")
        },
    }
