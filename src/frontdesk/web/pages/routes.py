"""Owns the pages of routes: which there are, API by API, and what one does, with a call by hand."""

from itertools import groupby
from typing import Any
from urllib.parse import urlencode

from markupsafe import Markup
from starlette.responses import Response

from frontdesk.web import words
from frontdesk.web.desk import Page, Visit
from frontdesk.web.svg.charts import Line, legend, lines, spark

_MOST = 100
"""Routes of a page."""

_COUNTED_APART = ("GET", "HEAD", "OPTIONS", "POST", "PUT", "PATCH", "DELETE")
"""Methods whose requests the history has by route; those of ANY and $default are counted by their own method."""


async def routes(visit: Visit) -> Response:
    """Show all routes as a tree: API, then version, then route."""
    asked = {name: visit.request.query_params.get(name, "") for name in ("q", "after")}
    found = await visit.ask("/api/routes", urlencode({**asked, "most": _MOST}))
    busiest = (await visit.ask("/api/overview"))["routes"]
    return visit.show(
        "routes.html",
        apis=[{**api, "versions": _by_version(api["routes"])} for api in found["apis"]],
        number=found["number"],
        found=found["found"],
        next=found["next"] and urlencode({**asked, "after": found["next"]}),
        counted_as=_counted_as,
        figures={(each["api"], each["route"]): each for each in busiest},
        sparks={(each["api"], each["route"]): await _spark(visit, each) for each in busiest},
    )


async def route(visit: Visit) -> Response:
    """Show one route: its stages in every place where it is compiled, how it does, and a form to try it."""
    query = visit.request.query_params
    api, key = query.get("api", ""), query.get("route", "")
    asked = urlencode({"api": api, "stage": query.get("stage", ""), "route": key})
    plans = (await visit.ask("/api/routes/compiled", asked))["plans"]
    (listed,) = (await visit.ask("/api/routes", urlencode({"api": api, "route": key})))["apis"]
    counted = _counted_as(listed["type"], key)
    return visit.show(
        "route.html",
        api=listed,
        key=key,
        plans=plans,
        route=next(iter(listed["routes"]), None),
        charts=await _charts(visit, api, counted) if counted else None,
        tried=_tried(listed, key),
    )


def _by_version(routes: list[dict[str, Any]]) -> list[tuple[str, list[dict[str, Any]]]]:
    ordered = sorted(routes, key=lambda route: route["version"])
    return [(version, list(each)) for version, each in groupby(ordered, lambda one: one["version"])]


def _counted_as(api_type: str, key: str) -> str:
    """Return how the history calls a route. Empty: it has it only by the methods of its requests."""
    if api_type == "websocket":
        return f"GET {key}" if key == "$connect" else f"MESSAGE {key}"
    return key if key.partition(" ")[0] in _COUNTED_APART else ""


async def _history(visit: Visit, api: str, key: str, *series: str) -> dict[str, Any]:
    asked = {"series": ",".join(series), "api": api, "route": key}
    told: dict[str, Any] = await visit.ask("/api/metrics/history", urlencode(asked))
    return told


async def _spark(visit: Visit, busy: dict[str, Any]) -> Markup:
    told = await _history(visit, busy["api"], busy["route"], "requests")
    return spark(told["series"]["requests"], title=f"requests of {busy['route']}")


async def _charts(visit: Visit, api: str, key: str) -> list[Markup]:
    told = await _history(visit, api, key, "requests", "5xx", "p50", "p99")
    times, series = told["times"], told["series"]
    counted = [Line("requests a second", series["requests"]), Line("5xx", series["5xx"], "bad")]
    taken = [Line("p50", series["p50"], "run"), Line("p99", series["p99"], "warn")]
    return [
        lines(times, counted, title="Requests", write=words.count) + legend(counted),
        lines(times, taken, title="Time", write=words.span) + legend(taken),
    ]


def _tried(api: dict[str, Any], key: str) -> dict[str, str] | None:
    """Fill in the form for a call by hand. None: a WebSocket API is no matter of one request."""
    if api["type"] == "websocket":
        return None
    method, _, below = key.partition(" ")
    host, slash, base = api["stages"][0]["below"][0].partition("/")
    return {
        "method": method if method in _COUNTED_APART else "GET",
        "path": f"{slash}{base}".rstrip("/") + (below or "/"),
        "host": host,
    }


PAGES = (
    Page("/routes", "Routes", routes, icon="routes", section="Door"),
    Page("/routes/route", "Route", route, below="/routes"),
)
