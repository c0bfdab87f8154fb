"""Owns what the pipeline knows of WebSocket connections: their routes, and what each has learnt when it began.

A handshake is an Exchange of the `$connect` route; each message, and the end, is one of its own. The server
speaks the protocol; nothing here knows a frame.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any, Final

from frontdesk.config.models.api import Api
from frontdesk.config.models.websocket_api import SocketLimits, WebSocketApi
from frontdesk.gateway.pipeline.exchange import EMPTY, Exchange
from frontdesk.gateway.pipeline.plan import RoutePlan
from frontdesk.rules.events.websocket import (
    BINARY,
    CONNECT,
    DEFAULT,
    DISCONNECT,
    RESERVED,
    TEXT,
    Select,
    compile_selection,
)

if TYPE_CHECKING:
    from frontdesk.gateway.identity.key_registry import ApiKey
    from frontdesk.gateway.sockets.hub import Hub
    from frontdesk.rules.tls.client_certificate import ClientCertificate

VERSION: Final = "WebSocket"
"""The version of exchanges of connections after their handshakes."""

MountKey = tuple[str, str, str, str]
"""API, stage, domain and mapping key: by these a connection finds its routes again after a reload."""


@dataclass(frozen=True, slots=True)
class SocketSettings:
    """What the file says of all connections of an API. select: finds the route key of a message."""

    limits: SocketLimits
    binary: bool
    select: Select


def settings_of(api: Api) -> SocketSettings:
    """Read the settings of a WebSocket API."""
    assert isinstance(api, WebSocketApi)
    return SocketSettings(api.limits, api.binary, compile_selection(api.route_selection))


class SocketRoutes:
    """The routes of one stage of a WebSocket API; see `router.Routes`."""

    def __init__(self, settings: SocketSettings, plans: Iterable[RoutePlan]) -> None:
        """plans: `$connect` among them."""
        self.settings = settings
        self.plans = tuple(plans)
        by_key = {plan.route_key: plan for plan in self.plans}
        self.connect = by_key[CONNECT]
        self.disconnect = by_key.get(DISCONNECT)
        self.default = by_key.get(DEFAULT)
        self.named: dict[str | None, RoutePlan] = {
            key: plan for key, plan in by_key.items() if key not in RESERVED
        }
        """Those that messages take, by their route keys."""

    def match(self, _method: str, path: str) -> tuple[RoutePlan | None, Mapping[str, str]]:
        """Find the plan of a handshake: there is one path."""
        return (self.connect if path == "/" else None), EMPTY


def routes_of(api: Api) -> partial[SocketRoutes]:
    """Return what makes the routes of a stage of an API from their plans."""
    return partial(SocketRoutes, settings_of(api))


_FEW: Final = 64
"""Messages whose routes are remembered, where these have a standing answer: heartbeats are the same again and again."""

_SHORT: Final = 512
"""Bytes of the longest of them."""


class SocketMount:
    """One stage of a WebSocket API where it is served; see `router.Mount`."""

    __slots__ = (
        *(
            "_named",
            "_otherwise",
            "_remembered",
            "_routes",
            "_select",
            "_unmatched",
            "key",
            "prefix",
        ),
    )

    def __init__(
        self, prefix: str, routes: SocketRoutes, unmatched: RoutePlan, _preflight: RoutePlan | None
    ) -> None:
        """unmatched: of what no route takes, handshake or message."""
        api = routes.connect.api
        self.prefix = prefix
        self.key: MountKey = (api.name, api.stage, api.domain, api.mapping_key)
        self._routes = routes
        self._unmatched = unmatched
        self._select, self._named = routes.settings.select, routes.named
        self._otherwise = routes.default or unmatched
        self._remembered: dict[bytes, RoutePlan] = {}

    def take(self, ex: Exchange, path: str) -> None:
        """See Mount."""
        plan, ex.params = self._routes.match(ex.method, path)
        if plan is None or not ex.upgrade:
            ex.plan = self._unmatched
        else:
            ex.plan = plan
            ex.socket = Socket(self.key, self._routes.settings)

    def plan_of(self, message: bytes, now: float) -> RoutePlan:  # noqa: ARG002 - for those who watch
        """Find the plan of a message. now: monotonic second."""
        plan = self._remembered.get(message)
        if plan is None:
            plan = self._named.get(self._select(message), self._otherwise)
            if (
                plan.standing is not None
                and len(message) <= _SHORT
                and len(self._remembered) < _FEW
            ):
                self._remembered[message] = plan
        return plan

    def take_end(self, ex: Exchange) -> bool:
        """Set the plan of the end of a connection; False: nobody wants to know."""
        if self._routes.disconnect is None:
            return False
        ex.plan = self._routes.disconnect
        return True

    def plans(self) -> Iterable[RoutePlan]:
        """See Mount."""
        return self._routes.plans


class Socket:
    """One connection: what its handshake was, which each of its exchanges goes on with.

    id: its connection id, base64url. closed: close code and reason, once it is over. hub: where it is held.
    key: of its mount. settings: those that it began with.
    """

    __slots__ = (
        *("_known", "client_ip", "closed", "connected_at", "host", "hub", "id", "key", "peer"),
        *("scheme", "settings", "user_agent"),
    )

    hub: "Hub"

    def __init__(self, key: MountKey, settings: SocketSettings) -> None:
        self.key = key
        self.settings = settings
        self.id = ""
        self.connected_at = 0.0
        self.client_ip = self.peer = self.host = self.user_agent = ""
        self.scheme = "http"
        self.closed = (0, "")
        self._known: _Known | None = None

    def open(self, ex: Exchange, connection_id: str, hub: "Hub") -> None:
        """Take what the handshake says by itself."""
        self.id = connection_id
        self.hub = hub
        self.connected_at = ex.time
        self.client_ip, self.peer, self.scheme = ex.client_ip, ex.peer, ex.scheme
        self.host = ex.headers.get(b"host", b"").decode("latin-1")
        self.user_agent = ex.headers.get(b"user-agent", b"").decode("latin-1")

    def accept(self, ex: Exchange) -> None:
        """Take what was learnt of the caller: every later event tells it."""
        if ex.authorizer_event is not None or ex.api_key is not None or ex.client_cert is not None:
            self._known = _Known(
                ex.authorizer,
                ex.authorizer_event,
                ex.principal,
                ex.authorizer_latency,
                ex.api_key,
                ex.api_key_value,
                ex.client_cert,
            )

    def exchange(self, request_id: str, now: float, time: float) -> Exchange:
        """Make the exchange of a message, or of the end; the server adds the body. now: monotonic second."""
        ex = _Message()
        ex.request_id, ex.started, ex.time = request_id, now, time
        ex.host, ex.scheme = self.host, self.scheme
        ex.peer, ex.client_ip = self.peer, self.client_ip
        ex.headers, ex.fields, ex.held = TEXT, _TEXT_FIELDS, []
        ex.socket = self
        known = self._known
        if known is not None:
            ex.authorizer, ex.authorizer_event = known.authorizer, known.authorizer_event
            ex.principal = known.principal
            ex.authorizer_latency = known.authorizer_latency
            ex.api_key, ex.api_key_value = known.api_key, known.api_key_value
            ex.client_cert = known.client_cert
        return ex


@dataclass(slots=True, eq=False, repr=False)
class _Message(Exchange):
    """What all exchanges of connections have in common that go on after a handshake."""

    method: str = "MESSAGE"
    raw_path: str = "/"
    path: str = "/"
    version: str = VERSION
    stage_path: str = "/"


@dataclass(frozen=True, slots=True)
class _Known:
    """What a handshake has learnt of the caller; see Exchange."""

    authorizer: Mapping[str, Any] | None
    authorizer_event: Mapping[str, Any] | None
    principal: str
    authorizer_latency: float
    api_key: "ApiKey | None"
    api_key_value: bytes
    client_cert: "ClientCertificate | None"


_TEXT_FIELDS = list(TEXT.items())
_BINARY_FIELDS = list(BINARY.items())


def make_binary(ex: Exchange) -> None:
    """Say of an exchange that its message is of bytes."""
    ex.headers, ex.fields = BINARY, _BINARY_FIELDS
