"""Owns one worker process as the supervisor sees it: started by exec, given orders, ended.

Decides nothing about when another one is started.
"""

import asyncio
import os
import signal
import socket
import subprocess
import sys
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from typing import Any

from frontdesk.base.errors import StartError
from frontdesk.client.looks import Moved
from frontdesk.gateway.sockets.pushes import Node
from frontdesk.gateway.workers.channel import Channel, value_of
from frontdesk.gateway.workers.frames import MOVED, SEEN
from frontdesk.gateway.workers.orders import Orders
from frontdesk.gateway.workers.served_functions import Find, ServedFunctions
from frontdesk.gateway.workers.served_ports import ServedPorts
from frontdesk.gateway.workers.served_sockets import ServedSockets
from frontdesk.ports.services import Services

_LAST_GRACE = 5.0
"""Seconds for the kernel to end a process that has been killed."""

Seen = Callable[[Mapping[str, Any]], None]


class WorkerProcess:
    """One process, from its start to its end."""

    def __init__(
        self,
        process: "subprocess.Popen[bytes]",
        channel: Channel,
        find: Find,
        services: Services,
        node: Node,
    ) -> None:
        """Take a process and what is connected with it; see `start`."""
        self._process = process
        self._channel = channel
        self._orders = Orders(channel)
        ServedFunctions(channel, find)
        ServedPorts(channel, services, registry=node.registry)
        ServedSockets(channel, node)

    @classmethod
    async def start(
        cls,
        program: str,
        arguments: Sequence[str],
        descriptors: Sequence[int],
        *,
        find: Find,
        services: Services,
        node: Node,
        seen: Seen,
        moved: Moved,
    ) -> "WorkerProcess":
        """Run the module `program` with the descriptor of its socket and `arguments`.

        descriptors: those that it inherits beside that. find: the functions that it may call.
        services: those that it is lent. node: what it is among the processes that hold connections.
        seen: takes the requests that are watched. moved: is told of changes of its backends. Call it on the main thread: the process ends with the
        thread that has started it. Raises: StartError when the system has no room for it.
        """
        ours, theirs = socket.socketpair()
        ours.setblocking(False)
        with theirs:
            command = [sys.executable, "-P", "-m", program, str(theirs.fileno()), *arguments]
            process = _exec(command, [theirs.fileno(), *descriptors])
        channel = Channel()
        channel.takes(
            {
                SEEN: lambda _number, body: seen(value_of(body)),
                MOVED: lambda _number, body: moved(value_of(body)),
            }
        )
        worker = cls(process, channel, find, services, node)
        await channel.open(ours)
        return worker

    @property
    def pid(self) -> int:
        """Its process id."""
        return self._process.pid

    async def order(self, name: str, value: object = None) -> Any:
        """Have it do something; return what came of it. Raises: see `Orders.give`."""
        return await self._orders.give(name, value)

    def tell(self, name: str, value: object = None) -> None:
        """Have it do something, whatever comes of it."""
        self._orders.tell(name, value)

    async def lost(self) -> None:
        """Wait until it speaks no more, because it has ended or is about to."""
        await asyncio.shield(self._channel.lost)

    async def end(self) -> str:
        """End it, if it still runs; say how it ended."""
        self.kill()
        return _told(await asyncio.to_thread(self._process.wait))

    def kill(self) -> None:
        """End it at once, and hear no more of it."""
        self._process.kill()
        self._channel.close()

    def bury(self) -> None:
        """Wait for the end of one that has been killed."""
        with suppress(subprocess.TimeoutExpired):
            self._process.wait(_LAST_GRACE)


def _exec(command: list[str], descriptors: list[int]) -> "subprocess.Popen[bytes]":
    try:
        return subprocess.Popen(  # noqa: S603 - our own program
            command,
            stdin=subprocess.DEVNULL,
            pass_fds=descriptors,
            start_new_session=True,  # a Ctrl-C in the terminal drains through the supervisor
        )
    except OSError as error:
        raise StartError(f"cannot start a worker: {os.strerror(error.errno or 0)}") from error


def _told(status: int) -> str:
    if status >= 0:
        return f"exited with status {status}"
    return f"was killed by {signal.Signals(-status).name}"
