"""Owns structured field values (RFC 9651): text to values and back.

Bare items are Python's own types where there is one (int, Decimal, bool, bytes, and str for Strings);
`Token`, `Date` and `DisplayString` are marked. Knows no particular field.
"""

import re
from base64 import b64decode, b64encode
from collections.abc import Callable, Mapping, Sequence
from decimal import ROUND_HALF_EVEN, Decimal
from typing import Final, NamedTuple
from urllib.parse import unquote_to_bytes


class Token(str):
    """A short word without quotes, such as `gzip`."""

    __slots__ = ()


class DisplayString(str):
    """A text of any Unicode characters, meant for people."""

    __slots__ = ()


class Date(int):
    """Seconds since 1970."""

    __slots__ = ()


BareItem = int | Decimal | bool | bytes | str
Parameters = Mapping[str, BareItem]
_NONE: Final[Parameters] = {}


class Item(NamedTuple):
    """One value with its parameters, in order."""

    value: BareItem
    parameters: Parameters = _NONE


class InnerList(NamedTuple):
    """Several items that are one member, with parameters of their own."""

    items: Sequence[Item]
    parameters: Parameters = _NONE


Member = Item | InnerList

_LARGEST: Final = 999_999_999_999_999
_KEY: Final = re.compile(r"[a-z*][a-z0-9_.*-]*")
_NUMBER: Final = re.compile(r"-?(?:\d{1,12}\.\d{1,3}|\d{1,15})(?![\d.])", re.ASCII)
_STRING: Final = re.compile(r'"((?:[ !#-\[\]-~]|\\["\\])*)"')
_TOKEN: Final = re.compile(r"[A-Za-z*][!#$%&'*+.^_`|~0-9A-Za-z:/-]*")
_BYTES: Final = re.compile(r":([A-Za-z0-9+/]*={0,2}):")
_BOOLEAN: Final = re.compile(r"\?([01])")
_DATE: Final = re.compile(r"@(-?\d{1,15})(?![\d.])", re.ASCII)
_DISPLAY: Final = re.compile(r'%"((?:[ !#$&-~]|%[0-9a-f]{2})*)"')
_OWS: Final = re.compile(r"[ \t]*")
_SP: Final = re.compile(r" *")


# -- parsing ------------------------------------------------------------------------------------


def parse_item(value: bytes) -> Item:
    """Parse the value of an Item field. Raises: ValueError."""
    reader = _Reader(value)
    item = reader.item()
    reader.finish()
    return item


def parse_list(value: bytes) -> list[Member]:
    """Parse the value of a List field, its lines joined with `,`. Raises: ValueError."""
    reader = _Reader(value)
    members: list[Member] = []
    while reader.goes_on(first=not members):
        members.append(reader.member())
    return members


def parse_dictionary(value: bytes) -> dict[str, Member]:
    """Parse the value of a Dictionary field, its lines joined with `,`. Raises: ValueError."""
    reader = _Reader(value)
    members: dict[str, Member] = {}
    while reader.goes_on(first=not members):
        key = reader.take(_KEY)[0]
        if reader.skip("="):
            members[key] = reader.member()
        else:
            members[key] = Item(value=True, parameters=reader.parameters())
    return members


def _number(found: re.Match[str]) -> BareItem:
    return Decimal(found[0]) if "." in found[0] else int(found[0])


def _bytes(found: re.Match[str]) -> BareItem:
    encoded = found[1].rstrip("=")
    return b64decode(encoded + "=" * (-len(encoded) % 4), validate=True)


_BARE: Final[Mapping[str, tuple[re.Pattern[str], Callable[[re.Match[str]], BareItem]]]] = {
    **dict.fromkeys("-0123456789", (_NUMBER, _number)),
    '"': (_STRING, lambda found: re.sub(r"\\(.)", r"\1", found[1])),
    ":": (_BYTES, _bytes),
    "?": (_BOOLEAN, lambda found: found[1] == "1"),
    "@": (_DATE, lambda found: Date(found[1])),
    "%": (_DISPLAY, lambda found: DisplayString(unquote_to_bytes(found[1]).decode())),
}
"""By first character; every other one begins a Token."""


class _Reader:
    """A position in a value. Raises ValueError where the value is not what is asked for."""

    __slots__ = ("_at", "_text")

    def __init__(self, value: bytes) -> None:
        self._text = value.decode("ascii").strip(" ")
        self._at = 0

    def take(self, pattern: re.Pattern[str]) -> re.Match[str]:
        found = pattern.match(self._text, self._at)
        if found is None:
            raise ValueError(f"malformed structured field at {self._at}: {self._text}")
        self._at = found.end()
        return found

    def skip(self, character: str) -> bool:
        present = self._text.startswith(character, self._at)
        self._at += present
        return present

    def finish(self) -> None:
        if self._at != len(self._text):
            raise ValueError(f"unexpected text at {self._at}: {self._text}")

    def goes_on(self, *, first: bool) -> bool:
        """Step over the comma before the next member; False at the end."""
        if first:
            return bool(self._text)
        self.take(_OWS)
        if self._at == len(self._text):
            return False
        if not self.skip(","):
            raise ValueError(f"expected a comma at {self._at}: {self._text}")
        self.take(_OWS)
        return True

    def member(self) -> Member:
        if not self.skip("("):
            return self.item()
        items: list[Item] = []
        while True:
            blanks = self.take(_SP)[0]
            if self.skip(")"):
                return InnerList(items, self.parameters())
            if items and not blanks:
                raise ValueError(f"expected a blank at {self._at}: {self._text}")
            items.append(self.item())

    def item(self) -> Item:
        return Item(self._bare(), self.parameters())

    def parameters(self) -> Parameters:
        found: dict[str, BareItem] = {}
        while self.skip(";"):
            self.take(_SP)
            key = self.take(_KEY)[0]
            found[key] = self._bare() if self.skip("=") else True
        return found

    def _bare(self) -> BareItem:
        first = self._text[self._at : self._at + 1]
        if first in _BARE:
            pattern, convert = _BARE[first]
            return convert(self.take(pattern))
        return Token(self.take(_TOKEN)[0])


# -- writing ------------------------------------------------------------------------------------


def write_item(item: Item) -> bytes:
    """Write the value of an Item field. Raises: ValueError for what cannot be written."""
    return _item(item).encode("ascii")


def write_list(members: Sequence[Member]) -> bytes:
    """Write the value of a List field. An empty one is b"", and the field should be left out."""
    return ", ".join(map(_member, members)).encode("ascii")


def write_dictionary(members: Mapping[str, Member]) -> bytes:
    """Write the value of a Dictionary field. An empty one is b"", and the field should be left out."""
    return ", ".join(_entry(key, member) for key, member in members.items()).encode("ascii")


def _entry(key: str, member: Member) -> str:
    if isinstance(member, Item) and member.value is True:
        return _key(key) + _parameters(member.parameters)
    return f"{_key(key)}={_member(member)}"


def _member(member: Member) -> str:
    if isinstance(member, Item):
        return _item(member)
    return f"({' '.join(map(_item, member.items))}){_parameters(member.parameters)}"


def _item(item: Item) -> str:
    return _bare_text(item.value) + _parameters(item.parameters)


def _parameters(parameters: Parameters) -> str:
    return "".join(
        f";{_key(key)}" if value is True else f";{_key(key)}={_bare_text(value)}"
        for key, value in parameters.items()
    )


def _key(key: str) -> str:
    return _checked(_KEY, key, key)


def _bare_text(value: BareItem) -> str:
    match value:
        case bool():
            return f"?{value:d}"
        case Date():
            return f"@{_integer(value)}"
        case int():
            return _integer(value)
        case Decimal():
            return _decimal(value)
        case bytes():
            return f":{b64encode(value).decode()}:"
        case Token():
            return _checked(_TOKEN, str(value), value)
        case DisplayString():
            return f'%"{_percent_encoded(value)}"'
        case str():
            quoted = value.replace("\\", "\\\\").replace('"', '\\"')
            return _checked(_STRING, f'"{quoted}"', value)


def _checked(pattern: re.Pattern[str], text: str, value: str) -> str:
    if pattern.fullmatch(text) is None:
        raise ValueError(f"not writable as a structured field: {value!r}")
    return text


def _integer(value: int) -> str:
    if abs(value) > _LARGEST:
        raise ValueError(f"more than 15 digits: {value}")
    return f"{int(value)}"


def _decimal(value: Decimal) -> str:
    rounded = value.quantize(Decimal("0.001"), ROUND_HALF_EVEN)
    if abs(rounded) >= 10**12:
        raise ValueError(f"more than 12 digits before the point: {value}")
    whole, _, fraction = f"{rounded:f}".partition(".")
    return f"{whole}.{fraction.rstrip('0') or '0'}"


def _percent_encoded(text: str) -> str:
    return "".join(
        chr(byte) if 0x20 <= byte <= 0x7E and byte not in b'%"' else f"%{byte:02x}"
        for byte in text.encode()
    )
