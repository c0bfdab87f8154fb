"""Owns Map: what it runs over, and iterations within the execution. The other mode is `distributed`.

An iteration that fails ends the others. Its input is made when it starts.
"""

from frontdesk.rules.asl.data.flow import conclude
from frontdesk.rules.asl.data.scope import hold_payload
from frontdesk.rules.asl.errors import Failure
from frontdesk.rules.asl.messages import KeyedEvent
from frontdesk.rules.asl.model import Json, MapState, Mode
from frontdesk.rules.asl.run import Phase, Strand
from frontdesk.rules.asl.states import distributed
from frontdesk.rules.asl.states.items import at_once, items_of, iteration_input, seen_item
from frontdesk.rules.asl.states.sight import look
from frontdesk.rules.asl.turn import Turn


def work(turn: Turn, strand: Strand, state: MapState) -> None:
    """Begin as many iterations as may run at once."""
    sight = look(turn, strand, state)
    limit = at_once(state, sight)
    if state.item_reader is not None:
        distributed.read(turn, strand, state, state.item_reader, limit)
        return
    items = items_of(state, sight)
    started = turn.emit(strand, "MapStateStarted", {"length": len(items)})
    if state.mode is Mode.DISTRIBUTED:
        distributed.start(turn, strand, state, items, limit)
        return
    strand.phase = Phase.SPREAD
    strand.spread = {
        "items": items,
        "limit": limit,
        "next": 0,
        "left": len(items),
        "results": [None] * len(items),
        "started": started,
    }
    _go_on(turn, strand, state)


def gather(
    turn: Turn, strand: Strand, state: MapState, iteration: Strand, outcome: Json | Failure
) -> None:
    """Take what an iteration has ended with."""
    spread = strand.spread
    strand.last = iteration.last
    told = {"name": state.name, "index": iteration.index}
    if isinstance(outcome, Failure):
        turn.emit(strand, "MapIterationFailed", told, follow=False)
        turn.give_up_within(strand)
        turn.fail(strand, state, outcome)
        return
    del turn.run.strands[iteration.id]
    spread["results"][iteration.index] = outcome
    spread["left"] -= 1
    turn.emit(strand, "MapIterationSucceeded", told, follow=spread["left"] == 0)
    _go_on(turn, strand, state)


def _go_on(turn: Turn, strand: Strand, state: MapState) -> None:
    """Start the iterations that there is room for, or end."""
    spread = strand.spread
    items = spread["items"]
    while spread["next"] < len(items) and _running(strand) < spread["limit"]:
        index = spread["next"]
        _start(turn, strand, state, index, items[index])
        spread["next"] += 1
    if spread["left"] == 0:
        turn.emit(strand, "MapStateSucceeded", follow=False)
        strand.spread = {}
        hold_payload(state.name, spread["results"])
        scope = turn.scope(strand)
        conclusion = conclude(state, strand.input, spread["results"], scope)
        turn.leave(strand, state, conclusion, state.next)


def _running(strand: Strand) -> int:
    spread = strand.spread
    return int(spread["next"] - (len(spread["items"]) - spread["left"]))


def _start(turn: Turn, strand: Strand, state: MapState, index: int, item: Json) -> None:
    seen = seen_item(index, item)
    given = iteration_input(turn, strand, state, look(turn, strand, state), seen)
    one_by_one = strand.spread["limit"] == 1
    event = turn.emit(
        strand,
        "MapIterationStarted",
        {"name": state.name, "index": index},
        after=strand.last if one_by_one else strand.spread["started"],
        follow=False,
    )
    iteration = turn.open(strand, index, state.item_processor.start_at, given, after=event)
    iteration.item = seen


def answered(turn: Turn, strand: Strand, state: MapState, event: KeyedEvent) -> None:
    """Take what a distributed Map waits for: items, ends of children, or that results are written."""
    distributed.answered(turn, strand, state, event)
