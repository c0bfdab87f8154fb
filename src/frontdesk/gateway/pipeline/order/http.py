"""Owns the order of stages of HTTP APIs and of function URLs, and what answers their requests."""

from frontdesk.config.models.execution import ExecutionAccess
from frontdesk.gateway.pipeline.build import Builder, RouteBuild
from frontdesk.gateway.pipeline.exchange import Exchange, Reply
from frontdesk.gateway.pipeline.order.kind import Kind, late
from frontdesk.gateway.pipeline.plan import Step
from frontdesk.gateway.pipeline.replies import refusal
from frontdesk.gateway.pipeline.router import RouteTable, StageMount
from frontdesk.gateway.pipeline.stages import (
    allow_list,
    api_key,
    cache,
    compress,
    cors,
    idempotency,
    mapping,
    respond,
    throttle,
    versioning,
)
from frontdesk.gateway.pipeline.stages.authorize import authorize
from frontdesk.gateway.pipeline.stages.validate import validate

INTEGRATIONS: dict[str, Builder] = {
    "function": late("integrations.function", "integration"),
    "http": late("integrations.http", "integration"),
    "mock": late("integrations.mock", "integration"),
    "queue": late("integrations.queue", "integration"),
    "service": late("integrations.service", "integration"),
    "state_machine": late("integrations.state_machine", "integration"),
    "static": late("integrations.static", "integration"),
    "task_token": late("integrations.task_token", "integration"),
    "webhook": late("integrations.webhook", "integration"),
}
"""By the key that a route says it with. Exactly one is present; the loader has checked it."""

_ACCESS = late("integrations.execution_access", "access")


def integration(build: RouteBuild) -> Step | None:
    """Build the last stage of a route's head: what answers the request."""
    if isinstance(build.operation, ExecutionAccess):
        return _ACCESS(build)
    route = build.route
    for key, builder in INTEGRATIONS.items():
        if getattr(route, key, None) is not None:
            return builder(build)
    return None


def not_found(_build: RouteBuild) -> Step:
    """Build the end of the plan for requests that no route matched."""

    def miss(_ex: Exchange) -> Reply:
        return refusal(404, "route")

    return Step("no route", miss, '404 {"message":"Not Found"}')


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

KIND = Kind(HEAD, TAIL, UNMATCHED, lambda _api: RouteTable, StageMount)

_ANSWER = late("integrations.function_url", "answer")

FUNCTION_URL: tuple[Builder, ...] = (
    late("integrations.function_url", "authorize"),
    late("integrations.function_url", "integration"),
)
"""A function URL has no limits but those of its function."""

FUNCTION_URL_TAIL: tuple[Builder, ...] = (cors.cors, _ANSWER)

FUNCTION_URL_PREFLIGHT_TAIL: tuple[Builder, ...] = (_ANSWER,)
