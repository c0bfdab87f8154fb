"""Owns the mock integration: an answer written in the configuration and prepared at load."""

import orjson

from frontdesk.base.streams import Field, Fields
from frontdesk.config.models.integration import Mock
from frontdesk.gateway.pipeline.build import RouteBuild
from frontdesk.gateway.pipeline.exchange import Exchange, Reply
from frontdesk.gateway.pipeline.plan import Step
from frontdesk.gateway.pipeline.replies import JSON

_TEXT: Field = (b"content-type", b"text/plain; charset=utf-8")


def integration(build: RouteBuild) -> Step | None:
    """Build the fixed answer of a route."""
    if build.route is None or build.route.mock is None:
        return None
    status, fields, body = prepare(build.route.mock)

    def answer(ex: Exchange) -> Reply:
        ex.integration_status = status
        return Reply(status, fields.copy(), body)

    at = (*build.at, "mock")
    return Step("mock", answer, f"status {status}, {len(body)} bytes", at)


def prepare(mock: Mock) -> tuple[int, Fields, bytes]:
    """Encode status, header fields and body. A text is the body; other values become compact JSON."""
    text = mock.body if isinstance(mock.body, str) else None
    body = orjson.dumps(mock.body) if text is None else text.encode()
    fields = [(name.encode("ascii"), value.encode()) for name, value in mock.headers.items()]
    if body and not any(name.lower() == b"content-type" for name, _ in fields):
        fields.append(JSON if text is None else _TEXT)
    return mock.status, fields, body
