"""Owns the page of an execution: its picture in colours, one state of it, its timeline, its events."""

from collections.abc import Mapping, Sequence
from typing import Any, Final
from urllib.parse import quote, urlencode

from starlette.responses import Response

from frontdesk.web.desk import Page, Refused, Visit
from frontdesk.web.pages.machines import is_wide, picture
from frontdesk.web.svg.timeline import timeline
from frontdesk.web.words import MOST, pretty

TABS: Final = ("input", "output", "attempts", "events", "definition")

_EVENTS: Final = "25"
"""Of a page."""


async def execution(visit: Visit) -> Response:
    """Show an execution; with `?event=` one of its events, for the drawer."""
    at = f"/api/executions/{quote(visit.request.path_params['arn'], safe=':/')}"
    query = visit.request.query_params
    events = await _events(visit, at)
    if "event" in query:
        return _event(visit, events["events"], query["event"])
    told = await visit.ask(at)
    found = told["execution"]
    state = query.get("state") or _latest(told["outlook"], events["events"])
    states = await visit.ask(f"{at}/states", urlencode({"of": state}) if state else "")
    visits = states["visits"]
    until = found["ended"] or visit.desk.clock.time()
    svg = await picture(visit, at)
    return visit.show(
        "execution.html",
        execution=found,
        outlook=told["outlook"],
        parent=await _parent(visit, found["map_run"]),
        states=states,
        of=states.get("of"),
        chosen=_chosen(states.get("of"), query.get("visit", "1")),
        tab=query.get("tab") if query.get("tab") in TABS else TABS[0],
        tabs=TABS,
        svg=svg,
        wide=is_wide(svg),
        gantt=timeline(visits, found["started"], until, state=state),
        events=events,
        runs=await _map_runs(visit, at, visits),
        again=_start_fields(found["input"]),
    )


async def _events(visit: Visit, at: str) -> Any:
    """Read a page of the history, newest first; each event has its details under `details`."""
    token = visit.request.query_params.get("token")
    words = {"newest_first": "true", "most": _EVENTS} | ({"token": token} if token else {})
    page = await visit.ask(f"{at}/history", urlencode(words))
    for event in page["events"]:
        named = (value for name, value in event.items() if name.endswith("EventDetails"))
        event["details"] = next(named, {})
    return page


def _event(visit: Visit, events: Sequence[Mapping[str, Any]], number: str) -> Response:
    found = next((one for one in events if str(one["id"]) == number), None)
    if found is None:
        raise Refused(404, f"there is no such event on this page of the history: {number}", "")
    return visit.show("execution_event.html", event=found)


def _latest(outlook: Sequence[Mapping[str, Any]], events: Sequence[Mapping[str, Any]]) -> str:
    """Name the state that is looked at where nobody has picked one: the innermost that it is in, or was in last."""
    if outlook:
        return str(outlook[-1]["state"])
    entered = (one["details"]["name"] for one in events if one["type"].endswith("StateEntered"))
    return str(next(entered, ""))


def _chosen(of: Mapping[str, Any] | None, number: str) -> Mapping[str, Any] | None:
    """Pick the visit that is looked at, of those of one state; the newest is 1."""
    if of is None or not of["visits"]:
        return None
    at = int(number[:6]) if number.isdecimal() else 1
    at = min(max(1, at), len(of["visits"]))
    return {"number": at, **of["visits"][at - 1]}


async def _parent(visit: Visit, map_run: str) -> str:
    """Return the ARN of the execution that this one is a child of; "": it is none, or that is kept no more."""
    if not map_run:
        return ""
    try:
        told = await visit.ask(f"/api/map-runs/{quote(map_run, safe=':/')}")
    except Refused:
        return ""
    return str(told["map_run"]["execution"])


async def _map_runs(visit: Visit, at: str, visits: Sequence[Mapping[str, Any]]) -> Any:
    """List the distributed Maps of an execution, where it can have some."""
    if not any(one["type"] == "Map" for one in visits):
        return []
    return (await visit.ask(f"{at}/map-runs"))["map_runs"]


def _start_fields(given: Any) -> list[dict[str, Any]]:
    """Say what is filled in to start another execution with the same input. Nothing: the input is too long for that."""
    text = pretty(given)
    if len(text) > MOST:
        return []
    return [
        {"name": "input", "label": "Input (JSON)", "json": True, "rows": 8, "value": text},
        {"name": "name", "label": "Name (optional)"},
    ]


PAGES = (Page("/executions/{arn:path}", "Execution", execution, below="/state-machines"),)
