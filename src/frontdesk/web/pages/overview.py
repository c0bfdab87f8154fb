"""Owns the first page: what is happening now, and what needs somebody."""

from collections.abc import Mapping, Sequence
from typing import Any, Final
from urllib.parse import urlencode

from markupsafe import Markup
from starlette.responses import Response

from frontdesk.web.desk import Page, Visit
from frontdesk.web.svg.charts import Line, legend, lines
from frontdesk.web.words import count, span

_DRAWN: Final[Mapping[str, Sequence[tuple[str, str, str]]]] = {
    "Requests per second": (
        ("requests", "all", ""),
        ("4xx", "4xx", "warn"),
        ("5xx", "5xx", "bad"),
    ),
    "Latency": (("p50", "p50", ""), ("p95", "p95", "run"), ("p99", "p99", "warn")),
    "Function calls per second": (
        ("functions.invocations", "calls", ""),
        ("functions.errors", "errors", "bad"),
        ("functions.cold", "cold starts", "run"),
    ),
    "Executions per second": (
        ("executions.ended", "ended", ""),
        ("executions.failed", "failed", "bad"),
    ),
}
"""Charts by title: series, how it is called, its kind."""

_SPANS: Final = {"15": "15 min", "60": "1 h", "1440": "24 h"}


async def overview(visit: Visit) -> Response:
    """Show how the gateway does."""
    asked = visit.request.query_params.get("minutes", "")
    minutes = asked if asked in _SPANS else "15"
    told = await visit.ask("/api/overview", f"minutes={minutes}")
    series = ",".join(name for drawn in _DRAWN.values() for name, _, _ in drawn)
    history = await visit.ask(
        "/api/metrics/history", urlencode({"minutes": minutes, "series": series})
    )
    return visit.show(
        "overview.html",
        told=told,
        spans=_SPANS,
        minutes=minutes,
        charts=[_chart(title, history) for title in _DRAWN if _has_news(title, history)],
    )


def _has_news(title: str, history: Mapping[str, Any]) -> bool:
    """Tell whether there is something to draw: the first two are always there."""
    values = (history["series"][name] for name, _, _ in _DRAWN[title])
    return title in tuple(_DRAWN)[:2] or any(value for each in values for value in each)


def _chart(title: str, history: Mapping[str, Any]) -> tuple[str, Markup, Markup]:
    """Draw one chart: its title, itself, its legend."""
    drawn = [Line(name, history["series"][key], kind) for key, name, kind in _DRAWN[title]]
    write = span if title == "Latency" else count
    return title, lines(history["times"], drawn, title=title, write=write), legend(drawn)


PAGES = (Page("/overview", "Overview", overview, icon="overview", section="Now"),)
