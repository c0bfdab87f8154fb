"""Owns claims on names in this process: what the port means, in the fewest words."""

from collections.abc import Iterable, Sequence

from frontdesk.ports.registry import ALIVE


class Claims:
    """All claims, and until when each node is taken for alive. Nodes of one process may share them."""

    def __init__(self) -> None:
        self.by_name: dict[str, dict[str, float]] = {}
        """Name → node → second at which the claim is over."""
        self.alive: dict[str, float] = {}
        """Node → second from which on it is taken for dead."""


class MemoryRegistry:
    """See `ports.registry.Registry`: the face that one node has of them; gone with the process."""

    def __init__(self, node: str, claims: Claims) -> None:
        self._node = node
        self._claims = claims

    def claim(self, names: Iterable[str], until: float) -> None:
        """See the port."""
        for name in names:
            holders = self._claims.by_name.setdefault(name, {})
            holders[self._node] = max(until, holders.get(self._node, until))

    def release(self, names: Iterable[str]) -> None:
        """See the port."""
        for name in names:
            holders = self._claims.by_name.get(name)
            if holders is not None:
                holders.pop(self._node, None)
                if not holders:
                    del self._claims.by_name[name]

    async def renew(self, now: float) -> None:
        """See the port."""
        self._claims.alive[self._node] = now + ALIVE

    async def holders(self, name: str, now: float) -> Sequence[str]:
        """See the port."""
        alive = self._claims.alive
        return sorted(
            node
            for node, until in self._claims.by_name.get(name, {}).items()
            if now < until and now < alive.get(node, 0.0)
        )

    async def leave(self) -> None:
        """See the port."""
        self.release([name for name, of in self._claims.by_name.items() if self._node in of])
        self._claims.alive.pop(self._node, None)
