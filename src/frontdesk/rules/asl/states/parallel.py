"""Owns Parallel: all branches at once; the first that fails ends the others."""

from frontdesk.rules.asl.data.flow import conclude, prepare
from frontdesk.rules.asl.data.scope import hold_payload
from frontdesk.rules.asl.errors import Failure
from frontdesk.rules.asl.model import Json, ParallelState, TaskState
from frontdesk.rules.asl.run import Phase, Strand
from frontdesk.rules.asl.turn import Turn


def work(turn: Turn, strand: Strand, state: ParallelState) -> None:
    """Begin every branch with a copy of the effective input."""
    arguments = prepare(state, strand.input, turn.scope(strand))
    turn.emit(strand, "ParallelStateStarted")
    strand.phase = Phase.SPREAD
    strand.spread = {"results": [None] * len(state.branches), "left": len(state.branches)}
    for index, branch in enumerate(state.branches):
        turn.open(strand, index, branch.start_at, arguments)


def gather(
    turn: Turn, strand: Strand, state: ParallelState, branch: Strand, outcome: Json | Failure
) -> None:
    """Take what a branch has ended with."""
    strand.last = branch.last
    if isinstance(outcome, Failure):
        if isinstance(turn.state_of(branch), TaskState):
            turn.emit(strand, "TaskStateAborted", follow=False)
        turn.give_up_within(strand)
        turn.fail(strand, state, outcome)
        return
    del turn.run.strands[branch.id]
    strand.spread["results"][branch.index] = outcome
    strand.spread["left"] -= 1
    if strand.spread["left"]:
        return
    turn.emit(strand, "ParallelStateSucceeded", follow=False)
    results, strand.spread = strand.spread["results"], {}
    hold_payload(state.name, results)
    scope = turn.scope(strand)
    turn.leave(strand, state, conclude(state, strand.input, results, scope), state.next)
