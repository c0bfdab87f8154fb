"""Owns the supervisor's side of questions about executions, queues and webhooks: asks whoever has them, and answers.

When the worker has gone nobody waits for its answers any more.
"""

import asyncio
import logging
from functools import partial
from typing import Any

from frontdesk.base.errors import StoreError
from frontdesk.gateway.workers.channel import Channel, value_of
from frontdesk.gateway.workers.frames import ANSWER, ASK, REFUSAL, UNASK
from frontdesk.ports.executions import ExecutionError
from frontdesk.ports.services import Services

_log = logging.getLogger("frontdesk.workers")


class ServedPorts:
    """The questions of one worker."""

    def __init__(self, channel: Channel, services: Services, **others: object) -> None:
        """others: ports beside those that are lent to every door, by name."""
        self._channel = channel
        self._ports = services._asdict() | others
        self._asked: dict[int, asyncio.Task[Any]] = {}
        channel.takes({ASK: self._ask, UNASK: self._unask})
        channel.lost.add_done_callback(self._lost)

    def _ask(self, number: int, body: bytes) -> None:
        port, method, given, named = value_of(body)
        asked = getattr(self._ports[port], method)(*given, **named)
        task = self._asked[number] = asyncio.get_running_loop().create_task(asked)
        task.add_done_callback(partial(self._done, number))

    def _done(self, number: int, task: asyncio.Task[Any]) -> None:
        del self._asked[number]
        if task.cancelled():
            return
        error = task.exception()
        if error is None:
            self._channel.send(ANSWER, number, task.result())
        elif isinstance(error, ExecutionError):
            self._channel.send(REFUSAL, number, (error.code, error.message))
        elif isinstance(error, StoreError):
            self._channel.send(REFUSAL, number, ("", error.message))
        else:
            _log.error("a service failed", exc_info=error)
            self._channel.send(REFUSAL, number, ("InternalFailure", "see the supervisor's log"))

    def _unask(self, number: int, _body: bytes) -> None:
        task = self._asked.get(number)
        if task is not None:
            task.cancel()

    def _lost(self, _lost: object) -> None:
        for task in self._asked.values():
            task.cancel()
