"""Owns what handshakes and messages of WebSocket APIs go through beside what every request does.

Before `$connect`: who may connect at all. Behind it: 101, or a refusal in AWS's words. Behind a message: the
answer of a route with `response`, nothing of any other, and what went wrong.
Source: AWS, "Working with WebSocket APIs"; the wording of errors as observed.
"""

import os
from collections.abc import Mapping
from typing import Final

import orjson

from frontdesk.base.ids import CONNECTION_ID_BYTES, connection_id
from frontdesk.base.streams import Fields
from frontdesk.config.models.websocket_api import SocketRoute, WebSocketApi
from frontdesk.gateway.pipeline.build import RouteBuild
from frontdesk.gateway.pipeline.exchange import Exchange, Reply
from frontdesk.gateway.pipeline.plan import Step
from frontdesk.gateway.pipeline.replies import JSON, refusal
from frontdesk.rules.http.cors import CorsPolicy

_PROTOCOLS: Final = b"sec-websocket-protocol"
_CONTENT_TYPE: Final = JSON[0]


def admission(build: RouteBuild) -> Step:
    """Build the beginning of a handshake: its connection id, its origin, how many its address has."""
    api, hub = build.api, build.parts.sockets
    assert isinstance(api, WebSocketApi)
    most = api.limits.per_address
    origins = CorsPolicy(allow_origins=api.allow_origins) if api.allow_origins else None

    def admit(ex: Exchange) -> Reply | None:
        socket = ex.socket
        assert socket is not None
        socket.open(ex, connection_id(os.urandom(CONNECTION_ID_BYTES)), hub)
        origin = ex.headers.get(b"origin")
        if origins is not None and origin is not None and origins.actual(origin) is None:
            return refusal(403, "origin")
        if hub.of_address(ex.client_ip) >= most:
            return _one_too_many()
        return None

    at = ("apis", build.api_name, "limits", "per_address")
    detail = f"at most {most} connections of one address"
    if origins is not None:
        detail += f", origins {' '.join(api.allow_origins)}"
    return Step("admission", admit, detail, at)


def _one_too_many() -> Reply:
    return refusal(429, "connections:address", (b"retry-after", b"1"))


def no_handshake(_build: RouteBuild) -> Step:
    """Build the end of the plan for what no route takes: plain requests, other paths, and messages."""

    def refuse(ex: Exchange) -> Reply:
        # Differs: [no-handshake] AWS does not say what a plain request gets.
        if ex.stage_path == "/" and ex.socket is None:
            return refusal(426, "websocket:upgrade", *_OFFER)
        return refusal(403, "route")

    return Step("no route", refuse, '426 without a handshake, else {"message":"Forbidden"}')


_OFFER: Final[Fields] = [(b"upgrade", b"websocket"), (b"sec-websocket-version", b"13")]


# -- behind the integration -------------------------------------------------------------------------

_WORDS: Final[Mapping[int, str]] = {
    400: "Bad request body",
    401: "Unauthorized",
    403: "Forbidden",
    413: "Message too long",
    426: "Upgrade Required",
    429: "Too Many Requests",
    504: "Endpoint request timed out",
}
_FAULT: Final = "Internal server error"


def _said(ex: Exchange, status: int) -> bytes:
    told = {
        "message": _WORDS.get(status, _FAULT) if ex.message_id or status != 400 else "Bad Request"
    }
    if ex.socket is not None:
        told["connectionId"] = ex.socket.id
    if status == 400 and ex.message_id:
        told["messageId"] = ex.message_id
    else:
        told["requestId"] = ex.request_id
    return orjson.dumps(told)


def acceptance(_build: RouteBuild) -> Step:
    """Build the end of a handshake: 101 where the integration has answered 2xx, else its status."""
    return _ACCEPTANCE


def _told(ex: Exchange, refused: Reply) -> Reply:
    refused.fields = [field for field in refused.fields if field[0] != _CONTENT_TYPE] + [JSON]
    refused.body = _said(ex, refused.status)
    return refused


def _accept(ex: Exchange, reply: Reply) -> Reply:
    if reply.made == "gateway":
        return _told(ex, reply)
    if not 200 <= reply.status < 300:
        return reply
    socket = ex.socket
    assert socket is not None
    reply.discard()
    if socket.hub.of_address(socket.client_ip) >= socket.settings.limits.per_address:
        return _told(ex, _one_too_many())  # others were let in while `$connect` took its time
    socket.accept(ex)
    fields = [field for field in reply.fields if field[0].lower() == _PROTOCOLS]
    return Reply(101, fields[:1], made="gateway")


_ACCEPTANCE: Final = Step("acceptance", _accept, "101 for 2xx, with its Sec-WebSocket-Protocol")


def answering(build: RouteBuild) -> Step:
    """Build what the client gets of a message."""
    route = build.operation
    if isinstance(route, SocketRoute) and not route.response:
        return _ONE_WAY
    return _TWO_WAY


def _two_way(ex: Exchange, reply: Reply) -> Reply:
    if reply.made == "gateway":
        reply.body = _said(ex, reply.status)
    return reply


def _one_way(ex: Exchange, reply: Reply) -> Reply:
    if reply.made == "gateway":
        reply.body = _said(ex, reply.status)
    else:
        reply.discard()
        reply.body = b""
    return reply


_TWO_WAY: Final = Step("answer", _two_way, "the client gets it")
_ONE_WAY: Final = Step("answer", _one_way, "none, unless it fails")
