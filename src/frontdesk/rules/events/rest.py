"""Owns the Lambda event of REST APIs: payload format 1.0 without a version, and what only these tell.

Path variables stay percent-encoded, the path has no repeated slashes, `requestContext.path` has the stage and
all slashes. Source: AWS, "Input format of a Lambda function for proxy integration"; recorded.
"""

from binascii import b2a_base64
from collections.abc import Mapping
from typing import Any, Final

import orjson

from frontdesk.base.ids import named_id
from frontdesk.rules.events.request import HIDDEN, Request, RouteFacts
from frontdesk.rules.events.times import java_date
from frontdesk.rules.events.v1 import REPLACED, EventV1, without
from frontdesk.rules.rest import headers
from frontdesk.rules.rest.media import BinaryTypes, media_type

_ID: Final = 6


def deployment_id(api: str, stage: str) -> str:
    """Return the id of what is served at a stage. api: id of the API."""
    # Differs: [deployment-id] AWS makes another one for each deployment.
    return named_id(f"{api} {stage}", _ID)


def resource_id(api: str, path: str) -> str:
    """Return the id of a resource. api: id of the API. path: of the resource, such as `/pets/{id}`."""
    return named_id(f"{api} {path}", _ID)


class RestEvent(EventV1):
    """The events of one method of a REST API."""

    __slots__ = ("_binary", "_ids")

    shown = staticmethod(without(HIDDEN | REPLACED | {name.encode() for name in headers.HIDDEN}))

    def __init__(self, facts: RouteFacts, binary: BinaryTypes) -> None:
        """binary: media types whose bodies travel as base64."""
        super().__init__(facts)
        self._binary = binary
        self._ids = {
            "deploymentId": deployment_id(facts.api_id, facts.stage),
            "resourceId": resource_id(facts.api_id, self._resource),
        }

    def encode(self, request: Request, trace: str) -> bytes:
        """Write the event as JSON. trace: value of X-Amzn-Trace-Id to show."""
        event = self.document(request, trace)
        body, is_base64 = None, False
        if request.body:
            content_type = request.headers.get(b"content-type", b"").decode("latin-1")
            is_base64 = media_type(content_type) in self._binary
            body = self._text(request.body, is_base64=is_base64)
        event["body"], event["isBase64Encoded"] = body, is_base64
        return orjson.dumps(event)

    def _text(self, body: bytes, *, is_base64: bool) -> str:
        # What is not UTF-8 is lost here, as it is at AWS.
        text = b2a_base64(body, newline=False) if is_base64 else body
        return text.decode("utf-8", "replace")

    def document(self, request: Request, trace: str) -> dict[str, Any]:
        """See EventV1."""
        event = super().document(request, trace)
        del event["version"]
        return event

    def context(self, request: Request) -> dict[str, Any]:
        """See EventV1; also what `$context` of a mapping template has."""
        context = super().context(request) | self._ids
        context["extendedRequestId"] = request.extended_request_id
        context["path"] = f"/{request.raw_path.lstrip('/')}"
        known = known_caller(request)
        if known is None:
            del context["authorizer"]
        else:
            context["authorizer"] = known
        return context


def known_caller(request: Request) -> Mapping[str, Any] | None:
    """Return `requestContext.authorizer` of REST and WebSocket APIs: the claims of a token, or what a function said, as texts."""
    event = request.authorizer_event
    if event is None or "iam" in event:
        return None
    if "jwt" in event:
        claims = request.authorizer or {}
        return {"claims": {name: _claim_text(name, value) for name, value in claims.items()}}
    latency = round(max(0.0, request.authorizer_latency) * 1000)
    said = {name: text_of(value) for name, value in (event["lambda"] or {}).items()}
    return {**said, "principalId": request.principal, "integrationLatency": latency}


def _claim_text(name: str, value: Any) -> str:
    """Write a claim as a user pool's authorizer shows it: a list between commas, the token's own times as dates."""
    if name in _DATES and isinstance(value, int | float):
        try:
            return java_date(value)
        except (OverflowError, ValueError):  # no year that a date can have
            return text_of(value)
    return ",".join(map(text_of, value)) if isinstance(value, list) else text_of(value)


_DATES: Final = frozenset({"exp", "iat", "nbf"})


def text_of(value: Any) -> str:
    """Write what a function said of a caller: texts as they are, other values as JSON."""
    return value if isinstance(value, str) else orjson.dumps(value).decode()
