"""Owns the Query protocol of AWS: members in a form, answers in XML. Pure.

Source: Smithy, "AWS Query protocol".
"""

import re
from collections.abc import Mapping
from typing import Any, Final
from urllib.parse import parse_qsl
from xml.sax.saxutils import escape

from frontdesk.base.errors import FrontdeskError

FORM: Final = "application/x-www-form-urlencoded"

_NUMBER: Final = re.compile(r"[0-9]{1,9}", re.ASCII)
_MOST_MEMBERS: Final = 2000
_DEEPEST: Final = 10


class FormError(FrontdeskError):
    """A request that is no form of members."""

    code = "MalformedQueryString"


class Entries(dict[str, str]):
    """A map in an answer, which is written as entries of keys and values."""


def read_form(body: bytes) -> dict[str, Any]:
    """Read the members of a form. Raises: FormError."""
    try:
        pairs = parse_qsl(
            body.decode(), keep_blank_values=True, max_num_fields=_MOST_MEMBERS, errors="strict"
        )
    except ValueError:
        raise FormError("The request is no form.") from None
    tree: dict[str, Any] = {}
    for name, value in pairs:
        *way, last = name.split(".")
        if len(way) > _DEEPEST:
            raise FormError(f"Key {name[:80]} is nested too deep.")
        place = tree
        for part in way:
            place = place.setdefault(part, {})
            if not isinstance(place, dict):
                raise FormError(f"Key {name[:80]} is a value and more.")
        if isinstance(place.get(last), dict):
            raise FormError(f"Key {name[:80]} is a value and more.")
        place[last] = value
    return {name: _folded(value) for name, value in tree.items() if value != ""}


def write_answer(action: str, result: Mapping[str, Any], request_id: str, namespace: str) -> bytes:
    """Write the answer of an operation."""
    told = {f"{action}Result": result, "ResponseMetadata": {"RequestId": request_id}}
    return write_document(f"{action}Response", told, namespace)


def _folded(value: Any) -> Any:
    """Make lists of `member.N` and mappings of `entry.N`."""
    if not isinstance(value, dict):
        return value
    if value.keys() == {"member"}:
        return [_folded(each) for each in _numbered(value["member"])]
    if value.keys() == {"entry"}:
        entries = [each for each in _numbered(value["entry"]) if isinstance(each, dict)]
        return {
            str(_first(each, "key", "Name")): _folded(_first(each, "value", "Value"))
            for each in entries
        }
    return {name: _folded(each) for name, each in value.items()}


def _numbered(value: Any) -> list[Any]:
    """Return what has a number, in order of the numbers."""
    if not isinstance(value, dict) or not all(map(_NUMBER.fullmatch, value)):
        raise FormError("A list has numbers from 1.")
    return [value[name] for name in sorted(value, key=int)]


def _first(entry: Mapping[str, Any], *names: str) -> Any:
    return next((entry[name] for name in names if name in entry), "")


def write_document(name: str, content: Mapping[str, Any], namespace: str) -> bytes:
    """Write a document of XML. content: texts, flags, mappings, lists, Entries; None is left out."""
    inside = "".join(_element(key, value) for key, value in content.items())
    return f'<?xml version="1.0"?>\n<{name} xmlns="{namespace}">{inside}</{name}>'.encode()


def _element(name: str, value: Any) -> str:
    if isinstance(value, Entries):
        pairs = ({"key": key, "value": text} for key, text in value.items())
        inside = "".join(_element("entry", pair) for pair in pairs)
    elif isinstance(value, Mapping):
        inside = "".join(_element(key, each) for key, each in value.items())
    elif isinstance(value, list):
        inside = "".join(_element("member", each) for each in value)
    elif isinstance(value, bool):
        inside = "true" if value else "false"
    else:
        inside = escape(str(value), {"\r": "&#13;"}).translate(_NO_XML)
    return f"<{name}>{inside}</{name}>"


_NO_XML: Final = dict.fromkeys(
    [*range(9), 11, 12, *range(14, 32), 0xFFFE, 0xFFFF], "\N{REPLACEMENT CHARACTER}"
)
