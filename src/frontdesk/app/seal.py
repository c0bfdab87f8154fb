"""Composes the key with which names are sealed: made once, and the same in all gateways with one store."""

from secrets import token_hex
from typing import Final

from frontdesk.ports.catalog import Catalog, ConflictError, Put

_KIND: Final = "seal"
_KEY: Final = "executions"


async def seal_key(catalog: Catalog) -> bytes:
    """Return the key of a store, 32 random bytes. catalog: the one that gateways share."""
    while (record := await catalog.get(_KIND, _KEY)) is None:
        try:
            made = Put(kind=_KIND, key=_KEY, document={"key": token_hex(32)}, expect=0)
            await catalog.commit([made])
        except ConflictError:  # another gateway was first
            continue
    return bytes.fromhex(record.document["key"])
