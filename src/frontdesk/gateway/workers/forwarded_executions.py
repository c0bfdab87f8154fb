"""Owns the worker's way to state machines: each call goes to the supervisor, which runs them.

An Executions port: one question, one answer, whatever the method.
"""

import asyncio
from collections.abc import Awaitable, Callable
from functools import partial
from itertools import count
from typing import Any, cast

from frontdesk.base.errors import StoreError
from frontdesk.gateway.workers.channel import Channel, value_of
from frontdesk.gateway.workers.frames import ANSWER, ASK, REFUSAL, UNASK
from frontdesk.ports.executions import ExecutionError, Executions


class ForwardedExecutions:
    """All executions, through one channel."""

    def __init__(self, channel: Channel) -> None:
        self._channel = channel
        self._numbers = count()
        self._asked: dict[int, asyncio.Future[Any]] = {}
        channel.takes({ANSWER: self._answer, REFUSAL: self._refusal})
        channel.lost.add_done_callback(self._lost)

    def port(self) -> Executions:
        """Return this as the port: all methods are forwarded alike."""
        return cast(Executions, self)

    def __getattr__(self, method: str) -> Callable[..., Awaitable[Any]]:
        """Give a method of the port."""
        return partial(self._ask, method)

    async def _ask(self, method: str, *given: object, **named: object) -> Any:
        """Raises: ExecutionError and StoreError, as the supervisor does."""
        if self._channel.lost.done():
            raise StoreError("the supervisor has gone")
        number = next(self._numbers)
        answer = self._asked[number] = asyncio.get_running_loop().create_future()
        self._channel.send(ASK, number, (method, given, named))
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
