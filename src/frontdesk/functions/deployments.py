"""Owns making versions of functions ready to run, and telling whether one has changed since.

Unpacks, installs and looks at files; starts no process but pip. Blocks: it is called from a thread.
"""

import contextlib
import hashlib
import os
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from frontdesk.base.errors import StartError
from frontdesk.functions.archives import ArchiveError, Archives
from frontdesk.functions.packages import Packages
from frontdesk.functions.settings import Alias, FunctionDefinition, FunctionSettings
from frontdesk.rules.concurrency import LATEST

_MOST_FILES = 20_000
"""Files below one folder that are looked at."""

_SKIPPED = frozenset({"__pycache__", "node_modules", "site-packages", "venv"})
_SKIPPED_IN_LAYERS = frozenset({"__pycache__"})  # packages are what a layer is for


@dataclass(frozen=True, slots=True)
class Deployment:
    """A version that can be run. Equal to another one if that would run in the same way.

    settings: its code and layers are folders. packages: folder of installed requirements, or None.
    stamp: of the files in folders that are not ours.
    """

    settings: FunctionSettings
    packages: Path | None
    stamp: str


class Deployed:
    """A function with all its versions ready to run.

    versions: by number or $LATEST. provisioned: children that stand ready, of each of them.
    """

    __slots__ = ("_arn", "_qualifiers", "definition", "provisioned", "versions")

    def __init__(self, definition: FunctionDefinition, versions: Mapping[str, Deployment]) -> None:
        self._arn = definition.latest.arn
        self.definition = definition
        self.versions = versions
        counts = definition.provisioned_versions()
        self.provisioned = {version: counts.get(version, 0) for version in versions}
        by_number = {version: Alias(version=version) for version in versions}
        self._qualifiers = {**by_number, **definition.aliases, "": by_number[LATEST]}

    def choose(self, qualifier: str, draw: Callable[[], float]) -> str | None:
        """Choose the version of one call; None: there is no such version or alias.

        draw: makes random numbers from 0 up to but without 1.
        """
        alias = self._qualifiers.get(qualifier)
        if alias is None:
            return None
        return alias.choose(draw()) if alias.weights else alias.version

    def arn(self, qualifier: str) -> str:
        """Write the ARN with the qualifier that was asked for, if any."""
        return f"{self._arn}:{qualifier}" if qualifier else self._arn

    def unchanged(self, former: "Deployed | None") -> set[str]:
        """List the versions that would run as they did before."""
        before = {} if former is None else former.versions
        return {each for each, version in self.versions.items() if before.get(each) == version}

    def beside(self, former: "Deployed | None") -> "Deployed":
        """Add the versions and aliases that only a former one has; none of these stands ready."""
        if former is None:
            return self
        own, before = self.definition, former.definition
        both = replace(
            own,
            versions={**before.versions, **own.versions},
            aliases={**before.aliases, **own.aliases},
        )
        if both == own:
            return self
        return Deployed(both, {**former.versions, **self.versions})

    @property
    def expected(self) -> set[str]:
        """The versions that calls most likely ask for."""
        return {alias.version for alias in self.definition.aliases.values()} or {LATEST}


class Deployments:
    """Makes versions ready below `data_dir`."""

    def __init__(self, data_dir: Path) -> None:
        self._data_dir = data_dir
        self._packages = Packages(data_dir / "packages")
        self._archives = Archives(data_dir / "code")

    def deploy(self, definitions: Iterable[FunctionDefinition]) -> dict[str, Deployed]:
        """Make all versions of these functions ready; answer them by name.

        Raises: StartError naming the function and what is wrong with its code.
        """
        stamps: dict[Path, str] = {}  # functions often share a folder, which may be large
        return {
            definition.name: Deployed(
                definition,
                {
                    version.version: self._ready(version, stamps)
                    for version in (definition.latest, *definition.versions.values())
                },
            )
            for definition in definitions
        }

    def _ready(self, settings: FunctionSettings, stamps: dict[Path, str]) -> Deployment:
        code, *layers = (
            self._folder(settings.name, path) for path in (settings.code, *settings.layers)
        )
        required = settings.requirements
        packages = required and self._packages.folder_for(required)
        stamp = ""
        for path in (settings.code, *settings.layers):
            if path.is_dir():
                skipped = _SKIPPED if path == settings.code else _SKIPPED_IN_LAYERS
                stamp += stamps.get(path) or stamps.setdefault(path, self._stamp(path, skipped))
        return Deployment(replace(settings, code=code, layers=tuple(layers)), packages, stamp)

    def _folder(self, function: str, path: Path) -> Path:
        if path.is_dir():
            return path.resolve()
        if not path.is_file():
            raise StartError(f"function {function}: no such folder or zip: {path}")
        try:
            return self._archives.folder_for(path)
        except ArchiveError as error:
            raise ArchiveError(f"function {function}: {error}") from error

    def _stamp(self, folder: Path, skipped: Collection[str]) -> str:
        digest = hashlib.sha256()
        for path in files_below(folder, skipped, without=self._data_dir):
            with contextlib.suppress(OSError):  # gone, or being replaced just now
                status = path.stat()
                line = f"{path}\0{status.st_mtime_ns}\0{status.st_size}\n"
                digest.update(line.encode("utf-8", "surrogateescape"))
        return digest.hexdigest()


def files_below(
    folder: Path, skipped: Collection[str] = _SKIPPED, *, without: Path | None = None
) -> Iterator[Path]:
    """List the files of a code folder, in order, but hidden ones and those of package managers.

    skipped: names of folders that are left out, with all that is in them, as is `without`.
    """
    found = 0
    for here, folders, names in os.walk(folder):
        folders[:] = sorted(
            name
            for name in folders
            if name[0] != "." and name not in skipped and Path(here, name) != without
        )
        for name in sorted(names):
            if name[0] != "." and found < _MOST_FILES:
                found += 1
                yield Path(here, name)
