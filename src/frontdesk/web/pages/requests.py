"""Owns the pages of the clients' requests: the last ones as they come, and one of them."""

import shlex
from collections.abc import Mapping
from typing import Any, Final
from urllib.parse import quote, urlencode

from starlette.responses import Response

from frontdesk.web.desk import Page, Visit

_MOST: Final = 100
"""Requests of a page; a script keeps more of those that come."""

KINDS: Final = (
    ("", "All"),
    ("request", "Requests"),
    ("unrouted", "No route"),
    ("message", "Messages"),
)

FILTERS: Final = ("kind", "method", "status", "api", "route", "key")


async def requests(visit: Visit) -> Response:
    """Show the last requests; a script adds those that come."""
    asked = visit.request.query_params
    query = {name: asked[name] for name in (*FILTERS, "q") if name in asked}
    told = await visit.ask("/api/requests", urlencode({**query, "last": _MOST}))
    return visit.show("requests.html", requests=told["requests"], filters=FILTERS, kinds=KINDS)


async def request(visit: Visit) -> Response:
    """Show one request."""
    request_id = visit.request.path_params["id"]
    found = await visit.ask(f"/api/requests/{quote(request_id, safe='')}")
    return visit.show(
        "request.html",
        request=found,
        stages=_stages(found),
        curl=_curl(found),
    )


def _stages(found: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Lay the stages out: where each begins and how long it is, in percent of the whole."""
    whole = sum(ms for _, ms in found["stages"]) or 1.0
    laid, at = [], 0.0
    for name, ms in found["stages"]:
        place = {"at": round(100 * at / whole, 2), "width": round(max(0.6, 100 * ms / whole), 2)}
        laid.append({"name": name, "seconds": ms / 1000, **place})
        at += ms
    return laid


def _curl(found: Mapping[str, Any]) -> str:
    """Write the request as a command; what is masked has to be filled in."""
    headers = dict(found["requestHeaders"])
    host = headers.pop("host", found["host"])
    query = f"?{found['query']}" if found["query"] else ""
    words = [f"curl -i -X {shlex.quote(found['method'])}"]
    words.append(shlex.quote(f"{found['scheme']}://{host}{found['path']}{query}"))
    words += [
        f"-H {shlex.quote(f'{name}: {value}')}"
        for name, value in headers.items()
        if name not in ("content-length", "accept-encoding", "connection")
    ]
    if found["requestBody"]:
        words.append(f"--data-raw {shlex.quote(found['requestBody'])}")
    return " \\\n  ".join(words)


PAGES = (
    Page("/requests", "Live requests", requests, icon="live", section="Now"),
    Page("/requests/{id}", "Request", request, below="/requests"),
)
