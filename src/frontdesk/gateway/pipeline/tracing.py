"""Owns the trace of an exchange: made once, then the same for every function and for the log."""

from collections.abc import Callable

from frontdesk.gateway.pipeline.exchange import Exchange
from frontdesk.rules.events.trace import trace_id


def trace_of(ex: Exchange, number: Callable[[], int]) -> str:
    """Return the X-Amzn-Trace-Id of a request. number: gives 96 bits or more that no other request gets."""
    if not ex.trace:
        received = ex.headers.get(b"x-amzn-trace-id", b"").decode("latin-1")
        ex.trace = trace_id(received, int(ex.time), number())
    return ex.trace
