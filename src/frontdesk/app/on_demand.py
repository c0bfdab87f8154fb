"""Owns parts of a gateway that are loaded and opened when something first asks for them, and not before.

Knows no part: what it loads is its caller's. A module that no configuration asks for costs memory and time of
every process.
"""

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import AsyncExitStack
from functools import partial
from typing import Any, Generic, TypeVar

from frontdesk.app.background import aside
from frontdesk.ports.services import Services

L = TypeVar("L")
T = TypeVar("T")


class OnDemand(Generic[L, T]):
    """A part that is opened once, for all who ask. Used on one event loop."""

    def __init__(
        self, load: Callable[[], L], opening: Callable[[L, AsyncExitStack], Awaitable[T]]
    ) -> None:
        """load: imports what `opening` makes the part of.

        It runs in a thread that gives way, since modules come in small pieces: requests go on between them.
        opening: puts on the stack what is to be closed. It may raise; what it has opened is closed then.
        """
        self._load = load
        self._opening = opening
        self._part: T | None = None
        self._turn = asyncio.Lock()
        self._closing = AsyncExitStack()

    @property
    def part(self) -> T | None:
        """The part, where something has asked for it."""
        return self._part

    async def get(self) -> T:
        """Return the part; open it first if nobody has. Who gives up waiting does not stop it for others.

        Raises: what its opening raises; whoever asks next tries again.
        """
        if self._part is not None:
            return self._part
        return await asyncio.shield(asyncio.ensure_future(self._open()))

    async def opened(self) -> T | None:
        """Return the part, where something has asked for it; wait for it where it is being opened."""
        async with self._turn:
            return self._part

    async def close(self) -> None:
        """Close the part, where it was opened; wait for it where it is being opened."""
        async with self._turn:
            await self._closing.aclose()

    async def _open(self) -> T:
        async with self._turn:
            if self._part is None:
                loaded = await aside(self._load)
                async with AsyncExitStack() as opened:
                    part = await self._opening(loaded, opened)
                    self._closing = opened.pop_all()
                self._part = part
            return self._part


def services_of(get: Callable[[], Awaitable[Services]]) -> Services:
    """Make services that are got when one of them is first called, each time anew."""
    ports: Any = {name: _Late(get, name) for name in Services._fields}
    return Services(**ports)


class _Late:
    """A port whose methods wait for it."""

    def __init__(self, get: Callable[[], Awaitable[Services]], name: str) -> None:
        self._get = get
        self._name = name

    def __getattr__(self, method: str) -> Callable[..., Awaitable[Any]]:
        """Give a method of the port: all of them are coroutines, since they may cross to another process."""
        return partial(self._call, method)

    async def _call(self, method: str, *given: object, **named: object) -> Any:
        port = getattr(await self._get(), self._name)
        return await getattr(port, method)(*given, **named)
