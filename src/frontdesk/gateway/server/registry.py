"""Owns the set of open connections of a server: how many may be there, and how they are sent home."""

from collections.abc import Callable
from typing import Protocol


class Connection(Protocol):
    """An open connection, whatever it speaks now."""

    @property
    def busy(self) -> bool:
        """Whether a request is under way."""
        ...

    def drain(self) -> None:
        """The server stops: close at once when idle, else after what is under way."""
        ...

    def abort(self) -> None:
        """Close now."""
        ...


class Registry:
    """All connections of one server, and the clients that are still shaking hands."""

    __slots__ = ("_aborted", "_arriving", "_capacity", "_on_empty", "connections", "draining")

    def __init__(self, capacity: int) -> None:
        self._aborted = False
        self._arriving: set[Connection] = set()
        self._capacity = capacity
        self._on_empty: Callable[[], None] | None = None
        self.connections: set[Connection] = set()
        self.draining = False

    @property
    def active(self) -> int:
        """How many requests are under way."""
        return sum(connection.busy for connection in self.connections)

    def expect(self, client: Connection) -> bool:
        """Know a client that is to be admitted later, and takes no place until then; not once the server stops."""
        if self.draining:
            return False
        self._arriving.add(client)
        return True

    def admit(self, connection: Connection) -> bool:
        """Add a new connection, unless there are too many or the server stops."""
        if self.draining or len(self.connections) >= self._capacity:
            return False
        self.connections.add(connection)
        return True

    def replace(self, old: Connection, new: Connection) -> None:
        """Go on with another protocol on the same socket. One that was not admitted stays outside.

        After `abort` nobody is waited for any more, whatever goes on.
        """
        if self._aborted:
            self.remove(old)
        elif old in self.connections:
            self.connections.remove(old)
            self.connections.add(new)

    def remove(self, connection: Connection) -> None:
        """Forget a connection that is closed."""
        self.connections.discard(connection)
        self._arriving.discard(connection)
        if self._on_empty is not None and self._is_empty:
            self._on_empty()

    def drain(self, on_empty: Callable[[], None]) -> None:
        """Admit nobody, ask all to leave; `on_empty` is called when the last one has left."""
        self.draining = True
        for connection in self._all:
            connection.drain()
        if self._is_empty:
            on_empty()
        else:
            self._on_empty = on_empty

    def abort(self) -> None:
        """Close what has not left."""
        self._aborted = True
        for connection in self._all:
            connection.abort()

    @property
    def _is_empty(self) -> bool:
        return not self.connections and not self._arriving

    @property
    def _all(self) -> tuple[Connection, ...]:
        return (*self.connections, *self._arriving)
