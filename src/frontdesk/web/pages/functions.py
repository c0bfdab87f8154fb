"""Owns the pages of functions: which there are, one with its versions, its log, and a form to run it."""

from starlette.responses import Response

from frontdesk.web.desk import Page, Visit


async def functions(visit: Visit) -> Response:
    """Show all functions with how they do."""
    return visit.show("functions.html", functions=(await visit.ask("/api/functions"))["functions"])


async def function(visit: Visit) -> Response:
    """Show one."""
    name = visit.request.path_params["name"]
    found = await visit.ask(f"/api/functions/{name}")
    aliases = [alias["name"] for alias in found["aliases"]]
    return visit.show(
        "function.html",
        function=found,
        log=await visit.ask(f"/api/functions/{name}/log"),
        qualifiers=["$LATEST", *aliases, *found["published"]],
    )


PAGES = (
    Page("/functions", "Functions", functions, icon="functions", section="Behind it"),
    Page("/functions/{name}", "Function", function, below="/functions"),
)
