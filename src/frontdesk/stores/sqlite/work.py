"""Owns the question whether a file holds work that goes on by itself. Knows other tables by name only."""

import sqlite3
from collections.abc import Sequence

import orjson

from frontdesk.stores.sqlite.database import Database

_HOLDS = """
    SELECT EXISTS (SELECT 1 FROM journal_streams)
        OR EXISTS (SELECT 1 FROM queue_messages)
        OR EXISTS (SELECT 1 FROM inbox)
        OR EXISTS (SELECT 1 FROM catalog WHERE kind IN (SELECT value FROM json_each(?)))
"""


async def holds_work(database: Database, kinds: Sequence[str]) -> bool:
    """Tell whether there is a stream, a message, a webhook that was taken, or a document of some kinds.

    Raises: StoreError.
    """

    def work(connection: sqlite3.Connection) -> bool:
        (found,) = connection.execute(_HOLDS, (orjson.dumps(kinds).decode(),)).fetchone()
        return bool(found)

    return await database.read(work)
