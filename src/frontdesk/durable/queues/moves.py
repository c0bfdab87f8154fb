"""Owns the redrive of dead letters: tasks that move messages to where they came from, or elsewhere.

Source: AWS, "Configuring a dead-letter queue redrive".
"""

import asyncio
import logging
from collections import deque
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Final, Literal

from frontdesk.base.clock import Clock
from frontdesk.base.errors import StoreError
from frontdesk.durable.queues.definition import Definition
from frontdesk.durable.queues.queues import Queues, new_message_id

_LOG: Final = logging.getLogger("frontdesk.queues")

FASTEST: Final = 500
"""Messages a second."""

_TASKS: Final = 10
"""Tasks of one queue that are remembered."""

Status = Literal["RUNNING", "COMPLETED", "CANCELLING", "CANCELLED", "FAILED"]


@dataclass(slots=True)
class Move:
    """A task. to: None: where each message came from. rate: a second. started: seconds since 1970."""

    id: str
    queue: Definition
    to: Definition | None
    rate: int | None
    messages: int
    started: float
    given_up: asyncio.Future[None]
    status: Status = "RUNNING"
    moved: int = 0
    failure: str = ""


# Differs: [move-tasks] AWS's tasks outlive a process. To start one again goes on where it was.
class Moves:
    """All tasks of one process."""

    def __init__(self, queues: Queues, clock: Clock) -> None:
        self._queues = queues
        self._clock = clock
        self._moves: dict[str, deque[Move]] = {}
        self._work: set[asyncio.Task[None]] = set()

    async def start(self, queue: Definition, to: Definition | None, rate: int | None) -> Move:
        """Begin to move the messages that can be received now. Raises: StoreError."""
        move = await self._noted(queue, to, rate)
        task = asyncio.get_running_loop().create_task(self._run(move))
        self._work.add(task)
        task.add_done_callback(self._work.discard)
        return move

    async def run(self, queue: Definition, to: Definition | None, rate: int | None) -> Move:
        """Move them, and return once that is over. Raises: StoreError."""
        move = await self._noted(queue, to, rate)
        await self._run(move)
        return move

    async def some(self, queue: Definition, to: Definition | None, numbers: Collection[int]) -> int:
        """Move these messages, those that can be received, at once; return how many. Raises: StoreError."""
        targets: dict[str | None, Definition | None] = {None: to}
        if to is None:
            sources = await self._queues.sources(queue)
            targets = {source: self._queues.find(source) for source in sources}
        moved = 0
        for source, target in targets.items():
            if target is not None:
                moved += await self._queues.move(
                    queue, target, source=source, most=len(numbers), numbers=numbers
                )
        return moved

    def of(self, queue: Definition) -> Sequence[Move]:
        """List the tasks of a queue, the latest first."""
        return list(self._moves.get(queue.name, ()))

    def find(self, id_: str) -> Move | None:
        """Find a task."""
        return next(
            (each for some in self._moves.values() for each in some if each.id == id_), None
        )

    def cancel(self, move: Move) -> None:
        """Give up a task; what it has moved stays moved."""
        move.status = "CANCELLING"
        if not move.given_up.done():
            move.given_up.set_result(None)

    async def stop(self) -> None:
        """End all tasks where they are."""
        for task in self._work:
            task.cancel()
        await asyncio.gather(*self._work, return_exceptions=True)

    async def _noted(self, queue: Definition, to: Definition | None, rate: int | None) -> Move:
        messages = (await self._queues.counts(queue)).visible
        given_up = asyncio.get_running_loop().create_future()
        began = self._clock.time()
        move = Move(new_message_id(), queue, to, rate, messages, began, given_up)
        self._moves.setdefault(queue.name, deque(maxlen=_TASKS)).appendleft(move)
        return move

    async def _run(self, move: Move) -> None:
        try:
            while move.status == "RUNNING" and await self._step(move):
                if move.rate is not None:
                    await asyncio.wait({move.given_up}, timeout=1)
        except StoreError as error:
            move.status, move.failure = "FAILED", error.message
            _LOG.warning(
                "dead letters are not moved",
                extra={"queue": move.queue.name, "error": error.message},
            )
            return
        if move.status == "CANCELLING":
            move.status = "CANCELLED"
        elif move.status == "RUNNING":
            move.status = "COMPLETED"

    async def _step(self, move: Move) -> bool:
        """Move a second's worth of messages. False: nothing is left, or nobody knows where to."""
        room = move.rate or FASTEST
        if move.to is not None:
            moved = await self._queues.move(move.queue, move.to, source=None, most=room)
            move.moved += moved
            return moved == room
        began = room
        for source in await self._queues.sources(move.queue):
            to = self._queues.find(source)
            if to is None:
                move.status, move.failure = "FAILED", "AWS.SimpleQueueService.NonExistentQueue"
                return False
            moved = await self._queues.move(move.queue, to, source=source, most=room)
            move.moved += moved
            room -= moved
            if not room:
                return True
        if room == began and await self._left(move):
            move.status, move.failure = "FAILED", "CouldNotDetermineMessageSource"
        return room < began

    async def _left(self, move: Move) -> bool:
        return (await self._queues.counts(move.queue)).visible > 0
