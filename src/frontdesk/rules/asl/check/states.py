"""Owns the fields of each type of state, and the rules between fields of one state.

A table per type says which field may be there in which query language. Knows nothing of other states:
the ways between them are judged by `transitions`, the machines inside of them by `machine`.
"""

from collections.abc import Callable, Mapping
from typing import Final

from frontdesk.rules.asl.check.choices import rules
from frontdesk.rules.asl.check.failures import catchers, retriers
from frontdesk.rules.asl.check.fields import (
    A,
    Field,
    Fields,
    P,
    at_most_one,
    check_fields,
    exactly_one,
)
from frontdesk.rules.asl.check.maps import MAP_FIELDS, check_map
from frontdesk.rules.asl.check.spot import Spot, nearest
from frontdesk.rules.asl.check.tasks import check_task, credentials, resource
from frontdesk.rules.asl.check.templates import expressions, payload, static
from frontdesk.rules.asl.check.values import (
    anything,
    computed_path,
    filled,
    instant,
    one_of,
    path,
    reference_path,
    result_path,
    static_text,
    text,
    true,
    whole,
)
from frontdesk.rules.asl.check.variables import assign
from frontdesk.rules.asl.model import Json, QueryLanguage


def _branches(value: Json, spot: Spot) -> None:
    filled(value, spot)
    for at, branch in enumerate(value if isinstance(value, list) else ()):
        spot.at(at).expects(branch, dict)


_COMMON: Final[Fields] = {
    "Type": Field(anything),
    "Comment": Field(text),
    "QueryLanguage": Field(one_of(*QueryLanguage)),
}
_DATA: Final[Fields] = {
    "InputPath": Field(path, P),
    "OutputPath": Field(path, P),
    "Output": Field(expressions, A),
}
_STEP: Final[Fields] = {
    **_COMMON,
    **_DATA,
    "Assign": Field(assign),
    "End": Field(true),
    "Next": Field(text),
}
_WORK: Final[Fields] = {
    **_STEP,
    "Assign": Field(assign, offers="result"),
    "Catch": Field(catchers),
    "Output": Field(expressions, A, offers="result"),
    "ResultPath": Field(result_path, P),
    "ResultSelector": Field(payload, P),
    "Retry": Field(retriers),
}
_SECONDS: Final = Field(whole(1, computed=True))

FIELDS: Final[Mapping[str, Fields]] = {
    "Choice": {
        **_COMMON,
        **_DATA,
        "Assign": Field(assign),
        "Choices": Field(rules, required=True),
        "Default": Field(text),
    },
    "Fail": {
        **_COMMON,
        "Cause": Field(static_text),
        "CausePath": Field(computed_path, P),
        "Error": Field(static_text),
        "ErrorPath": Field(computed_path, P),
    },
    "Map": {**_WORK, **MAP_FIELDS},
    "Parallel": {
        **_WORK,
        "Arguments": Field(expressions, A),
        "Branches": Field(_branches, required=True),
        "Parameters": Field(payload, P),
    },
    "Pass": {
        **_STEP,
        "Parameters": Field(payload, P),
        "Result": Field(static, P),
        "ResultPath": Field(result_path, P),
    },
    "Succeed": {**_COMMON, **_DATA},
    "Task": {
        **_WORK,
        "Resource": Field(resource, required=True),
        "Arguments": Field(expressions, A),
        "Credentials": Field(credentials),
        "HeartbeatSeconds": _SECONDS,
        "HeartbeatSecondsPath": Field(reference_path, P),
        "Parameters": Field(payload, P),
        "TimeoutSeconds": _SECONDS,
        "TimeoutSecondsPath": Field(reference_path, P),
    },
    "Wait": {
        **_STEP,
        "Seconds": Field(whole(0, computed=True)),
        "SecondsPath": Field(reference_path, P),
        "Timestamp": Field(instant),
        "TimestampPath": Field(reference_path, P),
    },
}


def check_state(state: Mapping[str, Json], spot: Spot) -> None:
    """Judge one state. spot: in the language of the whole machine."""
    kind = state.get("Type")
    if "Type" not in state:
        spot.tell("These fields are required: [Type]")
        return
    if not isinstance(kind, str) or kind not in FIELDS:
        spot.at("Type").tell(
            f"The field 'Type' should have one of these values: [{', '.join(TYPES)}]",
            hint=nearest(kind, FIELDS) if isinstance(kind, str) else "",
        )
        return
    here = spot.speaking(_language(state, spot))
    check_fields(state, FIELDS[kind], here)
    if kind in _RULES:
        _RULES[kind](state, here)
    if "Next" in FIELDS[kind]:
        exactly_one(state, here, "Next", "End")


TYPES: Final = ("Task", "Wait", "Pass", "Succeed", "Fail", "Choice", "Parallel", "Map")
"""In the order of AWS's message."""


def _language(state: Mapping[str, Json], spot: Spot) -> QueryLanguage:
    own = state.get("QueryLanguage")
    if own == P and spot.language is A:
        spot.tell(
            "'QueryLanguage' can not be 'JSONPath' if set to 'JSONata' for whole state machine"
        )
    return A if A in (own, spot.language) else P


def _fail(state: Mapping[str, Json], spot: Spot) -> None:
    at_most_one(state, spot, "Error", "ErrorPath")
    at_most_one(state, spot, "Cause", "CausePath")


def _wait(state: Mapping[str, Json], spot: Spot) -> None:
    exactly_one(state, spot, "Seconds", "Timestamp", "SecondsPath", "TimestampPath")


_RULES: Final[Mapping[str, Callable[[Mapping[str, Json], Spot], None]]] = {
    "Fail": _fail,
    "Map": check_map,
    "Task": check_task,
    "Wait": _wait,
}
