"""Owns text of the file that carries more than its characters: where it was written, what it stood for."""

from pathlib import Path
from typing import Self


class FileText(str):
    """A text after its references were resolved, or of a file in another folder than the first.

    folder: folder of the file it was written in. written: the text as written when it holds a
    reference (safe to show), else "".
    """

    __slots__ = ("folder", "written")

    folder: Path
    written: str

    def __new__(cls, text: str, folder: Path, written: str = "") -> Self:
        """Make a text that remembers where it comes from."""
        made = super().__new__(cls, text)
        made.folder = folder
        made.written = written
        return made
