"""Owns which names an expression of JSONata mentions: variables, members of `$states`, what has no start.

Walks the tree of jsonata-python. Knows no state and evaluates nothing.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Final

from frontdesk.rules.lang.jsonata import Expression, JsonataSyntaxError

_STATES: Final = "states"
_SAME_FOCUS: Final = (
    "lhs",
    "rhs",
    "arguments",
    "procedure",
    "expression",
    "expressions",
    "condition",
    "then",
    "_else",
    "lhs_object",
)
"""Parts of a node that see the same data as the node itself."""
_OTHER_FOCUS: Final = ("body", "expr", "group", "pattern", "predicate", "stages", "terms", "update")
"""Parts that look at what was found on the way."""
_WITHOUT_START: Final = frozenset(("name", "wildcard", "descendant"))
_DATA: Final = {"": "$", "$": "$$"}


@dataclass(frozen=True, slots=True)
class Names:
    """What an expression mentions.

    variables: without `$`; functions and its own bindings included. states: members of `$states`.
    unstarted: bare names, `*`, `$` and `$$` that start at data, as written: a state has none to start at.
    """

    variables: frozenset[str]
    states: frozenset[str]
    unstarted: tuple[str, ...]


def names_of(expression: Expression) -> Names:
    """List what an expression mentions. Raises: JsonataSyntaxError, where it is nested too deep."""
    try:
        return _names(expression)
    except RecursionError as error:
        raise JsonataSyntaxError("S0500", "expression nested too deep") from error


def _names(expression: Expression) -> Names:
    variables, states, unstarted = set(), set(), []
    for node, at_start in _nodes(expression.tree, True):
        if node.type == "variable":
            if node.value not in _DATA:
                variables.add(node.value)
            elif at_start:
                unstarted.append(_DATA[node.value])
        elif at_start and node.type in _WITHOUT_START:
            unstarted.append(str(node.value))
        elif node.type == "path" and _starts_at_states(node.steps):
            states.add(str(node.steps[1].value))
    return Names(frozenset(variables), frozenset(states), tuple(unstarted))


def _starts_at_states(steps: list[Any]) -> bool:
    return (
        len(steps) > 1
        and (steps[0].type, steps[0].value) == ("variable", _STATES)
        and steps[1].type == "name"
    )


def _nodes(part: Any, at_start: bool) -> Iterator[tuple[Any, bool]]:
    """Yield (node, whether it starts at the data of the whole expression), outer ones first."""
    if isinstance(part, list | tuple):
        for one in part:
            yield from _nodes(one, at_start)
    elif hasattr(part, "type"):
        yield part, at_start
        for at, step in enumerate(getattr(part, "steps", None) or ()):
            yield from _nodes(step, at_start and at == 0)
        for name in _SAME_FOCUS:
            # The parameters of a function are names of its own, and its group's keys look at its items.
            yield from _nodes(getattr(part, name, None), at_start and part.type is not None)
        for name in _OTHER_FOCUS:
            yield from _nodes(getattr(part, name, None), False)
