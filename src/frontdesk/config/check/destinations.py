"""Finds functions that are invoked asynchronously, and those that would invoke each other for ever."""

from collections.abc import Iterator
from typing import Final

from frontdesk.base.errors import Position
from frontdesk.config.load import Loaded
from frontdesk.config.models.asynchronous import Asynchronous
from frontdesk.rules.asynchronous.destination import parse_destination

_KEYS: Final = ("on_success", "on_failure")


def uses(loaded: Loaded) -> Iterator[tuple[str, str]]:
    """Yield section and name of functions that say how it goes when a program invokes them asynchronously."""
    own = Asynchronous.model_fields.keys()
    for name, function in loaded.config.functions.items():
        if function.model_fields_set & own:
            yield "functions", name


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
