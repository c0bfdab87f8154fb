"""Finds functions whose asynchronous invocations would invoke each other for ever."""

from collections.abc import Iterator
from typing import Final

from frontdesk.base.errors import Position
from frontdesk.config.load import Loaded
from frontdesk.rules.asynchronous.destination import parse_destination

_KEYS: Final = ("on_success", "on_failure")


def circles(loaded: Loaded) -> Iterator[tuple[Position, str]]:
    """Functions whose records come back to them by the same kind of end."""
    for name in loaded.config.functions:
        for key in _KEYS:
            way = [name]
            while (following := _function(loaded, way[-1], key)) and following not in way:
                way.append(following)
            if following == name:
                where = loaded.tree.position(("functions", name, key))
                yield where, f"{key} goes in a circle: {' -> '.join([*way, name])}"


def _function(loaded: Loaded, name: str, key: str) -> str:
    """Return the function that gets the records of another; "" where none does."""
    destination = parse_destination(getattr(loaded.config.functions[name], key) or "")
    if destination is None or destination.kind != "function":
        return ""
    return destination.name.partition(":")[0]
