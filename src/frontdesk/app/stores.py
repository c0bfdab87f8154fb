"""Chooses the stores that a configuration asks for."""

from frontdesk.app.history import STORE
from frontdesk.config.models.root import Config
from frontdesk.ports.idempotency import Idempotency
from frontdesk.stores.memory.idempotency import MemoryIdempotency
from frontdesk.stores.sqlite.idempotency import SqliteIdempotency


def idempotency_store(config: Config) -> Idempotency:
    """Make the store of idempotency keys; nothing is opened before the first key comes."""
    if config.store == "memory":
        return MemoryIdempotency()
    return SqliteIdempotency(config.data_dir / STORE)
