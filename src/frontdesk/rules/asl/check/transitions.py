"""Owns what is said of the ways between the states of one machine: targets, reachability, an end.

Knows no other field.
"""

from collections.abc import Iterator, Mapping

from frontdesk.rules.asl.check.nesting import listed, states_of
from frontdesk.rules.asl.check.spot import Spot, nearest
from frontdesk.rules.asl.diagnostics import Code
from frontdesk.rules.asl.model import Json, Place


def check_transitions(machine: Mapping[str, Json], spot: Spot) -> None:
    """Note ways that lead nowhere, states without a way in, a machine without an end."""
    states = dict(states_of(machine))
    if not states:
        return
    start = machine.get("StartAt")
    if isinstance(start, str) and start not in states:
        _missing(spot.at("StartAt"), start, states)
    for name, state in states.items():
        for place, target in ways_out(state):
            if target not in states:
                _missing(spot.at("States", name, *place), target, states)
    reached = _reached(start, states) if isinstance(start, str) else states.keys()
    for name in states:
        if name not in reached:
            spot.at("States", name).tell(
                f'State "{name}" is not reachable.', code=Code.MISSING_TRANSITION_TARGET
            )
    if not any(_ends(state) for state in states.values()):
        spot.tell(
            "No state ends the state machine",
            code=Code.MISSING_END_STATE,
            hint="write End: true, or lead to a Succeed or a Fail",
        )


def ways_out(state: Mapping[str, Json]) -> Iterator[tuple[Place, str]]:
    """Yield (place in the state, name of the target) for every way out of a state."""
    for field in ("Next", "Default"):
        if isinstance(state.get(field), str):
            yield (field,), state[field]
    for field in ("Choices", "Catch"):
        for place, one in listed(state, field):
            if isinstance(one.get("Next"), str):
                yield (*place, "Next"), one["Next"]


def _missing(spot: Spot, target: str, states: Mapping[str, Json]) -> None:
    spot.tell(
        f"Missing '{spot.name}' target: {target}",
        code=Code.MISSING_TRANSITION_TARGET,
        hint=nearest(target, states),
    )


def _reached(start: str, states: Mapping[str, Mapping[str, Json]]) -> set[str]:
    reached, waiting = set(), [start]
    while waiting:
        name = waiting.pop()
        if name in states and name not in reached:
            reached.add(name)
            waiting.extend(target for _, target in ways_out(states[name]))
    return reached


def _ends(state: Mapping[str, Json]) -> bool:
    """Whether a state ends its machine, or leads nowhere, which is a fault of its own."""
    return state.get("End") is True or next(ways_out(state), None) is None
