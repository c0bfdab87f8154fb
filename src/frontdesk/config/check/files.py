"""Finds files and folders that the configuration names and that are not there."""

from collections.abc import Iterator
from pathlib import Path as FilePath

from frontdesk.base.errors import Position
from frontdesk.config.check.routes import routes
from frontdesk.config.load import Loaded
from frontdesk.config.models.function import FunctionVersion
from frontdesk.config.route_keys import parse_route_key
from frontdesk.config.tree import Path
from frontdesk.config.validation import shown


def requirements_missing(loaded: Loaded) -> Iterator[tuple[Position, str]]:
    """Requirements of functions and their versions that are no file."""
    for path, version in _versions(loaded):
        if version.requirements is not None and not _is_file(version.requirements):
            yield _missing(loaded, (*path, "requirements"), "file")


def layers_missing(loaded: Loaded) -> Iterator[tuple[Position, str]]:
    """Layers that are neither a folder nor a file."""
    for path, version in _versions(loaded):
        for index, layer in enumerate(version.layers):
            if not _is_folder(layer) and not _is_file(layer):
                yield _missing(loaded, (*path, "layers", index), "folder or zip")


def _versions(loaded: Loaded) -> Iterator[tuple[Path, FunctionVersion]]:
    """Yield each function's entry and its published versions, as written."""
    for name, function in loaded.config.local_functions.items():
        yield ("functions", name), function
        for number, version in function.versions.items():
            yield ("functions", name, "versions", number), version


def static_missing(loaded: Loaded) -> Iterator[tuple[Position, str]]:
    """Roots of static routes that are not there, or are no folder where the route needs one."""
    for path, _, route in routes(loaded):
        if route.static is None:
            continue
        kind = "folder" if parse_route_key(str(path[-1])).is_greedy else "file"
        there = _is_folder if kind == "folder" else _is_file
        if not there(route.static.root):
            yield _missing(loaded, (*path, "static", "root"), kind)


def buckets_missing(loaded: Loaded) -> Iterator[tuple[Position, str]]:
    """Buckets that are no folder."""
    for name, folder in loaded.config.buckets.items():
        if not _is_folder(folder):
            yield _missing(loaded, ("buckets", name), "folder")


def _missing(loaded: Loaded, path: Path, kind: str) -> tuple[Position, str]:
    # As it is written: a value that came from a reference is not shown.
    written = shown(loaded.tree.value_at(loaded.tree.known(path)))
    return loaded.tree.position(path), f"no such {kind}: {written}"


def _is_file(path: FilePath) -> bool:
    try:
        return path.is_file()
    except OSError:  # a name too long, say
        return False


def _is_folder(path: FilePath) -> bool:
    try:
        return path.is_dir()
    except OSError:
        return False
