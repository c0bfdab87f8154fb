"""Owns the Lambda event of payload format 2.0 for HTTP APIs: what it shows, and what it leaves out.

Absent parts are omitted, never null. The authorizer event of format 2.0 is made from the same parts.
Source: AWS, "Create AWS Lambda proxy integrations for HTTP APIs", payload format 2.0.
"""

from collections.abc import Mapping
from typing import Any

import orjson

from frontdesk.rules.events.media import event_body
from frontdesk.rules.events.query import joined
from frontdesk.rules.events.request import HIDDEN, Request, RouteFacts, forwarding
from frontdesk.rules.events.times import clf


class EventV2:
    """The events of one route, with everything prepared that does not change between requests."""

    __slots__ = ("_facts", "_prefix")

    def __init__(self, facts: RouteFacts) -> None:
        self._facts = facts
        self._prefix = facts.domain.partition(".")[0]

    def encode(self, request: Request, trace: str) -> bytes:
        """Write the event as JSON. trace: value of X-Amzn-Trace-Id to show."""
        event = self.document(request, trace)
        if request.body:
            event["body"], event["isBase64Encoded"] = event_body(request.body, request.headers)
        else:
            event["isBase64Encoded"] = False
        return orjson.dumps(event)

    def document(self, request: Request, trace: str) -> dict[str, Any]:
        """Build the event without its body, as JSON values that the caller may extend."""
        facts = self._facts
        path, shown, second = request.raw_path, request.shown(_shown), request.time
        context: dict[str, Any] = {
            "accountId": facts.account,
            "apiId": facts.api_id,
            "domainName": facts.domain,
            "domainPrefix": self._prefix,
            "http": {
                "method": request.method,
                "path": path,
                "protocol": request.version,
                "sourceIp": request.client_ip,
                "userAgent": shown.get("user-agent", ""),
            },
            "requestId": request.request_id,
            "routeKey": facts.route_key,
            "stage": facts.stage,
            "time": clf(int(second)),
            "timeEpoch": int(second * 1000),
        }
        if request.client_cert is not None:
            context["authentication"] = {"clientCert": request.client_cert.shown}
        if request.authorizer_event is not None:
            context["authorizer"] = request.authorizer_event
        event: dict[str, Any] = {
            "version": "2.0",
            "routeKey": facts.route_key,
            "rawPath": path,
            "rawQueryString": request.query,
            "headers": _headers(request, shown, trace),
            "requestContext": context,
        }
        if "cookie" in shown:
            event["cookies"] = _cookies(shown["cookie"])
        if request.query and (parameters := joined(request.query)):
            event["queryStringParameters"] = parameters
        if request.params:
            event["pathParameters"] = request.params
        if facts.variables:
            event["stageVariables"] = facts.variables
        return event


def _shown(request: Request) -> dict[str, str]:
    """Return the header fields as text, cookies among them."""
    return {
        name.decode("latin-1"): value.decode("latin-1")
        for name, value in request.headers.items()
        if name not in HIDDEN
    }


def _headers(request: Request, shown: Mapping[str, str], trace: str) -> dict[str, str]:
    headers = {**shown}
    headers.pop("cookie", None)
    headers["x-amzn-trace-id"] = trace
    if traceparent := request.traceparent:
        headers["traceparent"] = traceparent
    origin, port, scheme = forwarding(request)
    headers["x-forwarded-for"] = origin
    headers["x-forwarded-port"] = port
    headers["x-forwarded-proto"] = scheme
    return headers


def _cookies(value: str) -> list[str]:
    return [cookie for item in value.split(";") if (cookie := item.strip())]
