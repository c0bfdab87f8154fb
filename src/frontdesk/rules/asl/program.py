"""Owns a machine made ready to run: every state of it by name, however deep it lies.

Names are unique over the whole machine, so one table serves all levels.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from frontdesk.rules.asl.model import Machine, MapState, ParallelState, State


@dataclass(frozen=True, slots=True)
class Program:
    """A machine and all its states. Made once, for any number of executions."""

    machine: Machine
    states: Mapping[str, State]


def compile_machine(machine: Machine) -> Program:
    """Make a machine ready to run."""
    return Program(machine, {state.name: state for state in _every(machine)})


def inner_machines(state: State) -> tuple[Machine, ...]:
    """Return the machines within a state."""
    if isinstance(state, ParallelState):
        return state.branches
    return (state.item_processor,) if isinstance(state, MapState) else ()


def _every(machine: Machine) -> Iterator[State]:
    left = [machine]
    while left:
        for state in left.pop().states.values():
            yield state
            left.extend(inner_machines(state))
