"""Owns the pages of functions: which there are, one with its versions, its log, and a form to run it."""

from typing import Final
from urllib.parse import quote, urlencode

from starlette.responses import Response

from frontdesk.web.desk import Page, Visit

_MOST: Final = 60
"""Functions of a page."""


async def functions(visit: Visit) -> Response:
    """Show all functions with how they do."""
    asked = {name: visit.request.query_params.get(name, "") for name in ("q", "after")}
    told = await visit.ask("/api/functions", urlencode({**asked, "most": _MOST}))
    return visit.show(
        "functions.html",
        functions=told["functions"],
        number=told["number"],
        next=told["next"] and urlencode({**asked, "after": told["next"]}),
    )


async def function(visit: Visit) -> Response:
    """Show one."""
    name = visit.request.path_params["name"]
    at = f"/api/functions/{quote(name, safe='')}"
    found = await visit.ask(at)
    aliases = [alias["name"] for alias in found["aliases"]]
    return visit.show(
        "function.html",
        function=found,
        log=await visit.ask(f"{at}/log"),
        qualifiers=["$LATEST", *aliases, *found["published"]],
    )


PAGES = (
    Page("/functions", "Functions", functions, icon="functions", section="Behind it"),
    Page("/functions/{name}", "Function", function, below="/functions"),
)
