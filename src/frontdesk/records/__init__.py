"""A record of results for any Python program: versioned records with tenants, history, handlers and sequences.

    async with records.open("sqlite:///var/lib/shop/records.db") as opened:
        orders = opened.commands("orders")
        await orders.publish_async({"pk": "ORDER#acme", "sk": "1", "attributes": {"sum": 5}}, opts)

Needs no gateway and no configuration; a store is loaded when it is opened.
"""

from frontdesk.ports.records import URL
from frontdesk.records.commands import CommandService
from frontdesk.records.handlers import Handler
from frontdesk.records.opening import Records, open_records
from frontdesk.records.options import Options
from frontdesk.records.reading import DataService, HistoryService, Page, Repository
from frontdesk.records.sequences import SequencesService
from frontdesk.records.synchronous import (
    SyncCommandService,
    SyncDataService,
    SyncHistoryService,
    SyncRecords,
    SyncSequencesService,
    open_sync,
)
from frontdesk.rules.records.keys import (
    DEFAULT_TENANT,
    VERSION_FIRST,
    VERSION_LATEST,
    Key,
    make_key,
    tenant_of,
)
from frontdesk.rules.records.record import CommandInput, Record
from frontdesk.rules.records.refusals import (
    ConflictRecordError,
    ForbiddenRecordError,
    InvalidRecordError,
    RecordError,
)
from frontdesk.rules.records.sequences import SequenceItem
from frontdesk.rules.records.users import UserContext, get_user_context

open = open_records  # noqa: A001 - records.open reads as it should
getUserContext = get_user_context  # noqa: N816 - as the framework of the guide has it

__all__ = [
    "DEFAULT_TENANT",
    "URL",
    "VERSION_FIRST",
    "VERSION_LATEST",
    "CommandInput",
    "CommandService",
    "ConflictRecordError",
    "DataService",
    "ForbiddenRecordError",
    "Handler",
    "HistoryService",
    "InvalidRecordError",
    "Key",
    "Options",
    "Page",
    "Record",
    "RecordError",
    "Records",
    "Repository",
    "SequenceItem",
    "SequencesService",
    "SyncCommandService",
    "SyncDataService",
    "SyncHistoryService",
    "SyncRecords",
    "SyncSequencesService",
    "UserContext",
    "getUserContext",
    "get_user_context",
    "make_key",
    "open",
    "open_sync",
    "tenant_of",
]
