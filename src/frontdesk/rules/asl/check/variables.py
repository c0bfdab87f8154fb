"""Owns what is said of variables: their names, and which scope may assign which.

A branch of a Parallel and an iteration of a Map have scopes of their own: they read the variables around
them and cannot change them. Knows no other rule of the states.
"""

from collections import Counter
from collections.abc import Iterator, Mapping

from frontdesk.rules.asl.check.nesting import listed, machines_of, states_of
from frontdesk.rules.asl.check.spot import Spot
from frontdesk.rules.asl.check.templates import payload
from frontdesk.rules.asl.data.scope import is_variable_name
from frontdesk.rules.asl.model import Json, Place


def assign(value: Json, spot: Spot) -> None:
    """Judge an `Assign`: an object of variables' names and what becomes of them."""
    if not spot.expects(value, dict):
        return
    for name in _names(value):
        if not is_variable_name(name):
            spot.tell(
                f"Variable name is not valid: {name}",
                hint="a Unicode identifier of up to 80 characters, but not 'states'",
            )
    payload(value, spot)


def check_scopes(
    machine: Mapping[str, Json], spot: Spot, around: frozenset[str] = frozenset()
) -> None:
    """Note where an inner scope assigns a variable of a scope around it.

    spot: of the machine. around: names that outer scopes assign. What a state itself assigns it does when
    its inner scopes have ended, and AWS lets both have one name.
    """
    assigned = {name: list(_assigned(state)) for name, state in states_of(machine)}
    for state_name, given in assigned.items():
        for place, variable in given:
            if variable in around:
                spot.at("States", state_name, *place).tell(
                    f"Variable '{variable}' is assigned in an outer scope and cannot be assigned here",
                    hint="give one of them another name, or pass the value out by the state's output",
                )
    states = Counter(one for given in assigned.values() for one in {name for _, name in given})
    everything = around | states.keys()
    for name, state in states_of(machine):
        alone = {variable for _, variable in assigned[name] if states[variable] == 1} - around
        for place, inner in machines_of(state):
            check_scopes(inner, spot.at("States", name, *place), everything - alone)


def _names(assigned: Mapping[str, Json]) -> list[str]:
    return [name.removesuffix(".$") for name in assigned]


def _assigned(state: Mapping[str, Json]) -> Iterator[tuple[Place, str]]:
    """Yield (place of the Assign in the state, name) for all variables that a state assigns."""
    for place, part in (((), state), *listed(state, "Catch"), *listed(state, "Choices")):
        given = part.get("Assign")
        if isinstance(given, dict):
            yield from (((*place, "Assign"), name) for name in _names(given))
