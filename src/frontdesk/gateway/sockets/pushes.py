"""Owns pushes to the WebSocket connections of a gateway, in whatever process each of them is held.

A connection that is not held here is asked for at the registry, and its node through the bus, which may lose
what is said: an answer that does not come in time is a failure. Knows neither HTTP nor frames.
"""

import asyncio
from base64 import b64decode, b64encode
from collections import Counter
from collections.abc import Callable, Coroutine, Iterable, Mapping, Sequence
from functools import partial
from itertools import count as counting
from typing import Any, Final, NamedTuple

import orjson

from frontdesk.base.clock import Clock
from frontdesk.base.errors import StoreError
from frontdesk.base.wheel import Wheel
from frontdesk.gateway.sockets.hub import Census, Description, GroupName, Held, Hub
from frontdesk.ports.bus import Bus
from frontdesk.ports.registry import ALIVE, Registry, connection, group

PATIENCE: Final = 2.0
"""Seconds that a node has to answer."""

AT_ONCE: Final = 256
"""Members of a group that are sent to in one turn of the loop."""

GOING_AWAY: Final = 1001

_NODES: Final = "nodes"
"""Name that every node claims, so that all of them are found."""


class Node(NamedTuple):
    """One process among those of a gateway. name: no other has it. registry, bus: its faces of them."""

    name: str
    registry: Registry
    bus: Bus


class Pushes:
    """One node's way to all connections. Used on one event loop, between `start` and `stop`.

    Every method that waits raises StoreError where it cannot be told what has come of it.
    """

    def __init__(self, hub: Hub, node: Node, clock: Clock, wheel: Wheel) -> None:
        """hub: the connections of this process. node: itself."""
        self._hub = hub
        self._node, self._registry, self._bus = node
        self._clock = clock
        self._timer = wheel.timer(self._renew)
        self._numbers = counting()
        self._asked: dict[int, asyncio.Future[Any]] = {}
        self._doing: set[asyncio.Task[Any]] = set()
        self._renewing: asyncio.Task[None] | None = None
        self._unsubscribe: Callable[[], None] = lambda: None
        self._does: Mapping[str, Callable[..., Any]] = {
            "census": hub.census,
            "close": self._close,
            "describe": hub.describe,
            "join": lambda name, connection_id: hub.join(tuple(name), connection_id),
            "leave": lambda name, connection_id: hub.leave(tuple(name), connection_id),
            "members": lambda name: hub.members(tuple(name)),
            "post": lambda connection_id, text: hub.push(connection_id, b64decode(text)),
            "post_group": self._post_group,
        }

    async def start(self) -> None:
        """Be found by the other nodes: from now on, or as soon as the registry can be told."""
        self._unsubscribe = self._bus.subscribe(_channel(self._node), self._take)
        self._hub.watcher = self
        await self._renewed()

    async def stop(self) -> None:
        """Be found no more."""
        self._timer.stop()
        for task in (*self._doing, *filter(None, [self._renewing])):
            task.cancel()
        self._unsubscribe()
        await self._registry.leave()
        await self._bus.close()

    # -- connections ------------------------------------------------------------------------------

    async def post(self, connection_id: str, message: bytes) -> bool:
        """Send a text to a connection. False: there is none such, or it is gone."""
        if self._hub.holds(connection_id):
            return self._hub.push(connection_id, message)
        return bool(await self._elsewhere(connection_id, "post", connection_id, _text(message)))

    async def describe(self, connection_id: str) -> Description | None:
        """Tell of a connection; None: there is none such."""
        if self._hub.holds(connection_id):
            return self._hub.describe(connection_id)
        found = await self._elsewhere(connection_id, "describe", connection_id)
        return None if found is None else _description(found)

    async def close(self, connection_id: str) -> bool:
        """Close a connection with 1001. False: there is none such."""
        if self._hub.holds(connection_id):
            return self._close(connection_id)
        return bool(await self._elsewhere(connection_id, "close", connection_id))

    async def census(self, most: int) -> Census:
        """Tell who is there, in all nodes. most: connections that are told of."""
        holders = await self._registry.holders(_NODES, self._clock.time())
        asked = [self._ask(node, "census", (most,)) for node in holders if node != self._node]
        found = [self._hub.census(most), *(Census(*told) for told in await asyncio.gather(*asked))]
        open_: Counter[tuple[str, str]] = Counter()
        groups: Counter[GroupName] = Counter()
        for each in found:
            for api, stage, count in each.open:
                open_[api, stage] += count
            for api, stage, name, count in each.groups:
                groups[api, stage, name] += count
        told_of = [_description(one) for each in found for one in each.connections]
        told_of.sort(key=lambda one: -one.connected_at)
        return Census(
            sorted((*place, count) for place, count in open_.items()),
            sorted((*name, count) for name, count in groups.items()),
            told_of[:most],
        )

    # -- groups -----------------------------------------------------------------------------------

    async def join(self, name: GroupName, connection_id: str) -> bool:
        """Make a connection a member of a group. False: its API's stage has none such."""
        if self._hub.holds(connection_id):
            return self._hub.join(name, connection_id)
        return bool(await self._elsewhere(connection_id, "join", name, connection_id))

    async def leave(self, name: GroupName, connection_id: str) -> bool:
        """Take a connection out of a group. False: it was no member."""
        if self._hub.holds(connection_id):
            return self._hub.leave(name, connection_id)
        return bool(await self._elsewhere(connection_id, "leave", name, connection_id))

    async def post_group(self, name: GroupName, message: bytes) -> int:
        """Send a text to all members of a group; return how many got it."""
        return sum(await self._everywhere(name, "post_group", _text(message)))

    async def members(self, name: GroupName) -> list[Description]:
        """Tell of all members of a group, in the order of their ids."""
        found = [
            _description(each) for of in await self._everywhere(name, "members") for each in of
        ]
        return sorted(found, key=lambda each: each.id)

    # -- hub.Watcher ------------------------------------------------------------------------------

    def opened(self, held: Held) -> None:
        """See Watcher."""
        self._registry.claim([connection(held.id)], held.ends)

    def closed(self, held: Held, groups: Iterable[GroupName]) -> None:
        """See Watcher."""
        self._registry.release([connection(held.id), *(group(*name) for name in groups)])

    def joined(self, name: GroupName, held: Held) -> None:
        """See Watcher."""
        self._registry.claim([group(*name)], held.ends)

    def emptied(self, name: GroupName) -> None:
        """See Watcher."""
        self._registry.release([group(*name)])

    # -- other nodes --------------------------------------------------------------------------------

    async def _elsewhere(self, connection_id: str, what: str, *given: object) -> Any:
        """Have the node of a connection do something; None where nobody holds it."""
        holders = await self._registry.holders(connection(connection_id), self._clock.time())
        others = [node for node in holders if node != self._node]
        return await self._ask(others[0], what, given) if others else None

    async def _everywhere(self, name: GroupName, what: str, *given: object) -> list[Any]:
        """Have all nodes with members of a group do something."""
        holders = await self._registry.holders(group(*name), self._clock.time())
        asked = [self._ask(node, what, (name, *given)) for node in holders if node != self._node]
        own = [self._here(what, name, *given)] if self._node in holders else []
        return await asyncio.gather(*own, *asked)

    async def _here(self, what: str, *given: object) -> Any:
        came = self._does[what](*given)
        return await came if isinstance(came, Coroutine) else came

    async def _post_group(self, name: Sequence[str], text: str) -> int:
        """Send to the members of a group that are here, some at a time: others have their turns between."""
        message, sent = b64decode(text), 0
        ids = self._hub.in_group(tuple(name))  # type: ignore[arg-type]  # three texts
        for at in range(0, len(ids), AT_ONCE):
            sent += sum([self._hub.push(each, message) for each in ids[at : at + AT_ONCE]])
            await asyncio.sleep(0)  # noqa: TID251 - no time is waited for
        return sent

    async def _ask(self, node: str, what: str, given: tuple[object, ...]) -> Any:
        number = next(self._numbers)
        answer = self._asked[number] = asyncio.get_running_loop().create_future()
        self._say(node, ask=number, of=self._node, do=what, given=given)
        try:
            async with asyncio.timeout(PATIENCE):
                return await answer
        except TimeoutError as error:
            raise StoreError(f"node {node} has not answered") from error
        finally:
            del self._asked[number]

    def _say(self, node: str, **told: object) -> None:
        self._bus.publish(_channel(node), orjson.dumps(told, default=list))

    def _take(self, message: bytes) -> None:
        told = orjson.loads(message)
        if "answer" in told:
            answer = self._asked.get(told["answer"])
            if answer is not None and not answer.done():
                answer.set_result(told["came"])
            return
        came = self._does[told["do"]](*told["given"])
        if isinstance(came, Coroutine):
            task = asyncio.get_running_loop().create_task(came)
            self._doing.add(task)
            task.add_done_callback(partial(self._done, told["of"], told["ask"]))
        else:
            self._say(told["of"], answer=told["ask"], came=came)

    def _done(self, node: str, number: int, task: asyncio.Task[Any]) -> None:
        self._doing.discard(task)
        if not task.cancelled():
            self._say(node, answer=number, came=task.result())

    def _close(self, connection_id: str) -> bool:
        return self._hub.close(connection_id, GOING_AWAY, "Going away")

    def _renew(self) -> None:
        self._renewing = asyncio.get_running_loop().create_task(self._renewed())

    async def _renewed(self) -> None:
        now = self._clock.time()
        self._registry.claim([_NODES], now + ALIVE)
        try:
            await self._registry.renew(now)
        except StoreError:
            pass  # whoever carries it says so; the claims stand for a while
        finally:
            self._timer.at(self._clock.monotonic() + ALIVE / 3)


def _channel(node: str) -> str:
    return f"sockets:{node}"


def _text(message: bytes) -> str:
    return b64encode(message).decode()


def _description(found: Iterable[Any]) -> Description:
    told = Description._make(found)
    return told._replace(groups=tuple(told.groups))
