"""Owns the zips that were uploaded: each once, in a file named by its hash. Knows no function.

A file is complete and on the disk before its name is; two with the same content are one.
"""

import hashlib
import os
from base64 import b64decode, b64encode
from collections.abc import Iterable
from pathlib import Path
from typing import NamedTuple

from frontdesk.functions.archives import ArchiveError, Archives


class Uploaded(NamedTuple):
    """A zip that is kept. sha256: base64, as AWS shows it."""

    sha256: str
    size: int


class CodeFolder:
    """The uploaded zips. Its methods block: call them from a thread."""

    def __init__(self, folder: Path, archives: Archives) -> None:
        """archives: where functions will have them unpacked."""
        self._folder = folder
        self._archives = archives

    def path(self, sha256: str) -> Path:
        """Return the file of a zip. sha256: see `Uploaded`."""
        return self._folder / f"{b64decode(sha256).hex()}.zip"

    def keep(self, content: bytes) -> Uploaded:
        """Write a zip down; it survives a crash from here on.

        Raises: ArchiveError when it cannot or must not be unpacked, OSError; nothing is left then.
        """
        digest = hashlib.sha256(content).digest()
        uploaded = Uploaded(b64encode(digest).decode(), len(content))
        path = self.path(uploaded.sha256)
        if not path.exists():
            self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            writing = path.with_suffix(".writing")
            with writing.open("wb") as file:
                file.write(content)
                file.flush()
                os.fsync(file.fileno())
            try:
                self._archives.folder_for(writing)
            except ArchiveError:
                writing.unlink()
                raise
            writing.rename(path)
            self._sync_folder()
        return uploaded

    def sweep(self, used: Iterable[str]) -> None:
        """Remove the zips that are not `used`, and what a crash has left half written."""
        kept = {self.path(sha256) for sha256 in used}
        for path in self._folder.glob("*"):
            if path not in kept:
                path.unlink()

    def _sync_folder(self) -> None:
        """Bring the names themselves to the disk."""
        folder = os.open(self._folder, os.O_RDONLY | os.O_DIRECTORY)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)
