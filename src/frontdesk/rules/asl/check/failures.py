"""Owns Retry and Catch: their fields, their order, `States.ALL` alone and last.

Knows no state.
"""

from typing import Final

from frontdesk.rules.asl.check.fields import A, Field, Fields, P, check_fields
from frontdesk.rules.asl.check.spot import Spot
from frontdesk.rules.asl.check.templates import expressions
from frontdesk.rules.asl.check.values import (
    number,
    one_of,
    result_path,
    text,
    texts,
    whole,
)
from frontdesk.rules.asl.check.variables import assign
from frontdesk.rules.asl.model import Json

MOST_DELAY: Final = 31_622_400
"""Seconds between two attempts: 366 days."""

EVERY_ERROR: Final = "States.ALL"


def retriers(value: Json, spot: Spot) -> None:
    """Judge `Retry`."""
    _handlers(value, spot, _RETRIER)
    for at, one in enumerate(value if isinstance(value, list) else ()):
        if isinstance(one, dict):
            _delay(one, spot.at(at))


def catchers(value: Json, spot: Spot) -> None:
    """Judge `Catch`."""
    _handlers(value, spot, _CATCHER)


def _names(value: Json, spot: Spot) -> None:
    texts(value, spot)
    if isinstance(value, list) and EVERY_ERROR in value and len(value) > 1:
        spot.tell(f"'{EVERY_ERROR}' must be the only error name in 'ErrorEquals'")


_RETRIER: Final[Fields] = {
    "ErrorEquals": Field(_names, required=True),
    "BackoffRate": Field(number(1)),
    "Comment": Field(text),
    "IntervalSeconds": Field(whole(1)),
    "JitterStrategy": Field(one_of("NONE", "FULL")),
    "MaxAttempts": Field(whole(0)),
    "MaxDelaySeconds": Field(whole(1, MOST_DELAY)),
}
_CATCHER: Final[Fields] = {
    "ErrorEquals": Field(_names, required=True),
    "Next": Field(text, required=True),
    "Assign": Field(assign, offers="errorOutput"),
    "Comment": Field(text),
    "Output": Field(expressions, A, offers="errorOutput"),
    "ResultPath": Field(result_path, P),
}


def _handlers(value: Json, spot: Spot, fields: Fields) -> None:
    if not spot.expects(value, list):
        return
    for at, one in enumerate(value):
        here = spot.at(at)
        if not check_fields(one, fields, here):
            continue
        names = one.get("ErrorEquals")
        if isinstance(names, list) and EVERY_ERROR in names and at < len(value) - 1:
            here.at("ErrorEquals").tell(
                f"'{EVERY_ERROR}' must be in the last element of '{spot.name}'",
                hint="what follows it is never reached",
            )


def _delay(retrier: dict[str, Json], spot: Spot) -> None:
    most, first = retrier.get("MaxDelaySeconds"), retrier.get("IntervalSeconds", 1)
    if type(most) is int and type(first) is int and most <= first:
        spot.at("MaxDelaySeconds").tell("MaxDelaySeconds must be greater than IntervalSeconds")
