"""Owns the pages of who may do what here, and who has done what."""

from urllib.parse import urlencode

from starlette.responses import Response

from frontdesk.gateway.operators import Role
from frontdesk.web.desk import Page, Visit

_MORE = (100, 300, 1000)


async def users(visit: Visit) -> Response:
    """Show who may sign in."""
    told = await visit.ask("/api/users")
    return visit.show(
        "users.html",
        users=told["users"],
        possible=told["possible"],
        roles=[role.name.lower() for role in Role],
    )


async def audit(visit: Visit) -> Response:
    """Show who has changed what, newest first."""
    query = visit.request.query_params
    text, most = query.get("q", ""), query.get("most") or str(_MORE[0])
    changes = (await visit.ask("/api/audit", urlencode({"most": most, "text": text})))["changes"]
    more = next((number for number in _MORE if number > int(most)), None)
    full = len(changes) == int(most)
    return visit.show("audit.html", changes=changes, text=text, more=more if full else None)


PAGES = (
    Page("/users", "Users", users, icon="users", section="Set-up", role=Role.ADMIN),
    Page("/audit", "Audit", audit, icon="audit", section="Set-up"),
)
