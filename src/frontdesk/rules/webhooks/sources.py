"""Owns where a delivery says its id, its type and its time: a header, or a field of its JSON body."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from frontdesk.rules.webhooks.delivery import Delivery
from frontdesk.rules.webhooks.verdict import Item


class Source(Protocol):
    """A place in a delivery. `str()` names it for people."""

    def find(self, delivery: Delivery) -> str:
        """Return what it says there, or "". Raises: Refused, for a header that comes twice."""
        ...


@dataclass(frozen=True, slots=True)
class Header:
    """A header by name."""

    name: str

    def find(self, delivery: Delivery) -> str:
        return delivery.find(self.name) or ""

    def __str__(self) -> str:
        return f"header.{self.name}"


@dataclass(frozen=True, slots=True)
class Field:
    """A member of the JSON body by its path, such as `data.id`. Counts only as text or whole number."""

    path: str

    def find(self, delivery: Delivery) -> str:
        return text_at(delivery.document(), self.path)

    def __str__(self) -> str:
        return f"body.{self.path}"


@dataclass(frozen=True, slots=True)
class Items:
    """A list of events in one body. path: of the list, "" for the body itself.

    id, type: fields of an item; the values of several are joined with `:` and `.`.
    """

    path: str
    id: tuple[str, ...]
    type: tuple[str, ...]

    def find(self, delivery: Delivery) -> tuple[Item, ...]:
        found = value_at(delivery.document(), self.path)
        if not isinstance(found, list):
            return ()
        return tuple(
            Item(_joined(one, self.id, ":"), _joined(one, self.type, ".")) for one in found
        )

    def __str__(self) -> str:
        whole = f"body.{self.path}" if self.path else "body"
        return f"{whole}[]: " + " + ".join(name.rpartition(".")[2] for name in self.id)


def read_source(text: str) -> Source:
    """Read `header.X-Id` or `body.data.id`. Raises: ValueError."""
    kind, _, name = text.partition(".")
    if kind not in {"header", "body"} or not name:
        raise ValueError(f"expected header.NAME or body.PATH: {text}")
    return Header(name) if kind == "header" else Field(name)


def first(sources: Sequence[Source], delivery: Delivery) -> str:
    """Return what the first of several places says that says anything."""
    for source in sources:
        if found := source.find(delivery):
            return found
    return ""


def value_at(document: Any, path: str) -> Any:
    """Follow the members of a path; None where there is nothing."""
    for name in path.split(".") if path else ():
        if not isinstance(document, dict):
            return None
        document = document.get(name)
    return document


def text_at(document: Any, path: str) -> str:
    """Return the text or whole number at a path as text; "" for all else.

    Not a fraction: numbers beyond 64 bits read as such, and two of them may look the same.
    """
    value = value_at(document, path)
    if isinstance(value, str):
        return value
    return str(value) if isinstance(value, int) and not isinstance(value, bool) else ""


def _joined(item: Any, paths: tuple[str, ...], by: str) -> str:
    return by.join(filter(None, (text_at(item, path) for path in paths)))
