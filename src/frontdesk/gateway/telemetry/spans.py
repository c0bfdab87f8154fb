"""Owns the spans of an exchange: made from what it knows when it is over, for the few that are sampled."""

from collections.abc import Iterator

from frontdesk.base.spans import Span, Value
from frontdesk.gateway.pipeline.exchange import Exchange
from frontdesk.gateway.pipeline.tracing import AUTHORIZER, CALLED
from frontdesk.gateway.telemetry.requests import error_type


def spans_of(ex: Exchange) -> Iterator[Span]:
    """Make the spans of the door, of its authorizer and of what was called, as far as there were any."""
    yield _door(ex)
    if ex.authorizer_latency >= 0:
        told: dict[str, Value] = {"frontdesk.principal": ex.principal} if ex.principal else {}
        times = _times(ex, ex.authorizer_started, ex.authorizer_latency)
        error = ex.authorizer_error
        yield Span(*_child(ex, AUTHORIZER), "authorize", "internal", *times, told, error)
    if ex.integration_latency >= 0:
        yield _called(ex)


def _door(ex: Exchange) -> Span:
    route = ex.plan.route_key.rpartition(" ")[2]
    attributes: dict[str, Value] = {
        "http.request.method": ex.method,
        "http.route": route,
        "http.response.status_code": ex.status,
        "url.path": ex.path,
        "url.scheme": ex.scheme,
        "server.address": ex.host,
        "client.address": ex.client_ip,
        "network.protocol.version": ex.version.removeprefix("HTTP/"),
        "frontdesk.api": ex.plan.api.name,
        "frontdesk.stage": ex.plan.api.stage,
        "frontdesk.request_id": ex.request_id,
    }
    parent = ex.caller.span_id if ex.caller is not None else ""
    name, times = f"{ex.method} {route}".rstrip(), _times(ex, ex.started, ex.ended - ex.started)
    error = error_type(ex.status, ex.error)
    return Span(ex.trace_id, ex.span_id, parent, name, "server", *times, attributes, error)


def _called(ex: Exchange) -> Span:
    """Make the span of the function or the backend."""
    plan, status = ex.plan, ex.integration_status
    step = plan.steps[len(plan.head) - 1]
    attributes: dict[str, Value] = {"frontdesk.integration": step.detail}
    if ex.upstream:
        attributes["server.address"] = ex.upstream
    if status:
        attributes["http.response.status_code"] = status
    if ex.integration_request_id:
        attributes["faas.invocation_id"] = ex.integration_request_id
    times = _times(ex, ex.integration_started, ex.integration_latency)
    error = ex.integration_error or (str(status) if status >= 500 else "")
    return Span(*_child(ex, CALLED), step.name, "client", *times, attributes, error)


def _child(ex: Exchange, first: str) -> tuple[str, str, str]:
    """Return the ids of a span of ours below that of the door."""
    return ex.trace_id, first + ex.span_id[1:], ex.span_id


def _times(ex: Exchange, began: float, took: float) -> tuple[int, int]:
    """Turn a monotonic second and a duration into the calendar's nanoseconds."""
    start = int((ex.time + began - ex.started) * 1e9)
    return start, start + int(took * 1e9)
