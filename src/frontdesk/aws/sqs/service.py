"""Owns which operation of the SQS API a request asks for: one table of names.

Source: AWS, SQS API reference; Smithy, "AWS JSON 1.0 protocol".
"""

from collections.abc import Awaitable, Callable, Mapping
from typing import Any, Final

import orjson

from frontdesk.aws.sqs.asked import Asked
from frontdesk.aws.sqs.messages import MessageOperations
from frontdesk.aws.sqs.moves import MoveOperations
from frontdesk.aws.sqs.queues import QueueOperations
from frontdesk.aws.wire import ApiError
from frontdesk.base.clock import Clock
from frontdesk.base.errors import StoreError
from frontdesk.base.streams import Field
from frontdesk.durable.queues.moves import Moves
from frontdesk.durable.queues.queues import Queues
from frontdesk.durable.queues.refusals import QueueError
from frontdesk.gateway.pipeline.exchange import Exchange, Reply
from frontdesk.rules.sqs_errors import names
from frontdesk.stores.vault.refusals import VaultError

Operation = Callable[[Asked], Awaitable[dict[str, Any]]]
"""Answers a request; raises QueueError, ApiError, StoreError."""

_TARGET: Final = b"x-amz-target"
_PREFIX: Final = b"AmazonSQS."
_JSON: Final[Field] = (b"content-type", b"application/x-amz-json-1.0")
_INTERNAL: Final = 500


class SqsService:
    """The SQS API. See wire.Service."""

    scope = "sqs"

    def __init__(self, operations: Mapping[str, Operation], *, secure: bool) -> None:
        """operations: by name; `operations` lists them. secure: whether URLs of queues begin with https."""
        self._operations = operations
        self._scheme = "https" if secure else "http"

    def serves(self, ex: Exchange) -> bool:
        """See Service."""
        return ex.headers.get(_TARGET, b"").startswith(_PREFIX)

    async def answer(self, ex: Exchange) -> Reply:
        """See Service."""
        name = ex.headers[_TARGET][len(_PREFIX) :].decode("latin-1")
        run = self._operations.get(name)
        if run is None:
            raise ApiError(400, "UnknownOperationException", f"No such operation: {name}")
        base = f"{self._scheme}://{ex.headers.get(b'host', b'localhost').decode('latin-1')}"
        try:
            return _reply(200, await run(Asked(_members(ex.body), base)))
        except (QueueError, VaultError) as error:
            raise ApiError(400, error.code, error.message) from error
        except StoreError as error:
            raise ApiError(_INTERNAL, "InternalFailure", error.message) from error

    def refuse(self, error: ApiError) -> Reply:
        """See Service."""
        name, query = names(error.code)
        fault = "Receiver" if error.status >= _INTERNAL else "Sender"
        return _reply(
            error.status,
            {"__type": name, "message": error.message},
            (b"x-amzn-query-error", f"{query};{fault}".encode()),
        )


def operations(queues: Queues, moves: Moves, clock: Clock, *, account: str) -> dict[str, Operation]:
    """List all operations by their names."""
    of_queues = QueueOperations(queues, clock, account)
    of_messages = MessageOperations(queues, clock)
    of_moves = MoveOperations(queues, moves)
    return {
        "CreateQueue": of_queues.create,
        "DeleteQueue": of_queues.delete,
        "GetQueueUrl": of_queues.url,
        "ListQueues": of_queues.list_queues,
        "ListDeadLetterSourceQueues": of_queues.sources,
        "GetQueueAttributes": of_queues.attributes,
        "SetQueueAttributes": of_queues.change,
        "TagQueue": of_queues.tag,
        "UntagQueue": of_queues.untag,
        "ListQueueTags": of_queues.tags,
        "PurgeQueue": of_queues.purge,
        "SendMessage": of_messages.send,
        "SendMessageBatch": of_messages.send_batch,
        "ReceiveMessage": of_messages.receive,
        "DeleteMessage": of_messages.delete,
        "DeleteMessageBatch": of_messages.delete_batch,
        "ChangeMessageVisibility": of_messages.change,
        "ChangeMessageVisibilityBatch": of_messages.change_batch,
        "StartMessageMoveTask": of_moves.start,
        "ListMessageMoveTasks": of_moves.list_moves,
        "CancelMessageMoveTask": of_moves.cancel,
    }


def _members(body: bytes | bytearray) -> dict[str, Any]:
    try:
        found = orjson.loads(body or b"{}")
    except ValueError:
        raise ApiError(400, "SerializationException", "The body is no JSON.") from None
    if not isinstance(found, dict):
        raise ApiError(400, "SerializationException", "The body is no JSON object.")
    return {name: value for name, value in found.items() if value is not None}


def _reply(status: int, document: dict[str, Any], *fields: Field) -> Reply:
    return Reply(status, [_JSON, *fields], orjson.dumps(document))
