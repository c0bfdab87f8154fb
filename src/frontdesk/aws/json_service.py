"""Owns the protocol of services that speak JSON: one table of operations each, named in a header.

Source: Smithy, "AWS JSON 1.0 protocol" and "AWS JSON 1.1 protocol".
"""

from collections.abc import Awaitable, Callable, Mapping
from typing import Any, Final, NamedTuple

import orjson

from frontdesk.aws.constraints import Structure, checked, unreadable
from frontdesk.aws.wire import ApiError
from frontdesk.base.errors import FrontdeskError, StoreError
from frontdesk.base.streams import Field
from frontdesk.gateway.pipeline.exchange import Exchange, Reply

Run = Callable[[dict[str, Any]], Awaitable[dict[str, Any]]]
"""Takes the members of a request that are not null; raises the service's refusals, ApiError, StoreError."""

_TARGET: Final = b"x-amz-target"


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
        refused: type[FrontdeskError],
        version: str = "1.1",
        message: str = "message",
        internal: str = "InternalServerError",
    ) -> None:
        """prefix: of its operations in the header. refused: what operations raise, with AWS's codes.

        version: of the protocol. message: the member of its errors that says why. internal: its code for
        what is not the caller's fault.
        """
        self.scope = scope
        self._prefix = f"{prefix}.".encode()
        self._operations = operations
        self._refused = refused
        self._type: Field = (b"content-type", f"application/x-amz-json-{version}".encode())
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
            answer = await operation.run(checked(_document(ex.body), operation.shape))
        except self._refused as error:
            raise ApiError(400, error.code, error.message) from error
        except StoreError as error:
            raise ApiError(500, self._internal, error.message) from error
        return Reply(200, [self._type], orjson.dumps(answer))

    def refuse(self, error: ApiError) -> Reply:
        """See Service."""
        body = {"__type": error.code, self._message: error.message}
        fields = [self._type, (b"x-amzn-errortype", error.code.encode())]
        return Reply(error.status, fields, orjson.dumps(body))


def _document(body: bytes | bytearray) -> Any:
    try:
        return orjson.loads(body or b"{}")
    except ValueError:
        raise unreadable("Could not parse request body into json") from None
