"""Owns Wait: the instant until which it waits, and going on after it."""

from typing import Final

from frontdesk.rules.asl.data.errors import QUERY_EVALUATION_ERROR, RUNTIME, StateError
from frontdesk.rules.asl.data.expressions import States, evaluate_field
from frontdesk.rules.asl.data.flow import conclude, prepare
from frontdesk.rules.asl.data.paths import select
from frontdesk.rules.asl.data.scope import json_text
from frontdesk.rules.asl.instants import read_instant
from frontdesk.rules.asl.model import QueryLanguage, WaitState
from frontdesk.rules.asl.run import Phase, Strand
from frontdesk.rules.asl.states.numbers import seconds as seconds_of
from frontdesk.rules.asl.states.sight import Sight, look
from frontdesk.rules.asl.turn import Turn

_LONGEST: Final = 2**31 - 1
"""Seconds: what AWS waits at most."""


def work(turn: Turn, strand: Strand, state: WaitState) -> None:
    """Wait, or go on at once where the instant is past."""
    sight = look(turn, strand, state)
    seconds = seconds_of("Seconds", state.seconds, state.seconds_path, lambda: sight)
    if seconds is not None:
        at = turn.now + seconds * 1000
    else:
        instant = _instant(turn, strand, state, sight)
        if instant is None:
            return
        at = instant
    if at - turn.now > _LONGEST * 1000:
        raise StateError(RUNTIME, "Wait state delay is too long.")
    if at > turn.now:
        turn.wait_until(strand, Phase.WAITING, at)
    else:
        over(turn, strand, state)


def over(turn: Turn, strand: Strand, state: WaitState) -> None:
    """Go on."""
    scope = turn.scope(strand)
    result = prepare(state, strand.input, scope)
    turn.leave(strand, state, conclude(state, strand.input, result, scope), state.next)


def _instant(turn: Turn, strand: Strand, state: WaitState, sight: Sight) -> int | None:
    """Return milliseconds since 1970, None where the state has failed."""
    if state.timestamp_path is not None:
        value = select(state.timestamp_path, sight.effective, sight.scope)
        found = read_instant(value)
        if found is None:
            shown = value if isinstance(value, str) else json_text(value)
            raise StateError(
                RUNTIME,
                f"The TimestampPath parameter does not reference a valid ISO-8601 extended offset date-time format string: {state.timestamp_path} == {shown}",
            )
        return _milliseconds(found)
    value = state.timestamp
    if state.query_language is QueryLanguage.JSONATA:
        value = evaluate_field(value, "Timestamp", "string", States(sight.given), sight.scope)
    found = read_instant(value)
    if found is None:
        error = StateError(
            QUERY_EVALUATION_ERROR,
            f"The Timestamp field cannot be parsed as an ISO-8601 extended offset date-time format string: {value}",
            location="Timestamp",
        )
        turn.refuse(strand, state, error, after=strand.entered)
        return None
    return _milliseconds(found)


def _milliseconds(nanoseconds: int) -> int:
    """Round up, so that no wait ends before its instant."""
    # Differs: [wait-fraction] AWS cuts off the fraction of a second
    return -(-nanoseconds // 1_000_000)
