"""Owns the first page: what is happening now, and what needs somebody."""

from starlette.responses import Response

from frontdesk.web.desk import Page, Visit


async def overview(visit: Visit) -> Response:
    """Show how the gateway does."""
    return visit.show("overview.html")


PAGES = (Page("/overview", "Overview", overview, icon="overview", section="Now"),)
