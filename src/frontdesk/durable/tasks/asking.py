"""Owns one request of a task to a backend as something to await. Knows no kind of task."""

from typing import NamedTuple

from frontdesk.base.streams import Fields
from frontdesk.client.asking import Asked
from frontdesk.client.call import Sender
from frontdesk.rules.asl.http_tasks import Request


class Answered(NamedTuple):
    """An answer that has come whole, or as much of it as was wanted."""

    status: int
    fields: Fields
    body: bytes


async def ask(backend: Sender, request: Request, most: int) -> Answered:
    """Send a request and wait for its answer. most: bytes of the body; one more is told, no further ones.

    Raises: UpstreamError.
    """
    call = Asked(request.method, request.head, request.body, most)
    call.repeatable = call.repeatable or request.has_key
    try:
        backend.send(call)
        status, fields, body = await call.answered
    finally:
        call.cancel()  # where nobody waits any more; else nothing happens
    assert isinstance(body, bytes)
    return Answered(status, fields, body)
