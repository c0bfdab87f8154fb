"""Owns Fail: the bad end of a machine, a branch or an iteration, with an error of the author's."""

from frontdesk.rules.asl.data.errors import RUNTIME, StateError
from frontdesk.rules.asl.data.expressions import States, evaluate_field
from frontdesk.rules.asl.data.paths import query
from frontdesk.rules.asl.data.scope import Scope, json_text
from frontdesk.rules.asl.errors import Failure
from frontdesk.rules.asl.model import FailState, Json, QueryLanguage
from frontdesk.rules.asl.run import Strand
from frontdesk.rules.asl.turn import Turn


def work(turn: Turn, strand: Strand, state: FailState) -> None:
    """Fail with what the state says. A field that is not written stays absent."""
    scope = turn.scope(strand)
    if state.query_language is QueryLanguage.JSONATA:
        error = _expressed(state.error, "Error", strand.input, scope)
        cause = _expressed(state.cause, "Cause", strand.input, scope)
    else:
        error = _looked_up(state.error, state.error_path, "ErrorPath", strand.input, scope)
        cause = _looked_up(state.cause, state.cause_path, "CausePath", strand.input, scope)
    turn.fail(strand, state, Failure(error, cause))


def _expressed(text: str | None, field: str, given: Json, scope: Scope) -> str | None:
    if text is None:
        return None
    return str(evaluate_field(text, field, "string", States(given), scope))


def _looked_up(
    text: str | None, path: str | None, field: str, given: Json, scope: Scope
) -> str | None:
    if path is None:
        return text
    value = query(path, field, given, scope)
    if isinstance(value, str):
        return value
    raise StateError(
        RUNTIME, f"The {field} field must reference a string: {path} == {json_text(value)}"
    )
