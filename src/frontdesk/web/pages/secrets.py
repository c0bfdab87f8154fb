"""Owns the page of secrets: their names and versions, never a value."""

from typing import Final
from urllib.parse import urlencode

from starlette.responses import Response

from frontdesk.gateway.operators import Role
from frontdesk.web.desk import Page, Visit

_MOST: Final = 100
"""Secrets of a page."""


async def secrets(visit: Visit) -> Response:
    """Show which there are."""
    after = visit.request.query_params.get("after", "")
    asked = urlencode({"after": after, "most": _MOST})
    return visit.show("secrets.html", **await visit.ask("/api/secrets", asked))


PAGES = (Page("/secrets", "Secrets", secrets, icon="keys", section="Set-up", role=Role.ADMIN),)
