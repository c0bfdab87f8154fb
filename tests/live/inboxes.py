"""Opens an inbox of each kind with its queues and its journal, and opens them anew as after a crash."""

from frontdesk.stores.memory.inbox import MemoryInbox
from frontdesk.stores.memory.journal import MemoryJournal
from frontdesk.stores.memory.queue import MemoryQueues
from frontdesk.stores.postgres.inbox import PostgresInbox
from frontdesk.stores.postgres.journal import PostgresJournal
from frontdesk.stores.postgres.queue import PostgresQueues
from frontdesk.stores.sqlite.inbox import SqliteInbox
from frontdesk.stores.sqlite.journal import SqliteJournal
from frontdesk.stores.sqlite.queue import SqliteQueues
from tests.live import stores


class Memory(stores.Memory):
    def __init__(self):
        self.queues, self.journal = MemoryQueues(), MemoryJournal()
        super().__init__(lambda: MemoryInbox(self.queues, self.journal))


class Sqlite(stores.Sqlite):
    def __init__(self, folder):
        super().__init__(SqliteInbox, folder)

    def _open(self, database):
        super()._open(database)
        self.queues, self.journal = SqliteQueues(database), SqliteJournal(database)


class Postgres(stores.Postgres):
    def __init__(self, database):
        super().__init__(PostgresInbox, database)

    def _open(self, database):
        super()._open(database)
        self.queues, self.journal = PostgresQueues(database), PostgresJournal(database)


ADAPTERS = stores.adapters(Memory, Sqlite, Postgres)
