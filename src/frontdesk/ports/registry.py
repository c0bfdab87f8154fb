"""The Registry port: which node holds a WebSocket connection, and which nodes have members of a group.

Owns the contract of claims that expire. Adapters: `stores.memory.registry`; the conformance suite runs on each.
A node is one process that holds connections. Names of all kinds stand side by side, made by `connection` and
`group`.
"""

from collections.abc import Iterable, Sequence
from typing import Final, Protocol

ALIVE: Final = 30.0
"""Seconds for which a node is taken for alive after it said so; it says so three times as often."""

_CONNECTION: Final = "connection:"


def connection(connection_id: str) -> str:
    """Return the name of a connection. Its claim has one holder."""
    return f"{_CONNECTION}{connection_id}"


def is_connection(name: str) -> bool:
    """Tell whether a name is that of a connection."""
    return name.startswith(_CONNECTION)


def group(api: str, stage: str, name: str) -> str:
    """Return the name of a group of one API's stage. Its claims have as many holders as nodes have members."""
    return f"group:{api}:{stage}:{name}"


class Registry(Protocol):
    """Claims of nodes on names. Times are seconds since 1970. Used on one event loop.

    A claim stands until its time is over, it is released, or its node is taken for dead, whatever comes first.
    `claim`, `release` and `leave` are called on the event loop and never wait. What they say is seen by this
    node's `holders` at once, and by others within the time of one write; an adapter that cannot write now keeps
    it until it can, for as long as the claims last.
    """

    def claim(self, names: Iterable[str], until: float) -> None:
        """Say that this node holds names. Said again, the later time counts."""
        ...

    def release(self, names: Iterable[str]) -> None:
        """Say that this node holds them no more. Names that it does not hold are passed over."""
        ...

    async def renew(self, now: float) -> None:
        """Say that this node is alive: for `ALIVE` seconds from now. Without it no claim of it stands.

        Raises: StoreError, and the claims stand as long as before.
        """
        ...

    async def holders(self, name: str, now: float) -> Sequence[str]:
        """Return the nodes that hold a name, in order; none for a name that nobody holds.

        Raises: StoreError.
        """
        ...

    async def leave(self) -> None:
        """Release all that this node holds, as its last act. Never raises: the claims expire anyway."""
        ...
