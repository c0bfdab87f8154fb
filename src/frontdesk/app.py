"""The composition root: the only module that knows every room and joins them.

Makes the parts in order (wheel, log, functions, keys, pools, plan, listeners) and ends them in reverse.
"""

import asyncio
import logging
from collections.abc import Callable, Mapping
from pathlib import Path

from frontdesk.base.clock import Clock, SystemClock
from frontdesk.base.wheel import Wheel
from frontdesk.client.heartbeat import Heartbeat
from frontdesk.client.upstreams import Upstreams
from frontdesk.config.load import Loaded
from frontdesk.config.models.api import HttpApi, Mock, Route
from frontdesk.config.models.function import Function
from frontdesk.config.models.root import Config
from frontdesk.config.secrets import revealed
from frontdesk.functions.host import FunctionHost
from frontdesk.functions.logs import FunctionLog
from frontdesk.functions.settings import FunctionSettings
from frontdesk.gateway.identity.fetch import fetch
from frontdesk.gateway.identity.issuer import DevIssuer
from frontdesk.gateway.identity.keyring import KeyRing
from frontdesk.gateway.pipeline.build import Parts
from frontdesk.gateway.pipeline.compile import compile_gateway
from frontdesk.gateway.pipeline.exchange import Exchange
from frontdesk.gateway.pipeline.router import Door, GatewayPlan
from frontdesk.gateway.server.access_log import AccessLog
from frontdesk.gateway.server.listener import Listener, ListenerSettings
from frontdesk.stores.memory.ledger import MemoryLedger

_log = logging.getLogger("frontdesk.app")


class Frontdesk:
    """One process of Frontdesk: listeners, pipeline, functions.

    `start` binds the listeners last, so whoever can connect is served. `stop` drains.
    """

    def __init__(
        self,
        loaded: Loaded,
        *,
        development: bool = False,
        clock: Clock | None = None,
        function_output: Callable[[str, str], None] | None = None,
    ) -> None:
        """loaded: from `config.load`. development: serve the development issuer.

        function_output: called with (function, line) for each log line, beside the log file.
        """
        self.config = loaded.config
        self._development = development
        self._clock = clock or SystemClock()
        self._wheel = Wheel(self._clock.monotonic())
        self._heartbeat = Heartbeat(self._wheel, self._clock)
        config = loaded.config
        self._access = AccessLog(config.logs, self._wheel, self._clock)
        self._functions = FunctionHost(
            self._clock,
            self._wheel,
            data_dir=config.data_dir,
            concurrency=config.limits.concurrency,
            log=FunctionLog(config.data_dir / "logs" / "functions", function_output),
        )
        self._keys = KeyRing(self._clock, self._wheel, fetch)
        self._upstreams = Upstreams(self._clock, self._wheel)
        self._ledger = MemoryLedger()
        self._listeners: list[Listener] = []
        self._loaded = loaded
        self._door: Door

    @property
    def addresses(self) -> list[str]:
        """`host:port` of every data listener, with the port that was really bound."""
        return [listener.address for listener in self._listeners[: len(self.config.listen)]]

    async def start(self) -> None:
        """Start functions, keys, plan and listeners. Raises StartError or ConfigError."""
        self._heartbeat.start()
        await self._functions.start(_function_settings(self.config))
        self._door = Door(self._compile(self._loaded))
        await self._bind()
        self._keys.start()

    def _compile(self, loaded: Loaded) -> GatewayPlan:
        parts = Parts(
            self._clock,
            self._wheel,
            self._ledger,
            {name: self._functions.invoker(name) for name in loaded.config.functions},
            self._keys,
            self._upstreams,
        )
        return compile_gateway(loaded.config, loaded.place, parts, self._access.record)

    async def _bind(self) -> None:
        config = self.config
        for listen in config.listen:
            settings = ListenerSettings.of(listen, config)
            listener = Listener(settings, self._door, self._clock, self._wheel, self._access)
            self._listeners.append(listener)
            await listener.start()
        admin = ListenerSettings.of(config.admin.listen, config)
        listener = Listener(settings, self._admin_door(), self._clock, self._wheel, self._access)
        self._listeners.append(listener)
        await listener.start()
