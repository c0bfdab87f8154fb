"""Owns the walk over a definition as it is written: its states, and the machines inside of them.

Whatever is malformed is passed over: who judges the fields has said so. Knows no rule.
"""

from collections.abc import Iterator, Mapping

from frontdesk.rules.asl.model import Json, Place

PROCESSORS = ("ItemProcessor", "Iterator")
"""What a Map runs for each item: by its name, and by its former one."""


def states_of(machine: Mapping[str, Json]) -> Iterator[tuple[str, Mapping[str, Json]]]:
    """Yield name and object of the states of one machine."""
    states = machine.get("States")
    if isinstance(states, dict):
        yield from ((name, state) for name, state in states.items() if isinstance(state, dict))


def machines_of(state: Mapping[str, Json]) -> Iterator[tuple[Place, Mapping[str, Json]]]:
    """Yield (place in the state, machine) for its branches or its processor."""
    yield from listed(state, "Branches")
    for field in PROCESSORS:
        if isinstance(state.get(field), dict):
            yield (field,), state[field]


def listed(document: Mapping[str, Json], field: str) -> Iterator[tuple[Place, Mapping[str, Json]]]:
    """Yield (place, object) for the objects in a list of this name."""
    items = document.get(field)
    for at, one in enumerate(items if isinstance(items, list) else ()):
        if isinstance(one, dict):
            yield (field, at), one


def every_state(
    machine: Mapping[str, Json], place: Place = ()
) -> Iterator[tuple[Place, Mapping[str, Json]]]:
    """Yield (place, state) for all states, those of inner machines after the one that holds them."""
    for name, state in states_of(machine):
        here = (*place, "States", name)
        yield here, state
        for inner, below in machines_of(state):
            yield from every_state(below, (*here, *inner))
