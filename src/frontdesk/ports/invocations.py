"""The Invocations port: have a function called later, once that is committed. Adapter: `durable.invocations`."""

from typing import Final, Protocol

LARGEST: Final = 1024 * 1024
"""Bytes of an event at most. Source: AWS, "Lambda quotas"."""


class Invocations(Protocol):
    """Whoever keeps asynchronous invocations (Lambda's InvocationType Event). Used on one event loop."""

    async def accept(
        self,
        function: str,
        qualifier: str,
        event: bytes,
        *,
        trace: str = "",
        client_context: str = "",
    ) -> str | None:
        """Commit an invocation; return its request id (UUID). None: there is no such function.

        function: a name. qualifier: a version or an alias, "" for $LATEST. event: JSON text, `LARGEST` at most.
        Raises: StoreError, and the caller must not acknowledge it.
        """
        ...
