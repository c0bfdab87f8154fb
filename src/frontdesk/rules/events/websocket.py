r"""Owns how messages of WebSocket clients find their routes, and the events that functions get of them. Pure.

    expression = value                            one route key
    value      = "$request.body" json-path        one value of the message
               | *( text | "${request.body" json-path "}" )
    text       = "\$" stands for "$"

Source: AWS, "Create routes for WebSocket APIs in API Gateway"; "$connect", "$disconnect" and "$default" routes.
"""

import re
from base64 import b64encode
from collections.abc import Callable, Mapping
from typing import Any, Final, Protocol

import orjson

from frontdesk.rules.events.request import Request
from frontdesk.rules.events.rest import known_caller
from frontdesk.rules.events.times import clf
from frontdesk.rules.events.v1 import EventV1, caller_identity
from frontdesk.rules.lang.selectors import Selector, SelectorError, parse

CONNECT: Final = "$connect"
DEFAULT: Final = "$default"
DISCONNECT: Final = "$disconnect"

RESERVED: Final = frozenset({CONNECT, DISCONNECT})
"""Routes that no message takes, whatever it says."""

Select = Callable[[bytes], str | None]
"""Gives the route key that a message names; None: it is no JSON, or nothing that could be written as some."""

_LITERAL: Final = re.compile(r"\\\$")
_STEP = tuple[str | int, ...]

_NO_KEY: Final = (orjson.JSONDecodeError, orjson.JSONEncodeError)
"""No JSON; a value that is nested so deeply that it can be read, but not written."""


def compile_selection(text: str) -> Select:
    """Prepare a route selection expression. Raises: SelectorError."""
    pieces: list[str | _STEP] = []
    for at, part in enumerate(_LITERAL.split(text)):
        if at:
            pieces.append("$")
        pieces += map(_piece, parse(part) if part else ())
    if len(pieces) == 1 and not isinstance(pieces[0], str):
        return _one(pieces[0])
    return _several(pieces)


def _piece(part: str | Selector) -> str | _STEP:
    if isinstance(part, str):
        return part
    if part.source != "request.body":
        raise SelectorError(
            f"no part of a message: ${part.source}",
            hint="a route is selected by $request.body.NAME",
        )
    return part.path


def _one(path: _STEP) -> Select:
    last = path[0] if len(path) == 1 else None

    def select(message: bytes) -> str | None:
        try:
            document = orjson.loads(message)
            if type(document) is dict and type(found := document.get(last)) is str:  # as most are
                return found
            return _text(document, path)
        except _NO_KEY:
            return None

    return select


def _several(pieces: list[str | _STEP]) -> Select:
    def select(message: bytes) -> str | None:
        try:
            document = orjson.loads(message)
            return "".join(
                [piece if isinstance(piece, str) else _text(document, piece) for piece in pieces]
            )
        except _NO_KEY:
            return None

    return select


def _text(document: Any, path: _STEP) -> str:
    """Write what a path leads to: texts as they are, other values as JSON, "" for what is not there."""
    found = document
    for step in path:
        if isinstance(found, dict):
            found = found.get(step)
        elif isinstance(found, list) and isinstance(step, int) and step < len(found):
            found = found[step]
        else:
            return ""
    if isinstance(found, str):
        return found
    return "" if found is None else orjson.dumps(found).decode()


# -- events -------------------------------------------------------------------------------------


class Connection(Protocol):
    """One connection: what all of its events tell."""

    id: str
    connected_at: float
    """Second since 1970."""
    host: str
    user_agent: str
    closed: tuple[int, str]
    """Close code and reason, once it is over (RFC 6455 §7.4)."""


class Message(Request, Protocol):
    """A handshake, a message or the end of a connection. The pipeline's Exchange is one."""

    @property
    def message_id(self) -> str:
        """Of a message; "" otherwise."""
        ...

    @property
    def socket(self) -> Connection | None:
        """The connection."""
        ...


def event_type(route_key: str) -> str:
    """Return `CONNECT`, `MESSAGE` or `DISCONNECT`."""
    return _TYPES.get(route_key, "MESSAGE")


_TYPES: Final[Mapping[str, str]] = {CONNECT: "CONNECT", DISCONNECT: "DISCONNECT"}

_OF_CONNECT: Final = (
    *("headers", "multiValueHeaders"),
    *("queryStringParameters", "multiValueQueryStringParameters", "stageVariables"),
)


class WebSocketEvent(EventV1):
    """The events of one route."""

    __slots__ = ("_type",)

    def __init__(self, *args: Any) -> None:
        """See EventV1."""
        super().__init__(*args)
        self._type = event_type(self._facts.route_key)

    def encode(self, request: Message, trace: str) -> bytes:  # type: ignore[override]  # a request of sockets only
        """Write the event as JSON. trace: value of X-Amzn-Trace-Id to show."""
        return orjson.dumps(_EVENTS[self._type](self, request, trace))

    def connected(self, request: Message, trace: str) -> dict[str, Any]:
        """Build the event of a handshake; what the client has not sent is left out."""
        document = self.document(request, trace)
        event = {key: document[key] for key in _OF_CONNECT if document[key]}
        return {**event, "requestContext": document["requestContext"], "isBase64Encoded": False}

    def said(self, request: Message, _trace: str) -> dict[str, Any]:
        """Build the event of a message: no headers."""
        is_binary = request.headers is BINARY
        body = b64encode(request.body) if is_binary else request.body
        event: dict[str, Any] = {"requestContext": self.context(request)}
        event |= {"body": body.decode(), "isBase64Encoded": is_binary}
        if self._facts.variables:
            event["stageVariables"] = self._facts.variables
        return event

    def disconnected(self, request: Message, _trace: str) -> dict[str, Any]:
        """Build the event of the end of a connection."""
        assert request.socket is not None
        headers = {"Host": request.socket.host, "x-api-key": "", "X-Forwarded-For": ""}
        headers["x-restapi"] = ""
        several = {name: [value] for name, value in headers.items()}
        event: dict[str, Any] = {"headers": headers, "multiValueHeaders": several}
        if self._facts.variables:
            event["stageVariables"] = self._facts.variables
        return {**event, "requestContext": self.context(request), "isBase64Encoded": False}

    def context(self, request: Message) -> dict[str, Any]:  # type: ignore[override]  # as above
        """Build `requestContext`; also what `$context` of a mapping template has."""
        facts, socket = self._facts, request.socket
        assert socket is not None
        second = request.time
        context: dict[str, Any] = {"routeKey": facts.route_key}
        known = known_caller(request)
        if known is not None:
            context["authorizer"] = known
        if self._type == "MESSAGE":
            context["messageId"] = request.message_id
        elif self._type == "DISCONNECT":
            context["disconnectStatusCode"], context["disconnectReason"] = socket.closed
        identity = caller_identity(request)
        if socket.user_agent:
            identity["userAgent"] = socket.user_agent
        identity["sourceIp"] = request.client_ip
        context |= {
            "eventType": self._type,
            "extendedRequestId": request.request_id,
            "requestTime": clf(int(second)),
            "messageDirection": "IN",
            "stage": facts.stage,
            "connectedAt": int(socket.connected_at * 1000),
            "requestTimeEpoch": int(second * 1000),
            "identity": identity,
            "requestId": request.request_id,
            "domainName": facts.domain,
            "connectionId": socket.id,
            "apiId": facts.api_id,
        }
        return context


_EVENTS: Final[Mapping[str, Callable[[WebSocketEvent, Message, str], dict[str, Any]]]] = {
    "CONNECT": WebSocketEvent.connected,
    "DISCONNECT": WebSocketEvent.disconnected,
    "MESSAGE": WebSocketEvent.said,
}

TEXT: Final[dict[bytes, bytes]] = {b"content-type": b"application/json"}
"""The header fields that a text message has for those who ask for some: routes are selected by JSON."""

BINARY: Final[dict[bytes, bytes]] = {b"content-type": b"application/octet-stream"}
"""Those of a binary message."""
