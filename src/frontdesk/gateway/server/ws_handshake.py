"""Owns what the server's side of a handshake says (RFC 6455 §4.2.2), and the negotiation of compression.

Contexts are never taken over from one message to the next (RFC 7692 §7.1.1): an idle connection then keeps no
window, which would cost more than all else about it.
"""

import base64
import hashlib
from typing import Final

from websockets.exceptions import InvalidHeader, NegotiationError
from websockets.extensions.permessage_deflate import (
    PerMessageDeflate,
    ServerPerMessageDeflateFactory,
)
from websockets.headers import build_extension, parse_extension

from frontdesk.base.streams import Fields
from frontdesk.gateway.pipeline.exchange import Exchange

_GUID: Final = b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11"
MEMORY: Final = {"memLevel": 5}
"""What compressing may take, for zlib."""

_FACTORY: Final = ServerPerMessageDeflateFactory(
    server_no_context_takeover=True, client_no_context_takeover=True, compress_settings=MEMORY
)


def switching_fields(ex: Exchange, deflate: str) -> Fields:
    """Return the fields of the answer to a handshake. deflate: see `negotiate`."""
    digest = hashlib.sha1(ex.headers[b"sec-websocket-key"] + _GUID, usedforsecurity=False)
    fields = [(b"Sec-WebSocket-Accept", base64.b64encode(digest.digest()))]
    if deflate:
        fields.append((b"Sec-WebSocket-Extensions", deflate.encode()))
    return fields


def negotiate(ex: Exchange) -> tuple[str, PerMessageDeflate | None]:
    """Take the first offer of compression that can be kept; return what is said of it.

    What cannot be read is passed over: the connection is not compressed then.
    """
    # Differs: [socket-deflate] AWS offers none.
    offered = ex.headers.get(b"sec-websocket-extensions")
    if offered is None:
        return "", None
    try:
        offers = parse_extension(offered.decode("latin-1"))
    except InvalidHeader:
        return "", None
    for name, parameters in offers:
        if name != _FACTORY.name:
            continue
        try:
            agreed, extension = _FACTORY.process_request_params(parameters, [])
        except NegotiationError:
            continue
        return build_extension([(name, agreed)]), extension
    return "", None
