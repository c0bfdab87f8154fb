"""Owns the operations that move dead letters: start, list, cancel.

Source: AWS, SQS API reference, StartMessageMoveTask.
"""

from typing import Any, Final

from frontdesk.aws.sqs.asked import Asked
from frontdesk.durable.queues.definition import Definition
from frontdesk.durable.queues.moves import FASTEST, Move, Moves
from frontdesk.durable.queues.queues import Queues
from frontdesk.durable.queues.refusals import QueueError, invalid

_LISTED: Final = 10


class MoveOperations:
    """See service.Operation."""

    def __init__(self, queues: Queues, moves: Moves) -> None:
        self._queues = queues
        self._moves = moves

    async def start(self, asked: Asked) -> dict[str, Any]:
        """StartMessageMoveTask."""
        queue = self._queue(asked.text("SourceArn"))
        if not any(each.rules.dead_letter == queue.name for each in self._queues.all()):
            raise invalid("Source queue must be configured as a Dead Letter Queue.")
        destination = asked.text("DestinationArn", "")
        to = self._queue(destination) if destination else None
        if to is not None and (to.name == queue.name or to.rules.fifo is not queue.rules.fifo):
            raise invalid("Destination queue must be another queue of the same type.")
        rate = asked.number("MaxNumberOfMessagesPerSecond", 1, FASTEST)
        if any(move.status == "RUNNING" for move in self._moves.of(queue)):
            raise QueueError(
                "UnsupportedOperation",
                "There is already a task running. Only one active task is allowed for a source queue arn at a given time.",
            )
        return {"TaskHandle": (await self._moves.start(queue, to, rate)).id}

    async def list_moves(self, asked: Asked) -> dict[str, Any]:
        """ListMessageMoveTasks."""
        queue = self._queue(asked.text("SourceArn"))
        most = asked.number("MaxResults", 1, _LISTED) or 1
        return {"Results": [self._told(move) for move in self._moves.of(queue)[:most]]}

    async def cancel(self, asked: Asked) -> dict[str, Any]:
        """CancelMessageMoveTask."""
        move = self._moves.find(asked.text("TaskHandle"))
        if move is None:
            raise _not_found("Task does not exist.")
        if move.status != "RUNNING":
            raise QueueError("UnsupportedOperation", "Only active tasks can be cancelled.")
        self._moves.cancel(move)
        return {"ApproximateNumberOfMessagesMoved": move.moved}

    def _told(self, move: Move) -> dict[str, Any]:
        handle = {"TaskHandle": move.id} if move.status == "RUNNING" else {}
        to = {} if move.to is None else {"DestinationArn": self._queues.arn(move.to.name)}
        rate = {} if move.rate is None else {"MaxNumberOfMessagesPerSecond": move.rate}
        failure = {"FailureReason": move.failure} if move.failure else {}
        return {
            **handle,
            "Status": move.status,
            "SourceArn": self._queues.arn(move.queue.name),
            **to,
            **rate,
            "ApproximateNumberOfMessagesMoved": move.moved,
            "ApproximateNumberOfMessagesToMove": move.messages,
            **failure,
            "StartedTimestamp": int(move.started * 1000),
        }

    def _queue(self, arn: str) -> Definition:
        queue = self._queues.find(arn)
        if queue is None:
            raise _not_found(
                "The resource that you specified for the SourceArn parameter doesn't exist."
            )
        return queue


def _not_found(message: str) -> QueueError:
    return QueueError("ResourceNotFoundException", message)
