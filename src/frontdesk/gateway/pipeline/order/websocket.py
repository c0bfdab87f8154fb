"""Owns the order of stages of WebSocket APIs: of the handshake, of each message, of the end."""

from frontdesk.gateway.pipeline.build import Builder
from frontdesk.gateway.pipeline.integrations import socket
from frontdesk.gateway.pipeline.order.kind import Kind
from frontdesk.gateway.pipeline.sockets import SocketMount, routes_of
from frontdesk.gateway.pipeline.stages import api_key, respond, throttle
from frontdesk.gateway.pipeline.stages.authorize import authorize
from frontdesk.gateway.pipeline.stages.socket import (
    acceptance,
    admission,
    answering,
    no_handshake,
)
from frontdesk.gateway.pipeline.stages.validate import validate
from frontdesk.rules.events.websocket import CONNECT, DISCONNECT

HANDSHAKE: tuple[Builder, ...] = (
    admission,
    throttle.throttle_before_auth,
    authorize,  # Differs: [socket-authorizers] AWS knows functions and signatures.
    api_key.api_key,
    throttle.throttle_after_auth,
    validate,
    socket.transformed_request,
    socket.transformed,
    socket.integration,
)
"""Of `$connect`: who calls is asked here, once for all messages of the connection."""

HANDSHAKE_TAIL: tuple[Builder, ...] = (acceptance, respond.request_id)

MESSAGE: tuple[Builder, ...] = (
    throttle.throttle_before_auth,
    throttle.throttle_after_auth,
    validate,
    socket.transformed_request,
    socket.transformed,
    socket.integration,
)

MESSAGE_TAIL: tuple[Builder, ...] = (answering,)

END: tuple[Builder, ...] = (
    socket.transformed_request,
    socket.transformed,
    socket.integration,
)
"""Of `$disconnect`: nothing is in its way, and nobody waits for it."""

UNMATCHED: tuple[Builder, ...] = (throttle.throttle_before_auth, no_handshake)

KIND = Kind(
    MESSAGE,
    MESSAGE_TAIL,
    UNMATCHED,
    routes_of,
    SocketMount,
    {CONNECT: (HANDSHAKE, HANDSHAKE_TAIL), DISCONNECT: (END, MESSAGE_TAIL)},
    HANDSHAKE_TAIL,
)
