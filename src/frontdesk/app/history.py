"""Owns the configurations that were in force: the last ten, as their files were written.

References stand there unresolved, so that no secret is kept that the files themselves do not say.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from frontdesk.base.clock import SystemClock
from frontdesk.base.errors import StartError
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

    by: "start", "SIGHUP", the file that changed, "cli", or "rollback to N". sources: the files' texts by
    path. changes: how many keys were other ones than before.
    """

    number: int
    time: float
    by: str
    changes: int
    sources: Mapping[Path, bytes]


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

    async def keep(self, sources: Mapping[Path, bytes], by: str, changes: int) -> int:
        """Note what came into force, unless the newest version says the same; return its number."""
        newest = await self._catalog.get(_KIND, self._name)
        if newest is not None and _version(newest).sources == sources:
            return newest.version
        files = [[str(path), text.decode()] for path, text in sources.items()]
        document = {"by": by, "changes": changes, "files": files}
        record = await self._catalog.put(_KIND, self._name, document, keep=KEPT)
        return record.version


def _version(record: Record) -> Version:
    document = record.document
    sources = {Path(path): text.encode() for path, text in document["files"]}
    return Version(record.version, record.time, document["by"], document["changes"], sources)


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
