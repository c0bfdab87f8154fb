"""Owns the event that a function gets with messages of a queue, its answer, and the digests of messages.

Source: AWS, "Using Lambda with Amazon SQS" and "Calculating the MD5 message digest for message attributes".
"""

import hashlib
from base64 import b64decode
from collections.abc import Iterable, Mapping
from typing import Any, Final, NamedTuple

import orjson

_STRING: Final = b"\x01"
_BINARY: Final = b"\x02"

SENDER: Final = "AIDAIENQZJOLO23YVJ4VO"
"""Whoever sends, here, in the form of AWS's ids."""


class Attributes(NamedTuple):
    """What belongs to a message beside its body.

    message: by name, each {DataType, StringValue} or {DataType, BinaryValue} (base64). trace: X-Ray's header.
    """

    message: Mapping[str, Mapping[str, str]] = {}
    trace: str = ""

    @classmethod
    def read(cls, written: bytes) -> "Attributes":
        """Read what `written` has written."""
        return cls(**orjson.loads(written)) if written else NO_ATTRIBUTES

    def written(self) -> bytes:
        """Write it for a store; nothing where there is nothing."""
        return orjson.dumps(self._asdict()) if self.message or self.trace else b""


NO_ATTRIBUTES: Final = Attributes()


def digest(body: bytes) -> str:
    """Return the MD5 of a body, in hexadecimal."""
    return hashlib.md5(body, usedforsecurity=False).hexdigest()


def digest_of_attributes(attributes: Mapping[str, Mapping[str, str]]) -> str:
    """Return the MD5 of a message's attributes, in hexadecimal; "" where there are none."""
    if not attributes:
        return ""
    found = hashlib.md5(usedforsecurity=False)
    for name in sorted(attributes):
        attribute = attributes[name]
        binary = attribute.get("BinaryValue")
        value = attribute["StringValue"].encode() if binary is None else b64decode(binary)
        parts = (name.encode(), attribute["DataType"].encode())
        found.update(b"".join(map(_counted, parts)))
        found.update((_STRING if binary is None else _BINARY) + _counted(value))
    return found.hexdigest()


def _counted(part: bytes) -> bytes:
    return len(part).to_bytes(4, "big") + part


class Delivered(NamedTuple):
    """A message that a function is called with. Times in seconds since 1970. number: of a FIFO queue, else 0."""

    id: str
    handle: str
    body: str
    attributes: Attributes
    sent: float
    receives: int
    first: float
    group: str
    deduplication: str
    source: str
    number: int


def system_attributes(message: Delivered) -> dict[str, str]:
    """List what a queue tells of a message. source: an ARN."""
    found = {
        "ApproximateReceiveCount": str(message.receives),
        "SentTimestamp": str(int(message.sent * 1000)),
        "SenderId": SENDER,
        "ApproximateFirstReceiveTimestamp": str(int(message.first * 1000)),
        "MessageGroupId": message.group,
        "MessageDeduplicationId": message.deduplication,
        "SequenceNumber": sequence_number(message.number) if message.number else "",
        "AWSTraceHeader": message.attributes.trace,
        "DeadLetterQueueSourceArn": message.source,
    }
    return {name: value for name, value in found.items() if value}


def sequence_number(number: int) -> str:
    """Write the number of a message of a FIFO queue: 20 digits."""
    return f"{number:020}"


def record(message: Delivered, *, arn: str, region: str) -> dict[str, Any]:
    """Make the record of a message, as a function gets it."""
    of_message = message.attributes.message
    digests = {"md5OfMessageAttributes": digest_of_attributes(of_message)} if of_message else {}
    return {
        "messageId": message.id,
        "receiptHandle": message.handle,
        "body": message.body,
        "attributes": system_attributes(message),
        "messageAttributes": {name: _attribute(value) for name, value in of_message.items()},
        **digests,
        "md5OfBody": digest(message.body.encode()),
        "eventSource": "aws:sqs",
        "eventSourceARN": arn,
        "awsRegion": region,
    }


def _attribute(value: Mapping[str, str]) -> dict[str, Any]:
    kind = "binaryValue" if "BinaryValue" in value else "stringValue"
    return {
        kind: value.get("BinaryValue", value.get("StringValue")),
        "stringListValues": [],
        "binaryListValues": [],
        "dataType": value["DataType"],
    }


def filtered(message: Mapping[str, Any]) -> dict[str, Any]:
    """Return what filters look at: a record whose body is read as JSON where it is JSON."""
    try:
        body = orjson.loads(message["body"])
    except ValueError:
        return dict(message)
    # A text that happens to be a number or a word of JSON is a text all the same.
    return {**message, "body": body} if isinstance(body, dict) else dict(message)


def failed(payload: bytes, ids: Iterable[str]) -> set[str]:
    """Return the ids of messages that a function has not done, by what it returned; all where it is unclear."""
    everything = set(ids)
    try:
        answer = orjson.loads(payload or b"null")
    except ValueError:
        return everything
    failures = answer.get("batchItemFailures") if isinstance(answer, dict) else None
    if failures is None:
        return set()
    if not isinstance(failures, list):
        return everything
    named: list[Any] = [
        each.get("itemIdentifier") if isinstance(each, dict) else None for each in failures
    ]
    return set(named) if everything.issuperset(named) else everything
