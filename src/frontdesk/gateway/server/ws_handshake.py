"""Owns what the server's side of a handshake says (RFC 6455 §4.2.2), and the negotiation of compression.

Contexts are never taken over from one message to the next (RFC 7692 §7.1.1): an idle connection then keeps no
window, which would cost more than all else about it.
"""

import base64
import hashlib
from typing import Any, Final

from websockets.exceptions import InvalidHeader, NegotiationError
from websockets.extensions.permessage_deflate import (
    PerMessageDeflate,
    ServerPerMessageDeflateFactory,
)
from websockets.frames import CONT, Frame
from websockets.headers import build_extension, parse_extension

from frontdesk.base.streams import Fields
from frontdesk.gateway.pipeline.exchange import Exchange

_GUID: Final = b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11"
_MEMORY: Final = {"memLevel": 5}
_FACTORY: Final = ServerPerMessageDeflateFactory(
    server_no_context_takeover=True, client_no_context_takeover=True, compress_settings=_MEMORY
)
WORTH: Final = 512
"""Bytes from which a message is compressed."""


class Deflate(PerMessageDeflate):
    """permessage-deflate that leaves short messages as they are, as RFC 7692 §6 allows."""

    def encode(self, frame: Frame) -> Frame:
        """See Extension."""
        if frame.fin and frame.opcode is not CONT and len(frame.data) < WORTH:
            return frame
        return super().encode(frame)


def switching_fields(ex: Exchange, deflate: str) -> Fields:
    """Return the fields of the answer to a handshake. deflate: see `negotiate`."""
    digest = hashlib.sha1(ex.headers[b"sec-websocket-key"] + _GUID, usedforsecurity=False)
    fields = [(b"Sec-WebSocket-Accept", base64.b64encode(digest.digest()))]
    if deflate:
        fields.append((b"Sec-WebSocket-Extensions", deflate.encode()))
    return fields


def negotiate(ex: Exchange) -> tuple[str, Deflate | None]:
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
        return build_extension([(name, agreed)]), _deflate(extension)
    return "", None


def _deflate(agreed: Any) -> Deflate:
    return Deflate(
        remote_no_context_takeover=agreed.remote_no_context_takeover,
        local_no_context_takeover=agreed.local_no_context_takeover,
        remote_max_window_bits=agreed.remote_max_window_bits,
        local_max_window_bits=agreed.local_max_window_bits,
        compress_settings=_MEMORY,
    )
