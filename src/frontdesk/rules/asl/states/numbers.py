"""Owns numbers that a state takes from its data: by a path, by an expression, or as they are written."""

from collections.abc import Callable
from typing import Final

from frontdesk.rules.asl.data.errors import QUERY_EVALUATION_ERROR, RUNTIME, StateError
from frontdesk.rules.asl.data.expressions import States, evaluate_field
from frontdesk.rules.asl.data.paths import select
from frontdesk.rules.asl.data.scope import json_text
from frontdesk.rules.asl.model import Json, MapState
from frontdesk.rules.asl.states.sight import Sight

_MOST_PERCENT: Final = 100


def seconds(
    field: str,
    written: int | str | None,
    path: str | None,
    see: Callable[[], Sight],
    *,
    least: int = 0,
) -> int | None:
    """Return a number of seconds; None where none is written. field: such as `TimeoutSeconds`.

    see: asked for what the state sees where the number is not there as such. least: 0 or 1.
    """
    if path is not None:
        return _seconds_at(f"{field}Path", path, see(), least)
    if written is None or type(written) is int:
        return written
    return int(_evaluated(field, written, see(), least))


def _seconds_at(field: str, path: str, sight: Sight, least: int) -> int:
    value = select(path, sight.effective, sight.scope)
    shown = f"{path} == {_shown(value)}"
    if type(value) is not int:
        raise StateError(
            RUNTIME, f"The {field} parameter cannot be parsed as a long value: {shown}"
        )
    if value < least:
        what = "a negative value" if value < 0 else "a value that is not positive"
        raise StateError(RUNTIME, f"The {field} parameter references {what}: {shown}")
    return value


def bound(
    field: str, written: float | str | None, path: str | None, sight: Sight, *, least: int = 0
) -> int | float | None:
    """Return a bound of a Map; None where none is written. A percentage may have a fraction.

    least: 0 or 1.
    """
    if path is not None:
        return _bound_at(field, path, sight, least)
    return None if written is None else _evaluated(field, written, sight, least)


def tolerated(state: MapState, sight: Sight) -> tuple[int | float | None, int | float | None]:
    """Return how many items of a distributed Map may fail: their number, and their percentage."""
    return (
        bound(
            "ToleratedFailureCount",
            state.tolerated_failure_count,
            state.tolerated_failure_count_path,
            sight,
        ),
        bound(
            "ToleratedFailurePercentage",
            state.tolerated_failure_percentage,
            state.tolerated_failure_percentage_path,
            sight,
        ),
    )


def _bound_at(field: str, path: str, sight: Sight, least: int) -> int | float:
    value = select(path, sight.effective, sight.scope)
    wanted, kind = ((int, float), "number") if _is_percentage(field) else ((int,), "integer")
    if type(value) not in wanted:
        raise StateError(
            RUNTIME,
            f'The {field}Path field refers to value "{_shown(value)}" which is not a valid {kind}: {path}',
        )
    if value < 0:
        # Differs: [map-negative] AWS was seen to hang at a negative MaxConcurrencyPath
        raise StateError(RUNTIME, f"{field} cannot be negative.")
    if value < least:
        raise StateError(RUNTIME, f"{field} must be positive.")
    if _is_percentage(field) and value > _MOST_PERCENT:
        raise StateError(RUNTIME, f"{field} must be between 0 and {_MOST_PERCENT}.")
    return value  # type: ignore[no-any-return]  # its type has just been asked for


def _evaluated(field: str, written: float | str, sight: Sight, least: int) -> int | float:
    found = evaluate_field(written, field, "number", States(sight.given), sight.scope)
    if _is_percentage(field):
        if 0 <= found <= _MOST_PERCENT:
            return float(found)
        wanted = f"a number from 0 to {_MOST_PERCENT}"
    else:
        if found == int(found) and found >= least:
            return int(found)
        wanted = f"an integer that is not {'less than 1' if least else 'negative'}"
    raise StateError(
        QUERY_EVALUATION_ERROR,
        f"The {field} field must be {wanted}, but was: {json_text(found)}",
        location=field,
    )


def _is_percentage(field: str) -> bool:
    return field.endswith("Percentage")


def _shown(value: Json) -> str:
    return value if isinstance(value, str) else json_text(value)
