"""Owns the order of stages, for every kind of plan: a head and a tail each. It is written nowhere else.

Each row is a builder: it returns the step for one route, or None when the route does not enable it.
The order is AWS's, for HTTP, REST and WebSocket APIs: preflights before everything, limits that need no identity
before the authorizer, limits by claim after it, then the mapping and the integration.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from frontdesk.config.models.api import Api
from frontdesk.gateway.pipeline.build import Builder, RouteBuild
from frontdesk.gateway.pipeline.exchange import Exchange, Reply
from frontdesk.gateway.pipeline.integrations import (
    execution_access,
    function,
    function_url,
    http,
    mock,
    queue,
    rest,
    service,
    socket,
    state_machine,
    static,
    task_token,
    webhook,
)
from frontdesk.gateway.pipeline.integrations.rest_request import integration_request
from frontdesk.gateway.pipeline.plan import RoutePlan, Step
from frontdesk.gateway.pipeline.replies import refusal
from frontdesk.gateway.pipeline.resource_tree import ResourceTree, RestMount
from frontdesk.gateway.pipeline.router import Mount, Routes, RouteTable, StageMount
from frontdesk.gateway.pipeline.sockets import SocketMount, routes_of
from frontdesk.gateway.pipeline.stages import (
    allow_list,
    api_key,
    cache,
    compress,
    cors,
    gateway_response,
    idempotency,
    mapping,
    resource_policy,
    respond,
    throttle,
    versioning,
)
from frontdesk.gateway.pipeline.stages.authorize import authorize
from frontdesk.gateway.pipeline.stages.socket import (
    acceptance,
    admission,
    answering,
    no_handshake,
)
from frontdesk.gateway.pipeline.stages.validate import validate
from frontdesk.rules.events.websocket import CONNECT, DISCONNECT

INTEGRATIONS: dict[str, Builder] = {
    "function": function.integration,
    "http": http.integration,
    "mock": mock.integration,
    "queue": queue.integration,
    "service": service.integration,
    "state_machine": state_machine.integration,
    "static": static.integration,
    "task_token": task_token.integration,
    "webhook": webhook.integration,
}
"""By the key that a route says it with. Exactly one is present; the loader has checked it."""


def integration(build: RouteBuild) -> Step | None:
    """Build the last stage of a route's head: what answers the request."""
    for key, builder in INTEGRATIONS.items():
        if getattr(build.route, key, None) is not None:
            return builder(build)
    return None


def not_found(_build: RouteBuild) -> Step:
    """Build the end of the plan for requests that no route matched."""

    def miss(_ex: Exchange) -> Reply:
        return refusal(404, "route")

    return Step("no route", miss, '404 {"message":"Not Found"}')


def no_method(_build: RouteBuild) -> Step:
    """Build the end of the plan for requests that no method of a resource takes."""

    def miss(_ex: Exchange) -> Reply:
        return refusal(403, "route")

    return Step("no method", miss, '403 {"message":"Missing Authentication Token"}')


def forbidden(_build: RouteBuild) -> Step:
    """Build the end of the plan for requests at a domain that no mapping takes."""

    def refuse(_ex: Exchange) -> Reply:
        return refusal(403, "mapping")

    return Step("no mapping", refuse, '403 {"message":"Forbidden"}')


HEAD: tuple[Builder, ...] = (
    versioning.retired,
    throttle.throttle_before_auth,
    allow_list.allow_list,
    authorize,
    api_key.api_key,
    idempotency.idempotency_key,
    throttle.throttle_after_auth,
    validate,
    cache.cache_lookup,
    mapping.request_mapping,
    execution_access.access,
    integration,
)

TAIL: tuple[Builder, ...] = (
    mapping.response_mapping,
    cache.cache_store,
    cache.cache_discard,
    idempotency.keep_answer,
    throttle.rate_limit_fields,
    versioning.deprecation_fields,
    cors.cors,
    compress.compress,
    respond.request_id,
)

UNMATCHED: tuple[Builder, ...] = (
    versioning.retired,
    throttle.throttle_before_auth,
    not_found,
)
"""A miss is counted like any request of the API, then answered 404, through `TAIL`."""

REST_HEAD: tuple[Builder, ...] = (
    versioning.retired,
    throttle.throttle_before_auth,
    resource_policy.denied,
    authorize,
    resource_policy.decided,
    api_key.api_key,
    idempotency.idempotency_key,
    throttle.throttle_after_auth,
    validate,
    cache.cache_lookup,
    integration_request,
    rest.integration,
)

REST_TAIL: tuple[Builder, ...] = (
    cache.cache_store,
    cache.cache_discard,
    gateway_response.gateway_response,
    idempotency.keep_answer,
    throttle.rate_limit_fields,
    versioning.deprecation_fields,
    cors.cors,
    compress.compress,
    respond.trace_id,
    respond.rest_ids,
)

METHOD_TEST: tuple[Builder, ...] = (validate, integration_request, rest.integration)
"""One method by hand, with `METHOD_TEST_TAIL`: nobody is limited or asked who he is."""

METHOD_TEST_TAIL: tuple[Builder, ...] = (gateway_response.gateway_response, respond.trace_id)

REST_UNMATCHED: tuple[Builder, ...] = (
    versioning.retired,
    throttle.throttle_before_auth,
    no_method,
)
"""A miss is 403, never 404 or 405."""


SOCKET_HANDSHAKE: tuple[Builder, ...] = (
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

SOCKET_HANDSHAKE_TAIL: tuple[Builder, ...] = (acceptance, respond.request_id)

SOCKET_MESSAGE: tuple[Builder, ...] = (
    throttle.throttle_before_auth,
    throttle.throttle_after_auth,
    validate,
    socket.transformed_request,
    socket.transformed,
    socket.integration,
)

SOCKET_MESSAGE_TAIL: tuple[Builder, ...] = (answering,)

SOCKET_END: tuple[Builder, ...] = (
    socket.transformed_request,
    socket.transformed,
    socket.integration,
)
"""Of `$disconnect`: nothing is in its way, and nobody waits for it."""

SOCKET_UNMATCHED: tuple[Builder, ...] = (throttle.throttle_before_auth, no_handshake)

Both = tuple[tuple[Builder, ...], tuple[Builder, ...]]
"""A head and its tail."""


@dataclass(frozen=True, slots=True)
class Kind:
    """How the APIs of one type are compiled.

    unmatched: head of the plan of a miss. table: makes, for an API, what finds the plan of a request. mount: what
    takes the requests of a stage. apart: routes with another order, by key.
    """

    head: tuple[Builder, ...]
    tail: tuple[Builder, ...]
    unmatched: tuple[Builder, ...]
    table: Callable[[Api], Callable[[Iterable[RoutePlan]], Routes]]
    mount: Callable[[str, Any, RoutePlan, RoutePlan | None], Mount]
    apart: Mapping[str, Both] = field(default_factory=dict)
    unmatched_tail: tuple[Builder, ...] | None = None

    def order(self, key: str) -> Both:
        """Return the head and tail of a route."""
        return self.apart.get(key, (self.head, self.tail))


KINDS: Final[Mapping[str, Kind]] = {
    "http": Kind(HEAD, TAIL, UNMATCHED, lambda _api: RouteTable, StageMount),
    "rest": Kind(REST_HEAD, REST_TAIL, REST_UNMATCHED, lambda _api: ResourceTree, RestMount),
    "websocket": Kind(
        SOCKET_MESSAGE,
        SOCKET_MESSAGE_TAIL,
        SOCKET_UNMATCHED,
        routes_of,
        SocketMount,
        {
            CONNECT: (SOCKET_HANDSHAKE, SOCKET_HANDSHAKE_TAIL),
            DISCONNECT: (SOCKET_END, SOCKET_MESSAGE_TAIL),
        },
        SOCKET_HANDSHAKE_TAIL,
    ),
}
"""By the type of an API."""

PREFLIGHT: tuple[Builder, ...] = (cors.preflight,)
"""A CORS preflight touches neither limits nor authorizers nor code."""

PREFLIGHT_TAIL: tuple[Builder, ...] = (respond.request_id,)
"""Its CORS fields are the answer itself."""

FUNCTION_URL: tuple[Builder, ...] = (function_url.authorize, function_url.integration)
"""A function URL has no limits but those of its function."""

FUNCTION_URL_TAIL: tuple[Builder, ...] = (cors.cors, function_url.answer)

FUNCTION_URL_PREFLIGHT_TAIL: tuple[Builder, ...] = (function_url.answer,)

NOWHERE: tuple[Builder, ...] = (not_found,)
"""For requests for which there is no API at all."""

UNMAPPED: tuple[Builder, ...] = (forbidden,)
"""For requests at a domain that none of its mappings takes, with `NOWHERE_TAIL`."""

NOWHERE_TAIL: tuple[Builder, ...] = (respond.request_id,)
