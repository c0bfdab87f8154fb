"""Owns the folders that stand for buckets: keys as paths that never leave them, writes that are whole or not there.

Blocks: for threads. Knows no state machine.
"""

import os
import secrets
from collections.abc import Iterator, Mapping
from contextlib import suppress
from hashlib import blake2b
from pathlib import Path
from stat import S_ISREG
from typing import BinaryIO, Final, NamedTuple

from frontdesk.base.errors import FrontdeskError

_WRITING: Final = ".frontdesk-writing-"
"""How the names of files begin that are being written."""


class BucketError(FrontdeskError):
    """What a bucket does not do. code: S3's name of the error, such as NoSuchKey."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code


class Listed(NamedTuple):
    """A file of a bucket. tag: changes with it. modified: seconds since 1970. size: bytes."""

    key: str
    tag: str
    modified: int
    size: int


class Buckets:
    """Folders by name. Used by several threads at once."""

    def __init__(self, folders: Mapping[str, Path]) -> None:
        self._folders = folders

    def open(self, bucket: str, key: str) -> tuple[BinaryIO, Listed]:
        """Open a file for reading. Raises: BucketError."""
        root = self._root(bucket)
        path = _inside(root, key)
        try:
            file = open(path, "rb", opener=_at_once)  # noqa: SIM115 - for the caller
        except (FileNotFoundError, IsADirectoryError, NotADirectoryError):
            raise _no_such_key(key) from None
        except OSError as error:
            raise _failed(key, error) from None
        stat = os.fstat(file.fileno())
        if not S_ISREG(stat.st_mode):
            file.close()
            raise _no_such_key(key)
        return file, _listed(key, stat)

    def list(self, bucket: str, prefix: str) -> Iterator[Listed]:
        """Give the files whose keys begin with `prefix`, in order of their keys. Raises: BucketError."""
        root = self._root(bucket)
        start = root / prefix.rpartition("/")[0]
        keys = sorted((key for key in _keys(root, start) if key.startswith(prefix)), key=str.encode)
        for key in keys:
            with suppress(OSError, BucketError):  # it has gone, or leads out of the bucket
                stat = _inside(root, key).stat()
                if S_ISREG(stat.st_mode):
                    yield _listed(key, stat)

    def put(self, bucket: str, key: str, data: bytes) -> Listed:
        """Write a file in place of any other; return once it would survive a crash. Raises: BucketError."""
        root = self._root(bucket)
        path = _inside(root, key)
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            writing = path.parent / f"{_WRITING}{secrets.token_hex(8)}"
            try:
                with writing.open("xb") as file:
                    file.write(data)
                    file.flush()
                    os.fsync(file.fileno())
                writing.replace(path)
            except BaseException:
                writing.unlink(missing_ok=True)
                raise
            _sync_folder(path.parent)
            return _listed(key, path.stat())
        except OSError as error:
            raise _failed(key, error) from None

    def _root(self, bucket: str) -> Path:
        folder = self._folders.get(bucket)
        if folder is None:
            raise BucketError(
                "NoSuchBucket", f"The specified bucket does not exist: {bucket}; add it to buckets"
            )
        return Path(os.path.realpath(folder))


def _inside(root: Path, key: str) -> Path:
    """Return the path of a key, links followed. Raises: BucketError where it is not in the folder."""
    parts = key.split("/")
    if "\0" in key or any(part in ("", ".", "..") for part in parts) or _is_ours(parts[-1]):
        raise BucketError("InvalidKey", f"The key is no path in a bucket: {key[:200]!r}")
    path = Path(os.path.realpath(root / key))
    if root not in path.parents:
        raise BucketError("InvalidKey", f"The key leads out of its bucket: {key[:200]!r}")
    return path


def _keys(root: Path, start: Path) -> Iterator[str]:
    """Give the keys of all files below a folder; links to folders are not followed."""
    if root != start and root not in Path(os.path.realpath(start)).parents:
        return
    for folder, _, names in os.walk(start):
        for name in names:
            key = Path(folder, name).relative_to(root).as_posix()
            if not _is_ours(name) and key.isprintable():
                yield key


def _is_ours(name: str) -> bool:
    return name.startswith(_WRITING)


def _listed(key: str, stat: os.stat_result) -> Listed:
    made_of = f"{stat.st_ino} {stat.st_mtime_ns} {stat.st_size}"
    tag = blake2b(made_of.encode(), digest_size=16).hexdigest()
    return Listed(key, f'"{tag}"', int(stat.st_mtime), stat.st_size)


def _sync_folder(folder: Path) -> None:
    """Bring the names themselves to the disk."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _at_once(name: str, flags: int) -> int:
    """Open without waiting for whoever is at the other end, where the file is a pipe."""
    return os.open(name, flags | os.O_NONBLOCK)


def _no_such_key(key: str) -> BucketError:
    return BucketError("NoSuchKey", f"The specified key does not exist: {key}")


def _failed(key: str, error: OSError) -> BucketError:
    return BucketError("InternalError", f"{error.strerror or error}: {key[:200]}")
