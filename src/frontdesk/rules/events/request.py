"""Owns what events of both formats are made from: the request as plain values, and facts of its route.

Shared by `v1` and `v2`; knows neither.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol

from frontdesk.base.streams import Fields
from frontdesk.rules.http.forwarding import forwarded_for, nearest, port_of
from frontdesk.rules.http.hop_by_hop import HOP_BY_HOP

HIDDEN = HOP_BY_HOP | {b"expect"}
"""Fields that an event never shows: they belong to the client's connection (lower case)."""


class Request(Protocol):
    """One request. The pipeline's Exchange is one; each attribute is described there."""

    method: str
    raw_path: str
    stage_path: str
    query: str
    version: str
    scheme: str
    headers: dict[bytes, bytes]
    fields: Fields
    held: Fields
    params: Mapping[str, str]
    peer: str
    client_ip: str
    request_id: str
    time: float
    body: bytes
    authorizer_event: Mapping[str, Any] | None
    principal: str


@dataclass(frozen=True, slots=True)
class RouteFacts:
    """What the events of one route have in common.

    domain: host name of the API. stage: "$default" or a name. variables: of the stage.
    """

    route_key: str
    account: str
    api_id: str
    domain: str
    stage: str
    variables: Mapping[str, str] = field(default_factory=dict)


def forwarding(request: Request) -> tuple[bytes, bytes, bytes]:
    """Return the values of X-Forwarded-For, X-Forwarded-Port and X-Forwarded-Proto for an event.

    What the client sent in them counts only when it came through a trusted proxy, which shows in
    `client_ip` being another address than the peer's.
    """
    headers = request.headers
    peer = request.peer.encode("latin-1")
    if request.client_ip == request.peer:
        received, port = b"", b""
    else:
        received = headers.get(b"x-forwarded-for", b"")
        port = nearest(headers.get(b"x-forwarded-port", b""))
    port = port or port_of(headers.get(b"host", b""), request.scheme)
    return forwarded_for(received, peer), port, request.scheme.encode("latin-1")
