"""Owns what subscribers of a topic get: SNS's envelope, a function's record, what filters look at. Pure.

Source: AWS, "Amazon SNS message and JSON formats", "Using Lambda with Amazon SNS", "Amazon SNS message filtering".
"""

from base64 import b64decode
from collections.abc import Mapping
from typing import Any, Literal, NamedTuple

import orjson

from frontdesk.rules.events.times import iso_milliseconds

FilterOn = Literal["attributes", "body"]


class Notification(NamedTuple):
    """One message of a topic.

    topic: its ARN. texts: by protocol (`sqs`, `lambda`), and under `default` for the others. subject: ""
    for none. time: seconds since 1970. attributes: by name, each {DataType, StringValue} or {DataType,
    BinaryValue} (base64). group, same: of a message of a FIFO topic; number: its place there, else 0.
    """

    id: str
    topic: str
    texts: Mapping[str, str]
    time: float
    subject: str = ""
    attributes: Mapping[str, Mapping[str, str]] = {}
    group: str = ""
    same: str = ""
    number: int = 0
    trace: str = ""

    def text(self, protocol: str) -> str:
        """Return what a subscriber of this protocol gets."""
        return self.texts.get(protocol, self.texts["default"])


def sequence_number(number: int) -> str:
    """Write the place of a message in a FIFO topic: 20 digits."""
    return f"{number:020}"


def envelope(message: Notification) -> bytes:
    """Make the body that a queue gets."""
    # Differs: [sns-signature] AWS signs what it delivers, and hands out addresses to unsubscribe.
    document: dict[str, Any] = {
        "Type": "Notification",
        "MessageId": message.id,
        "TopicArn": message.topic,
        "Subject": message.subject,
        "Message": message.text("sqs"),
        "Timestamp": iso_milliseconds(message.time),
        "SignatureVersion": "1",
        "Signature": "",
        "SigningCertURL": "",
        "UnsubscribeURL": "",
        "MessageAttributes": _attributes(message),
        "SequenceNumber": sequence_number(message.number),
    }
    unused = {
        "Subject": not message.subject,
        "MessageAttributes": not message.attributes,
        "SequenceNumber": not message.number,
    }
    return orjson.dumps({name: document[name] for name in document if not unused.get(name)})


def function_event(message: Notification, subscription: str) -> bytes:
    """Make the event that a function gets. subscription: its ARN."""
    return orjson.dumps(
        {
            "Records": [
                {
                    "EventSource": "aws:sns",
                    "EventVersion": "1.0",
                    "EventSubscriptionArn": subscription,
                    "Sns": {
                        "Type": "Notification",
                        "MessageId": message.id,
                        "TopicArn": message.topic,
                        "Subject": message.subject or None,
                        "Message": message.text("lambda"),
                        "Timestamp": iso_milliseconds(message.time),
                        "SignatureVersion": "1",
                        "Signature": "",
                        "SigningCertUrl": "",
                        "UnsubscribeUrl": "",
                        "MessageAttributes": _attributes(message),
                    },
                }
            ]
        }
    )


def filtered(message: Notification, protocol: str, on: FilterOn) -> Any:
    """Return what the filter of a subscription looks at."""
    if on == "attributes":
        return {name: _value(attribute) for name, attribute in message.attributes.items()}
    try:
        return orjson.loads(message.text(protocol))
    except ValueError:
        return None


def _attributes(message: Notification) -> dict[str, Any]:
    return {
        name: {
            "Type": attribute["DataType"],
            "Value": attribute.get("BinaryValue", attribute.get("StringValue")),
        }
        for name, attribute in message.attributes.items()
    }


def _value(attribute: Mapping[str, str]) -> Any:
    kind, text = attribute["DataType"], attribute.get("StringValue", "")
    if kind == "String.Array":
        return orjson.loads(text)
    if kind.startswith("Number"):
        return float(text)
    if kind.startswith("Binary"):
        return b64decode(attribute["BinaryValue"]).decode("utf-8", "replace")
    return text
