"""Owns the worker's way to what the supervisor runs, state machines, queues and webhooks: each call goes to it.

One question, one answer, whatever the port and the method.
"""

import asyncio
from collections.abc import Awaitable, Callable
from functools import partial
from itertools import count
from typing import Any

from frontdesk.base.errors import StoreError
from frontdesk.gateway.workers.channel import Channel, value_of
from frontdesk.gateway.workers.frames import ANSWER, ASK, REFUSAL, UNASK
from frontdesk.ports.executions import ExecutionError
from frontdesk.ports.services import Services


class ForwardedPorts:
    """The ports of a supervisor, through one channel."""

    def __init__(self, channel: Channel) -> None:
        self._channel = channel
        self._numbers = count()
        self._asked: dict[int, asyncio.Future[Any]] = {}
        channel.takes({ANSWER: self._answer, REFUSAL: self._refusal})
        channel.lost.add_done_callback(self._lost)

    @property
    def services(self) -> Services:
        """Whoever the supervisor has."""
        ports: Any = {name: _Forwarded(partial(self._ask, name)) for name in Services._fields}
        return Services(**ports)

    def port(self, name: str) -> Any:
        """Whatever else the supervisor has, by its name."""
        return _Forwarded(partial(self._ask, name))

    async def _ask(self, port: str, method: str, *given: object, **named: object) -> Any:
        """Raises: ExecutionError and StoreError, as the supervisor does."""
        if self._channel.lost.done():
            raise StoreError("the supervisor has gone")
        number = next(self._numbers)
        answer = self._asked[number] = asyncio.get_running_loop().create_future()
        self._channel.send(ASK, number, (port, method, given, named))
        try:
            return await answer
        except asyncio.CancelledError:
            self._channel.send(UNASK, number)
            raise
        finally:
            del self._asked[number]

    # What comes of a question that nobody asks any more concerns nobody.

    def _answer(self, number: int, body: bytes) -> None:
        answer = self._asked.get(number)
        if answer is not None and not answer.done():
            answer.set_result(value_of(body))

    def _refusal(self, number: int, body: bytes) -> None:
        answer = self._asked.get(number)
        if answer is not None and not answer.done():
            code, message = value_of(body)
            answer.set_exception(ExecutionError(code, message) if code else StoreError(message))

    def _lost(self, _lost: object) -> None:
        for answer in self._asked.values():
            if not answer.done():
                answer.set_exception(StoreError("the supervisor has gone"))


class _Forwarded:
    """A port whose methods are all forwarded alike."""

    def __init__(self, ask: Callable[..., Awaitable[Any]]) -> None:
        self._ask = ask

    def __getattr__(self, method: str) -> Callable[..., Awaitable[Any]]:
        """Give a method of the port."""
        return partial(self._ask, method)
