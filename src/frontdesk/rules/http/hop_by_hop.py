"""Owns which header fields end at the edge: hop-by-hop, framing, and those that only an edge may set.

All names are lower case. Source: RFC 9110 §7.6.1, RFC 9112 §9.3; the forwarding fields by custom.
"""

from collections.abc import Mapping
from typing import Final

HOP_BY_HOP: Final[frozenset[bytes]] = frozenset(
    {
        b"connection",
        b"http2-settings",
        b"keep-alive",
        b"proxy-authenticate",
        b"proxy-authorization",
        b"proxy-connection",
        b"te",
        b"trailer",
        b"transfer-encoding",
        b"upgrade",
    }
)
"""Meant for one connection: never forwarded in either direction."""

NOT_ANSWERED: Final[frozenset[bytes]] = HOP_BY_HOP | {b"apigw-requestid", b"content-length"}
"""Response fields that are not passed on, whoever answers: the door writes its own."""

HELD: Final[frozenset[bytes]] = HOP_BY_HOP | {
    b"content-length",
    b"expect",
    b"forwarded",
    b"host",
    b"via",
    b"x-client-cert",
    b"x-real-ip",
    b"x-request-id",
    b"x-rewrite-url",
}
"""Request fields that are not forwarded as they came; `HELD_PREFIXES` has the families."""

# Differs: [forged-fields] AWS passes on whatever of these a client makes up.
HELD_PREFIXES: Final = (
    b"x-forwarded",
    b"x-amzn-",
    b"x-original-",
    b"x-ms-client-principal",
    b"x-ms-token-",
)
"""Families that speak for an edge or an identity: a client could only forge them."""

_PASSED: Final = frozenset({b"x-amzn-trace-id"})

# Differs: [single-fields] AWS joins their values.
SINGLETONS: Final[frozenset[bytes]] = frozenset(
    {
        b"authorization",
        b"content-length",
        b"content-type",
        b"host",
        b"idempotency-key",
        b"x-api-key",
    }
)
"""Request fields that may come once: two of them are answered 400, as two readers may pick either."""

# Differs: [nominated-fields] RFC 9110 §7.6.1 has any field removed that is named.
_NOT_NOMINATED: Final = SINGLETONS | {
    b"cache-control",
    b"cookie",
    b"expect",
    b"forwarded",
    b"origin",
    b"traceparent",
    b"tracestate",
    b"via",
    b"x-amzn-trace-id",
}

_NOTHING: Final[frozenset[bytes]] = frozenset()

_USUAL: Final[Mapping[bytes, frozenset[bytes]]] = dict.fromkeys(
    (b"keep-alive", b"Keep-Alive", b"close", b"Close", b"upgrade", b"Upgrade", b"TE", b"te"),
    _NOTHING,
)


def is_held(name: bytes) -> bool:
    """Whether a request field is kept back from forwarding. name: lower case."""
    return name in HELD or (name.startswith(HELD_PREFIXES) and name not in _PASSED)


def nominated(connection: bytes) -> frozenset[bytes] | None:
    """Return the end-to-end fields that a `Connection` value asks to remove, in lower case.

    connection: the whole value, several fields joined with `,`. Options that are hop-by-hop anyway and
    `close` are left out. None: it names a field on which identity, routing, framing or tracing rests:
    an attempt to have it removed on the way; answer 400.
    """
    usual = _USUAL.get(connection)
    if usual is not None:
        return usual
    names = {option.strip(b" \t").lower() for option in connection.split(b",")}
    names -= HOP_BY_HOP
    names -= {b"", b"close"}
    if not names:
        return _NOTHING
    if names & _NOT_NOMINATED or any(map(is_held, names)):
        return None
    return frozenset(names)
