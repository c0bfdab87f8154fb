"""Composes one process of Frontdesk: opens its parts, reloads them, closes them.

In order (log, functions, plan, admin listener, data listeners) and closed in reverse, so that whoever
can connect is served, and whoever is being served can finish.
"""

import asyncio
from collections.abc import Callable
from contextlib import AsyncExitStack
from dataclasses import dataclass

from frontdesk.app.admin import admin_door, refuse_open_admin
from frontdesk.app.functions import all_functions, function_host
from frontdesk.base.addresses import Address
from frontdesk.base.clock import Clock, SystemClock
from frontdesk.base.wheel import Wheel
from frontdesk.client.heartbeat import Heartbeat
from frontdesk.client.upstreams import Upstreams
from frontdesk.config.load import Loaded
from frontdesk.config.models.root import Config
from frontdesk.functions.host import FunctionHost
from frontdesk.functions.logs import LogFiles
from frontdesk.gateway.identity.fetch import fetch
from frontdesk.gateway.identity.keyring import KeyRing
from frontdesk.gateway.pipeline.build import Parts
from frontdesk.gateway.pipeline.compile import compile_gateway
from frontdesk.gateway.pipeline.exchange import Exchange
from frontdesk.gateway.pipeline.router import Door, GatewayPlan
from frontdesk.gateway.server.access_log import AccessLog
from frontdesk.gateway.server.limits import Limits
from frontdesk.gateway.server.listener import Server
from frontdesk.gateway.server.shared import Entrance
from frontdesk.rules.http.forwarding import TrustedProxies
from frontdesk.stores.memory.ledger import MemoryLedger

READABLE = (
    "$context.status $context.httpMethod $context.path "
    "$context.responseLatency ms, route $context.routeKey"
)
"""The access log of a developer's terminal, where the file asks for no format."""

_CLOCK = SystemClock()


@dataclass(frozen=True, slots=True)
class Candidate:
    """A configuration that is ready to be put in force."""

    loaded: Loaded
    plan: GatewayPlan
    parts: Parts


class Frontdesk:
    """One process of Frontdesk: listeners, pipeline, functions. Used on one event loop."""

    def __init__(
        self,
        loaded: Loaded,
        *,
        development: bool = False,
        echo: Callable[[str, str], None] | None = None,
        clock: Clock = _CLOCK,
    ) -> None:
        """Take a configuration; nothing is opened before `start`.

        development: serve the token issuer, and log readably. echo: told (function, line) for each
        line of a function's log, beside the file.
        """
        self._loaded = loaded
        self._fixed = _fixed(loaded.config)
        self._development = development
        self._echo = echo
        self._clock = clock
        self._wheel = Wheel(clock.monotonic())
        self._parts = _parts(clock, self._wheel)
        self._opened = AsyncExitStack()
        self._addresses: list[Address] = []
        self._functions: FunctionHost
        self._access: AccessLog | None = None
        self._door: Door

    @property
    def config(self) -> Config:
        """The configuration loaded last. What `reload` has told to wait for a restart is not in force yet."""
        return self._loaded.config

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
        return await self.adopt(await asyncio.to_thread(self.prepare, loaded))

    def prepare(self, loaded: Loaded) -> Candidate:
        """Compile a configuration beside the one in force, in whatever thread: nothing changes.

        Raises: ConfigError for what only compiling can tell.
        """
        return _compile(loaded, self._parts, self._functions, self._record())

    async def adopt(self, candidate: Candidate) -> tuple[str, ...]:
        """Put what `prepare` has made in force. See `reload`. Raises: StartError."""
        await self._functions.replace(all_functions(candidate.loaded.config))
        self._loaded, self._parts = candidate.loaded, candidate.parts
        self._door.plan = candidate.plan
        self._parts.start()
        return tuple(key for key, value in _fixed(self.config).items() if self._fixed[key] != value)

    def reopen_logs(self) -> None:
        """Go on in new log files, after the old ones have been moved away."""
        if self._access is not None:
            self._access.reopen()

    async def _open(self) -> None:
        config, clock, wheel, opened = self.config, self._clock, self._wheel, self._opened
        refuse_open_admin(config)
        heartbeat = Heartbeat(wheel, clock)
        heartbeat.start()
        opened.callback(heartbeat.close)
        self._open_access_log()

        lines = LogFiles(config.data_dir / "logs", wheel, clock, self._echo)
        opened.callback(lines.flush)
        self._functions = function_host(config, clock, wheel, lines)
        opened.push_async_callback(self._functions.stop, 0.0)
        await self._functions.start(all_functions(config))

        candidate = self.prepare(self._loaded)
        self._door = Door(candidate.plan)
        self._parts = candidate.parts
        opened.callback(self._stop_parts)
        admin = self._server(admin_door(config, (), development=self._development), _unlogged)
        opened.push_async_callback(admin.drain, 0.0)
        await admin.open(*config.admin.listen, key="admin.listen")
        data = self._server(self._door, self._record())
        opened.push_async_callback(data.drain, config.limits.drain)
        for listener in config.listen:
            bound = await data.open(*listener.address, half_close=listener.half_close)
            self._addresses.append(Address(*bound))
        # Last, because the issuer may be our own.
        self._parts.start()

    def _open_access_log(self) -> None:
        logs = self.config.logs
        if logs.access is None:
            return
        form = logs.access.format
        if self._development and "format" not in logs.access.model_fields_set:
            form = READABLE
        self._access = AccessLog(form, logs.access.path, wheel=self._wheel, redact=logs.redact)
        self._opened.callback(self._access.close)

    def _record(self) -> Callable[[Exchange], None]:
        return _unlogged if self._access is None else self._access.record

    def _stop_parts(self) -> None:
        self._parts.stop()  # those of the plan that is in force by then

    def _server(self, door: Entrance, log: Callable[[Exchange], None]) -> Server:
        config = self.config
        return Server(
            door,
            clock=self._clock,
            wheel=self._wheel,
            log=log,
            trusted=TrustedProxies(config.trusted_proxies),
            limits=_limits(config),
        )


def compile_offline(loaded: Loaded) -> GatewayPlan:
    """Compile a configuration without starting anything: to look at, not to run.

    Raises: ConfigError for what only compiling can tell.
    """
    config, wheel = loaded.config, Wheel(0.0)
    functions = function_host(config, _CLOCK, wheel, lambda _function, _lines: None)
    return _compile(loaded, _parts(_CLOCK, wheel), functions, _unlogged).plan


def _parts(clock: Clock, wheel: Wheel) -> Parts:
    """Make the parts before the first plan."""
    keys = KeyRing(clock, wheel, fetch)
    return Parts(clock, wheel, MemoryLedger(), {}, keys, Upstreams(clock, wheel))


def _compile(
    loaded: Loaded, parts: Parts, host: FunctionHost, record: Callable[[Exchange], None]
) -> Candidate:
    invokers = {name: host.invoker(name) for name in loaded.config.functions}
    parts = parts.successor(invokers)
    return Candidate(loaded, compile_gateway(loaded, parts, record), parts)


def _fixed(config: Config) -> dict[str, object]:
    """List what is read when the process starts, by key of the file. A reload leaves it as it was."""
    keys = ("listen", "admin", "data_dir", "trusted_proxies", "logs")
    limits = ("max_connections", "max_header", "header_timeout", "idle_timeout", "drain")
    return {
        **{key: getattr(config, key) for key in keys},
        **{f"limits.{key}": getattr(config.limits, key) for key in (*limits, "concurrency")},
    }


def _limits(config: Config) -> Limits:
    limits = config.limits
    return Limits(
        fields=limits.max_header,
        header_timeout=limits.header_timeout,
        idle_timeout=limits.idle_timeout,
        max_connections=limits.max_connections,
    )


def _unlogged(_ex: Exchange) -> None:
    """Requests to the admin listener, and all of them where the access log is off."""
