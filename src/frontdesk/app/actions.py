"""Owns how APIs of the operator are spoken to: the action of a request, its query, its JSON, the answer's, refusals."""

from collections.abc import Mapping, Sequence
from typing import Any, Final, TypeVar
from urllib.parse import parse_qs

import orjson

from frontdesk.base.errors import FrontdeskError, StoreError
from frontdesk.gateway.admin import FRESH
from frontdesk.gateway.pipeline.exchange import Exchange, Reply
from frontdesk.gateway.pipeline.replies import JSON, refusal

Action = TypeVar("Action")
Item = TypeVar("Item")

MOST: Final = 1000
"""Of a list that are told together, unless its API says less."""

_LARGEST: Final = 1_000_000_000


class NotFoundError(FrontdeskError):
    """What a request names is not there."""


def find_action(
    actions: Mapping[tuple[str, str], Action], ex: Exchange, place: str
) -> Action | Reply:
    """Return the action of a request, or its refusal: 404, or 405 with the methods that there are.

    actions: by method and place. place: of the request, as the table writes it.
    """
    methods = [method for method, known in actions if known == place]
    if not methods:
        return refusal(404, "route")
    if ex.method not in methods:
        return refusal(405, "method", (b"allow", ", ".join(methods).encode()))
    return actions[ex.method, place]


def query_of(ex: Exchange) -> dict[str, str]:
    """Return the query of a request, the last value of each name."""
    return {name: values[-1] for name, values in parse_qs(ex.query).items()}


def whole_number(text: str, least: int, most: int) -> int | None:
    """Read a whole number of a query, between bounds. None: it is none, however long it is."""
    if not (text.isascii() and text.isdigit() and len(text) <= len(str(most))):
        return None
    number = int(text)
    return number if least <= number <= most else None


def asked_part(
    items: Sequence[Item], query: Mapping[str, str]
) -> tuple[Sequence[Item], int | None]:
    """Return the part of a list that a query asks for, and what follows.

    query: `after`: how many are passed over, none by default; `most`: up to MOST, which is the default.
    The second value: `after` of the next part; None: it was the last. Raises: FrontdeskError.
    """
    begin = _asked_number(query, "after", 0, _LARGEST, default=0)
    end = begin + asked_most(query)
    return items[begin:end], end if end < len(items) else None


def asked_most(query: Mapping[str, str]) -> int:
    """Read how many of a list a query asks for: `most`, up to MOST, which is the default. Raises: FrontdeskError."""
    return _asked_number(query, "most", 1, MOST, default=MOST)


def _asked_number(
    query: Mapping[str, str], name: str, least: int, most: int, *, default: int
) -> int:
    text = query.get(name) or str(default)
    number = whole_number(text, least, most)
    if number is None:
        raise FrontdeskError(f"expected a number for {name}, from {least} to {most}: {text:.40}")
    return number


def json_object(
    body: bytes | bytearray, expected: str = "expected a JSON object"
) -> dict[str, Any]:
    """Read the JSON object of a request. Raises: FrontdeskError, which says what was expected."""
    try:
        asked = orjson.loads(body)
    except ValueError:
        asked = None
    if not isinstance(asked, dict):
        raise FrontdeskError(expected)
    return asked


def json_reply(status: int, document: object) -> Reply:
    """Answer with JSON that nobody keeps."""
    return Reply(status, [JSON, FRESH], orjson.dumps(document))


def refused(error: FrontdeskError, status: int | None = None) -> Reply:
    """Answer with why something was not done: {"message": str, "hint": str, "findings": []}.

    status: None for 404 where what it names is not there, 503 where the store did not do it, else 422.
    findings: those of a wrong configuration, which has an answer of its own; of all others there are none.
    """
    if status is None:
        status = next((its for kind, its in _STATUSES if isinstance(error, kind)), 422)
    return json_reply(status, {"message": error.message, "hint": error.hint, "findings": []})


_STATUSES: Final = ((NotFoundError, 404), (StoreError, 503))
