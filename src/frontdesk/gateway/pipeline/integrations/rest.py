"""Owns the table of integration types of REST APIs."""

from typing import Final

from frontdesk.gateway.pipeline.build import Builder, RouteBuild
from frontdesk.gateway.pipeline.integrations import (
    aws_proxy,
    rest_function,
    rest_http,
    rest_mock,
    rest_service,
    rest_states,
)
from frontdesk.gateway.pipeline.plan import Step


def aws(build: RouteBuild) -> Step | None:
    """Build an AWS integration: with a function, with Step Functions, or with another service."""
    assert build.method is not None
    integration = build.method.integration
    if integration.function is not None:
        return rest_function.integration(build)
    if integration.state_machine is not None:
        return rest_states.integration(build)
    return rest_service.integration(build)


TYPES: Final[dict[str, Builder]] = {
    "aws": aws,
    "aws_proxy": aws_proxy.integration,
    "http": rest_http.http,
    "http_proxy": rest_http.http_proxy,
    "mock": rest_mock.integration,
}
"""By the type of a method's integration."""


def integration(build: RouteBuild) -> Step | None:
    """Build the last stage of a method's head: what answers the request."""
    assert build.method is not None
    return TYPES[build.method.integration.type](build)
