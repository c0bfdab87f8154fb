"""Owns what must hold of single members of a request, and what AWS says where it does not.

Source: Smithy, "Constraint traits"; recorded answers.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol

from frontdesk.aws.wire import ApiError


class Constraint(Protocol):
    """What a member must be."""

    def faults(self, value: Any, place: str) -> Iterator[str]:
        """Yield what is wrong with a value. place: of the member. Raises: ApiError, for another type."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Text:
    """A string. least, most: characters. secret: it is not repeated."""

    least: int = 0
    most: int | None = None
    pattern: str = ""
    among: tuple[str, ...] = ()
    secret: bool = False

    def faults(self, value: Any, place: str) -> Iterator[str]:
        """See Constraint."""
        if not isinstance(value, str):
            raise _other_type(value, "a String")
        shown = None if self.secret else value
        if len(value) < self.least:
            yield _fault(shown, place, f"have length greater than or equal to {self.least}")
        if self.most is not None and len(value) > self.most:
            yield _fault(shown, place, f"have length less than or equal to {self.most}")
        if self.pattern and not re.fullmatch(self.pattern, value):
            yield _fault(shown, place, f"satisfy regular expression pattern: {self.pattern}")
        if self.among and value not in self.among:
            yield _fault(shown, place, f"satisfy enum value set: [{', '.join(self.among)}]")


@dataclass(frozen=True, slots=True, kw_only=True)
class Number:
    """A number. whole: without a fraction."""

    least: float = 0
    most: float | None = None
    whole: bool = True

    def faults(self, value: Any, place: str) -> Iterator[str]:
        """See Constraint."""
        good = (int,) if self.whole else (int, float)
        if type(value) not in good:
            raise _other_type(value, "an Integer" if self.whole else "a Float")
        if value < self.least:
            yield _fault(value, place, f"have value greater than or equal to {self.least}")
        if self.most is not None and value > self.most:
            yield _fault(value, place, f"have value less than or equal to {self.most}")


@dataclass(frozen=True, slots=True)
class Flag:
    """True or false."""

    def faults(self, value: Any, place: str) -> Iterator[str]:  # noqa: ARG002 - one of Constraint's
        """See Constraint."""
        if not isinstance(value, bool):
            raise _other_type(value, "a Boolean")
        return iter(())


@dataclass(frozen=True, slots=True, kw_only=True)
class Listed:
    """A list. of: what each item must be."""

    of: Constraint
    least: int = 0
    most: int | None = None

    def faults(self, value: Any, place: str) -> Iterator[str]:
        """See Constraint."""
        if not isinstance(value, list):
            raise _other_type(value, "a List")
        if len(value) < self.least:
            yield _fault(None, place, f"have length greater than or equal to {self.least}")
        if self.most is not None and len(value) > self.most:
            yield _fault(None, place, f"have length less than or equal to {self.most}")
        for number, item in enumerate(value, start=1):
            yield from self.of.faults(item, f"{place}.{number}.member")


@dataclass(frozen=True, slots=True)
class Structure:
    """An object. members: what there may be; others are passed over. needed: what there must be."""

    members: Mapping[str, Constraint] = field(default_factory=dict)
    needed: tuple[str, ...] = ()

    def faults(self, value: Any, place: str) -> Iterator[str]:
        """See Constraint."""
        if not isinstance(value, dict):
            raise _other_type(value, "a Structure")
        prefix = f"{place}." if place else ""
        for name in self.needed:
            if value.get(name) is None:
                yield f"Value null at '{prefix}{name}' failed to satisfy constraint: Member must not be null"
        for name, constraint in self.members.items():
            given = value.get(name)
            if given is not None:
                yield from constraint.faults(given, f"{prefix}{name}")


def checked(document: Any, shape: Structure) -> dict[str, Any]:
    """Return the members of a request that are known and not null. Raises: ApiError, all faults at once."""
    faults = list(shape.faults(document, ""))
    if faults:
        errors = "error" if len(faults) == 1 else "errors"
        message = f"{len(faults)} validation {errors} detected: {'; '.join(faults)}"
        raise ApiError(400, "ValidationException", message)
    return {name: document[name] for name in shape.members if document.get(name) is not None}


def unreadable(message: str) -> ApiError:
    """Make the error of a body that is not what the protocol says."""
    return ApiError(400, "SerializationException", message)


def _fault(value: Any, place: str, constraint: str) -> str:
    shown = "Value" if value is None else f"Value '{value}'"
    return f"{shown} at '{place}' failed to satisfy constraint: Member must {constraint}"


def _other_type(value: Any, expected: str) -> ApiError:
    names = {bool: "TRUE_VALUE" if value else "FALSE_VALUE", str: "STRING_VALUE"}
    names |= {
        int: "NUMBER_VALUE",
        float: "DECIMAL_VALUE",
        list: "START_ARRAY",
        dict: "START_OBJECT",
    }
    found = names.get(type(value), "VALUE_NULL")
    return unreadable(f"{found} can not be converted to {expected}")
