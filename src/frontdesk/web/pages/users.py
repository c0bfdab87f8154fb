"""Owns the pages of who may do what here, and who has done what."""

from typing import Final
from urllib.parse import urlencode

from starlette.responses import Response

from frontdesk.gateway.operators import Role
from frontdesk.web.desk import Page, Visit

_MOST: Final = 100
"""Users or changes of a page."""


async def users(visit: Visit) -> Response:
    """Show who may sign in."""
    after = visit.request.query_params.get("after", "")
    told = await visit.ask("/api/users", urlencode({"after": after, "most": _MOST}))
    return visit.show(
        "users.html",
        **told,
        roles=[role.name.lower() for role in Role],
    )


async def audit(visit: Visit) -> Response:
    """Show who has changed what, newest first."""
    query = visit.request.query_params
    which = {"text": query.get("q", ""), "after": query.get("after", "")}
    told = await visit.ask("/api/audit", urlencode({**which, "most": _MOST}))
    following = told["next"] and urlencode({"q": which["text"], "after": told["next"]})
    return visit.show("audit.html", changes=told["changes"], text=which["text"], next=following)


PAGES = (
    Page("/users", "Users", users, icon="users", section="Set-up", role=Role.ADMIN),
    Page("/audit", "Audit", audit, icon="audit", section="Set-up", role=Role.ADMIN),
)
