"""Owns how changes of records are told: `{"Records": […]}`, as a function gets them of a stream, in plain JSON."""

import hashlib
import json
from typing import Any, Final, NamedTuple

SOURCE: Final = "frontdesk:records"

LARGEST: Final = 512 * 1024
"""Characters that a change may have; a larger one goes without its images."""


class Told(NamedTuple):
    """A change that is to be told. origin: what is the same whenever it is told. before, after: documents.

    after: of a status, its notice. made: seconds since 1970.
    """

    origin: str
    module: str
    pk: str
    sk: str
    version: int
    before: str | None
    after: str
    made: float
    is_status: bool = False


def change_id(told: Told) -> str:
    """Return the id of a change, in the form of a UUID: the same whenever it is told."""
    digest = hashlib.sha256(told.origin.encode()).hexdigest()
    return "-".join(
        (digest[:8], digest[8:12], f"8{digest[13:16]}", f"8{digest[17:20]}", digest[20:32])
    )


def record_text(told: Told) -> str:
    """Return the member of `Records` that a change is, as JSON."""
    text = json.dumps(_record(told), separators=(",", ":"))
    if len(text) > LARGEST:
        without = {**_record(told), "newImage": None, "oldImage": None}
        return json.dumps(without, separators=(",", ":"))
    return text


def _record(told: Told) -> dict[str, Any]:
    after = json.loads(told.after)
    before = None if told.before is None else json.loads(told.before)
    record = {
        "eventID": change_id(told),
        "eventName": "STATUS" if told.is_status else _name(before, after),
        "eventSource": SOURCE,
        "module": told.module,
        "key": {"pk": told.pk, "sk": told.sk},
        "version": told.version,
        "approximateCreationDateTime": told.made,
    }
    # Differs: [record-images] Streams of DynamoDB write images with types, as {"S": "text"}.
    if told.is_status:
        return {**record, "notice": after}
    key = {"pk": told.pk, "sk": told.sk}
    new = {**key, "version": told.version, **after}
    old = None if before is None else {**key, "version": told.version - 1, **before}
    return {**record, "newImage": new, "oldImage": old}


def _name(before: dict[str, Any] | None, after: dict[str, Any]) -> str:
    """Choose INSERT, MODIFY or REMOVE: what is deleted is there, and says so."""
    was_there = before is not None and not before.get("isDeleted")
    if after.get("isDeleted"):
        return "REMOVE" if was_there else "MODIFY"
    return "MODIFY" if was_there else "INSERT"
