"""Finds outgoing webhooks that others could turn against us."""

from collections.abc import Iterator
from typing import Final

from frontdesk.base.egress import is_public
from frontdesk.base.errors import Position
from frontdesk.config.load import Loaded

_AT: Final = "outgoing_webhooks"


def inward(loaded: Loaded) -> Iterator[tuple[Position, str]]:
    """Networks of ours that endpoints may be in."""
    entry = loaded.config.outgoing_webhooks
    for network in () if entry is None else entry.allow_networks:
        if not is_public(str(network.network_address)):
            where = loaded.tree.position((_AT, "allow_networks"))
            yield where, f"endpoints may be in a network that is not public: {network}"


def in_plain(loaded: Loaded) -> Iterator[tuple[Position, str]]:
    """Messages that everybody on their way can read."""
    entry = loaded.config.outgoing_webhooks
    if entry is not None and entry.allow_http:
        yield loaded.tree.position((_AT, "allow_http")), "messages may be sent without TLS"
