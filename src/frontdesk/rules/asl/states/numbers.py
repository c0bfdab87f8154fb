"""Owns numbers that a state takes from its data: by a path, by an expression, or as they are written."""

from collections.abc import Callable

from frontdesk.rules.asl.data.errors import QUERY_EVALUATION_ERROR, RUNTIME, StateError
from frontdesk.rules.asl.data.expressions import States, evaluate_field
from frontdesk.rules.asl.data.paths import select
from frontdesk.rules.asl.data.scope import json_text
from frontdesk.rules.asl.model import Json, MapState
from frontdesk.rules.asl.states.sight import Sight


def seconds(
    field: str, written: int | str | None, path: str | None, see: Callable[[], Sight]
) -> int | None:
    """Return a number of seconds; None where none is written. field: such as `TimeoutSeconds`.

    see: asked for what the state sees where the number is not there as such.
    """
    if path is not None:
        return _seconds_at(f"{field}Path", path, see())
    if written is None or type(written) is int:
        return written
    return int(_evaluated(field, written, see()))


def _seconds_at(field: str, path: str, sight: Sight) -> int:
    value = select(path, sight.effective, sight.scope)
    shown = f"{path} == {_shown(value)}"
    if type(value) is not int:
        raise StateError(
            RUNTIME, f"The {field} parameter cannot be parsed as a long value: {shown}"
        )
    if value < 0:
        raise StateError(RUNTIME, f"The {field} parameter references a negative value: {shown}")
    return value


def bound(
    field: str, written: float | str | None, path: str | None, sight: Sight
) -> int | float | None:
    """Return a bound of a Map; None where none is written. A percentage may have a fraction."""
    if path is not None:
        found = _bound_at(field, path, sight)
    elif written is not None:
        found = _evaluated(field, written, sight)
    else:
        return None
    if found < 0:
        # Differs: [map-negative] AWS was seen to hang at a negative MaxConcurrencyPath
        raise StateError(RUNTIME, f"{field} cannot be negative.")
    return found


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


def _bound_at(field: str, path: str, sight: Sight) -> int | float:
    value = select(path, sight.effective, sight.scope)
    wanted, kind = ((int, float), "number") if _may_be_broken(field) else ((int,), "integer")
    if type(value) not in wanted:
        raise StateError(
            RUNTIME,
            f'The {field}Path field refers to value "{_shown(value)}" which is not a valid {kind}: {path}',
        )
    return value  # type: ignore[no-any-return]  # its type has just been asked for


def _evaluated(field: str, written: float | str, sight: Sight) -> int | float:
    found = evaluate_field(written, field, "number", States(sight.given), sight.scope)
    if _may_be_broken(field):
        return float(found)
    if found != int(found) or found < 0:
        raise StateError(
            QUERY_EVALUATION_ERROR,
            f"The {field} field must be an integer that is not negative, but was: {json_text(found)}",
            location=field,
        )
    return int(found)


def _may_be_broken(field: str) -> bool:
    return field.endswith("Percentage")


def _shown(value: Json) -> str:
    return value if isinstance(value, str) else json_text(value)
