"""Owns what a message may be that is published, by AWS's rules and in AWS's members.

Source: AWS, SNS API reference, Publish; "Amazon SNS message attributes".
"""

import hashlib
import re
from base64 import b64decode
from collections.abc import Callable, Mapping
from typing import Any, Final

import orjson

from frontdesk.durable.publishing.refusals import PublishError, invalid
from frontdesk.durable.publishing.subscriptions import Topic
from frontdesk.rules.events.sns import Notification

LARGEST: Final = 256 * 1024
"""Bytes of a message at most, with its attributes. Source: AWS, "Amazon SNS quotas"."""

_ID: Final = re.compile(r"[!-~]{1,128}", re.ASCII)
_SUBJECT: Final = re.compile(r"(?![ ])[^\x00-\x1f]{1,100}")
_ATTRIBUTE: Final = re.compile(r"[A-Za-z0-9_.-]{1,256}", re.ASCII)
_NUMBER: Final = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d{1,3})?", re.ASCII)
_KIND: Final = re.compile(r"(String|Number|Binary)(\.[\x20-\x7e]+)?", re.ASCII)

Members = Mapping[str, Any]
Attributes = dict[str, dict[str, str]]


def notification(
    topic: Topic,
    members: Members,
    *,
    arn: str,
    id_: str,
    time: float,
    number: int = 0,
    trace: str = "",
) -> Notification:
    """Read a message that is to be published. arn: of the topic. Else see `Notification`. Raises: PublishError."""
    text = _text(members, "Message")
    if not text:
        raise invalid("Empty message")
    attributes = read_attributes(members.get("MessageAttributes") or {})
    if len(text.encode()) + _size(attributes) > LARGEST:
        raise invalid("Message too long")
    subject = _text(members, "Subject")
    if "Subject" in members and _SUBJECT.fullmatch(subject) is None:
        raise invalid("Subject")
    group, same = _ids(topic, members, text)
    return Notification(
        id=id_,
        topic=arn,
        texts=_texts(text, _text(members, "MessageStructure")),
        time=time,
        subject=subject,
        attributes=attributes,
        group=group,
        same=same,
        number=number,
        trace=trace,
    )


def read_attributes(given: Any) -> Attributes:
    """Return the attributes of a message, by name. Raises: PublishError."""
    if not isinstance(given, dict):
        raise invalid("MessageAttributes")
    return {name: _attribute(name, value) for name, value in given.items()}


def _text(members: Members, name: str) -> str:
    value = members.get(name, "")
    if not isinstance(value, str):
        raise invalid(name)
    return value


def _texts(text: str, structure: str) -> Mapping[str, str]:
    if structure not in ("", "json"):
        raise invalid("Message Structure")
    if not structure:
        return {"default": text}
    try:
        found = orjson.loads(text)
    except ValueError:
        found = None
    if not isinstance(found, dict):
        raise invalid("Message Structure - JSON message body failed to parse")
    texts = {name: value for name, value in found.items() if isinstance(value, str)}
    if "default" not in texts:
        raise invalid("Message Structure - No default entry in JSON message body")
    return texts


def _ids(topic: Topic, members: Members, text: str) -> tuple[str, str]:
    """Return the group of a message, and what FIFO queues know it by."""
    group, same = _text(members, "MessageGroupId"), _text(members, "MessageDeduplicationId")
    for name, value in (("MessageGroupId", group), ("MessageDeduplicationId", same)):
        if value and _ID.fullmatch(value) is None:
            raise invalid(
                f"{name} Reason: {name} can only include alphanumeric and punctuation characters. "
                "1 to 128 in length"
            )
    if not topic.fifo:
        if same:
            raise invalid(
                "The request includes MessageDeduplicationId parameter that is not valid for this topic type"
            )
        return group, same
    if not group:
        raise invalid("The MessageGroupId parameter is required for FIFO topics")
    if not same and not topic.content_based:
        raise invalid(
            "The topic should either have ContentBasedDeduplication enabled or "
            "MessageDeduplicationId provided explicitly"
        )
    # Differs: [fifo-topics] AWS knows messages again at the topic; here each of its queues does.
    return group, same or hashlib.sha256(text.encode()).hexdigest()


def _size(attributes: Attributes) -> int:
    return sum(
        len(name.encode()) + sum(len(part.encode()) for part in attribute.values())
        for name, attribute in attributes.items()
    )


def _attribute(name: str, value: Any) -> dict[str, str]:
    if _ATTRIBUTE.fullmatch(name) is None or name.startswith(".") or name.endswith("."):
        raise _not_valid(f"The message attribute name '{name}' is invalid.")
    given = value if isinstance(value, dict) else {}
    kind = given.get("DataType") or ""
    if not isinstance(kind, str) or not kind:
        raise _not_valid(
            f"The message attribute '{name}' must contain non-empty message attribute type."
        )
    if _KIND.fullmatch(kind) is None:
        raise _not_valid(
            f"The message attribute '{name}' has an invalid message attribute type, the set of "
            "supported type prefixes is Binary, Number, and String."
        )
    member = "BinaryValue" if kind.startswith("Binary") else "StringValue"
    text = given.get(member)
    if not isinstance(text, str) or not text:
        raise _not_valid(
            f"The message attribute '{name}' must contain non-empty message attribute value for "
            f"message attribute type '{kind}'."
        )
    if not _CASTS[kind.partition(".")[0]](text):
        raise _not_valid(f"Could not cast message attribute '{name}' value to {kind.lower()}.")
    if kind == "String.Array" and not _is_array(text):
        raise _not_valid(f"The message attribute '{name}' must contain a JSON array of values.")
    return {"DataType": kind, member: text}


def _is_number(text: str) -> bool:
    return _NUMBER.fullmatch(text) is not None


def _is_base64(text: str) -> bool:
    try:
        b64decode(text, validate=True)
    except ValueError:
        return False
    return True


_CASTS: Final[dict[str, Callable[[str], bool]]] = {
    "String": bool,
    "Number": _is_number,
    "Binary": _is_base64,
}


def _is_array(text: str) -> bool:
    try:
        return isinstance(orjson.loads(text), list)
    except ValueError:
        return False


def _not_valid(message: str) -> PublishError:
    return PublishError("ParameterValueInvalid", message)
