"""Owns attributes that are too large for a row: files of a folder, named by what is in them."""

import asyncio
import hashlib
import os
from pathlib import Path
from typing import Final

from frontdesk.base.errors import StoreError

LARGEST: Final = 256 * 1024
"""Characters of JSON that attributes may have in a row; more is a file."""

_SCHEME: Final = "blob:"


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

    def _keep(self, text: str) -> str:
        data = text.encode()
        name = hashlib.sha256(data).hexdigest()
        path = self._folder / name
        if not path.exists():
            try:
                self._write(path, data)
            except OSError as error:
                raise StoreError(f"the attributes are not kept: {error}") from error
        return _SCHEME + name

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


def is_blob(attributes: object) -> bool:
    """Whether attributes are elsewhere."""
    return isinstance(attributes, str) and attributes.startswith(_SCHEME)
