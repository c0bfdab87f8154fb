"""Owns texts that carry more than their characters, where they were written and how; and how paths are shown."""

from pathlib import Path
from typing import Self


class FileText(str):
    """A text of a configuration file, its references resolved.

    folder: folder of its file. written: the text as it stands in the file, always safe to show.
    referenced: (part of) it came from a `${…}` reference, so that the text itself must not be shown.
    """

    __slots__ = ("folder", "referenced", "written")

    folder: Path
    written: str
    referenced: bool

    def __new__(cls, text: str, folder: Path, written: str, *, referenced: bool = False) -> Self:
        """Make a text that remembers where it comes from."""
        made = super().__new__(cls, text)
        made.folder = folder
        made.written = written
        made.referenced = referenced
        return made

    def plain(self) -> str:
        """Return the characters alone."""
        return str.__str__(self)


def from_here(path: Path) -> str:
    """Write a path as it is found from the working folder, where it is below it."""
    here = Path.cwd()
    return str(path.relative_to(here)) if path.is_relative_to(here) else str(path)
