"""Composes a host of functions for others: Lambda's Invoke over HTTP, and nothing else of a gateway."""

import os
from contextlib import AsyncExitStack

from frontdesk.app.aws_endpoints import endpoints, environments, make_keys
from frontdesk.app.data_dir import hold
from frontdesk.app.data_plane import server
from frontdesk.app.functions import all_functions, function_host
from frontdesk.app.tls import admin_tls
from frontdesk.aws.lambda_api.asked import Target
from frontdesk.aws.lambda_api.invocations import Invocations
from frontdesk.aws.lambda_api.registry import Arns, has_qualifier, not_found
from frontdesk.aws.lambda_api.service import LambdaService, invoking
from frontdesk.aws.wire import WireApi
from frontdesk.base.addresses import Address
from frontdesk.base.clock import Clock, SystemClock
from frontdesk.base.errors import StartError
from frontdesk.base.wheel import Wheel
from frontdesk.client.heartbeat import Heartbeat
from frontdesk.config.models.root import Config
from frontdesk.functions.host import FunctionHost
from frontdesk.functions.logs import LogFiles
from frontdesk.gateway.admin import AdminDoor, Documents, TokenGatekeeper
from frontdesk.gateway.pipeline.plan import unlogged
from frontdesk.ports.invoker import Invoker

_CLOCK = SystemClock()


class FunctionServer:
    """The functions of one file, for whoever has `admin.token`. Used on one event loop."""

    def __init__(self, config: Config, listen: Address, *, clock: Clock = _CLOCK) -> None:
        """Take a configuration; nothing is opened before `start`."""
        self._config = config
        self._listen = listen
        self._clock = clock
        self._keys = make_keys(config)
        self._opened = AsyncExitStack()
        self._host: FunctionHost
        self._functions = {one.name: one for one in all_functions(config)}
        self._keys.accept(environments(self._functions.values()))
        self.address = listen
        """Where it is reached; a port 0 becomes a real one."""

    async def start(self) -> None:
        """Open everything; return when clients can connect. Raises: StartError; all is closed again."""
        try:
            await self._open()
        except BaseException:
            await self._opened.aclose()
            raise

    async def stop(self) -> None:
        """Accept nothing more, let invocations end for up to `limits.drain`, then close everything."""
        await self._opened.aclose()

    async def _open(self) -> None:
        config, clock, opened = self._config, self._clock, self._opened
        _refuse_open(config, self._listen)
        opened.callback(os.close, hold(config.data_dir))
        wheel = Wheel(clock.monotonic())
        heartbeat = Heartbeat(wheel, clock)
        heartbeat.start()
        opened.callback(heartbeat.close)
        lines = LogFiles(config.data_dir / "logs", wheel, clock)
        opened.callback(lines.flush)
        tls = admin_tls(config)
        environment = endpoints(self._listen, self._keys, secure=tls is not None)
        self._host = function_host(config, clock, wheel, lines, environment)
        opened.push_async_callback(self._host.stop, 0.0)
        await self._host.start(self._functions.values())

        api = LambdaService(invoking(Invocations(self._invoker, None)))
        health = Documents({"/healthz": {"status": "ok"}})
        door = server(
            config,
            AdminDoor([health, WireApi([api], self._keys, clock)], TokenGatekeeper(None)),
            unlogged,
            clock=clock,
            wheel=wheel,
            max_connections=config.limits.max_connections,
        )
        opened.push_async_callback(door.drain, config.limits.drain)
        self.address = Address(*await door.open(*self._listen, key="--listen", tls=tls))

    def _invoker(self, target: Target) -> Invoker:
        definition = self._functions.get(target.name)
        if definition is None or not has_qualifier(definition, target.qualifier):
            raise not_found(Arns(self._config.region, self._config.account), target)
        return self._host.invoker(*target)


def _refuse_open(config: Config, listen: Address) -> None:
    if config.admin.token is None and not listen.is_loopback:
        raise StartError(
            f"functions would be open to everybody without a token: {listen}",
            hint="set admin.token, or listen on 127.0.0.1",
        )
