"""Owns the context object that a test brings along: it replaces all of the state's own.

Source: AWS, "Accessing execution data from the Context object"; texts as recorded from TestState.
"""

from collections.abc import Mapping
from typing import Any, Final

from frontdesk.rules.asl.model import Json
from frontdesk.rules.asl.trial.refused import RefusedError
from frontdesk.rules.lang.compact_json import JsonTextError, from_json

_TEXT: Final = ("a string", (str,))
_NUMBER: Final = ("a number", (int, float))
_ANYTHING: Final = ("a JSON value", (bool, dict, float, int, list, str, type(None)))

_MEMBERS: Final[Mapping[str, Mapping[str, tuple[str, tuple[type, ...]]]]] = {
    "Execution": {
        "Id": _TEXT,
        "Input": _ANYTHING,
        "Name": _TEXT,
        "RedriveCount": _NUMBER,
        "RedriveTime": _TEXT,
        "RoleArn": _TEXT,
        "StartTime": _TEXT,
    },
    "State": {"EnteredTime": _TEXT, "Name": _TEXT, "RetryCount": _NUMBER},
    "StateMachine": {"Id": _TEXT, "Name": _TEXT},
    "Task": {"Token": _TEXT},
}


def read_context(text: str) -> dict[str, Any]:
    """Read the JSON text of a context object. Raises: RefusedError."""
    try:
        context = from_json(text)
    except JsonTextError:
        raise _refused("must be valid JSON") from None
    if not isinstance(context, dict):
        raise _refused("must be a JSON object")
    for name, part in context.items():
        members = _MEMBERS.get(name)
        if members is None:
            raise _refused(f"Field '{name}' is not allowed")
        if not isinstance(part, dict):
            raise _refused(f"{name} must be an object")
        for member, value in part.items():
            _check(name, member, value, members)
    return context


def _check(
    name: str, member: str, value: Json, members: Mapping[str, tuple[str, tuple[type, ...]]]
) -> None:
    if member not in members:
        raise _refused(f"Field '{member}' is not allowed")
    kind, types = members[member]
    if type(value) not in types:
        raise _refused(f"{name}.{member} must be {kind}")


def _refused(what: str) -> RefusedError:
    return RefusedError(f"Invalid Context object provided: {what}")
