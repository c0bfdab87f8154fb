"""Owns what a supervisor tells its workers to do: one order, one answer. Knows no order by name."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from itertools import count
from typing import Any

from frontdesk.base.errors import ConfigError, FrontdeskError, StartError
from frontdesk.gateway.workers.channel import Channel, value_of
from frontdesk.gateway.workers.frames import DONE, ORDER, REFUSED

Handler = Callable[[Any], Awaitable[Any]]
"""Carries an order out. Raises: ConfigError or StartError, which the supervisor gets."""


class WorkerLostError(FrontdeskError):
    """The worker has ended before it answered."""

    code = "worker"


class Orders:
    """The supervisor's side."""

    def __init__(self, channel: Channel) -> None:
        self._channel = channel
        self._numbers = count()
        self._given: dict[int, asyncio.Future[Any]] = {}
        channel.takes({DONE: self._done, REFUSED: self._refused})
        channel.lost.add_done_callback(self._lost)

    async def give(self, name: str, value: object = None) -> Any:
        """Have an order carried out; return what came of it.

        Raises: ConfigError or StartError of the worker, WorkerLostError.
        """
        if self._channel.lost.done():
            raise WorkerLostError("the worker has ended")
        number = next(self._numbers)
        answer = self._given[number] = asyncio.get_running_loop().create_future()
        self._channel.send(ORDER, number, (name, value))
        try:
            return await answer
        finally:
            del self._given[number]

    def tell(self, name: str, value: object = None) -> None:
        """Have an order carried out; what comes of it is not heard."""
        self._channel.send(ORDER, next(self._numbers), (name, value))

    def _done(self, number: int, body: bytes) -> None:
        if number in self._given and not self._given[number].done():
            self._given[number].set_result(value_of(body))

    def _refused(self, number: int, body: bytes) -> None:
        if number in self._given and not self._given[number].done():
            message, hint, findings = value_of(body)
            error = ConfigError(findings) if findings else StartError(message, hint=hint)
            self._given[number].set_exception(error)

    def _lost(self, _lost: object) -> None:
        for answer in self._given.values():
            if not answer.done():
                answer.set_exception(WorkerLostError("the worker has ended"))


class Obedience:
    """The worker's side: carries orders out as they come, without waiting for those before."""

    def __init__(self, channel: Channel, handlers: Mapping[str, Handler]) -> None:
        """handlers: by name of the order."""
        self._channel = channel
        self._handlers = handlers
        self._orders: asyncio.Queue[tuple[int, str, Any]] = asyncio.Queue()
        channel.takes({ORDER: self._take})

    async def obey(self) -> None:
        """Carry out what comes, for ever. Raises: what a handler must not, as an ExceptionGroup."""
        async with asyncio.TaskGroup() as tasks:
            while True:
                order = await self._orders.get()
                tasks.create_task(self._carry_out(*order))

    def _take(self, number: int, body: bytes) -> None:
        self._orders.put_nowait((number, *value_of(body)))

    async def _carry_out(self, number: int, name: str, value: Any) -> None:
        try:
            answer = await self._handlers[name](value)
        except ConfigError as error:
            self._channel.send(REFUSED, number, ("", "", error.findings))
        except FrontdeskError as error:
            self._channel.send(REFUSED, number, (error.message, error.hint, ()))
        else:
            self._channel.send(DONE, number, answer)
