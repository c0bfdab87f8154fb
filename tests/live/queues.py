"""Opens queues of each kind, and opens them anew as after a crash."""

from frontdesk.stores.memory.queue import MemoryQueues
from frontdesk.stores.postgres.queue import PostgresQueues
from frontdesk.stores.sqlite.queue import SqliteQueues
from tests.live.stores import adapters_of

ADAPTERS = adapters_of(MemoryQueues, SqliteQueues, PostgresQueues)
