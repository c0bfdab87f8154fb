"""Owns the connections to one target: which one serves a call, who waits, and when new ones are made.

The last used connection is used first, so that unneeded ones grow old and are closed by their timers.
"""

import asyncio
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Final, cast

from frontdesk.base.errors import UpstreamError
from frontdesk.base.wheel import Wheel
from frontdesk.client.call import Call
from frontdesk.client.connection import Connection
from frontdesk.client.dial import Dialer
from frontdesk.client.proxies import ProxiedConnection, Proxy
from frontdesk.client.target import Target
from frontdesk.rules.resilience.health import TargetHealth

CONNECTIONS: Final = 1024
"""Connections that one target is given, where nothing else is said."""
MAX_PENDING: Final = 1024
"""Calls that may wait for a connection."""


@dataclass(frozen=True, slots=True)
class PoolLimits:
    """What one target is given: connections, and seconds for them to stand and for the next bytes."""

    connections: int = CONNECTIONS
    connect: float = 3.0
    read: float = 25.0


class Pool:
    """The connections to one target. A Carrier for calls that wait, the Keeper of its connections."""

    def __init__(
        self,
        target: Target,
        dialer: Dialer,
        *,
        proxy: Proxy | None = None,
        health: TargetHealth | None,
        limits: PoolLimits,
        wheel: Wheel,
        monotonic: Callable[[], float],
    ) -> None:
        """proxy: which the dialer connects to. health: to be kept where there is another target to choose."""
        self._target = target
        self._dialer = dialer
        self._health = health
        self._limits = limits
        self._wheel = wheel
        self._monotonic = monotonic
        self._idle: list[Connection] = []
        self._open: set[Connection] = set()
        self._dials: set[asyncio.Task[None]] = set()
        self._pending: deque[tuple[float, Call]] = deque()  # with the second at which it gives up
        self._timer = wheel.timer(self._expire_pending)
        self._connection: Callable[..., Connection] = Connection
        if proxy is not None and target.scheme == "http":
            self._connection = partial(ProxiedConnection, proxy)
        self._made = 0
        self._retired = False

    @property
    def address(self) -> str:
        """The target as `host:port`."""
        return self._target.address

    @property
    def idle(self) -> int:
        """Connections without a call."""
        return len(self._idle)

    def count(self) -> int:
        """Count the calls under way or waiting."""
        return len(self._open) - len(self._idle) + len(self._dials) + len(self._pending)

    load = property(count)
    """Calls under way or waiting."""

    def send(self, call: Call) -> None:
        """Start a call on an idle connection, on a new one, or let it wait for one."""
        idle = self._idle
        while idle:
            connection = idle.pop()
            if connection.usable:
                connection.start(call)
                return
        call.address = self._target.address
        if self._has_room:
            self._dial(call)
        elif len(self._pending) < MAX_PENDING:
            call.carrier = self
            deadline = self._monotonic() + self._limits.connect
            self._pending.append((deadline, call))
            self._timer.at(self._pending[0][0])
        else:
            message = f"too many waiting: {call.address}"
            call.fail(UpstreamError("unavailable", message, retry_after=1.0))

    def retire(self) -> None:
        """Keep no connection from now on: close the idle ones, and each other when its call is over."""
        self._retired = True
        for connection in tuple(self._idle):
            connection.close()

    def close(self) -> None:
        """Close every connection; calls under way and waiting fail."""
        while self._pending:
            _fail(self._pending.popleft()[1], "cancelled", "upstream closed")
        for task in tuple(self._dials):
            task.cancel()
        for connection in tuple(self._open):
            connection.close()

    def drop(self, call: Call, *, too_slow: bool) -> None:  # noqa: ARG002 - no target's fault
        """Forget a waiting call. A connection that is being made for it will serve others."""
        for entry in self._pending:
            if entry[1] is call:
                self._pending.remove(entry)
                return

    # -- the keeper of connections -----------------------------------------------------------------

    def release(self, connection: Connection) -> None:
        if self._pending:
            connection.start(self._pending.popleft()[1])
        elif self._retired:
            connection.close()
        else:
            self._idle.append(connection)

    def gone(self, connection: Connection) -> None:
        self._open.discard(connection)
        if connection in self._idle:
            self._idle.remove(connection)
        self._dial_for_pending()

    def replay(self, call: Call) -> None:
        self._dial(call)

    # -- new connections ---------------------------------------------------------------------------

    @property
    def _has_room(self) -> bool:
        return len(self._open) + len(self._dials) < self._limits.connections

    def _dial(self, call: Call) -> None:
        call.carrier = self
        task = asyncio.get_running_loop().create_task(self._connect(call))
        self._dials.add(task)
        task.add_done_callback(self._dialled)

    def _dialled(self, task: asyncio.Task[None]) -> None:
        self._dials.discard(task)
        self._dial_for_pending()

    def _dial_for_pending(self) -> None:
        if self._pending and self._has_room:
            self._dial(self._pending.popleft()[1])

    async def _connect(self, call: Call) -> None:
        try:
            connection = await self._dialer.dial(self._new_connection)
        except UpstreamError as error:
            if self._health is not None:
                self._health.failed(self._monotonic())
            _fail(call, error.reason, error.message)
            return
        except asyncio.CancelledError:
            _fail(call, "cancelled", "upstream closed")
            raise
        # At once, not when the task is over: a connection must not count twice meanwhile.
        self._dials.discard(cast("asyncio.Task[None]", asyncio.current_task()))
        self._open.add(connection)
        if call.carrier is self:
            connection.start(call)
        else:
            self.release(connection)

    def _new_connection(self) -> Connection:
        self._made += 1
        return self._connection(
            self,
            self._target,
            health=self._health,
            read_timeout=self._limits.read,
            wheel=self._wheel,
            monotonic=self._monotonic,
            number=self._made,
        )

    def _expire_pending(self) -> None:
        now = self._monotonic()
        while self._pending and self._pending[0][0] <= now:
            _fail(self._pending.popleft()[1], "unavailable", "no free connection", 1.0)
        if self._pending:
            self._timer.at(self._pending[0][0])


def _fail(call: Call, reason: str, message: str, retry_after: float = 0.0) -> None:
    if call.carrier is not None:
        call.carrier = None
        call.fail(UpstreamError(reason, message, retry_after=retry_after))
