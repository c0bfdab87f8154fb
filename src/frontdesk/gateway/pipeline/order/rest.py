"""Owns the order of stages of REST APIs, and of a test of one of their methods."""

from frontdesk.gateway.pipeline.build import Builder, RouteBuild
from frontdesk.gateway.pipeline.exchange import Exchange, Reply
from frontdesk.gateway.pipeline.integrations import rest
from frontdesk.gateway.pipeline.integrations.rest_request import integration_request
from frontdesk.gateway.pipeline.order.kind import Kind
from frontdesk.gateway.pipeline.plan import Step
from frontdesk.gateway.pipeline.replies import refusal
from frontdesk.gateway.pipeline.resource_tree import ResourceTree, RestMount
from frontdesk.gateway.pipeline.stages import (
    api_key,
    cache,
    compress,
    cors,
    gateway_response,
    idempotency,
    resource_policy,
    respond,
    throttle,
    versioning,
)
from frontdesk.gateway.pipeline.stages.authorize import authorize
from frontdesk.gateway.pipeline.stages.validate import validate


def no_method(_build: RouteBuild) -> Step:
    """Build the end of the plan for requests that no method of a resource takes."""

    def miss(_ex: Exchange) -> Reply:
        return refusal(403, "route")

    return Step("no method", miss, '403 {"message":"Missing Authentication Token"}')


HEAD: tuple[Builder, ...] = (
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

TAIL: tuple[Builder, ...] = (
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

UNMATCHED: tuple[Builder, ...] = (
    versioning.retired,
    throttle.throttle_before_auth,
    no_method,
)
"""A miss is 403, never 404 or 405."""

KIND = Kind(HEAD, TAIL, UNMATCHED, lambda _api: ResourceTree, RestMount)
