"""The Bus port: messages from node to node that may be lost.

Owns the contract of telling others something now: pushes to sockets of other processes, wake-ups, invalidation.
Whoever must know waits for an answer of its own and gives up in time. Adapters: `stores.memory.bus`; the
conformance suite runs on each.
"""

from collections.abc import Callable
from typing import Final, Protocol

MAX_MESSAGE: Final = 1024 * 1024
"""Bytes of the largest message."""

Take = Callable[[bytes], None]
"""Takes a message, on the event loop. Must neither wait nor raise."""

Unsubscribe = Callable[[], None]
"""Ends a subscription. Called twice, it does nothing the second time."""


class Bus(Protocol):
    """Channels of messages. Used on one event loop; nothing but `close` waits.

    A message reaches each subscription of its channel once or not at all, those of the same node too; what one
    node publishes on one channel comes in that order. It is lost where nobody has subscribed, where the other
    side does not keep up, and while whatever carries it is down.
    """

    def publish(self, channel: str, message: bytes) -> None:
        """Send a message, `MAX_MESSAGE` bytes at most. Nobody takes it before this has returned."""
        ...

    def subscribe(self, channel: str, take: Take) -> Unsubscribe:
        """Have `take` called with each message of a channel from now on.

        Messages of this node are taken from the first one, those of others within the time of one round trip.
        """
        ...

    async def close(self) -> None:
        """End all subscriptions; nothing is taken any more."""
        ...
