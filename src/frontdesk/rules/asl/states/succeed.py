"""Owns Succeed: the good end of a machine, a branch or an iteration."""

from frontdesk.rules.asl.data.flow import conclude, prepare
from frontdesk.rules.asl.model import SucceedState
from frontdesk.rules.asl.run import Strand
from frontdesk.rules.asl.turn import Turn


def work(turn: Turn, strand: Strand, state: SucceedState) -> None:
    """End the strand with the state's output."""
    scope = turn.scope(strand)
    result = prepare(state, strand.input, scope)
    turn.leave(strand, state, conclude(state, strand.input, result, scope), None)
