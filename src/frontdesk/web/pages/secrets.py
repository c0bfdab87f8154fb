"""Owns the page of secrets: their names and versions, never a value."""

from starlette.responses import Response

from frontdesk.gateway.operators import Role
from frontdesk.web.desk import Page, Visit


async def secrets(visit: Visit) -> Response:
    """Show which there are."""
    return visit.show("secrets.html", **await visit.ask("/api/secrets"))


PAGES = (Page("/secrets", "Secrets", secrets, icon="keys", section="Set-up", role=Role.ADMIN),)
