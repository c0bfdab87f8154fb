"""Owns how an object of the language is judged by a table of its fields: which there are, which must be.

Knows no table.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from frontdesk.rules.asl.check.spot import Spot, nearest
from frontdesk.rules.asl.check.values import Check
from frontdesk.rules.asl.model import Json, QueryLanguage

P: Final = QueryLanguage.JSONPATH
"""In tables: a field that only JSONPath has."""

A: Final = QueryLanguage.JSONATA
"""In tables: a field that only JSONata has."""


@dataclass(frozen=True, slots=True)
class Field:
    """What a field may be.

    language: the only one that has it. required: it must be there. offers: a member of `$states` that its
    expressions see beside the usual ones.
    """

    check: Check
    language: QueryLanguage | None = None
    required: bool = False
    offers: str = ""


Fields = Mapping[str, Field]

_INSTEAD: Final = {
    "Arguments": "Parameters",
    "Items": "ItemsPath",
    "ItemsPath": "Items",
    "Output": "Parameters or ResultPath",
    "Condition": "Variable with an operator",
    "OutputPath": "Output",
    "Parameters": "Arguments or Output",
    "ResultPath": "Output",
    "ResultSelector": "Output",
    "InputPath": "Arguments or Output",
    "Variable": "Condition",
    "Result": "Output",
}


def check_fields(document: Json, fields: Fields, spot: Spot) -> bool:
    """Judge an object and all its fields; tell whether it is one."""
    if not spot.expects(document, dict):
        return False
    missing = [name for name, one in fields.items() if one.required and name not in document]
    if missing:
        spot.tell(f"These fields are required: [{', '.join(missing)}]")
    for name, value in document.items():
        known = fields.get(name)
        if known is None:
            spot.at(name).tell(f"Field '{name}' is not supported", hint=nearest(name, fields))
        elif known.language not in (None, spot.language):
            instead = _INSTEAD.get(name, "")
            if name.endswith("Path") and not instead:
                instead = name.removesuffix("Path")
            spot.at(name).tell(
                f"Field '{name}' is not supported when 'QueryLanguage' is '{spot.language}'",
                hint=f"write {instead}" if instead else "",
            )
        else:
            here = spot.at(name)
            known.check(value, here.offering(known.offers) if known.offers else here)
    return True


def at_most_one(document: Mapping[str, Json], spot: Spot, *names: str) -> None:
    """Note where fields that exclude each other are all there."""
    given = [name for name in names if name in document]
    if len(given) > 1:
        spot.tell(f"Only one of these fields can be specified: [{', '.join(given)}]")


def exactly_one(document: Mapping[str, Json], spot: Spot, *names: str) -> None:
    """Note where not one of the fields is there, or more than one."""
    at_most_one(document, spot, *names)
    if not any(name in document for name in names):
        spot.tell(f"One of these fields is required: [{', '.join(names)}]")
