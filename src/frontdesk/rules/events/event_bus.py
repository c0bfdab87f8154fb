"""Owns the events of buses: their envelope, and what of it the target of a rule gets. Pure.

Source: AWS, "EventBridge event structure", "Amazon EventBridge input transformation".
"""

import re
from collections.abc import Callable, Mapping
from typing import Any, Final, NamedTuple

import orjson

from frontdesk.base.errors import FrontdeskError
from frontdesk.rules.events.times import iso_seconds
from frontdesk.rules.lang.jsonpath import MISSING, PathError, compile_path

Event = Mapping[str, Any]
"""An event as rules see it: version, id, detail-type, source, account, time, region, resources, detail."""

_NAME: Final = re.compile(r"[A-Za-z0-9_-]+", re.ASCII)
_PLACE: Final = re.compile(r"<([A-Za-z0-9_.-]+)>", re.ASCII)
_AWS: Final = "aws."


class InputError(FrontdeskError):
    """Something that makes no input for a target. message: what was expected."""

    code = "event_input"


class Place(NamedTuple):
    """Where an event happens. region, account: as ARNs have them."""

    region: str
    account: str


class Matched(NamedTuple):
    """An event that a rule has let through. rule: its ARN. taken: seconds since 1970, when it came in."""

    event: Event
    rule: str
    taken: float


Make = Callable[[Matched], bytes]
"""Makes the JSON text that a target gets."""


def event_of(entry: Mapping[str, Any], id_: str, detail: Any, time: float, place: Place) -> Event:
    """Make the event of an entry of PutEvents. detail: read from its text. time: seconds since 1970."""
    return {
        "version": "0",
        "id": id_,
        "detail-type": entry["DetailType"],
        "source": entry["Source"],
        "account": place.account,
        "time": iso_seconds(time),
        "region": place.region,
        "resources": list(entry.get("Resources") or []),
        "detail": detail,
    }


def whole(matched: Matched) -> bytes:
    """Make the whole event."""
    return orjson.dumps(matched.event)


def constant(value: Any) -> Make:
    """Make what is always the same."""
    text = orjson.dumps(value)
    return lambda _: text


def part(path: str) -> Make:
    """Make a part of the event, `null` where it has none. Raises: InputError."""
    find = _path(path)

    def make(matched: Matched) -> bytes:
        found = find(matched.event)
        return orjson.dumps(None if found is MISSING else found)

    return make


def transformed(paths: Mapping[str, str], template: str) -> Make:
    """Make a template's text, with parts of the event at `<name>`. paths: of them, by name.

    In quotes a part is text, outside of them it is JSON. What is no JSON in the end is one text.
    Raises: InputError.
    """
    finds = {_named(name): _path(path) for name, path in paths.items()}
    for name in _PLACE.findall(template):
        if name not in finds and name not in _OF_AWS:
            raise InputError(f"expected a template whose <{name}> is among its paths")
    pieces = [*_pieces(template)]

    def make(matched: Matched) -> bytes:
        values = {name: find(matched.event) for name, find in finds.items()}
        text = "".join(
            piece.text if not piece.name else _written(_look_up(piece.name, values, matched), piece)
            for piece in pieces
        )
        try:
            orjson.loads(text)
        except ValueError:
            return orjson.dumps(text)
        return text.encode()

    return make


_OF_AWS: Final[dict[str, Callable[[Matched], Any]]] = {
    "aws.events.rule-arn": lambda matched: matched.rule,
    "aws.events.rule-name": lambda matched: matched.rule.rpartition("/")[2],
    "aws.events.event.ingestion-time": lambda matched: iso_seconds(matched.taken),
    "aws.events.event": lambda matched: {
        name: value for name, value in matched.event.items() if name != "detail"
    },
    "aws.events.event.json": lambda matched: matched.event,
}


class _Piece(NamedTuple):
    """Text of a template, or the name of what belongs there. quoted: it is inside of quotes."""

    text: str = ""
    name: str = ""
    quoted: bool = False


def _pieces(template: str) -> list[_Piece]:
    pieces: list[_Piece] = []
    quoted = False
    for number, part_of in enumerate(_PLACE.split(template)):
        if number % 2:
            pieces.append(_Piece(name=part_of, quoted=quoted))
            continue
        pieces.append(_Piece(part_of))
        # A quote that a backslash precedes neither begins nor ends a text.
        quoted ^= len(re.findall(r'(?<!\\)"', part_of)) % 2 == 1
    return pieces


def _look_up(name: str, values: Mapping[str, Any], matched: Matched) -> Any:
    return values[name] if name in values else _OF_AWS[name](matched)


def _written(value: Any, piece: _Piece) -> str:
    if value is MISSING:
        return "" if piece.quoted else '""'
    text = value if isinstance(value, str) and piece.quoted else orjson.dumps(value).decode()
    return orjson.dumps(text).decode()[1:-1] if piece.quoted else text


def _named(name: str) -> str:
    if _NAME.fullmatch(name) is None or name.casefold().startswith(_AWS):
        raise InputError(f"expected a name of letters, digits, _ and - for a path, not {name}")
    return name


def _path(text: str) -> Callable[[Any], Any]:
    if not text.startswith("$"):
        raise InputError("expected a path such as $.detail.id")
    try:
        path = compile_path(text)
    except PathError as error:
        raise InputError(f"expected a path such as $.detail.id: {error.message}") from None
    if not path.definite:
        raise InputError("expected a path that names one place, such as $.detail.id")
    return path.find
