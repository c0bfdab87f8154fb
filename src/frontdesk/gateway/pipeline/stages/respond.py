"""Owns what every reply gets last: the id of its request."""

from frontdesk.gateway.pipeline.build import RouteBuild
from frontdesk.gateway.pipeline.exchange import Exchange, Reply
from frontdesk.gateway.pipeline.plan import Step


def request_id(_build: RouteBuild) -> Step:
    """Add `apigw-requestid`, as HTTP APIs do on every answer."""

    def add(ex: Exchange, reply: Reply) -> Reply:
        reply.fields.append((b"apigw-requestid", ex.request_id.encode()))
        return reply

    return Step("request id", add, "apigw-requestid")
