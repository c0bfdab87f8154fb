"""Composes the reading of files: secrets that they name are looked up, by what is loaded for the first of them."""

from collections.abc import Callable, Container, Mapping, Sequence
from contextlib import ExitStack
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Final

from frontdesk.app import features
from frontdesk.config.load import Loaded, load
from frontdesk.config.models.root import Config

if TYPE_CHECKING:
    from frontdesk.app.vault import LookUp

SETTINGS: Final = ("name", "data_dir", "store", "secrets")
"""Keys of the file that say where secrets are; no reference in them can be to a secret."""

Read = Callable[[Path], bytes]


def read_files(
    paths: Sequence[Path],
    environ: Mapping[str, str],
    read: Read = Path.read_bytes,
    *,
    only: Container[str] | None = None,
) -> Loaded:
    """Load a configuration, looking secrets up. See `config.load.load`. Not for event loops: it waits."""

    def settings() -> Config:
        return load(paths, environ, read, only=SETTINGS).config

    with ExitStack() as opened:

        @cache
        def opened_lookup() -> "LookUp":
            return opened.enter_context(features.look_up()(settings, environ))

        def lookup(scheme: str, name: str) -> str:
            return opened_lookup()(scheme, name)

        return load(paths, environ, read, only=only, lookup=lookup)
