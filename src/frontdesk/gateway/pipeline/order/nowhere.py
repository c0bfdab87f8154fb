"""Owns the order of stages of what is no route of an API: preflights, and requests that lead to none."""

from frontdesk.gateway.pipeline.build import Builder, RouteBuild
from frontdesk.gateway.pipeline.exchange import Exchange, Reply
from frontdesk.gateway.pipeline.order.http import not_found
from frontdesk.gateway.pipeline.plan import Step
from frontdesk.gateway.pipeline.replies import refusal
from frontdesk.gateway.pipeline.stages import cors, respond


def forbidden(_build: RouteBuild) -> Step:
    """Build the end of the plan for requests at a domain that no mapping takes."""

    def refuse(_ex: Exchange) -> Reply:
        return refusal(403, "mapping")

    return Step("no mapping", refuse, '403 {"message":"Forbidden"}')


PREFLIGHT: tuple[Builder, ...] = (cors.preflight,)
"""A CORS preflight touches neither limits nor authorizers nor code."""

PREFLIGHT_TAIL: tuple[Builder, ...] = (respond.request_id,)
"""Its CORS fields are the answer itself."""

NOWHERE: tuple[Builder, ...] = (not_found,)
"""For requests for which there is no API at all."""

UNMAPPED: tuple[Builder, ...] = (forbidden,)
"""For requests at a domain that none of its mappings takes, with `NOWHERE_TAIL`."""

NOWHERE_TAIL: tuple[Builder, ...] = (respond.request_id,)
