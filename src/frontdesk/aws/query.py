"""Owns services that speak the Query protocol: one table of operations each, named in the form.

Source: Smithy, "AWS Query protocol".
"""

from collections.abc import Awaitable, Callable, Mapping
from typing import Any, Final

from frontdesk.aws.wire import REQUEST_ID, ApiError, new_uuid
from frontdesk.base.errors import FrontdeskError, StoreError
from frontdesk.base.streams import Field
from frontdesk.gateway.pipeline.exchange import Exchange, Reply
from frontdesk.rules.query_protocol import FormError, read_form, write_answer, write_document

_XML: Final[Field] = (b"content-type", b"text/xml")
_INTERNAL: Final = 500


Run = Callable[[dict[str, Any], str], Awaitable[Mapping[str, Any]]]
"""Takes the members of a request and its X-Amzn-Trace-Id or ""; raises the service's refusals, StoreError.

Members are texts, mappings of texts, or lists; the operation checks them. So are those of the answer.
"""


class QueryService:
    """One such service. See wire.Service."""

    def __init__(
        self,
        scope: str,
        namespace: str,
        operations: Mapping[str, Run],
        *,
        refused: type[FrontdeskError],
        internal: str = "InternalError",
    ) -> None:
        """namespace: of its XML. internal: its code for what is not the caller's fault.

        refused: what operations raise, with AWS's codes, and a `status` where it is not 400.
        """
        self.scope = scope
        self._mark = f"/{scope}/aws4_request".encode()
        self._namespace = namespace
        self._operations = operations
        self._refused = refused
        self._internal = internal

    def serves(self, ex: Exchange) -> bool:
        """See Service. Nothing in the head but the signature names the service."""
        return self._mark in ex.headers.get(b"authorization", b"")

    async def answer(self, ex: Exchange) -> Reply:
        """See Service."""
        try:
            members = read_form(bytes(ex.body))
        except FormError as error:
            raise ApiError(400, error.code, error.message) from error
        action = str(members.pop("Action", ""))
        run = self._operations.get(action)
        if run is None:
            raise ApiError(
                400,
                "InvalidAction",
                f"The action {action} is not valid for this endpoint.",
            )
        trace = ex.headers.get(b"x-amzn-trace-id", b"").decode("latin-1")
        try:
            result = await run(members, trace)
        except self._refused as error:
            status = getattr(error, "status", 400)
            raise ApiError(status, error.code, error.message) from error
        except StoreError as error:
            raise ApiError(_INTERNAL, self._internal, error.message) from error
        request_id = new_uuid()
        body = write_answer(action, result, request_id, self._namespace)
        return Reply(200, [_XML, (REQUEST_ID, request_id.encode())], body)

    def refuse(self, error: ApiError) -> Reply:
        """See Service."""
        request_id = new_uuid()
        fault = "Receiver" if error.status >= _INTERNAL else "Sender"
        told = {"Type": fault, "Code": error.code, "Message": error.message}
        content = {"Error": told, "RequestId": request_id}
        body = write_document("ErrorResponse", content, self._namespace)
        return Reply(error.status, [_XML, (REQUEST_ID, request_id.encode())], body)
