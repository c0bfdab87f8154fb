"""Owns attributes that are too large for a row: files of a folder, named by what is in them."""

import asyncio
import hashlib
import os
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path
from typing import Final

from frontdesk.base.errors import StoreError

LARGEST: Final = 256 * 1024
"""Characters of JSON that attributes may have in a row; more is a file."""

_SCHEME: Final = "blob:"
MARK: Final = f'"attributes":"{_SCHEME}'
"""What stands in a document before the name of its blob."""

_GONE: Final = ".gone"
"""Ending of a file that is about to be removed."""


class Blobs:
    """A folder of blobs. A row has `blob:NAME` in the place of what a file holds."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    async def keep(self, text: str) -> str:
        """Return the name of a text that is on the disk by then. Raises: StoreError."""
        return await asyncio.to_thread(self._keep, text)

    async def load(self, name: str) -> str:
        """Return what a name stands for. Raises: StoreError."""
        return await asyncio.to_thread(self._load, name)

    async def old(self, before: float) -> set[str]:
        """List the files that were kept for the last time before then, in seconds since 1970. Raises: StoreError."""
        return await asyncio.to_thread(self._old, before)

    async def remove(self, names: Iterable[str], before: float) -> None:
        """Remove files that no row has, but for those that are kept again since then. Raises: StoreError."""
        await asyncio.to_thread(self._remove_all, names, before)

    def _keep(self, text: str) -> str:
        data = text.encode()
        name = hashlib.sha256(data).hexdigest()
        path = self._folder / name
        try:
            try:
                os.utime(path)  # whoever removes files leaves this one
            except FileNotFoundError:
                self._write(path, data)
        except OSError as error:
            raise StoreError(f"the attributes are not kept: {error}") from error
        return _SCHEME + name

    def _old(self, before: float) -> set[str]:
        if not self._folder.is_dir():
            return set()
        try:
            for gone in self._folder.glob(f"*{_GONE}"):  # a process has died while it removed them
                gone.rename(gone.with_suffix(""))
            with os.scandir(self._folder) as files:
                return {file.name for file in files if file.stat().st_mtime < before}
        except OSError as error:
            raise StoreError(f"files of attributes are not looked at: {error}") from error

    def _remove_all(self, names: Iterable[str], before: float) -> None:
        try:
            for name in names:
                with suppress(FileNotFoundError):
                    self._remove(self._folder / name, before)
        except OSError as error:
            raise StoreError(f"files of attributes are not removed: {error}") from error

    def _remove(self, path: Path, before: float) -> None:
        """Remove a file. From the renaming on nobody keeps it again: what was kept before is seen by its time."""
        gone = path.with_name(path.name + _GONE)
        path.rename(gone)
        if gone.stat().st_mtime < before:
            gone.unlink()
        else:
            gone.rename(path)

    def _write(self, path: Path, data: bytes) -> None:
        self._folder.mkdir(parents=True, exist_ok=True)
        half = path.with_name(f"{path.name}.{os.getpid()}.{os.urandom(4).hex()}")
        descriptor = os.open(half, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(descriptor, "wb") as file:
            file.write(data)
            file.flush()
            os.fsync(descriptor)
        half.rename(path)
        folder = os.open(self._folder, os.O_RDONLY | os.O_DIRECTORY)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)

    def _load(self, name: str) -> str:
        path = self._folder / name.removeprefix(_SCHEME)
        try:
            return path.read_text(encoding="utf-8")
        except OSError as error:
            raise StoreError(f"the attributes of a record are lost: {error}") from error


def blobs_beside(path: Path) -> Path:
    """Return the folder of the blobs of a SQLite file."""
    return path.with_name(f"{path.name}.blobs")


def is_blob(attributes: object) -> bool:
    """Whether attributes are elsewhere."""
    return isinstance(attributes, str) and attributes.startswith(_SCHEME)
