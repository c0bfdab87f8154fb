"""Finds records that functions cannot reach."""

from collections.abc import Iterator

from frontdesk.base.errors import Position
from frontdesk.config.load import Loaded


def out_of_reach(loaded: Loaded) -> Iterator[tuple[Position, str]]:
    """Modules of records in a store that is the memory of one process."""
    config = loaded.config
    if config.records and config.store.kind == "memory":
        yield loaded.tree.position(("records",), of_key=True), "records are kept with store: memory"
