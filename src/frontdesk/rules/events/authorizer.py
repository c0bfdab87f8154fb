"""Owns the events that authorizer functions get: REQUEST in formats 2.0, 1.0, of REST and of WebSocket APIs, TOKEN. No body, ever.

Source: AWS, "Control access to HTTP APIs with Lambda authorizers"; "Input to an API Gateway Lambda
authorizer".
"""

from collections.abc import Callable, Sequence
from typing import Final, cast

import orjson

from frontdesk.rules.events.request import Request, RouteFacts
from frontdesk.rules.events.rest import RestEvent
from frontdesk.rules.events.v1 import EventV1
from frontdesk.rules.events.v2 import EventV2
from frontdesk.rules.events.websocket import Message, WebSocketEvent
from frontdesk.rules.rest.media import BinaryTypes

Encode = Callable[[Request, str, Sequence[str], str], bytes]
"""(request, method ARN, identity values, trace id) → the event as JSON."""


def request_v2(facts: RouteFacts) -> Encode:
    """Prepare the REQUEST events of format 2.0 of one route."""
    events = EventV2(facts)

    def encode(request: Request, arn: str, identity: Sequence[str], trace: str) -> bytes:
        event = events.document(request, trace)
        event |= {"type": "REQUEST", "routeArn": arn, "identitySource": identity}
        return orjson.dumps(event)

    return encode


def request_v1(facts: RouteFacts) -> Encode:
    """Prepare the REQUEST events of format 1.0 of one route."""
    events = EventV1(facts)

    def encode(request: Request, arn: str, identity: Sequence[str], trace: str) -> bytes:
        event = events.document(request, trace)
        del event["multiValueHeaders"], event["multiValueQueryStringParameters"]
        source = ",".join(identity)
        event |= {"type": "REQUEST", "methodArn": arn}
        event |= {"identitySource": source, "authorizationToken": source}
        return orjson.dumps(event)

    return encode


def request_rest(facts: RouteFacts) -> Encode:
    """Prepare the REQUEST events of one method of a REST API."""
    events = RestEvent(facts, BinaryTypes(()))

    def encode(request: Request, arn: str, _identity: Sequence[str], trace: str) -> bytes:
        event = events.document(request, trace)
        return orjson.dumps({"type": "REQUEST", "methodArn": arn, **event})

    return encode


def request_websocket(facts: RouteFacts) -> Encode:
    """Prepare the REQUEST events of the handshakes of a WebSocket API."""
    events = WebSocketEvent(facts)

    def encode(request: Request, arn: str, _identity: Sequence[str], trace: str) -> bytes:
        event = events.connected(cast(Message, request), trace)
        del event["isBase64Encoded"]
        return orjson.dumps({"type": "REQUEST", "methodArn": arn, **event})

    return encode


def token(_facts: RouteFacts) -> Encode:
    """Prepare TOKEN events: exactly three members."""

    def encode(_request: Request, arn: str, identity: Sequence[str], _trace: str) -> bytes:
        return orjson.dumps(
            {"type": "TOKEN", "authorizationToken": ",".join(identity), "methodArn": arn}
        )

    return encode


EVENTS: Final[dict[tuple[str, str], Callable[[RouteFacts], Encode]]] = {
    ("simple", "1.0"): request_v1,
    ("simple", "2.0"): request_v2,
    ("iam", "1.0"): request_v1,
    ("iam", "2.0"): request_v2,
    ("token", "1.0"): token,
    ("token", "2.0"): token,
}
"""Of HTTP APIs, by the form of an authorizer and its payload format. TOKEN has one format only."""
