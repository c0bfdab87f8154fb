"""Owns the pages of state machines: which there are, one with its executions, the judging of a definition."""

import re
from typing import Any, Final
from urllib.parse import quote, urlencode

from markupsafe import Markup
from starlette.responses import Response

from frontdesk.gateway.operators import Role
from frontdesk.web.desk import Page, Visit

STATUSES: Final = ("RUNNING", "SUCCEEDED", "FAILED", "TIMED_OUT", "ABORTED")

_PATH: Final = "/state-machines"
_LISTED: Final = "50"

_MOST: Final = 100
"""Machines of a page."""

_HALF: Final = 640.0
"""Pixels of a picture that fits beside something else."""

_WIDTH: Final = re.compile(r'<svg [^>]*?width="([\d.]+)"')


async def machines(visit: Visit) -> Response:
    """Show all state machines, with how their executions do."""
    after = visit.request.query_params.get("after", "")
    asked = urlencode({"counts": "true", "after": after, "most": _MOST})
    return visit.show("machines.html", **await visit.ask("/api/state-machines", asked))


async def machine(visit: Visit) -> Response:
    """Show one: its picture, what it is defined as, and its executions."""
    name = visit.request.path_params["machine"]
    at = f"/api/state-machines/{quote(name, safe=':')}"
    told = (await visit.ask(at))["machine"]
    found = await _executions(visit, at) if told["type"] == "STANDARD" else None
    svg = await picture(visit, at)
    return visit.show(
        "machine.html",
        machine=told,
        asked=name,
        svg=svg,
        wide=is_wide(svg),
        found=found,
        statuses=STATUSES,
    )


async def map_run(visit: Visit) -> Response:
    """Show a distributed Map of an execution: how its items do, and its children."""
    arn = visit.request.path_params["arn"]
    told = await visit.ask(f"/api/map-runs/{quote(arn, safe=':/')}")
    found = await _executions(visit, f"/api/state-machines/{quote(arn, safe=':/')}")
    return visit.show("map_run.html", run=told["map_run"], found=found, statuses=STATUSES)


async def validation(visit: Visit) -> Response:
    """Show where a definition is pasted to be judged."""
    return visit.show("validation.html")


async def picture(visit: Visit, at: str) -> Markup:
    """Fetch the picture of a machine or of an execution for a page. at: path of the admin API."""
    svg = await visit.ask(f"{at}/graph.svg", "style=none")
    return Markup(svg)  # noqa: S704 - drawn by the admin API, which escapes names


def is_wide(svg: str) -> bool:
    """Tell whether a picture needs the whole width of a page."""
    found = _WIDTH.search(svg)
    return found is not None and float(found[1]) > _HALF


async def _executions(visit: Visit, at: str) -> Any:
    """List executions as the query of the page says."""
    asked = visit.request.query_params
    words = {"most": _LISTED, "name": asked.get("q", "")}
    words |= {name: asked.get(name, "") for name in ("status", "token")}
    query = urlencode({name: value for name, value in words.items() if value})
    return await visit.ask(f"{at}/executions", query)


PAGES = (
    Page(_PATH, "State machines", machines, icon="machines", section="Behind it"),
    Page(f"{_PATH}/{{machine}}", "State machine", machine, below=_PATH),
    Page("/map-runs/{arn:path}", "Map run", map_run, below=_PATH),
    Page("/definition", "Check a definition", validation, role=Role.OPERATOR, below=_PATH),
)
