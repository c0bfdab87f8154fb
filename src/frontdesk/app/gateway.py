"""Composes one process of Frontdesk: opens its parts, reloads them, closes them.

In order (log, functions, plan, admin listener, data listeners) and closed in reverse, so that whoever
can connect is served, and whoever is being served can finish.
"""

import asyncio
import socket
from collections.abc import Callable
from contextlib import AsyncExitStack

from frontdesk.app.admin import admin_door, refuse_open_admin
from frontdesk.app.data_plane import Candidate, DataPlane, server, unlogged
from frontdesk.app.functions import all_functions, function_host
from frontdesk.base.addresses import Address
from frontdesk.base.clock import Clock, SystemClock
from frontdesk.base.wheel import Wheel
from frontdesk.client.heartbeat import Heartbeat
from frontdesk.config.load import Loaded
from frontdesk.config.models.root import Config
from frontdesk.functions.host import FunctionHost
from frontdesk.functions.logs import LogFiles
from frontdesk.gateway.pipeline.router import GatewayPlan
from frontdesk.gateway.server.listening import listen
from frontdesk.ports.invoker import Invoker
from frontdesk.stores.memory.ledger import MemoryLedger

_CLOCK = SystemClock()


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
        self._data = DataPlane(
            loaded.config, MemoryLedger(), clock, self._wheel, development=development
        )
        self._opened = AsyncExitStack()
        self._addresses: list[Address] = []
        self._functions: FunctionHost

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
        return self._data.prepare(loaded, _invokers(loaded.config, self._functions))

    async def adopt(self, candidate: Candidate) -> tuple[str, ...]:
        """Put what `prepare` has made in force. See `reload`. Raises: StartError."""
        await self._functions.replace(all_functions(candidate.loaded.config))
        self._data.adopt(candidate)
        self._loaded = candidate.loaded
        return tuple(key for key, value in _fixed(self.config).items() if self._fixed[key] != value)

    def reopen_logs(self) -> None:
        """Go on in new log files, after the old ones have been moved away."""
        self._data.reopen_logs()

    async def _open(self) -> None:
        config, clock, wheel, opened = self.config, self._clock, self._wheel, self._opened
        refuse_open_admin(config)
        heartbeat = Heartbeat(wheel, clock)
        heartbeat.start()
        opened.callback(heartbeat.close)
        data = self._data
        opened.callback(data.close)
        data.open_log()

        lines = LogFiles(config.data_dir / "logs", wheel, clock, self._echo)
        opened.callback(lines.flush)
        self._functions = function_host(config, clock, wheel, lines)
        opened.push_async_callback(self._functions.stop, 0.0)
        await self._functions.start(all_functions(config))

        candidate = self.prepare(self._loaded)
        admin = server(
            config,
            admin_door(config, (), development=self._development),
            unlogged,
            clock=clock,
            wheel=wheel,
            max_connections=config.limits.max_connections,
        )
        opened.push_async_callback(admin.drain, 0.0)
        await admin.open(*config.admin.listen, key="admin.listen")
        sockets = _listening(config, opened)
        opened.push_async_callback(data.drain)
        self._addresses = await data.listen(
            candidate, sockets, max_connections=config.limits.max_connections
        )


def compile_offline(loaded: Loaded) -> GatewayPlan:
    """Compile a configuration without starting anything: to look at, not to run.

    Raises: ConfigError for what only compiling can tell.
    """
    config, wheel = loaded.config, Wheel(0.0)
    functions = function_host(config, _CLOCK, wheel, lambda _function, _lines: None)
    data = DataPlane(config, MemoryLedger(), _CLOCK, wheel)
    return data.prepare(loaded, _invokers(config, functions)).plan


def _invokers(config: Config, host: FunctionHost) -> dict[str, Invoker]:
    return {name: host.invoker(name) for name in config.functions}


def _listening(config: Config, opened: AsyncExitStack) -> list[socket.socket]:
    """Listen at every address before anybody is served at one."""
    sockets = []
    for listener in config.listen:
        sockets.append(listen(*listener.address, "listen"))
        opened.callback(sockets[-1].close)
    return sockets


def _fixed(config: Config) -> dict[str, object]:
    """List what is read when the process starts, by key of the file. A reload leaves it as it was."""
    keys = ("listen", "admin", "data_dir", "trusted_proxies", "logs")
    limits = ("max_connections", "max_header", "header_timeout", "idle_timeout", "drain")
    return {
        **{key: getattr(config, key) for key in keys},
        **{f"limits.{key}": getattr(config.limits, key) for key in (*limits, "concurrency")},
    }
