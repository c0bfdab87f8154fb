"""Owns what events of both formats are made from: the request as plain values, and facts of its route.

Shared by `v1` and `v2`; knows neither.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any, Protocol, TypeVar

from frontdesk.base.streams import Fields
from frontdesk.rules.http.forwarding import forwarded_for, nearest, port_of
from frontdesk.rules.http.hop_by_hop import HOP_BY_HOP
from frontdesk.rules.tls.client_certificate import ClientCertificate

HIDDEN = HOP_BY_HOP | {b"expect"}
"""Fields that an event never shows: they belong to the client's connection (lower case)."""

Shown = TypeVar("Shown")


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
    extended_request_id: str
    time: float
    body: bytes
    authorizer: Mapping[str, Any] | None
    authorizer_event: Mapping[str, Any] | None
    principal: str
    authorizer_latency: float
    client_cert: ClientCertificate | None
    api_key_value: bytes

    def shown(self, make: "Callable[[Request], Shown]") -> "Shown":
        """Return what `make` makes of `headers`, `fields` and `held`; others may share it: it is not changed."""
        ...

    @property
    def traceparent(self) -> str:
        """What its trace is called to others; "" for none."""
        ...

    @property
    def api_key(self) -> "KeyHolder | None":
        """Whose API key came with it."""
        ...


class KeyHolder(Protocol):
    """Whoever an API key was given to."""

    @property
    def id(self) -> str:
        """Public, the same for good."""
        ...


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


def forwarding(request: Request) -> tuple[str, str, str]:
    """Return the values of X-Forwarded-For, X-Forwarded-Port and X-Forwarded-Proto for an event.

    What the client sent in them counts only when it came through a trusted proxy, which shows in
    `client_ip` being another address than the peer's.
    """
    headers, peer, scheme = request.headers, request.peer, request.scheme
    port = _port(headers.get(b"host", b""), scheme)
    if request.client_ip == peer:
        return peer, port, scheme
    received = headers.get(b"x-forwarded-for", b"")
    said = nearest(headers.get(b"x-forwarded-port", b""))
    origin = forwarded_for(received, peer.encode("latin-1"))
    return origin.decode("latin-1"), said.decode("latin-1") or port, scheme


@lru_cache(256)
def _port(host: bytes, scheme: str) -> str:
    return port_of(host, scheme).decode("latin-1")
