"""Owns a variable of the environment that has another value for every call. Standard library only."""

import ctypes
import os

_libc = ctypes.CDLL(None)


class Variable:
    """A variable of this process, for its code and for all that this starts.

    The C library keeps whatever has been set by `os.environ[name] = value`, for good: with a new value for
    each call, a process would have grown by a hundred megabytes after a million calls.
    """

    def __init__(self, name: str) -> None:
        self._name = os.fsencode(name)
        self._environ = os.environ._data  # type: ignore[attr-defined]  # noqa: SLF001 - what it shows
        self._entry = b""

    def set(self, value: str) -> None:
        """Give it a value."""
        shown = os.fsencode(value)
        entry = b"%b=%b" % (self._name, shown)
        _libc.putenv(entry)  # which takes no copy
        self._entry = entry
        self._environ[self._name] = shown
