"""Owns what every reply gets last: the id of its request."""

from typing import Final

from frontdesk.gateway.pipeline.build import RouteBuild
from frontdesk.gateway.pipeline.exchange import Exchange, Reply
from frontdesk.gateway.pipeline.plan import Step


def request_id(_build: RouteBuild) -> Step:
    """Add `apigw-requestid`, as HTTP APIs do on every answer."""
    return _REQUEST_ID


def _add(ex: Exchange, reply: Reply) -> Reply:
    reply.fields.append((b"apigw-requestid", ex.request_id.encode()))
    return reply


_REQUEST_ID: Final = Step("request id", _add, "apigw-requestid")
