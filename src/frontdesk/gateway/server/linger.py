"""Owns the lingering close: after an early answer, read on for a while so that it is not lost.

Closing a socket with unread bytes makes the kernel send a reset, which can overtake the answer
(RFC 9112 §9.6).
"""

import asyncio
from typing import Final

from frontdesk.base.wheel import Wheel
from frontdesk.gateway.server.limits import LINGER_TIME
from frontdesk.gateway.server.registry import Registry

_BYTES: Final = 1024 * 1024


class Linger(asyncio.Protocol):
    """Drops what the client still sends, until it closes, sends too much, or time is over."""

    def __init__(
        self, transport: asyncio.Transport, wheel: Wheel, now: float, registry: Registry
    ) -> None:
        self._transport = transport
        self._registry = registry
        self._left = _BYTES
        self._timer = wheel.timer(transport.abort)
        self._timer.at(now + LINGER_TIME)

    def data_received(self, data: bytes) -> None:
        """Drop it."""
        self._left -= len(data)
        if self._left < 0:
            self._transport.abort()

    def connection_lost(self, _exc: Exception | None) -> None:
        """Over."""
        self._timer.stop()
        self._registry.remove(self)

    @property
    def busy(self) -> bool:
        """See Connection: the request is over."""
        return False

    def drain(self) -> None:
        """It ends by itself in a moment."""

    def abort(self) -> None:
        """Close now."""
        self._transport.abort()
