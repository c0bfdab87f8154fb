"""What the log is told while the store is away: once at its beginning, once at its end."""

import logging

from frontdesk.base.errors import StoreError
from frontdesk.durable.outage import Outage

LOG = logging.getLogger("tests.outage")


def test_an_outage_is_told_at_its_beginning_and_at_its_end(caplog):
    outage = Outage(LOG, "messages are not received", queue="calls")
    outage.over()
    for _ in range(3):
        outage.failed(StoreError("no answer", hint="look at the server"))
    outage.over()
    outage.over()
    outage.failed(StoreError("gone again"))
    assert [record.getMessage() for record in caplog.records] == [
        "messages are not received",
        "done again after: messages are not received",
        "messages are not received",
    ]
    assert [getattr(record, "error", "") for record in caplog.records] == [
        "no answer",
        "",
        "gone again",
    ]
    assert [hasattr(record, "hint") for record in caplog.records] == [True, False, False]
    assert caplog.records[0].hint == "look at the server"
    assert {record.queue for record in caplog.records} == {"calls"}
