"""Owns what is said of JSONata: its syntax, and names that an expression of a state cannot have.

Knows no field and no state.
"""

from frontdesk.rules.asl.check.spot import Spot
from frontdesk.rules.asl.data.expressions import expression_of
from frontdesk.rules.lang.jsonata import JsonataSyntaxError, compile_expression
from frontdesk.rules.lang.jsonata_names import names_of


def check_expression(text: str, spot: Spot) -> None:
    """Note where an expression cannot be read, or mentions what is not there."""
    try:
        names = names_of(compile_expression(expression_of(text)))
    except JsonataSyntaxError as error:
        spot.tell(f"Value is not a valid JSONata expression: {error.number}: {error.message}")
        return
    for name in names.unstarted:
        spot.tell(
            f"JSONata expression cannot use '{name}' at its top level",
            hint="start at $states.input, $states.context or a variable",
        )
    for member in sorted(names.states - spot.offered):
        offered = ", ".join(sorted(spot.offered))
        spot.tell(f"'$states.{member}' is not available here", hint=f"there are: {offered}")
