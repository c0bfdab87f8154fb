"""Owns the pages of WebSocket connections: who is there, one of them."""

from urllib.parse import quote

from starlette.responses import Response

from frontdesk.web.desk import Page, Visit


async def sockets(visit: Visit) -> Response:
    """Show who is connected."""
    told = await visit.ask("/api/sockets")
    return visit.show("sockets.html", **told)


async def socket(visit: Visit) -> Response:
    """Show one connection."""
    connection = quote(visit.request.path_params["id"], safe="")
    found = await visit.ask(f"/api/sockets/{connection}")
    return visit.show("socket.html", connection=found)


PAGES = (
    Page("/sockets", "Sockets", sockets, icon="sockets", section="Door"),
    Page("/sockets/{id}", "Connection", socket, below="/sockets"),
)
