"""Owns the temporary folders of children, all in one place per gateway process.

A process that is killed cleans nothing up. Its place is locked while it lives, whatever it dies of, so
that the next one to start knows which places to remove, also where several share a data folder.
"""

import fcntl
import os
import shutil
import tempfile
from pathlib import Path

from frontdesk.base.errors import StartError


class TemporaryFolders:
    """Folders below a place of this process's own in `root`. Blocks on the disk: `open` and `close` in threads."""

    def __init__(self, root: Path) -> None:
        self._root = root
        self._place: Path
        self._lock = -1

    def open(self) -> None:
        """Take a place, and remove those of processes that have died.

        Raises: StartError when `root` cannot be used.
        """
        try:
            dead = self._settle()
        except OSError as error:
            hint = "set data_dir to a folder that can be written"
            raise StartError(f"cannot use the data folder: {error}", hint=hint) from error
        for place in dead:
            shutil.rmtree(place, ignore_errors=True)

    def make(self, name: str) -> Path:
        """Make an empty folder that only this user can read."""
        return Path(tempfile.mkdtemp(prefix=f"{name}-", dir=self._place))

    def close(self) -> None:
        """Remove the place with all that is in it, if there is one."""
        if self._lock >= 0:
            shutil.rmtree(self._place, ignore_errors=True)
            os.close(self._lock)
            self._lock = -1

    def _settle(self) -> list[Path]:
        self._root.mkdir(parents=True, exist_ok=True)
        root = _open(self._root)
        try:
            # Nobody else judges a place between its making and its locking.
            fcntl.flock(root, fcntl.LOCK_EX)
            dead = [place for place in self._root.iterdir() if _is_free(place)]
            self._place = Path(tempfile.mkdtemp(prefix=f"{os.getpid()}-", dir=self._root))
            self._lock = _open(self._place)
            fcntl.flock(self._lock, fcntl.LOCK_EX)
        finally:
            os.close(root)
        return dead


def _open(folder: Path) -> int:
    return os.open(folder, os.O_RDONLY | os.O_DIRECTORY)


def _is_free(place: Path) -> bool:
    try:
        descriptor = _open(place)
    except OSError:  # no folder, or somebody else's
        return False
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    finally:
        os.close(descriptor)
    return True
