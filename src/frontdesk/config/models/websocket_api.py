"""Models of a WebSocket API: its routes by what messages say, and the limits of its connections."""

from collections.abc import Iterator, Mapping
from typing import Annotated, Final, Literal, Self

from pydantic import AfterValidator, Field, model_validator

from frontdesk.config.models.api import Api, Origin
from frontdesk.config.models.integration import FunctionName, HttpField, Mock
from frontdesk.config.models.model import (
    Duration,
    Flag,
    HintedError,
    Model,
    OneOrMore,
    Size,
    Whole,
    at_least,
    between,
    broken_rule,
)
from frontdesk.config.models.operation import Operation
from frontdesk.config.models.rest_integration import Integration, RequestTarget, checked
from frontdesk.config.models.state_machine import StateMachine
from frontdesk.rules.events.websocket import (
    CONNECT,
    DEFAULT,
    DISCONNECT,
    compile_selection,
)
from frontdesk.rules.lang.selectors import SelectorError
from frontdesk.rules.rest.expressions import ROUTE_SOURCES, parse_source

INTEGRATIONS: Final = ("function", "http", "mock", "integration")
_ONLY_AT_CONNECT: Final = ("authorizer", "scopes", "api_key")
_OF_REQUESTS: Final = ("cache", "idempotency", "compression", "max_body")
_OF_HTTP: Final = ("openapi", "cors", "compression", "versioning", "canary", "cache")


def _as_method_source(text: str) -> str:
    """Check where a value comes from, and say it as a method of a REST API would: it is the same."""
    return f"method.{text.removeprefix('route.')}" if text.startswith("route.") else text


RouteSource = Annotated[
    str, checked(parse_source, ROUTE_SOURCES), AfterValidator(_as_method_source)
]
"""`route.request.body.…`, at `$connect` `route.request.header.NAME` and `….querystring.NAME`; `context.…` …"""


class RouteIntegration(Integration):
    """What answers a route by templates; the words are those of REST APIs."""

    type: Literal["aws", "http", "http_proxy", "mock"]
    """`http_proxy` passes messages and answers through; the others transform them."""

    request_parameters: dict[RequestTarget, RouteSource] = Field(default_factory=dict)
    """What the integration's request has: `integration.request.header.X: route.request.body.y`."""


class SocketRoute(Operation):
    """What happens to the messages of one route key, or to handshakes. Exactly one of the `INTEGRATIONS`."""

    function: FunctionName | None = None
    """Name under `functions`, or name:alias."""

    http: HttpField | None = None
    """An HTTP backend, which gets the message: a URL, or {url | upstream, path, method, host}."""

    mock: Mock | None = None
    """An answer made at the door: {status, headers, body}."""

    integration: RouteIntegration | None = None
    """What answers by templates, in the words of REST APIs."""

    response: Flag = False
    """Whether the client gets the answer, as a message. Default false."""

    @model_validator(mode="after")
    def _has_one_integration(self) -> Self:
        chosen = [key for key in INTEGRATIONS if getattr(self, key) is not None]
        if len(chosen) != 1:
            found = " and ".join(chosen) or "none"
            raise broken_rule(f"expected exactly one of {', '.join(INTEGRATIONS)}, got {found}")
        for key in _OF_REQUESTS:
            if key in self.model_fields_set:
                raise broken_rule(f"expected no {key} in a WebSocket API")
        return self

    @property
    def called(self) -> str | None:
        """See Operation."""
        return self.integration.function if self.integration is not None else self.function

    @property
    def upstream(self) -> str | None:
        """See Operation."""
        given = self.http if self.http is not None else self.integration
        return given.upstream if given is not None else None

    def calling(self, function: str) -> Self:
        """See Operation."""
        if self.integration is None:
            return self.model_copy(update={"function": function})
        integration = self.integration.model_copy(update={"function": function})
        return self.model_copy(update={"integration": integration})


class SocketLimits(Model):
    """Bounds of each connection."""

    message: Size = 128 * 1024
    """Largest message of a client; a longer one closes with 1009. Default 128KB."""

    frame: Size = 32 * 1024
    """Largest frame of a client, once inflated; a longer one closes with 1009. Default 32KB."""

    idle: Annotated[Duration, between("1s", "1d")] = 600.0
    """Without a message either way, and without a ping of the client, it closes with 1001. Default 10m."""

    lifetime: Annotated[Duration, between("1s", "7d")] = 7200.0
    """After which it closes with 1001, whatever it does. Default 2h."""

    # Differs: [socket-ping] AWS sends no pings.
    ping: Annotated[Duration, between("1s", "1h")] = 30.0
    """How long a client may be silent before it is pinged. Default 30s."""

    pong: Annotated[Duration, between("1s", "1m")] = 10.0
    """How long it may take to answer a ping, or to read what it is sent, before it is cut off. Default 10s."""

    buffer: Size = 512 * 1024
    """What may wait for a client that does not read; beyond it the client is cut off. Default 512KB."""

    # Differs: [per-address] AWS counts new connections of the account.
    per_address: Annotated[Whole, at_least(1)] = 1000
    """Connections of one client address (of one /64 with IPv6), more get 429. Default 1000."""


def _selection(text: str) -> str:
    try:
        compile_selection(text)
    except SelectorError as error:
        raise HintedError(error.message, error.hint) from error
    return text


def _route_key(text: str) -> str:
    if text.startswith("$") and text not in (CONNECT, DEFAULT, DISCONNECT):
        raise HintedError(
            "expected a route key that does not begin with $",
            f"the only such are {CONNECT}, {DISCONNECT} and {DEFAULT}",
        )
    return text


SocketRouteKey = Annotated[str, Field(min_length=1, max_length=128), AfterValidator(_route_key)]
"""`$connect`, `$disconnect`, `$default`, or what the selection expression gives."""

_ACCEPTED: Final = SocketRoute(mock=Mock())


class WebSocketApi(Api):
    """A WebSocket API: connections that stay, whose messages say which route they take."""

    type: Literal["websocket"]
    """`websocket`"""

    route_selection: Annotated[str, AfterValidator(_selection)] = "$request.body.action"
    """What of a message is its route key. Default $request.body.action."""

    routes: dict[SocketRouteKey, SocketRoute] = Field(default_factory=dict)
    """What to do, by route key: `$connect`, `$disconnect`, `$default`, or any other."""

    # Differs: [socket-origins] AWS leaves this to authorizers.
    allow_origins: Annotated[tuple[Origin, ...], OneOrMore()] = ()
    """Origins whose web pages may connect; others get 403. Absent: all."""

    # Differs: [binary-messages] AWS has no such key.
    binary: Flag = False
    """Whether binary messages are taken, as base64; else they close with 1003. Default false."""

    limits: SocketLimits = SocketLimits()
    """Bounds of each connection."""

    @model_validator(mode="after")
    def _has_what_sockets_have(self) -> Self:
        for key in _OF_HTTP:
            if key in self.model_fields_set:
                raise broken_rule(f"expected no {key} in a WebSocket API")
        if any(stage.canary for stage in self.stages.values()):
            raise broken_rule("expected no canary in a WebSocket API")
        for name, route in self.routes.items():
            for key in _ONLY_AT_CONNECT if name != CONNECT else ():
                if key in route.model_fields_set:
                    raise broken_rule(f"expected {key} at {CONNECT} only, not at {name}")
            if name in (CONNECT, DISCONNECT) and route.response:
                raise broken_rule(f"expected no response at {name}, which answers no message")
        return self

    @property
    def handshake(self) -> SocketRoute:
        """What asks who connects: `$connect`; without it everybody may whom the API's authorizer lets in."""
        return self.routes.get(CONNECT, _ACCEPTED)

    def operations(self) -> Iterator[tuple[tuple[str, ...], str, SocketRoute]]:
        """See Api. Who connects is asked once: other routes have no authorizer."""
        for key, route in self.routes.items():
            asked = route if key == CONNECT else route.model_copy(update={"authorizer": "none"})
            yield ("routes", key), key, asked

    def served(
        self,
        machines: Mapping[str, StateMachine],  # noqa: ARG002 - what another kind of API needs
    ) -> Iterator[tuple[tuple[str, ...], str, Operation]]:
        """See Api."""
        if CONNECT not in self.routes:
            yield ("routes",), CONNECT, self.handshake
        yield from self.operations()
