"""Owns the packages of functions: each requirements file installed once, in a folder named by its hash.

A folder is complete or absent: pip writes beside it and the result is renamed. Knows no event loop;
a build may take minutes, so it is called from a thread.
"""

import hashlib
import logging
import os
import platform
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from frontdesk.base.errors import StartError

_log = logging.getLogger("frontdesk.functions")

_LAST = 5  # lines of a failed build's log that a message shows


class Packages:
    """The installed requirements below `folder`. Two processes may share it."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def folder_for(self, requirements: Path) -> Path:
        """Answer the folder to put on the path; install first if this file is new here.

        Raises: StartError naming the build log.
        """
        try:
            wanted = requirements.read_bytes()
        except OSError as error:
            raise StartError(f"cannot read requirements: {requirements}") from error
        target = self._folder / _key(wanted)
        if not target.is_dir():
            self._build(requirements, target)
        return target

    def _build(self, requirements: Path, target: Path) -> None:
        self._folder.mkdir(parents=True, exist_ok=True)
        log = target.with_suffix(".log")
        _log.info("installing %s (log: %s)", requirements, log)
        building = Path(tempfile.mkdtemp(prefix="building-", dir=self._folder))
        try:
            with log.open("wb") as output:
                done = subprocess.run(  # noqa: S603 - pip, with the operator's own file
                    [*_installer(), "--target", building, "--requirement", requirements],
                    stdin=subprocess.DEVNULL,
                    stdout=output,
                    stderr=subprocess.STDOUT,
                    cwd=requirements.parent,
                    check=False,
                )
            if done.returncode != 0:
                raise StartError(
                    f"cannot install requirements: {requirements}",
                    hint=f"{_last_lines(log)} (whole log: {log})",
                )
            # Another process may have been faster: its folder is as good.
            if not target.is_dir():
                building.chmod(0o755)
                building.rename(target)
        finally:
            shutil.rmtree(building, ignore_errors=True)
        _log.info("installed %s", requirements)


def _key(requirements: bytes) -> str:
    """Name what an installation depends on: the file, the interpreter and the machine."""
    place = f"{sys.implementation.cache_tag} {platform.platform()} {platform.machine()}"
    return hashlib.sha256(place.encode() + b"\0" + requirements).hexdigest()[:24]


def _installer() -> list[str]:
    """Choose uv where it is installed: it needs no pip in our own environment."""
    uv = shutil.which("uv")
    if uv is not None:
        return [uv, "pip", "install", "--quiet", "--python", sys.executable]
    return [sys.executable, "-m", "pip", "install", "--no-input", "--disable-pip-version-check"]


def _last_lines(log: Path) -> str:
    """Show the end of a build's log: what failed stands there."""
    with log.open("rb") as file:
        file.seek(0, os.SEEK_END)
        file.seek(max(0, file.tell() - 4096))
        lines = file.read().decode("utf-8", "replace").splitlines()
    return "\n".join([line.rstrip() for line in lines if line.strip()][-_LAST:]) or "no output"
