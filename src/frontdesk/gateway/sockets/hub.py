"""Owns the WebSocket connections of this process by id: who is there, of which address, in which groups.

Knows neither frames nor HTTP nor other processes: what crosses them is `pushes`.
"""

from collections import Counter
from collections.abc import Iterable, Iterator
from itertools import islice
from typing import Final, NamedTuple, Protocol

from frontdesk.base import metrics
from frontdesk.base.telemetry import Sample
from frontdesk.rules.http.forwarding import network_of

_CODES: Final = frozenset((*range(1000, 1016),))
"""Close codes that are counted apart (RFC 6455 §7.4.1): clients may make up others."""

GroupName = tuple[str, str, str]
"""API, stage, and name of a group."""


class Description(NamedTuple):
    """What is told of a connection. Times in seconds since 1970; groups: names, in order."""

    id: str
    api: str
    stage: str
    connected_at: float
    last_active_at: float
    source_ip: str
    user_agent: str
    groups: tuple[str, ...]


class Census(NamedTuple):
    """Who is there: how many of each API's stage, how many in each group, and some of them, the latest first."""

    open: list[tuple[str, str, int]]
    groups: list[tuple[str, str, str, int]]
    connections: list[Description]


class Held(Protocol):
    """A connection that is open."""

    @property
    def id(self) -> str:
        """Its connection id."""
        ...

    @property
    def place(self) -> tuple[str, str]:
        """Name of its API, and stage."""
        ...

    @property
    def source_ip(self) -> str:
        """Address of the client."""
        ...

    @property
    def ends(self) -> float:
        """Second since 1970 at which it ends at the latest."""
        ...

    @property
    def closed(self) -> int:
        """The close code, once it is over."""
        ...

    def push(self, message: bytes) -> bool:
        """Send a text; False: the client is gone, or does not read and is cut off now."""
        ...

    def close(self, code: int, reason: str) -> None:
        """Close it."""
        ...

    def describe(self, groups: tuple[str, ...]) -> Description:
        """Tell of it."""
        ...


class Watcher(Protocol):
    """Is told what other processes must know."""

    def opened(self, connection: Held) -> None:
        """A connection is held here from now on."""
        ...

    def closed(self, connection: Held, groups: Iterable[GroupName]) -> None:
        """It is no more. groups: those that have no member here any more."""
        ...

    def joined(self, group: GroupName, connection: Held) -> None:
        """A group has a member here."""
        ...

    def emptied(self, group: GroupName) -> None:
        """A group has no member here any more."""
        ...


class _Nobody:
    """The watcher of a process that is alone."""

    def opened(self, connection: Held) -> None:
        """See Watcher."""

    def closed(self, connection: Held, groups: Iterable[GroupName]) -> None:
        """See Watcher."""

    def joined(self, group: GroupName, connection: Held) -> None:
        """See Watcher."""

    def emptied(self, group: GroupName) -> None:
        """See Watcher."""


class Hub:
    """All connections of this process. Used on one event loop."""

    def __init__(self) -> None:
        self.watcher: Watcher = _Nobody()
        self._connections: dict[str, Held] = {}
        self._by_network: dict[str, int] = {}
        self._groups: dict[GroupName, dict[str, Held]] = {}
        self._joined: dict[str, set[str]] = {}
        """Connection id → names of its groups."""
        self._open: Counter[str] = Counter()
        """Connections of each API."""
        self._closed: Counter[str] = Counter()
        """Connections that have ended, by close code."""
        self._pushed: Counter[str] = Counter()
        """Messages that were pushed, by result."""

    def __len__(self) -> int:
        return len(self._connections)

    def samples(self) -> Iterator[Sample]:
        """Give the numbers of this process."""
        for api, count in self._open.items():
            yield Sample(metrics.SOCKETS.name, (api,), float(count))
        for code, count in self._closed.items():
            yield Sample(metrics.SOCKET_CLOSES.name, (code,), float(count))
        for result, count in self._pushed.items():
            yield Sample(metrics.SOCKET_PUSHES.name, (result,), float(count))

    def of_address(self, address: str) -> int:
        """Count the connections of a client address, with IPv6 of its /64."""
        return self._by_network.get(network_of(address), 0)

    def add(self, connection: Held) -> None:
        """Hold a connection."""
        self._connections[connection.id] = connection
        self._open[connection.place[0]] += 1
        network = network_of(connection.source_ip)
        self._by_network[network] = self._by_network.get(network, 0) + 1
        self.watcher.opened(connection)

    def remove(self, connection: Held) -> None:
        """Let go of a connection that is closed."""
        if self._connections.pop(connection.id, None) is None:
            return
        self._open[connection.place[0]] -= 1
        code = connection.closed
        self._closed[str(code) if code in _CODES else "other"] += 1
        network = network_of(connection.source_ip)
        left = self._by_network[network] - 1
        if left:
            self._by_network[network] = left
        else:
            del self._by_network[network]
        names = self._joined.pop(connection.id, ())
        groups = [(*connection.place, name) for name in names]
        empty = [group for group in groups if self._take_out(group, connection.id)]
        self.watcher.closed(connection, empty)

    def holds(self, connection_id: str) -> bool:
        """Whether a connection is held here."""
        return connection_id in self._connections

    def push(self, connection_id: str, message: bytes) -> bool:
        """Send a text to a connection; False: it is not here, or is gone."""
        connection = self._connections.get(connection_id)
        sent = connection is not None and connection.push(message)
        self._pushed["ok" if sent else "gone"] += 1
        return sent

    def close(self, connection_id: str, code: int, reason: str) -> bool:
        """Close a connection; False: it is not here."""
        connection = self._connections.get(connection_id)
        if connection is None:
            return False
        connection.close(code, reason)
        return True

    def describe(self, connection_id: str) -> Description | None:
        """Tell of a connection that is held here."""
        connection = self._connections.get(connection_id)
        if connection is None:
            return None
        return connection.describe(tuple(sorted(self._joined.get(connection_id, ()))))

    def census(self, most: int) -> Census:
        """Tell who is there. most: connections that are told of."""
        places = Counter(connection.place for connection in self._connections.values())
        latest = islice(reversed(self._connections), most)
        return Census(
            [(*place, count) for place, count in places.items()],
            [(*name, len(members)) for name, members in self._groups.items()],
            [found for each in latest if (found := self.describe(each)) is not None],
        )

    # -- groups -----------------------------------------------------------------------------------

    def join(self, group: GroupName, connection_id: str) -> bool:
        """Make a connection a member of a group of its API's stage; False: there is none such here."""
        connection = self._connections.get(connection_id)
        if connection is None or connection.place != group[:2]:
            return False
        self._groups.setdefault(group, {})[connection_id] = connection
        self._joined.setdefault(connection_id, set()).add(group[2])
        self.watcher.joined(group, connection)
        return True

    def leave(self, group: GroupName, connection_id: str) -> bool:
        """Take a connection out of a group; False: it was no member."""
        names = self._joined.get(connection_id, set())
        if group[2] not in names:
            return False
        names.discard(group[2])
        if not names:
            del self._joined[connection_id]
        if self._take_out(group, connection_id):
            self.watcher.emptied(group)
        return True

    def in_group(self, group: GroupName) -> tuple[str, ...]:
        """Return the ids of the members of a group that are here."""
        return tuple(self._groups.get(group, {}))

    def members(self, group: GroupName) -> list[Description]:
        """Tell of the members of a group that are here."""
        found = map(self.describe, self.in_group(group))
        return [each for each in found if each is not None]

    def _take_out(self, group: GroupName, connection_id: str) -> bool:
        """Take a member out; return whether it was the last."""
        members = self._groups.get(group)
        if members is None:
            return False
        members.pop(connection_id, None)
        if members:
            return False
        del self._groups[group]
        return True
