"""Opens stores of outgoing webhooks of each kind, and opens them anew as after a crash."""

from frontdesk.stores.memory.deliveries import MemoryDeliveries
from frontdesk.stores.postgres.deliveries import PostgresDeliveries
from frontdesk.stores.sqlite.deliveries import SqliteDeliveries
from tests.live.stores import adapters_of

ADAPTERS = adapters_of(MemoryDeliveries, SqliteDeliveries, PostgresDeliveries)
