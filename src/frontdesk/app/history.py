"""Owns the configurations that were in force: the last ten, as their files were written.

References stand there unresolved, so that no secret is kept that the files themselves do not say.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from frontdesk.base.clock import SystemClock
from frontdesk.base.errors import StartError
from frontdesk.config.load import Loaded
from frontdesk.ports.catalog import Catalog, Record
from frontdesk.stores.sqlite.catalog import SqliteCatalog
from frontdesk.stores.sqlite.database import Database

KEPT: Final = 10
"""Versions that are kept."""

STORE: Final = "frontdesk.db"
"""File of the data folder with all that outlives the process."""

_KIND: Final = "config"


@dataclass(frozen=True, slots=True)
class Version:
    """A configuration that came into force. time: seconds since 1970.

    by: "start", "SIGHUP", the file that changed, "cli", a user, or "rollback to N". paths, sources: see `Loaded`.
    changes: how many keys were other ones than before.
    """

    number: int
    time: float
    by: str
    changes: int
    paths: tuple[Path, ...]
    sources: Mapping[Path, bytes]


def remembered(sources: Mapping[Path, bytes]) -> Callable[[Path], bytes]:
    """Return what reads files as they were; one that only another environment asks for, as it is."""
    return lambda path: sources[path] if path in sources else path.read_bytes()


class History:
    """The versions of one gateway, by the name of its configuration."""

    def __init__(self, catalog: Catalog, name: str) -> None:
        self._catalog = catalog
        self._name = name

    async def versions(self) -> Sequence[Version]:
        """List what is kept, newest first."""
        return [_version(record) for record in await self._catalog.history(_KIND, self._name)]

    async def version(self, number: int) -> Version:
        """Find one. Raises: StartError when it is not kept."""
        record = await self._catalog.get(_KIND, self._name, number)
        if record is None:
            raise StartError(
                f"no such version of the configuration: {number}",
                hint="`frontdesk history` lists those that are kept",
            )
        return _version(record)

    async def keep(self, loaded: Loaded, by: str, changes: int) -> int:
        """Note what came into force, unless the newest version says the same; return its number."""
        newest = await self._catalog.get(_KIND, self._name)
        if newest is not None and _version(newest).sources == loaded.sources:
            return newest.version
        files = [[str(path), text.decode()] for path, text in loaded.sources.items()]
        own = len(loaded.paths)  # documents that they name come after them
        document = {"by": by, "changes": changes, "files": files[:own], "documents": files[own:]}
        record = await self._catalog.put(_KIND, self._name, document, keep=KEPT)
        return record.version


def _version(record: Record) -> Version:
    document = record.document
    files, documents = (
        {Path(path): text.encode() for path, text in document.get(key, ())}
        for key in ("files", "documents")
    )
    by, changes = document["by"], document["changes"]
    return Version(record.version, record.time, by, changes, tuple(files), files | documents)


async def read_history(data_dir: Path, name: str) -> Sequence[Version]:
    """List the versions of a gateway that need not run, newest first. Raises: StartError, StoreError."""
    path = data_dir / STORE
    if not path.exists():
        return []
    database = Database.open(path)
    try:
        return await History(SqliteCatalog(database, SystemClock()), name).versions()
    finally:
        database.close()
