"""Owns accepting clients, the limit of how many there may be, and the graceful stop."""

import asyncio
import os
import socket
from collections.abc import Callable
from functools import partial

from frontdesk.base.clock import Clock
from frontdesk.base.ids import request_ids
from frontdesk.base.wheel import Wheel
from frontdesk.gateway.pipeline.exchange import Exchange
from frontdesk.gateway.server.heads import HeadReader, Request, SecureRequest
from frontdesk.gateway.server.http1 import HttpConnection
from frontdesk.gateway.server.identified import IdentifiedConnection
from frontdesk.gateway.server.limits import Limits
from frontdesk.gateway.server.listening import BACKLOG, listen
from frontdesk.gateway.server.registry import Registry
from frontdesk.gateway.server.shared import Entrance, Shared, refused_plan
from frontdesk.gateway.server.tls import ListenerTls
from frontdesk.gateway.server.tls_transport import TlsTransport
from frontdesk.rules.http.forwarding import TrustedProxies


class Server:
    """All listeners of one process and the connections that came in through them."""

    def __init__(
        self,
        door: Entrance,
        *,
        clock: Clock,
        wheel: Wheel,
        log: Callable[[Exchange], None],
        trusted: TrustedProxies,
        limits: Limits = Limits(),  # noqa: B008 - immutable
        random_bytes: Callable[[int], bytes] = os.urandom,
    ) -> None:
        """log: takes exchanges that were refused before they had a plan of their own."""
        self._wheel = wheel
        self._now = clock.monotonic
        self._registry = Registry(limits.max_connections)
        self._servers: list[asyncio.Server] = []
        self._limits = limits
        ids = request_ids(random_bytes)
        plan = refused_plan(log)

        def share(request: type[Request], half_close: bool) -> Shared:
            heads = HeadReader(limits, trusted, request)
            return Shared(door, limits, clock, wheel, heads, ids, self._registry, plan, half_close)

        self._share = share

    async def open(
        self,
        host: str,
        port: int,
        *,
        key: str = "listen",
        half_close: bool = False,
        tls: ListenerTls | None = None,
    ) -> tuple[str, int]:
        """Listen on an address; return it, with the port chosen where `port` is 0.

        key: what the address is called in the file. half_close: answer clients that have shut down
        their sending side; otherwise they have gone.
        Raises: StartError when the address cannot be had.
        """
        return await self.serve(listen(host, port, key), half_close=half_close, tls=tls)

    async def serve(
        self,
        listening: socket.socket,
        *,
        half_close: bool = False,
        tls: ListenerTls | None = None,
    ) -> tuple[str, int]:
        """Accept at a socket that listens already, and own it from now on; return its address."""
        shared = self._share(Request if tls is None else SecureRequest, half_close)
        make: Callable[[], asyncio.Protocol] = partial(HttpConnection, shared)
        if tls is not None:
            if tls.asks_clients:
                make = partial(IdentifiedConnection, shared, tls)
            make = partial(TlsTransport, shared, tls, make)
        server = await asyncio.get_running_loop().create_server(
            make, sock=listening, backlog=BACKLOG
        )
        self._servers.append(server)
        address = listening.getsockname()
        return address[0], address[1]

    @property
    def active(self) -> int:
        """How many requests are under way."""
        return self._registry.active

    @property
    def connections(self) -> int:
        """How many clients are connected."""
        return len(self._registry.connections)

    async def drain(self, seconds: float) -> None:
        """Stop: accept no more, close idle connections, let the others end for up to `seconds`.

        Cancelled while it waits, it closes them at once.
        """
        for server in self._servers:
            server.close()
        empty = asyncio.get_running_loop().create_future()

        def left() -> None:
            if not empty.done():
                empty.set_result(None)

        timer = self._wheel.timer(self._registry.abort)
        timer.at(self._now() + seconds)
        self._registry.drain(left)
        try:
            await empty
        finally:
            timer.stop()
            self._registry.abort()
