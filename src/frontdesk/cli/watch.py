"""Owns noticing that files have changed: by looking, which works on every file system."""

import asyncio
import os
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path

from frontdesk.config.models.root import Config

INTERVAL = 0.5
"""Seconds between two looks."""

_MOST = 5000
"""Files below one code folder that are looked at."""

_SKIPPED = frozenset({"node_modules", "__pycache__", "venv", "site-packages"})

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


def watched_files(paths: Iterable[Path], config: Config) -> Iterator[Path]:
    """List what `dev` reloads for: the configuration, the functions' Python files and requirements."""
    yield from paths
    functions = config.functions.values()
    yield from {function.requirements for function in functions if function.requirements}
    for folder in {function.code for function in functions}:
        yield from _python_files(folder)


def _python_files(folder: Path) -> Iterator[Path]:
    left = _MOST
    for here, folders, names in os.walk(folder):
        folders[:] = [name for name in folders if not name.startswith(".") and name not in _SKIPPED]
        for name in names:
            if name.endswith(".py") and left:
                left -= 1
                yield Path(here, name)
