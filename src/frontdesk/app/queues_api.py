"""Owns the operator's requests about queues, on the admin listener.

GET  /queues                            all, with what they have and how fast they go; ?after=, most
GET  /queues/NAME                       one, with its rules, where its dead letters come from, its redrives
GET  /queues/NAME/messages              its messages, without receiving them: ?after= what `next` says, most
GET  /queues/NAME/message?number=…      one of them, whole
POST /queues/NAME/send                  {"MessageBody", "MessageGroupId", …}: send a message
POST /queues/NAME/replace               {"number", "to", "MessageBody", …}: send one instead of one that it has
POST /queues/NAME/redrive               {"to", "rate", "numbers", "wait"}: move dead letters back, or elsewhere
POST /queues/NAME/cancel                {"id"}: give up a redrive
POST /queues/NAME/drop                  {"numbers"}: remove messages
POST /queues/NAME/purge                 drop all its messages

A redrive is answered once it is over, or at once with `"wait": false`; NAME then tells how far it is.
"""

from base64 import b64encode
from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Any, Final, Protocol

from frontdesk.app.actions import (
    asked_part,
    json_object,
    json_reply,
    query_of,
    refused,
    whole_number,
)
from frontdesk.base.clock import Clock
from frontdesk.base.errors import FrontdeskError
from frontdesk.config.validation import among
from frontdesk.durable.queues.definition import Definition
from frontdesk.durable.queues.keeping import Rates
from frontdesk.durable.queues.moves import FASTEST, Move, Moves
from frontdesk.durable.queues.outgoing import answered, outgoing
from frontdesk.durable.queues.queues import Queues, new_message_id
from frontdesk.gateway.operators import READING
from frontdesk.gateway.pipeline.exchange import Exchange, Reply
from frontdesk.gateway.pipeline.replies import refusal
from frontdesk.ports.queue import Kept
from frontdesk.rules.events.sqs import Attributes

_PATH: Final = "/queues"
_USUAL: Final = 50
_MOST: Final = 100
_BEGINNING: Final = 200
"""Characters of a body that a list shows."""
_LARGEST_NUMBER: Final = 2**53

Answer = Callable[[Definition, Mapping[str, Any]], Awaitable[dict[str, Any]]]


class Pace(Protocol):
    """Whoever knows how fast queues go."""

    def rates(self, name: str) -> Rates:
        """Tell how fast one goes."""
        ...


class QueuesApi:
    """The face of these requests."""

    needs_token = True

    def __init__(self, queues: Queues, moves: Moves, pace: Pace, clock: Clock) -> None:
        self._queues = queues
        self._moves = moves
        self._pace = pace
        self._clock = clock
        self._actions: dict[str, tuple[str, Answer]] = {
            "": ("GET", self._show),
            "messages": ("GET", self._peek),
            "message": ("GET", self._show_message),
            "send": ("POST", self._send),
            "replace": ("POST", self._replace),
            "redrive": ("POST", self._redrive),
            "cancel": ("POST", self._cancel),
            "drop": ("POST", self._drop),
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
        return self._answer(name, answer, ex)

    async def _answer(self, name: str, answer: Answer, ex: Exchange) -> Reply:
        try:
            if not name:
                return json_reply(200, await self._list(query_of(ex)))
            asked = query_of(ex) if ex.method in READING else json_object(ex.body or b"{}")
            return json_reply(200, await answer(self._queue(name), asked))
        except FrontdeskError as error:
            return refused(error)

    async def _list(self, query: Mapping[str, str]) -> dict[str, Any]:
        known = list(self._queues.all())
        part, following = asked_part(known, query)
        return {
            "queues": [await self._told(queue) for queue in part],
            "dead_letters": sorted({each.rules.dead_letter for each in known} - {""}),
            "number": len(known),
            "next": following,
        }

    async def _show(self, queue: Definition, _asked: Mapping[str, Any]) -> dict[str, Any]:
        rules = queue.rules._asdict()
        sources = dict(await self._queues.sources(queue))
        redrives = [_redrive_told(move) for move in self._moves.of(queue)]
        told = await self._told(queue)
        return {**told, "rules": rules, "sources": sources, "redrives": redrives}

    # -- messages that are looked at ------------------------------------------------------------------

    async def _peek(self, queue: Definition, asked: Mapping[str, Any]) -> dict[str, Any]:
        after = _number(asked, "after", 0, (0, _LARGEST_NUMBER))
        most = _number(asked, "most", _USUAL, (1, _MOST))
        found = await self._queues.peek(queue, after=after, most=most)
        messages = [self._message(each, most=_BEGINNING) for each in found]
        following = messages[-1]["number"] if len(messages) == most else None
        return {"messages": messages, "next": following}

    async def _show_message(self, queue: Definition, asked: Mapping[str, Any]) -> dict[str, Any]:
        return self._message(await self._find(queue, asked))

    async def _find(self, queue: Definition, asked: Mapping[str, Any]) -> Kept:
        number = _number(asked, "number", 0, (1, _LARGEST_NUMBER))
        found = await self._queues.peek(queue, after=number - 1, most=1)
        if not found or found[0].message.receipt.number != number:
            raise FrontdeskError(
                f"there is no message {number} in {queue.name}",
                hint="it was received and deleted, or moved",
            )
        return found[0]

    def _message(self, kept: Kept, *, most: int | None = None) -> dict[str, Any]:
        """Write a message. body: text, or base64 with `base64` true; most: characters of it."""
        message, visible = kept
        try:
            body, encoded = message.body.decode(), False
        except UnicodeDecodeError:
            body, encoded = b64encode(message.body).decode(), True
        attributes = Attributes.read(message.attributes)
        hidden = "in_flight" if message.receipt.receives else "delayed"
        return {
            "number": message.receipt.number,
            "id": message.id,
            "state": hidden if visible > self._clock.time() else "visible",
            "body": body[:most],
            "base64": encoded,
            "bytes": len(message.body),
            "attributes": attributes.message,
            "trace": attributes.trace,
            "group": message.group,
            "deduplication": message.deduplication,
            "sent": message.sent,
            "visible": visible,
            "receives": message.receives,
            "first": message.first or None,
            "source": message.source,
        }

    # -- changes --------------------------------------------------------------------------------------

    async def _send(self, queue: Definition, asked: Mapping[str, Any]) -> dict[str, Any]:
        message, attributes = outgoing(queue, asked, new_message_id())
        (sent,) = await self._queues.send(queue, [message])
        return answered(queue, sent, message, attributes)

    async def _replace(self, queue: Definition, asked: Mapping[str, Any]) -> dict[str, Any]:
        """Send first and drop then: whatever happens between, one of the two is kept."""
        kept = (await self._find(queue, asked)).message
        to = self._target(queue, asked) or self._queues.find(kept.source)
        if to is None:
            raise FrontdeskError("nobody knows where this message came from", hint="say `to`")
        members = {"MessageGroupId": kept.group or None, **asked}
        message, attributes = outgoing(to, members, new_message_id())
        if "MessageAttributes" not in asked:
            attributes = Attributes.read(kept.attributes)
            message = message._replace(attributes=kept.attributes)
        (sent,) = await self._queues.send(to, [message])
        await self._queues.drop_messages(queue, [kept.receipt.number])
        return {"to": to.name, **answered(to, sent, message, attributes)}

    async def _redrive(self, queue: Definition, asked: Mapping[str, Any]) -> dict[str, Any]:
        target, rate = self._target(queue, asked), asked.get("rate")
        if target is not None and target.name == queue.name:
            raise FrontdeskError("expected another queue of the same kind")
        if rate is not None and not (isinstance(rate, int) and 1 <= rate <= FASTEST):
            raise FrontdeskError(f"expected a rate from 1 to {FASTEST}")
        if "numbers" in asked:
            return await self._redrive_some(queue, target, _numbers(asked))
        if asked.get("wait") is False:
            return {"redrive": _redrive_told(await self._moves.start(queue, target, rate))}
        move = await self._moves.run(queue, target, rate)
        if move.status == "FAILED":
            raise FrontdeskError(
                f"{move.moved} messages were moved, others not: {move.failure}",
                hint="say where to with --to",
            )
        return {"moved": move.moved}

    async def _redrive_some(
        self, queue: Definition, to: Definition | None, numbers: Sequence[int]
    ) -> dict[str, Any]:
        moved = await self._moves.some(queue, to, numbers)
        if not moved:
            raise FrontdeskError(
                "none of these messages was moved",
                hint="they are hidden, or came from no queue: then say where `to`",
            )
        return {"moved": moved}

    async def _cancel(self, queue: Definition, asked: Mapping[str, Any]) -> dict[str, Any]:
        move = self._moves.find(str(asked.get("id")))
        if move is None or move.queue.name != queue.name or move.status != "RUNNING":
            raise FrontdeskError(f"there is no such redrive under way: {asked.get('id')}")
        self._moves.cancel(move)
        return {"redrive": _redrive_told(move)}

    async def _drop(self, queue: Definition, asked: Mapping[str, Any]) -> dict[str, Any]:
        return {"dropped": await self._queues.drop_messages(queue, _numbers(asked))}

    async def _purge(self, queue: Definition, _asked: Mapping[str, Any]) -> dict[str, Any]:
        return {"dropped": await self._queues.purge(queue)}

    async def _told(self, queue: Definition) -> dict[str, Any]:
        counts = await self._queues.counts(queue)
        rates = self._pace.rates(queue.name)._asdict()
        rules = queue.rules
        about = {
            "name": queue.name,
            "of_file": queue.of_file,
            "fifo": rules.fifo,
            "dead_letter": rules.dead_letter,
        }
        return {**about, **counts._asdict(), "rates": rates}

    def _target(self, queue: Definition, asked: Mapping[str, Any]) -> Definition | None:
        """Return the queue that `to` says, one of the same kind. None: it says none."""
        if not asked.get("to"):
            return None
        target = self._queue(str(asked["to"]))
        if target.rules.fifo != queue.rules.fifo:
            raise FrontdeskError("expected another queue of the same kind", hint="see `fifo`")
        return target

    def _queue(self, name: str) -> Definition:
        queue = self._queues.find(name)
        if queue is None:
            names = [each.name for each in self._queues.all()]
            raise FrontdeskError(f"there is no such queue: {name}", hint=among(name, names))
        return queue


def _redrive_told(move: Move) -> dict[str, Any]:
    return {
        "id": move.id,
        "to": None if move.to is None else move.to.name,
        "rate": move.rate,
        "status": move.status,
        "messages": move.messages,
        "moved": move.moved,
        "started": move.started,
        "failure": move.failure,
    }


def _number(asked: Mapping[str, Any], name: str, default: int, bounds: tuple[int, int]) -> int:
    """Read a whole number of a query or of JSON."""
    text, (least, most) = str(asked.get(name, default)), bounds
    number = whole_number(text, least, most)
    if number is None:
        raise FrontdeskError(f"expected a number from {least} to {most} for {name}: {text:.40}")
    return number


def _numbers(asked: Mapping[str, Any]) -> Sequence[int]:
    numbers = asked.get("numbers")
    if (
        not isinstance(numbers, list)
        or not 1 <= len(numbers) <= 10 * _MOST
        or not all(type(each) is int and 0 < each < _LARGEST_NUMBER for each in numbers)
    ):
        raise FrontdeskError(f"expected 1 to {10 * _MOST} numbers of messages in numbers")
    return numbers
