"""Owns what the entries of PutEvents may be, by AWS's rules and in AWS's members, and what they are answered.

Source: AWS, EventBridge API reference, PutEvents; "Calculating PutEvents event entry size".
"""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any, Final

import orjson

from frontdesk.durable.publishing.buses import Buses, Taken
from frontdesk.durable.publishing.refusals import PublishError, not_valid
from frontdesk.durable.publishing.rules import DEFAULT
from frontdesk.rules.events.event_bus import event_of

MOST: Final = 10
"""Entries of one request."""

LARGEST: Final = 256 * 1024
"""Bytes of all entries of one request."""

_TIME: Final = 14
"""Bytes that a time counts for."""

_NEEDED: Final = ("Source", "DetailType", "Detail")

Entry = Mapping[str, Any]


async def put_events(
    buses: Buses, entries: Any, ids: Sequence[str], *, now: float, trace: str = ""
) -> dict[str, Any]:
    """Put events on their buses, and return PutEvents' answer once all their targets have them for good.

    ids: of the events, as many as there may be entries. now: seconds since 1970. Raises: PublishError;
    StoreError, and some targets may have theirs.
    """
    results: list[dict[str, str]] = []
    taken: list[Taken] = []
    for entry, id_ in zip(_checked(entries), ids, strict=False):
        try:
            event = _event(buses, entry, id_, now)
        except PublishError as error:
            results.append({"ErrorCode": error.code, "ErrorMessage": error.message})
            continue
        results.append({"EventId": id_})
        bus = buses.find(_text(entry, "EventBusName") or DEFAULT)
        # Differs: [unknown-bus] AWS takes events for a bus that is not there, and drops them.
        if bus is None:
            message = f"Event bus {entry['EventBusName']} does not exist."
            results[-1] = {"ErrorCode": "ResourceNotFoundException", "ErrorMessage": message}
        else:
            taken.append(Taken(bus.name, event, now, _text(entry, "TraceHeader") or trace))
    await buses.publish(taken)
    return {"FailedEntryCount": len(results) - len(taken), "Entries": results}


def _checked(entries: Any) -> Sequence[Entry]:
    if not isinstance(entries, list) or not all(isinstance(each, dict) for each in entries):
        raise not_valid("The request must contain the parameter Entries.")
    for right, bound in (
        (len(entries) <= MOST, f"less than or equal to {MOST}"),
        (len(entries) >= 1, "greater than or equal to 1"),
    ):
        if not right:
            raise not_valid(
                "1 validation error detected: Value at 'entries' failed to satisfy constraint: "
                f"Member must have length {bound}"
            )
    if sum(map(_size, entries)) > LARGEST:
        raise not_valid("Total size of the entries in the request is over the limit.")
    return entries


def _size(entry: Entry) -> int:
    texts = [entry.get(name) for name in _NEEDED]
    texts += entry.get("Resources") or []
    size = sum(len(text.encode()) for text in texts if isinstance(text, str))
    return size + (_TIME if "Time" in entry else 0)


def _event(buses: Buses, entry: Entry, id_: str, now: float) -> Mapping[str, Any]:
    """Raises: PublishError."""
    for name in _NEEDED:
        if not _text(entry, name):
            raise _refused(name, f"{name} is a required argument.")
    if entry["Source"].startswith("aws."):
        raise PublishError("NotAuthorizedForSourceException", "Not authorized for the source.")
    try:
        detail = orjson.loads(entry["Detail"])
    except ValueError:
        detail = None
    if not isinstance(detail, dict):
        raise PublishError("MalformedDetail", "Detail is malformed.")
    resources = entry.get("Resources") or []
    if not isinstance(resources, list) or not all(isinstance(each, str) for each in resources):
        raise _refused("Resources", "Must be a list of texts.")
    return event_of(entry, id_, detail, _time(entry.get("Time"), now), buses.place)


def _text(entry: Entry, name: str) -> str:
    value = entry.get(name)
    return value if isinstance(value, str) else ""


def _time(value: Any, now: float) -> float:
    """Read a time: seconds since 1970, or a text of ISO 8601."""
    try:
        if value is None:
            return now
        if isinstance(value, str):
            at = datetime.fromisoformat(value)
            return (at if at.tzinfo else at.replace(tzinfo=UTC)).timestamp()
        return datetime.fromtimestamp(value, UTC).timestamp()
    except (TypeError, ValueError, OverflowError, OSError):
        raise _refused("Time", "Must be a time.") from None


def _refused(name: str, reason: str) -> PublishError:
    return PublishError("InvalidArgument", f"Parameter {name} is not valid. Reason: {reason}")
