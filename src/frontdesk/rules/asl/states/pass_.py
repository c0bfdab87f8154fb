"""Owns Pass: hands on its input, or what it makes of it."""

from frontdesk.rules.asl.data.flow import conclude, prepare
from frontdesk.rules.asl.model import PassState
from frontdesk.rules.asl.run import Strand
from frontdesk.rules.asl.turn import Turn


def work(turn: Turn, strand: Strand, state: PassState) -> None:
    """Go on at once."""
    scope = turn.scope(strand)
    result = prepare(state, strand.input, scope)
    turn.leave(strand, state, conclude(state, strand.input, result, scope), state.next)
