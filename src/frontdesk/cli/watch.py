"""Owns noticing that files have changed: by looking, which works on every file system."""

import asyncio
from collections.abc import Callable, Iterable, Iterator
from itertools import islice
from pathlib import Path

from frontdesk.config.load import Loaded
from frontdesk.functions.deployments import files_below
from frontdesk.rules.concurrency import LATEST

INTERVAL = 0.5
"""Seconds between two looks."""

_MOST = 5000
"""Files below one code folder that are looked at."""

_SOURCES = frozenset({".cjs", ".js", ".mjs", ".py", ".rb", ".sh"})
"""Endings of what a function does not write itself while it runs: it would be reloaded for ever."""

_Stamps = dict[Path, tuple[int, int]]


class Watcher:
    """Calls back when one of some files is another one than at the last look."""

    def __init__(
        self, files: Callable[[], Iterable[Path]], changed: Callable[[Path], None]
    ) -> None:
        """Take the first look.

        files: asked at each look. changed: gets the first file that is new, gone or different.
        """
        self._files = files
        self._changed = changed
        self._stamps = self._stamp()
        self._next: asyncio.TimerHandle | None = None

    def start(self) -> None:
        """Look again and again from now on, on the running loop."""
        self._arm()

    def stop(self) -> None:
        """Look no more."""
        if self._next is not None:
            self._next.cancel()

    def look(self) -> None:
        """Compare with the last look."""
        former, self._stamps = self._stamps, self._stamp()
        different = dict(former.items() ^ self._stamps.items())
        if different:
            self._changed(min(different))

    def _arm(self) -> None:
        self._next = asyncio.get_running_loop().call_later(INTERVAL, self._turn)

    def _turn(self) -> None:
        self._arm()
        self.look()

    def _stamp(self) -> _Stamps:
        stamps: _Stamps = {}
        for path in self._files():
            try:
                status = path.stat()
            except OSError:  # gone, or being replaced just now
                continue
            stamps[path] = (status.st_mtime_ns, status.st_size)
        return stamps


def watched_files(loaded: Loaded) -> Iterator[Path]:
    """List what `dev` reloads for: the configuration, the documents that it names, and what functions run.

    That is their sources, zips and requirements.
    """
    yield from loaded.sources
    found: set[Path] = set()
    for function in loaded.config.local_functions.values():
        for number in (LATEST, *function.versions):
            version = function.version(number)
            found |= {version.code, *version.layers}
            if version.requirements is not None:
                found.add(version.requirements)
            if version.handler is not None and version.handler.command:
                found.add(version.code / version.handler.command[0])
    for path in sorted(found):
        if path.is_dir():
            sources = (file for file in files_below(path) if file.suffix in _SOURCES)
            yield from islice(sources, _MOST)
        else:
            yield path
