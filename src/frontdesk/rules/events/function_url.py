"""Owns the event of a function URL: payload format 2.0 with a path of its own and members that are null.

Source: AWS, "Invoking Lambda function URLs", request payload format.
"""

from typing import Any

from frontdesk.rules.events.request import Request, RouteFacts
from frontdesk.rules.events.v2 import EventV2


class FunctionUrlEvent(EventV2):
    """The events of one function URL."""

    __slots__ = ("_below",)

    def __init__(self, facts: RouteFacts, below: str) -> None:
        """below: path under which the URL is served here, without trailing slash; not shown."""
        super().__init__(facts)
        self._below = below

    def document(self, request: Request, trace: str) -> dict[str, Any]:
        """Build the event without its body."""
        event = super().document(request, trace)
        context = event["requestContext"]
        raw, below = request.raw_path, self._below
        path = raw[len(below) :] or "/" if raw.startswith(below) else request.stage_path
        event["rawPath"] = context["http"]["path"] = path
        context["authentication"] = None
        context.setdefault("authorizer", None)
        return event
