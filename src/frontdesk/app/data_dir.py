"""Owns the data folder as a whole: one gateway at a time works in it."""

import fcntl
import os
from pathlib import Path
from typing import Final

from frontdesk.base.errors import StartError

LOCK: Final = "gateway.lock"
"""File that a running gateway holds; it says the process id. A lock goes with its process."""


def hold(folder: Path) -> int:
    """Take the data folder for this process; close the descriptor that is returned to give it back.

    Raises: StartError when another gateway has it, or it cannot be written.
    """
    try:
        folder.mkdir(0o750, parents=True, exist_ok=True)
        lock = os.open(folder / LOCK, os.O_RDWR | os.O_CREAT, 0o640)
    except OSError as error:
        hint = "set data_dir to a folder that can be written"
        raise StartError(f"cannot use the data folder: {error}", hint=hint) from error
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        holder = os.read(lock, 20).decode()
        os.close(lock)
        raise StartError(
            f"another gateway, process {holder}, uses the data folder: {folder}",
            hint="stop it, or set data_dir to another folder",
        ) from None
    os.ftruncate(lock, 0)
    os.write(lock, str(os.getpid()).encode())
    return lock


def holder(folder: Path) -> int | None:
    """Tell which process works in the data folder, if one does."""
    try:
        lock = os.open(folder / LOCK, os.O_RDONLY)
    except OSError:
        return None
    try:
        fcntl.flock(lock, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return int(os.read(lock, 20))
    finally:
        os.close(lock)
    return None
