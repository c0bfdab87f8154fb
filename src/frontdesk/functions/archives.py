"""Owns zips of code and layers: each unpacked once, in a folder named by the hash of its bytes.

A zip may come from a stranger, so nothing of it may land or point outside its folder, or fill the
disk. A folder is complete or absent, as in `packages`. Blocks on the disk: it is called from a thread.
"""

import hashlib
import os
import shutil
import stat
import tempfile
import zipfile
import zlib
from pathlib import Path, PurePosixPath
from typing import Final

from frontdesk.base.errors import StartError

MAX_UNPACKED: Final = 250 * 1024**2
"""Bytes of all files together. Source: AWS, Lambda quotas, deployment package size."""

_MOST_ENTRIES: Final = 50_000
_MOST_TIMES: Final = 100  # as large as the zip; real code shrinks to a third or so
_ALWAYS_FINE: Final = 1024**2  # bytes, however well they were packed
_LONGEST_LINK: Final = 4096
_CHUNK: Final = 1024**2


class ArchiveError(StartError):
    """A zip that cannot be unpacked, or must not be."""


class Archives:
    """The unpacked zips below `folder`. Two processes may share it."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._known: dict[tuple[Path, int, int], Path] = {}  # path, mtime, size

    def folder_for(self, archive: Path) -> Path:
        """Answer the folder with the zip's content; unpack first if it is new here.

        Raises: ArchiveError naming what is wrong with it.
        """
        try:
            status = archive.stat()
            key = (archive, status.st_mtime_ns, status.st_size)
            known = self._known.get(key)
            if known is None or not known.is_dir():
                with archive.open("rb") as file:
                    name = hashlib.file_digest(file, "sha256").hexdigest()
                known = self._known[key] = self._folder / name
                if not known.is_dir():
                    self._unpack(archive, known)
        except _UNREADABLE as error:
            raise ArchiveError(f"cannot unpack {archive}: {error}") from error
        return known

    def _unpack(self, archive: Path, target: Path) -> None:
        self._folder.mkdir(parents=True, exist_ok=True)
        unpacking = Path(tempfile.mkdtemp(prefix="unpacking-", dir=self._folder))
        try:
            with zipfile.ZipFile(archive) as content:
                _check(content, archive.stat().st_size)
                _extract(content, unpacking)
            # Another process may have been faster: its folder is as good.
            if not target.is_dir():
                unpacking.chmod(0o755)
                unpacking.rename(target)
        finally:
            shutil.rmtree(unpacking, ignore_errors=True)


class _RefusedError(ValueError):
    """What the zip holds must not be unpacked."""


_UNREADABLE = (
    ValueError,  # ours, or of a name that is no text or that the system does not take
    zipfile.BadZipFile,
    zlib.error,
    OSError,
    EOFError,
    NotImplementedError,  # a compression that this interpreter lacks
    RuntimeError,  # encrypted
)


def _check(content: zipfile.ZipFile, size: int) -> None:
    """Refuse what is too large or names a place outside, before anything is written."""
    entries = content.infolist()
    if len(entries) > _MOST_ENTRIES:
        raise _RefusedError(f"it has {len(entries)} entries, more than {_MOST_ENTRIES}")
    unpacked = sum(entry.file_size for entry in entries)
    if unpacked > MAX_UNPACKED:
        raise _RefusedError(f"it unpacks to {unpacked} bytes, more than {MAX_UNPACKED}")
    if unpacked > max(_ALWAYS_FINE, _MOST_TIMES * size):
        raise _RefusedError(f"it unpacks to more than {_MOST_TIMES} times its size")
    seen: set[str] = set()
    for entry in entries:
        name = entry.orig_filename
        path = PurePosixPath(name)
        is_named = bool(path.parts) or name == "./"  # some tools begin with the folder itself
        if path.is_absolute() or ".." in path.parts or not is_named or {"\\", "\0"} & {*name}:
            raise _RefusedError(f"an entry leads out of its folder: {name!r}")
        if str(path) in seen:
            raise _RefusedError(f"it has two entries of one name: {name!r}")
        seen.add(str(path))
        if stat.S_IFMT(_mode(entry)) not in (0, stat.S_IFREG, stat.S_IFDIR, stat.S_IFLNK):
            raise _RefusedError(f"an entry is neither a file nor a folder nor a link: {name!r}")


def _extract(content: zipfile.ZipFile, folder: Path) -> None:
    """Write files and folders, then links, so that nothing is written through a link."""
    links = []
    for entry in content.infolist():
        target = folder / entry.orig_filename
        if stat.S_ISLNK(_mode(entry)):
            links.append(entry)
        elif entry.is_dir():
            target.mkdir(parents=True, exist_ok=True)
        else:
            target.parent.mkdir(parents=True, exist_ok=True)
            with content.open(entry) as source, target.open("xb") as file:
                shutil.copyfileobj(source, file, _CHUNK)
            target.chmod(0o555 if _mode(entry) & 0o111 else 0o444)
    for entry in links:
        target = folder / entry.orig_filename
        target.parent.mkdir(parents=True, exist_ok=True)
        target.symlink_to(os.fsdecode(content.read(entry)[:_LONGEST_LINK]))
    inside = folder.resolve()
    for entry in links:
        if not _end_of(folder / entry.orig_filename).is_relative_to(inside):
            raise _RefusedError(f"a link leads out of its folder: {entry.orig_filename!r}")


def _end_of(link: Path) -> Path:
    """Follow a link to its end, which need not exist."""
    return Path(os.path.realpath(link))


def _mode(entry: zipfile.ZipInfo) -> int:
    return entry.external_attr >> 16
