"""Owns the operator's requests about queues, on the admin listener.

GET  /queues                                                         all, with what they have
GET  /queues/NAME                                                    one, with its rules
POST /queues/NAME/send     {"MessageBody": …, "MessageGroupId": …}   send a message
POST /queues/NAME/redrive  {"to": …, "rate": …}                      move dead letters back, or elsewhere
POST /queues/NAME/purge                                              drop its messages
"""

from collections.abc import Awaitable, Callable, Mapping
from typing import Any, Final

import orjson

from frontdesk.base.errors import FrontdeskError, StoreError
from frontdesk.config.validation import among
from frontdesk.durable.queues.definition import Definition
from frontdesk.durable.queues.moves import FASTEST, Moves
from frontdesk.durable.queues.outgoing import answered, outgoing
from frontdesk.durable.queues.queues import Queues, new_message_id
from frontdesk.gateway.admin import FRESH
from frontdesk.gateway.pipeline.exchange import Exchange, Reply
from frontdesk.gateway.pipeline.replies import JSON, refusal

_PATH: Final = "/queues"

Answer = Callable[[Definition, Mapping[str, Any]], Awaitable[dict[str, Any]]]


class QueuesApi:
    """The face of these requests."""

    needs_token = True

    def __init__(self, queues: Queues, moves: Moves) -> None:
        self._queues = queues
        self._moves = moves
        self._actions: dict[str, tuple[str, Answer]] = {
            "": ("GET", self._show),
            "send": ("POST", self._send),
            "redrive": ("POST", self._redrive),
            "purge": ("POST", self._purge),
        }

    def serves(self, ex: Exchange) -> bool:
        """See Face."""
        return ex.path == _PATH or ex.path.startswith(f"{_PATH}/")

    def answer(self, ex: Exchange) -> Reply | Awaitable[Reply]:
        """See Face."""
        name, _, action = ex.path.removeprefix(_PATH).removeprefix("/").partition("/")
        if action not in self._actions:
            return refusal(404, "route")
        method, answer = self._actions[action]
        if ex.method != method:
            return refusal(405, "method", (b"allow", method.encode()))
        return self._answer(name, answer, ex.body)

    async def _answer(self, name: str, answer: Answer, body: bytes | bytearray) -> Reply:
        try:
            if not name:
                queues = [await self._told(queue) for queue in self._queues.all()]
                return _reply(200, {"queues": queues})
            return _reply(200, await answer(self._queue(name), _asked(body)))
        except StoreError as error:
            return _refused(503, error)
        except FrontdeskError as error:
            return _refused(422, error)

    async def _show(self, queue: Definition, _asked: Mapping[str, Any]) -> dict[str, Any]:
        rules = queue.rules._asdict()
        sources = dict(await self._queues.sources(queue))
        return {**await self._told(queue), "rules": rules, "sources": sources}

    async def _send(self, queue: Definition, asked: Mapping[str, Any]) -> dict[str, Any]:
        message, attributes = outgoing(queue, asked, new_message_id())
        (sent,) = await self._queues.send(queue, [message])
        return answered(queue, sent, message, attributes)

    async def _redrive(self, queue: Definition, asked: Mapping[str, Any]) -> dict[str, Any]:
        to, rate = asked.get("to"), asked.get("rate")
        target = None if to is None else self._queue(str(to))
        if target is not None and (
            target.name == queue.name or target.rules.fifo != queue.rules.fifo
        ):
            raise FrontdeskError("expected another queue of the same kind", hint="see `fifo`")
        if rate is not None and not (isinstance(rate, int) and 1 <= rate <= FASTEST):
            raise FrontdeskError(f"expected a rate from 1 to {FASTEST}")
        move = await self._moves.run(queue, target, rate)
        if move.status == "FAILED":
            raise FrontdeskError(
                f"{move.moved} messages were moved, others not: {move.failure}",
                hint="say where to with --to",
            )
        return {"moved": move.moved}

    async def _purge(self, queue: Definition, _asked: Mapping[str, Any]) -> dict[str, Any]:
        return {"dropped": await self._queues.purge(queue)}

    async def _told(self, queue: Definition) -> dict[str, Any]:
        counts = await self._queues.counts(queue)
        return {"name": queue.name, "of_file": queue.of_file, **counts._asdict()}

    def _queue(self, name: str) -> Definition:
        queue = self._queues.find(name)
        if queue is None:
            names = [each.name for each in self._queues.all()]
            raise FrontdeskError(f"there is no such queue: {name}", hint=among(name, names))
        return queue


def _asked(body: bytes | bytearray) -> Mapping[str, Any]:
    try:
        asked = orjson.loads(body or b"{}")
    except ValueError:
        asked = None
    if not isinstance(asked, dict):
        raise FrontdeskError("expected a JSON object")
    return asked


def _refused(status: int, error: FrontdeskError) -> Reply:
    document = {"message": error.message, "hint": error.hint, "findings": []}
    return _reply(status, document)


def _reply(status: int, document: object) -> Reply:
    return Reply(status, [JSON, FRESH], orjson.dumps(document))
