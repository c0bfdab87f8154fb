"""Owns what every reply gets last: the id of its request."""

from typing import Final

from frontdesk.gateway.pipeline.build import RouteBuild
from frontdesk.gateway.pipeline.exchange import Exchange, Reply
from frontdesk.gateway.pipeline.plan import Step


def request_id(_build: RouteBuild) -> Step:
    """Add `apigw-requestid`, as HTTP APIs do on every answer."""
    return _REQUEST_ID


def add_request_id(ex: Exchange, reply: Reply) -> Reply:
    """Append the field to a reply of any plan."""
    reply.fields.append((b"apigw-requestid", ex.request_id.encode()))
    return reply


_REQUEST_ID: Final = Step("request id", add_request_id, "apigw-requestid")
