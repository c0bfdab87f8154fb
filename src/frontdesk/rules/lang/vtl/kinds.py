"""Owns what a template can do with a value of each type: read and write parts of it, call methods.

There is one table by exact type, and nothing is ever looked up on a Python object itself: what is not in
the table does not exist for a template.
"""

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field
from typing import Any

from frontdesk.rules.lang.vtl.meter import Meter

Method = Callable[..., Any]
"""Called with the meter, the value and the arguments. Raises: JavaError."""

Signature = tuple[str, int]
"""A method's name and how many arguments it takes."""


class JavaError(Exception):
    """What would be an exception in Java: an index out of range, an argument that is no number."""

    def __init__(self, message: str, *, hint: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint


@dataclass(frozen=True, slots=True)
class Parameters:
    """A method with the types of its arguments; with others, or null, it gives null."""

    call: Method
    types: tuple[Any, ...]


def _nothing(_value: Any, _key: Any) -> None:
    return None


@dataclass(frozen=True, slots=True)
class Kind:
    """What values of one type can do.

    get: `$x.key` and `$x[key]`, null where there is nothing. put: `#set($x.key = …)`, None: it cannot.
    items: what #foreach goes through, with a length; None: it cannot. methods: by name and number of arguments.
    """

    get: Callable[[Any, Any], Any] = _nothing
    put: Callable[[Any, Any, Any], None] | None = None
    items: Callable[[Any], Collection[Any]] | None = None
    methods: Mapping[Signature, Parameters] = field(default_factory=dict)


Kinds = Mapping[type, Kind]


def methods(*rows: tuple[Any, ...]) -> dict[Signature, Parameters]:
    """Make the methods of a kind from rows of (name, function, type of each argument …)."""
    return {(name, len(types)): Parameters(call, tuple(types)) for name, call, *types in rows}


def call(kinds: Kinds, meter: Meter, value: Any, signature: Signature, arguments: list[Any]) -> Any:
    """Call a method; null where the value has none of this name that takes these arguments."""
    kind = kinds.get(type(value))
    method = kind.methods.get(signature) if kind else None
    if method is None:
        return None
    for argument, wanted in zip(arguments, method.types, strict=True):
        if not isinstance(argument, wanted):
            return None
    if type(value) is str:
        meter.read(value)
    result = method.call(meter, value, *arguments)
    return meter.make(result) if type(result) is str else result
