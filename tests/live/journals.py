"""Opens a Journal of each kind, and opens it anew as after a crash."""

from frontdesk.stores.memory.journal import MemoryJournal
from frontdesk.stores.postgres.journal import PostgresJournal
from frontdesk.stores.sqlite.journal import SqliteJournal
from tests.live.stores import adapters_of

ADAPTERS = adapters_of(MemoryJournal, SqliteJournal, PostgresJournal)
