"""Owns appending lines to a log that may be full or gone: what is lost is counted, and told once."""

import os
from collections.abc import Callable
from typing import Final

_LINE_END: Final = 0x0A


class Appending:
    """One log. A line that was cut is ended before the next one, so that no two become one."""

    __slots__ = ("_lost", "_say", "_torn", "_what", "total")

    def __init__(self, what: str, say: Callable[[str], None]) -> None:
        """what: "access log lines", for messages. say: takes a message."""
        self.total = 0
        """Lines lost since the start."""
        self._lost = 0  # since lines were lost for the first time, or again
        self._torn = False
        self._what = what
        self._say = say

    def write(self, file: int, data: bytes | bytearray) -> bool:
        """Append whole lines to a descriptor, and tell whether all were taken."""
        if self._torn:
            data = b"\n" + data
        left = memoryview(data)
        try:
            while left:
                left = left[os.write(file, left) :]
        except OSError as error:
            written = len(data) - len(left)
            if written:
                self._torn = data[written - 1] != _LINE_END
            self.lose(bytes(left).count(b"\n"), os.strerror(error.errno or 0))
            return False
        self._torn = False
        return True

    def lose(self, lines: int, why: str) -> None:
        """Count lines that were not written."""
        if not self._lost:
            self._say(f"{self._what} dropped: {why}")
        self._lost += lines
        self.total += lines

    def resume(self) -> None:
        """Say, if any were lost, that lines are written again."""
        if self._lost:
            self._say(f"{self._what} are written again, dropped meanwhile: {self._lost}")
            self._lost = 0
