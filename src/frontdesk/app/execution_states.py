"""Owns how an execution is told state by state: each visit with its attempts, and all about those of one state.

Knows no picture. Times are seconds since 1970.
"""

import json
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

from frontdesk.rules.asl.graph.marks import NOT_REACHED, marks
from frontdesk.rules.asl.history import HistoryEvent, aws_event
from frontdesk.rules.asl.model import Json
from frontdesk.rules.asl.outlook import Expected
from frontdesk.rules.asl.progress import Progress, Visit
from frontdesk.rules.asl.resources import Kind, read_resource

MOST_VISITS: Final = 500
"""The last visits that are told of an execution."""

MOST_OF_STATE: Final = 20
"""The last visits that are told of one state, with all that they took and gave."""

MOST_OF_VISIT: Final = 100
"""The last events that are told of one visit."""

_EXECUTION_ARNS: Final = ("executionArn", "ExecutionArn")


def tell_states(seen: Progress, names: Sequence[str]) -> dict[str, Any]:
    """Tell how it stands with each state, and the last visits. names: of all states of the machine."""
    told = marks(seen)
    return {
        "states": [
            {
                "state": name,
                "outcome": mark.outcome,
                "counts": mark.counts,
                "time": mark.time,
                "words": mark.words,
            }
            for name in names
            for mark in (told.get(name, NOT_REACHED),)
        ],
        "visits": [_visit(visit) for visit in seen.visits[-MOST_VISITS:]],
        "earlier": max(0, len(seen.visits) - MOST_VISITS),
    }


def tell_state(
    seen: Progress, events: Sequence[HistoryEvent], definition: Json, name: str
) -> dict[str, Any]:
    """Tell all about one state: its definition, and its last visits, newest first, with what they took and gave.

    definition: of its machine. events: the whole history. Raises: KeyError, where there is no such state.
    """
    found = find_state(definition, name)
    visits = seen.of_states().get(name, ())
    shown = list(reversed(visits[-MOST_OF_STATE:]))
    return {
        "state": name,
        "definition": found,
        "function": _function(found),
        "visits": [_visit(one) | _events(one, events) for one in shown],
        "count": len(visits),
    }


def find_state(definition: Json, name: str) -> dict[str, Json]:
    """Find a state, however deep it lies. Raises: KeyError."""
    return next((state for one, state in _states(definition) if one == name), None) or _none(name)


def _none(name: str) -> dict[str, Json]:
    raise KeyError(name)


def _states(machine: Any) -> Iterator[tuple[str, dict[str, Json]]]:
    for name, state in machine["States"].items():
        yield name, state
        inner = (state.get("ItemProcessor"), state.get("Iterator"), *state.get("Branches", ()))
        for one in inner:
            if one is not None:
                yield from _states(one)


def _function(state: Mapping[str, Any]) -> str | None:
    """Name the function that a state calls, where its definition says so."""
    if state.get("Type") != "Task":
        return None
    resource = read_resource(state["Resource"])
    if resource.kind is Kind.FUNCTION:
        return resource.name.partition(":")[0]
    arguments: Mapping[str, Any] = state.get("Arguments") or state.get("Parameters") or {}
    named = arguments.get("FunctionName")
    if resource.service != "lambda" or not isinstance(named, str) or "{%" in named:
        return None
    return named.partition(":function:")[2].partition(":")[0] or named.partition(":")[0]


def _visit(visit: Visit) -> dict[str, Any]:
    stay = visit.stay
    depth, around = 0, stay.within
    while around is not None:
        depth, around = depth + 1, around.within
    return {
        "state": stay.state,
        "type": stay.type,
        "outcome": visit.outcome.value,
        "current": visit.current,
        "depth": depth,
        "entered": stay.entered / 1000,
        "left": _seconds(stay.left),
        "attempts": [
            {"began": one.began / 1000, "ended": _seconds(one.ended), "error": one.error}
            for one in stay.tried
        ],
        "errors": stay.errors,
        "items": stay.items,
        "expected": None if visit.expected is None else tell_expected(visit.expected),
    }


def _events(visit: Visit, events: Sequence[HistoryEvent]) -> dict[str, Any]:
    own = [events[number - 1] for number in visit.stay.events]
    entered = next(one for one in own if one.type.endswith("StateEntered"))
    exited = next((one for one in own if one.type.endswith("StateExited")), None)
    return {
        "input": entered.details.get("input"),
        "output": None if exited is None else exited.details.get("output"),
        "events": [aws_event(one) for one in own[-MOST_OF_VISIT:]],
        "earlier": max(0, len(own) - MOST_OF_VISIT),
        "executions": list(dict.fromkeys(_executions(own))),
        "map_runs": [arn for one in own if (arn := one.details.get("mapRunArn"))],
    }


def _executions(events: Sequence[HistoryEvent]) -> Iterator[str]:
    """List the ARNs of executions that a task has started."""
    for event in events:
        output = event.details.get("output")
        if isinstance(output, dict):
            yield from (
                output[name] for name in _EXECUTION_ARNS if isinstance(output.get(name), str)
            )


def tell_expected(one: Expected) -> dict[str, Any]:
    """Write what a state waits for."""
    return {
        "state": one.state,
        "awaited": one.awaited,
        "since": one.since / 1000,
        "until": _seconds(one.until),
        "attempt": one.attempt,
        "most_attempts": one.most_attempts,
        "next": one.next,
        "within": [{"state": state, "index": index} for state, index in one.within],
        "ended": one.ended,
        "total": one.total,
    }


def _seconds(milliseconds: int | None) -> float | None:
    return None if milliseconds is None else milliseconds / 1000


def read_document(text: str) -> Json:
    """Read the text of a definition that is kept."""
    document: Json = json.loads(text)
    return document
