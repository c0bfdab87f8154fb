"""Owns the protocol of the services on the vault: JSON, one table of operations each, named in a header.

Source: Smithy, "AWS JSON 1.1 protocol"; AWS, Signature Version 4, the scope of a signature.
"""

from collections.abc import Awaitable, Callable, Mapping
from typing import Any, Final, NamedTuple

import orjson

from frontdesk.aws.constraints import Structure, checked, unreadable
from frontdesk.aws.wire import ApiError
from frontdesk.base.errors import StoreError
from frontdesk.base.streams import Field
from frontdesk.gateway.pipeline.exchange import Exchange, Reply
from frontdesk.stores.vault.refusals import VaultError

Run = Callable[[dict[str, Any]], Awaitable[dict[str, Any]]]
"""Takes the members of a request that are not null; raises VaultError, ApiError, StoreError."""

_TARGET: Final = b"x-amz-target"
_JSON: Final[Field] = (b"content-type", b"application/x-amz-json-1.1")


class Operation(NamedTuple):
    """One operation: what its request must be, and what answers it."""

    shape: Structure
    run: Run


class JsonService:
    """One such service. See wire.Service."""

    def __init__(
        self,
        scope: str,
        prefix: str,
        operations: Mapping[str, Operation],
        *,
        message: str = "message",
        internal: str = "InternalServerError",
    ) -> None:
        """prefix: of its operations in the header. message: its member of errors that says why.

        internal: its code for what is not the caller's fault.
        """
        self.scope = scope
        self._prefix = f"{prefix}.".encode()
        self._operations = operations
        self._message = message
        self._internal = internal

    def serves(self, ex: Exchange) -> bool:
        """See Service."""
        return ex.headers.get(_TARGET, b"").startswith(self._prefix)

    async def answer(self, ex: Exchange) -> Reply:
        """See Service."""
        name = ex.headers[_TARGET][len(self._prefix) :].decode("latin-1")
        operation = self._operations.get(name)
        if operation is None:
            raise ApiError(400, "UnknownOperationException", f"No such operation: {name}")
        try:
            return _reply(200, await operation.run(checked(_document(ex.body), operation.shape)))
        except VaultError as error:
            raise ApiError(400, error.code, error.message) from error
        except StoreError as error:
            raise ApiError(500, self._internal, error.message) from error

    def refuse(self, error: ApiError) -> Reply:
        """See Service."""
        body = {"__type": error.code, self._message: str(error)}
        return _reply(error.status, body, (b"x-amzn-errortype", error.code.encode()))


def _document(body: bytes | bytearray) -> Any:
    try:
        return orjson.loads(body or b"{}")
    except ValueError:
        raise unreadable("Could not parse request body into json") from None


def _reply(status: int, document: dict[str, Any], *fields: Field) -> Reply:
    return Reply(status, [_JSON, *fields], orjson.dumps(document))
