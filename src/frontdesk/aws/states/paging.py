"""Owns the pages of lists that are in memory, and the tokens that lead from one to the next."""

from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Iterable, Mapping
from typing import Any, Final, NamedTuple

import orjson

from frontdesk.ports.executions import ExecutionError

DEFAULT: Final = 100
"""Items of a page where the caller says nothing, or 0."""

Key = tuple[float | str, ...]
"""Where an item stands in its list."""


class Item(NamedTuple):
    """One item. key: no other of its list has the same."""

    key: Key
    document: dict[str, Any]


def page_size(members: Mapping[str, Any]) -> int:
    """Return how many items a request wants."""
    return int(members.get("maxResults") or DEFAULT)


def page(of: str, name: str, items: Iterable[Item], members: Mapping[str, Any]) -> dict[str, Any]:
    """Answer with a page of a list, in the order of keys: {name: [...], nextToken?}.

    of: says which list; tokens of others are refused. Raises: ExecutionError, InvalidToken.
    """
    ordered = sorted(items, key=lambda item: item.key)
    left = _behind(of, members["nextToken"], ordered) if "nextToken" in members else ordered
    most = page_size(members)
    answer: dict[str, Any] = {name: [item.document for item in left[:most]]}
    if len(left) > most:
        token = orjson.dumps([of, *left[most - 1].key])
        answer["nextToken"] = urlsafe_b64encode(token).decode()
    return answer


def _behind(of: str, token: str, items: list[Item]) -> list[Item]:
    try:
        found, *key = orjson.loads(urlsafe_b64decode(token.encode()))
        if found == of:
            return [item for item in items if item.key > tuple(key)]
    except (ValueError, TypeError):  # no JSON, no list, or no key of such a list
        pass
    raise invalid_token()


def invalid_token() -> ExecutionError:
    """Make the error for a token that leads nowhere."""
    return ExecutionError("InvalidToken", "Invalid Token: 'Invalid token'")
