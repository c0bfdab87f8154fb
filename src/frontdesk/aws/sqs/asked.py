"""Owns what one request to the SQS API asks for: its queue, its members, its batch."""

import re
from collections.abc import Mapping, Sequence
from typing import Any, Final, NamedTuple

from frontdesk.durable.queues.definition import Definition
from frontdesk.durable.queues.members import number_of, text_of
from frontdesk.durable.queues.queues import Queues
from frontdesk.durable.queues.refusals import QueueError, missing, no_queue

MOST: Final = 10
"""Messages of one request."""

_ENTRY: Final = re.compile(r"[A-Za-z0-9_-]{1,80}", re.ASCII)


class Asked(NamedTuple):
    """One request. members: those that are not null. base: URL of whoever was asked, without a path."""

    members: Mapping[str, Any]
    base: str

    def text(self, name: str, default: str | None = None) -> str:
        """Return a text. default: None: it must be there. Raises: QueueError."""
        return text_of(self.members, name, default)

    def number(self, name: str, least: int, most: int) -> int | None:
        """Return a whole number within bounds; None where there is none. Raises: QueueError."""
        reason = f"Must be >= {least} and <= {most}, if provided."
        return number_of(self.members, name, (least, most), reason)

    def queue(self, queues: Queues) -> Definition:
        """Return the queue that is asked for. Raises: QueueError."""
        queue = queues.find(self.text("QueueUrl"))
        if queue is None:
            raise no_queue()
        return queue

    def entries(self) -> Sequence[Mapping[str, Any]]:
        """Return the entries of a batch, whose ids are good. Raises: QueueError."""
        entries = self.members.get("Entries")
        if not isinstance(entries, list) or not all(isinstance(each, dict) for each in entries):
            raise missing("Entries")
        if not entries:
            raise QueueError(
                "EmptyBatchRequest", "There should be at least one entry in the request."
            )
        if len(entries) > MOST:
            raise QueueError(
                "TooManyEntriesInBatchRequest",
                f"Maximum number of entries per request are {MOST}. You have sent {len(entries)}.",
            )
        ids = [text_of(entry, "Id") for entry in entries]
        if not all(map(_ENTRY.fullmatch, ids)):
            raise QueueError(
                "InvalidBatchEntryId",
                "A batch entry id can only contain alphanumeric characters, hyphens and underscores. "
                "It can be at most 80 letters long.",
            )
        if twice := next((id_ for id_ in ids if ids.count(id_) > 1), None):
            raise QueueError("BatchEntryIdsNotDistinct", f"Id {twice} repeated.")
        return entries
