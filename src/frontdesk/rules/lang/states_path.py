"""Owns the paths of the Amazon States Language: JSONPath that starts at data, the context or a variable.

    $.a.b    the state's data        $$.State.Name    the context object        $name.a    a variable

Knows neither states nor what becomes of a value.
Source: AWS, "Using JSONPath paths" and "Accessing execution data from the Context object".
"""

import re
from collections.abc import Mapping
from enum import Enum
from functools import lru_cache
from typing import Any, Final

from frontdesk.rules.lang.jsonpath import LONGEST, MISSING, Missing, Path, PathError, read_path


class Root(Enum):
    """Where a path starts."""

    DATA = "$"
    CONTEXT = "$$"
    VARIABLE = "$name"


_VARIABLE: Final = re.compile(r"\$([^\W\d]\w*)")


class StatesPath:
    """A compiled path. name: of the variable it starts at, "" where it starts elsewhere."""

    __slots__ = ("name", "path", "root", "text")

    def __init__(self, text: str, root: Root, path: Path, name: str = "") -> None:
        self.text = text
        self.root = root
        self.path = path
        self.name = name

    @property
    def is_reference(self) -> bool:
        """Whether it names one place and counts no index from the end (a Reference Path)."""
        keys = self.path.keys
        return keys is not None and not any(isinstance(key, int) and key < 0 for key in keys)

    def find(
        self, data: Any, context: Mapping[str, Any], variables: Mapping[str, Any]
    ) -> Any | Missing:
        """Return the value of a definite path, or MISSING; of others, the list of what matches.

        Raises: PathLimitError.
        """
        # Differs: [negative-index] AWS was seen to find nothing by an index that counts from the end
        if self.root is Root.DATA:
            return self.path.find(data)
        if self.root is Root.CONTEXT:
            return self.path.find(context)
        value = variables.get(self.name, MISSING)
        return MISSING if value is MISSING else self.path.find(value)


@lru_cache(maxsize=1024)
def compile_states_path(text: str) -> StatesPath:
    """Read a path that is the whole text.

    Raises: PathError.
    """
    if len(text) > LONGEST:
        raise PathError(f"path longer than {LONGEST} characters", column=LONGEST + 1)
    path, end = read_states_path(text, 0)
    if end < len(text):
        raise PathError(f"path not understood at {text[end : end + 20]}", column=end + 1)
    return path


def read_states_path(text: str, at: int) -> tuple[StatesPath, int]:
    """Read the path that begins at `at`, as far as it goes; return it and its end.

    Raises: PathError.
    """
    if not text.startswith("$", at):
        raise PathError("path does not start with $", column=at + 1)
    if text.startswith("$$", at):
        path, end = read_path(text, at + 1)
        return StatesPath(text[at:end], Root.CONTEXT, path), end
    if name := _VARIABLE.match(text, at):
        path, end = read_path(text, name.end() - 1)
        return StatesPath(text[at:end], Root.VARIABLE, path, name[1]), end
    path, end = read_path(text, at)
    return StatesPath(text[at:end], Root.DATA, path), end
