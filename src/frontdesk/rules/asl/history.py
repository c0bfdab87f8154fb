"""Owns the events of an execution's history, and how AWS writes them.

Predecessors are the interpreter's to know. Details carry AWS's field names, with values where AWS has
JSON text.
Source: AWS, API reference, HistoryEvent.
"""

import json
from collections.abc import Mapping
from datetime import datetime
from types import MappingProxyType
from typing import Any, Final, NamedTuple

from frontdesk.rules.asl.data.scope import json_text
from frontdesk.rules.asl.model import Json

MOST_EVENTS: Final = 25_000
"""AWS's quota of one execution."""


_NOTHING: Final[Mapping[str, Json]] = MappingProxyType({})


class HistoryEvent(NamedTuple):
    """One event. id: from 1. previous: the event that led to it, 0 for none. at: milliseconds since 1970."""

    id: int
    previous: int
    at: int
    type: str
    details: Mapping[str, Json] = _NOTHING


_WITHOUT_DETAILS: Final = frozenset(
    (
        "LambdaFunctionStarted",
        "MapRunAborted",
        "MapRunSucceeded",
        "MapStateAborted",
        "MapStateFailed",
        "MapStateSucceeded",
        "ParallelStateAborted",
        "ParallelStateFailed",
        "ParallelStateStarted",
        "ParallelStateSucceeded",
        "TaskStateAborted",
        "WaitStateAborted",
    )
)

_DATA: Final = ("input", "output", "parameters")
"""Fields that AWS writes as JSON text; the first two with `…Details` beside them."""


def aws_event(event: HistoryEvent, *, data: bool = True) -> dict[str, Any]:
    """Return an event as GetExecutionHistory does: {timestamp (s), type, id, previousEventId, …Details}.

    data: whether inputs and outputs are shown (`includeExecutionData`).
    """
    written: dict[str, Any] = {
        "timestamp": event.at / 1000,
        "type": event.type,
        "id": event.id,
        "previousEventId": event.previous,
    }
    if event.type not in _WITHOUT_DETAILS:
        written[_details_name(event.type)] = _details(event.details, data=data)
    return written


def read_aws_event(written: Mapping[str, Any]) -> HistoryEvent:
    """Read what `aws_event` wrote, or the AWS CLI, whose timestamps are texts of ISO 8601.

    Raises: ValueError, for what is no event.
    """
    try:
        named = (name for name in written if name.endswith("EventDetails"))
        details: Mapping[str, Any] = written.get(next(named, ""), {})
        values: dict[str, Json] = {
            name: json.loads(value) if name in _DATA else value
            for name, value in details.items()
            if not name.endswith("Details")
        }
        assigned = values.get("assignedVariables", {}).items()
        if assigned:
            values["assignedVariables"] = {name: json.loads(value) for name, value in assigned}
        return HistoryEvent(
            written["id"],
            written.get("previousEventId", 0),
            _milliseconds(written["timestamp"]),
            written["type"],
            values,
        )
    except (AttributeError, KeyError, TypeError, ValueError) as error:
        raise ValueError(f"no event of a history: {error!r}") from None


def _milliseconds(timestamp: str | float) -> int:
    if isinstance(timestamp, str):
        timestamp = datetime.fromisoformat(timestamp).timestamp()
    return round(timestamp * 1000)


def _details_name(event_type: str) -> str:
    for family in ("StateEntered", "StateExited"):
        if event_type.endswith(family):
            event_type = family
    return f"{event_type[0].lower()}{event_type[1:]}EventDetails"


def _details(details: Mapping[str, Json], *, data: bool) -> dict[str, Any]:
    written: dict[str, Any] = {}
    for name, value in details.items():
        if name not in _DATA:
            written[name] = value
        elif data:
            written[name] = json_text(value)
            if name != "parameters":
                written[f"{name}Details"] = {"truncated": False}
    if "assignedVariables" in written:
        assigned = written["assignedVariables"]
        written["assignedVariables"] = {name: json_text(one) for name, one in assigned.items()}
        written["assignedVariablesDetails"] = {"truncated": False}
    return written
