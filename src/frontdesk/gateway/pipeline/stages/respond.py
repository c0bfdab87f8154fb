"""Owns what every reply gets last: the ids of its request and, at REST APIs, of its trace."""

from typing import Final

from frontdesk.gateway.pipeline.build import RouteBuild
from frontdesk.gateway.pipeline.exchange import Exchange, Reply
from frontdesk.gateway.pipeline.plan import Step
from frontdesk.gateway.pipeline.tracing import CALLED


def request_id(_build: RouteBuild) -> Step:
    """Add `apigw-requestid`, as HTTP APIs do on every answer."""
    return _REQUEST_ID


def add_request_id(ex: Exchange, reply: Reply) -> Reply:
    """Append the field to a reply of any plan."""
    reply.fields.append((b"apigw-requestid", ex.request_id.encode()))
    return reply


_REQUEST_ID: Final = Step("request id", add_request_id, "apigw-requestid")


def rest_ids(_build: RouteBuild) -> Step:
    """Add `x-amzn-RequestId` and `x-amz-apigw-id`, as REST APIs do on every answer."""
    return _REST_IDS


def _add_rest_ids(ex: Exchange, reply: Reply) -> Reply:
    # An integration's own would stand beside ours.
    reply.fields = [field for field in reply.fields if field[0].lower() not in _IDS]
    reply.fields.append((b"x-amzn-RequestId", ex.request_id.encode()))
    reply.fields.append((b"x-amz-apigw-id", ex.extended_request_id.encode()))
    return reply


_IDS: Final = frozenset({b"x-amzn-requestid", b"x-amz-apigw-id"})
_REST_IDS: Final = Step("request id", _add_rest_ids, "x-amzn-RequestId, x-amz-apigw-id")


def trace_id(build: RouteBuild) -> Step | None:
    """Add `X-Amzn-Trace-Id` to what integrations answer, but for mocks. Recorded."""
    if build.method is None or build.method.integration.type == "mock":
        return None
    traces = build.parts.traces

    def add(ex: Exchange, reply: Reply) -> Reply:
        if reply.made == "integration":
            reply.fields.append((b"X-Amzn-Trace-Id", traces.amazon(ex, CALLED).encode()))
        return reply

    return Step("trace id", add, "X-Amzn-Trace-Id")
