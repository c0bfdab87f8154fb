"""Owns the Lambda event of payload format 1.0, in its HTTP API flavour.

Absent parts are null. Header names keep the client's spelling; single-value maps hold the last value.
Source: AWS, "Create AWS Lambda proxy integrations for HTTP APIs", payload format 1.0.
"""

from collections.abc import Callable, Container, Iterable, Mapping
from typing import Any

import orjson

from frontdesk.rules.events.media import event_body
from frontdesk.rules.events.query import pairs
from frontdesk.rules.events.request import HIDDEN, Request, RouteFacts, forwarding
from frontdesk.rules.events.times import clf

REPLACED = frozenset(
    {b"x-amzn-trace-id", b"x-forwarded-for", b"x-forwarded-port", b"x-forwarded-proto"}
)
"""Fields that we add ourselves, whatever came (lower case)."""

_UNKNOWN_CALLER = dict.fromkeys(
    (
        "accessKey",
        "accountId",
        "caller",
        "cognitoAuthenticationProvider",
        "cognitoAuthenticationType",
        "cognitoIdentityId",
        "cognitoIdentityPoolId",
        "principalOrgId",
        "sourceIp",
        "user",
        "userAgent",
        "userArn",
    )
)
_NO_AUTHORIZER: Mapping[str, Any] = {"claims": None, "scopes": None}

Multi = dict[str, list[str]]


def without(left_out: Container[bytes]) -> Callable[[Request], tuple[dict[str, str], Multi]]:
    """Make what returns the header fields of a request, but for some: the last one of each name, and all of it."""

    def shown(request: Request) -> tuple[dict[str, str], Multi]:
        several = _grouped(
            (name.decode("latin-1"), value.decode("latin-1"))
            for part in (request.fields, request.held)
            for name, value in part
            if name.lower() not in left_out
        )
        return _last(several), several

    return shown


class EventV1:
    """The events of one route."""

    __slots__ = ("_facts", "_prefix", "_resource")

    shown = staticmethod(without(HIDDEN | REPLACED))
    """Returns the header fields that it shows of those that came."""

    def __init__(self, facts: RouteFacts) -> None:
        self._facts = facts
        self._resource = facts.route_key.partition(" ")[2] or facts.route_key
        self._prefix = facts.domain.partition(".")[0]

    def encode(self, request: Request, trace: str) -> bytes:
        """Write the event as JSON. trace: value of X-Amzn-Trace-Id to show."""
        event = self.document(request, trace)
        body, is_base64 = None, False
        if request.body:
            body, is_base64 = event_body(request.body, request.headers)
        event["body"], event["isBase64Encoded"] = body, is_base64
        return orjson.dumps(event)

    def document(self, request: Request, trace: str) -> dict[str, Any]:
        """Build the event without its body, as JSON values that the caller may extend."""
        headers, several = request.shown(self.shown)
        edge = _edge(request, trace)
        query = _grouped(pairs(request.query))
        return {
            "version": "1.0",
            "resource": self._resource,
            "path": request.stage_path,
            "httpMethod": request.method,
            "headers": headers | edge,
            "multiValueHeaders": several | {name: [value] for name, value in edge.items()},
            "queryStringParameters": _last(query) or None,
            "multiValueQueryStringParameters": query or None,
            "requestContext": self.context(request),
            "pathParameters": request.params or None,
            "stageVariables": self._facts.variables or None,
        }

    def context(self, request: Request) -> dict[str, Any]:
        """Build `requestContext`."""
        facts, second = self._facts, request.time
        agent = request.headers.get(b"user-agent")
        return {
            "accountId": facts.account,
            "apiId": facts.api_id,
            "authorizer": _authorizer(request.authorizer_event, request.principal),
            "domainName": facts.domain,
            "domainPrefix": self._prefix,
            "extendedRequestId": request.request_id,
            "httpMethod": request.method,
            "identity": _UNKNOWN_CALLER
            | caller_identity(request)
            | {
                "sourceIp": request.client_ip,
                "userAgent": None if agent is None else agent.decode("latin-1"),
            },
            "path": request.raw_path,
            "protocol": request.version,
            "requestId": request.request_id,
            "requestTime": clf(int(second)),
            "requestTimeEpoch": int(second * 1000),
            "resourceId": None,
            "resourcePath": self._resource,
            "stage": facts.stage,
        }


def caller_identity(request: Request) -> dict[str, Any]:
    """Tell what the door knows of a caller by its API key, its certificate or its signature."""
    known: dict[str, Any] = {}
    if request.api_key is not None:
        known["apiKey"] = request.api_key_value.decode("latin-1")
        known["apiKeyId"] = request.api_key.id
    if request.client_cert is not None:
        known["clientCert"] = request.client_cert.shown
    caller = (request.authorizer_event or {}).get("iam")
    if caller is not None:
        known |= {name: caller[of] for name, of in _CALLER.items()}
    return known


_CALLER: Mapping[str, str] = {
    "accessKey": "accessKey",
    "accountId": "accountId",
    "caller": "callerId",
    "principalOrgId": "principalOrgId",
    "user": "userId",
    "userArn": "userArn",
}
"""Member of `identity` in format 1.0 to the member of `authorizer.iam` in format 2.0."""


def _authorizer(shown: Mapping[str, Any] | None, principal: str) -> Mapping[str, Any]:
    """Turn `requestContext.authorizer` of format 2.0 ({"jwt": …} …) into that of 1.0.

    principal: of the policy that a function answered, shown beside its context; "" for none.
    """
    if shown is None or "iam" in shown:
        return _NO_AUTHORIZER
    if "jwt" in shown:
        token: Mapping[str, Any] = shown["jwt"]
        return token
    context = shown["lambda"] or {}
    return {**context, "principalId": principal} if principal else context or _NO_AUTHORIZER


def _edge(request: Request, trace: str) -> dict[str, str]:
    """Return the header fields that we add ourselves."""
    edge = {"X-Amzn-Trace-Id": trace}
    if traceparent := request.traceparent:
        edge["traceparent"] = traceparent
    origin, port, scheme = forwarding(request)
    edge["X-Forwarded-For"] = origin
    edge["X-Forwarded-Port"] = port
    edge["X-Forwarded-Proto"] = scheme
    return edge


def _grouped(items: Iterable[tuple[str, str]]) -> Multi:
    found: Multi = {}
    for name, value in items:
        found.setdefault(name, []).append(value)
    return found


def _last(values: Multi) -> dict[str, str]:
    return {name: several[-1] for name, several in values.items()}
