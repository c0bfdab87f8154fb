"""Owns the page of API keys: plans, keys, what they have used and what is left."""

from collections.abc import Iterable, Mapping
from datetime import UTC, date, datetime, timedelta
from typing import Any, Final
from urllib.parse import urlencode

from markupsafe import Markup
from starlette.responses import Response

from frontdesk.rules.periods import period_of
from frontdesk.web.desk import Page, Visit
from frontdesk.web.svg import charts
from frontdesk.web.words import count

_DAYS: Final = 30
_MOST: Final = 60
"""Keys of a page."""
_KINDS: Final = ("", "run", "warn", "bad", "idle")

Usage = Iterable[Mapping[str, Any]]


async def keys(visit: Visit) -> Response:
    """Show plans and keys, with the requests of the last days, of all or of one key."""
    asked = visit.request.query_params
    today = datetime.fromtimestamp(visit.desk.clock.time(), UTC).date()
    days = [today - timedelta(days=back) for back in reversed(range(_DAYS))]
    span = {"from": str(days[0]), "to": str(today)}
    of_one = {"key": asked["key"]} if asked.get("key") else {}
    plans = (await visit.ask("/api/plans"))["plans"]
    page = await visit.ask("/api/keys", urlencode({"after": asked.get("after", ""), "most": _MOST}))
    by_plan = {**span, **of_one, "by": "plan"}
    usage = (await visit.ask("/api/usage", urlencode(by_plan)))["usage"]
    begun = min(period_of(kind, today).first for kind in ("week", "month"))
    ids = ",".join(each["id"] for each in page["keys"])
    now = await _used(visit, {**span, "from": str(begun), "keys": ids}) if ids else []
    drawn = _lines(usage, days)
    return visit.show(
        "keys.html",
        plans=plans,
        names=[each["name"] for each in plans],
        keys=[_with_use(each, plans, now, today) for each in page["keys"]],
        next=page["next"],
        chart=_chart(days, drawn) if drawn else "",
        legend=charts.legend(drawn),
        csv=urlencode({**span, **of_one, "format": "csv"}),
        first=days[0],
        last=today,
    )


async def _used(visit: Visit, which: dict[str, str]) -> list[dict[str, Any]]:
    """Read what some keys have used, part by part: a row for each plan and day of each."""
    rows: list[dict[str, Any]] = []
    after = ""
    while True:
        told = await visit.ask("/api/usage", urlencode({**which, "after": after}))
        rows += told["usage"]
        if not (after := told["next"]):
            return rows


def _lines(usage: Usage, days: list[date]) -> list[charts.Line]:
    """Add up the requests of each plan and day."""
    sums: dict[str, dict[str, int]] = {}
    for row in usage:
        of_plan = sums.setdefault(row["plan"], {})
        of_plan[row["day"]] = of_plan.get(row["day"], 0) + row["requests"]
    return [
        charts.Line(plan, [sums[plan].get(str(day), 0) for day in days], _KINDS[at % len(_KINDS)])
        for at, plan in enumerate(sorted(sums))
    ]


def _chart(days: list[date], drawn: list[charts.Line]) -> Markup:
    times = [datetime(day.year, day.month, day.day, tzinfo=UTC).timestamp() for day in days]
    return charts.bars(
        times, drawn, title="Requests a day", write=count, when=charts.day, height=110
    )


def _with_use(key: dict[str, Any], plans: Usage, now: Usage, today: date) -> dict[str, Any]:
    """Say of a key what it has used today, and what is left of each quota: plan, requests, of how many."""
    rows = [row for row in now if row["key"] == key["id"]]
    left = []
    for plan in plans:
        if plan["name"] in key["plans"] and (quota := plan["quota"]):
            first = str(period_of(quota["period"], today).first)
            used = [row for row in rows if row["plan"] == plan["name"] and row["day"] >= first]
            latest = max(used, key=lambda row: str(row["day"]), default=None)
            remaining = quota["limit"] if latest is None else latest["remaining"]
            left.append((plan["name"], remaining, quota["limit"]))
    used_today = sum(row["requests"] for row in rows if row["day"] == str(today))
    return {**key, "today": used_today, "left": left}


PAGES = (Page("/keys", "Keys and plans", keys, icon="keys", section="Door"),)
