"""Owns what is said of paths: into the state's data (`$`), the context object (`$$`), a variable (`$name`).

Their syntax is `lang.states_path`'s. Knows no field and no state.
"""

import re
from typing import Final

from frontdesk.rules.asl.check.spot import Spot
from frontdesk.rules.asl.model import Json
from frontdesk.rules.lang.intrinsics import is_intrinsic
from frontdesk.rules.lang.jsonpath import PathError
from frontdesk.rules.lang.states_path import StatesPath, compile_states_path

_LIKE_PATH: Final = re.compile(r"\$\$?(?:[.\[].+)?|States\.\w+\(.*\)", re.DOTALL)


def looks_like_path(value: Json) -> bool:
    """Tell whether a value is written like a path or a call, which does nothing where it is a text."""
    return isinstance(value, str) and _LIKE_PATH.fullmatch(value) is not None


def likeness(text: str) -> str:
    """Say in AWS's words what a text looks like that `looks_like_path`."""
    return "an Intrinsic Function" if is_intrinsic(text) else "a JSONPath"


def check_path(text: str, spot: Spot, what: str = "valid JSONPath") -> StatesPath | None:
    """Read a path; note where there is none."""
    try:
        return compile_states_path(text)
    except PathError as error:
        hint = error.message + (f"; {error.hint}" if error.hint else "")
        spot.tell(f"Value is not a {what}", hint=hint)
        return None


def check_reference_path(text: str, spot: Spot) -> StatesPath | None:
    """Read a path to exactly one node; note where there is none."""
    found = check_path(text, spot, "Reference Path")
    if found is not None and not found.is_reference:
        spot.tell(
            "Value is not a Reference Path: it must lead to one node",
            hint="no wildcards, slices, filters, '..', several names or negative indexes",
        )
    return found
