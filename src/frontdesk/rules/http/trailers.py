"""Owns which trailer fields pass the edge: few, as a receiver may merge them with the header fields.

Source: RFC 9110 §6.5.1: only fields known to be safe behind the content.
"""

from typing import Final

FORWARDED: Final[frozenset[bytes]] = frozenset(
    {
        b"content-digest",
        b"digest",
        b"grpc-message",
        b"grpc-status",
        b"grpc-status-details-bin",
        b"repr-digest",
        b"server-timing",
    }
)
"""Lower-case names; all others (framing, routing, authentication, caching, unknown) are dropped."""
