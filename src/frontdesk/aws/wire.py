"""Owns what the wire APIs of AWS have in common: who asks, ids, JSON answers, errors in AWS's form.

Knows no service. Source: AWS, "Signing AWS API requests"; Smithy, "AWS restJson1 protocol", errors.
"""

import asyncio
import os
import uuid
from collections.abc import Awaitable, Sequence
from typing import Any, Protocol

import orjson

from frontdesk.aws.absent import asked_service, refuse_absent
from frontdesk.aws.keys import Keys
from frontdesk.base.clock import Clock
from frontdesk.base.errors import FrontdeskError, StoreError
from frontdesk.base.streams import Field
from frontdesk.gateway.admin import is_local
from frontdesk.gateway.pipeline.exchange import Exchange, Reply
from frontdesk.gateway.pipeline.replies import JSON
from frontdesk.rules.auth.sigv4 import Request
from frontdesk.rules.auth.sigv4_verify import Refusal, verify

REQUEST_ID = b"x-amzn-requestid"

_LONG = 256 * 1024
"""Bytes of a body beyond which hashing it would hold up everybody else."""


class ApiError(FrontdeskError):
    """A request that is refused, in AWS's words.

    status: of HTTP. code: AWS's name of the error, such as ResourceNotFoundException. members: more of
    the body, such as Reason.
    """

    def __init__(self, status: int, code: str, message: str, **members: str) -> None:
        super().__init__(message)
        self.status = status
        self.code = code
        self.members = members


class Service(Protocol):
    """One API of AWS."""

    scope: str
    """Its name in the scope of a signature."""

    def serves(self, ex: Exchange) -> bool:
        """Tell from the head whether the request is for this service."""
        ...

    async def answer(self, ex: Exchange) -> Reply:
        """Answer a request of somebody who may ask. Raises: ApiError, StoreError."""
        ...

    def refuse(self, error: ApiError) -> Reply:
        """Write an error in the form of its protocol."""
        ...


class WireApi:
    """The face of all services on the admin listener. See gateway.admin.Face."""

    needs_token = False  # signatures are asked for instead

    def __init__(self, services: Sequence[Service], keys: Keys, clock: Clock) -> None:
        self._services = services
        self._keys = keys
        self._clock = clock

    def serves(self, ex: Exchange) -> bool:
        """See Face."""
        return self._service(ex) is not None or asked_service(ex) != ""

    def answer(self, ex: Exchange) -> Reply | Awaitable[Reply]:
        """See Face."""
        service = self._service(ex)
        if service is None:
            here = {service.scope for service in self._services}
            request_id = new_uuid()
            reply = refuse_absent(ex, here, request_id)
            reply.fields.append((REQUEST_ID, request_id.encode()))
            return reply
        return self._answer(service, ex)

    def _service(self, ex: Exchange) -> Service | None:
        return next((service for service in self._services if service.serves(ex)), None)

    async def _answer(self, service: Service, ex: Exchange) -> Reply:
        try:
            if len(ex.body) > _LONG:
                await asyncio.to_thread(self._admit, ex, service.scope)
            else:
                self._admit(ex, service.scope)
            reply = await service.answer(ex)
        except ApiError as error:
            reply = service.refuse(error)
        except StoreError as error:
            reply = service.refuse(ApiError(500, "ServiceException", error.message))
        if not any(name == REQUEST_ID for name, _ in reply.fields):
            reply.fields.append((REQUEST_ID, new_uuid().encode()))
        return reply

    def _admit(self, ex: Exchange, scope: str) -> None:
        """Raises: ApiError for who may not ask."""
        if not self._keys.needed:
            # A page in the operator's browser reaches this listener too, and says so in these fields,
            # or by a name of its own that leads here.
            named = not is_local(ex.host)
            if named or b"origin" in ex.headers or b"sec-fetch-site" in ex.headers:
                raise ApiError(403, "AccessDeniedException", "Web pages may ask with a key only.")
            return
        request = Request(ex.method, ex.raw_path, ex.query, ex.headers, ex.body)
        found = verify(request, self._keys.find, service=scope, now=self._clock.time())
        if isinstance(found, Refusal):
            raise ApiError(403, found.code, found.message)


def json_reply(status: int, document: Any, *fields: Field) -> Reply:
    """Answer with a JSON document; None: with nothing."""
    if document is None:
        return Reply(status, list(fields))
    return Reply(status, [JSON, *fields], orjson.dumps(document))


def error_reply(error: ApiError, *fields: Field) -> Reply:
    """Write an error as AWS's REST services do: its code in a header, its text in the body."""
    fault = "User" if error.status < 500 else "Service"
    body = {**error.members, "Type": fault, "message": error.message}
    return json_reply(error.status, body, (b"x-amzn-errortype", error.code.encode()), *fields)


def new_uuid() -> str:
    """Make a random UUID: of a request, of a revision."""
    return str(uuid.UUID(bytes=os.urandom(16), version=4))
