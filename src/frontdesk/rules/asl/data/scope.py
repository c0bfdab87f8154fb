"""Owns what paths and expressions of a state can see beside its data, and the limits of payloads and variables.

Source: AWS, "Accessing execution data from the Context object", "Passing data between states with variables",
"Service quotas".
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Final

from frontdesk.rules.asl.data.errors import DATA_LIMIT_EXCEEDED, RUNTIME, StateError
from frontdesk.rules.asl.model import Json
from frontdesk.rules.lang.chance import Chance
from frontdesk.rules.lang.compact_json import JsonTextError, to_json, to_json_bytes

LARGEST_PAYLOAD: Final = 262_144
"""Bytes of JSON text of an input, an output, a result, a variable, and of all that one state assigns."""

LARGEST_VARIABLES: Final = 10 * 1024 * 1024
"""Bytes of JSON text of all variables of an execution."""

LONGEST_NAME: Final = 80
"""Characters of a variable's name."""

_DEEPEST: Final = 244
"""Levels of nesting: those that can be written, but for ten that are left to whoever keeps a value within something else."""

_NAME: Final = re.compile(r"[^\W\d]\w*")


def _unseen(_step: str, _value: Json) -> None:
    """Note nothing."""


@dataclass(slots=True)
class Scope:
    """What a state sees.

    look: makes the context object (`$$`, `$states.context`), when something asks for it. variables: those assigned before this state,
    of its own level and of those around it. now: milliseconds since 1970. chance: what random numbers and
    ids are drawn from. note: takes the data after each step of its way through a state, by the name of
    the step, such as `afterInputPath`.
    """

    look: Callable[[], Mapping[str, Json]]
    variables: Mapping[str, Json]
    now: int
    chance: Chance
    note: Callable[[str, Json], None] = _unseen
    _context: Mapping[str, Json] | None = field(default=None, init=False)

    @property
    def context(self) -> Mapping[str, Json]:
        """The context object."""
        if self._context is None:
            self._context = self.look()
        return self._context


def json_text(value: Json) -> str:
    """Return compact JSON text. Raises: StateError, where a value has none: nested too deep."""
    try:
        return to_json(value)
    except JsonTextError as error:
        raise StateError(RUNTIME, error.message) from error


def size(value: Json) -> int:
    """Return the bytes of a value's JSON text. Raises: as `json_text`, a few levels of nesting earlier."""
    try:
        text = to_json_bytes(value)
        if text.count(b"[") + text.count(b"{") > _DEEPEST:  # else it cannot be so deep
            to_json_bytes([[[[[[[[[[value]]]]]]]]]])
    except JsonTextError as error:
        raise StateError(RUNTIME, error.message) from error
    return len(text)


def hold_payload(who: str, value: Json) -> None:
    """Refuse a payload over the quota. who: the state's name, or what ran for it, such as `lambda`."""
    if size(value) > LARGEST_PAYLOAD:
        raise StateError(
            DATA_LIMIT_EXCEEDED,
            f"The state/task '{who}' returned a result with a size exceeding the maximum number of bytes service limit.",
        )


def hold_variables(assigned: Mapping[str, Json], variables: Mapping[str, Json]) -> None:
    """Refuse what a state assigns, where it or all variables together are over the quota.

    variables: those before.
    """
    if not assigned:
        return
    if size(assigned) > LARGEST_PAYLOAD:
        raise StateError(
            DATA_LIMIT_EXCEEDED,
            f"The variables assigned in one state exceed the limit of {LARGEST_PAYLOAD} bytes.",
        )
    if size({**variables, **assigned}) > LARGEST_VARIABLES:
        raise StateError(
            DATA_LIMIT_EXCEEDED,
            f"The variables of the execution exceed the limit of {LARGEST_VARIABLES} bytes.",
        )


def is_variable_name(name: str) -> bool:
    """Whether a variable may have this name: a Unicode identifier of 80 characters, but not `states`."""
    return len(name) <= LONGEST_NAME and name != "states" and _NAME.fullmatch(name) is not None
