"""Owns the attributes of messages: what they may be, and which of them somebody asks for.

Source: AWS, "Amazon SQS message metadata".
"""

import re
from base64 import b64decode
from collections.abc import Mapping, Sequence
from typing import Any, Final

from frontdesk.durable.queues.refusals import invalid
from frontdesk.rules.events.sqs import Attributes

_MOST: Final = 10
_NAME: Final = re.compile(r"(?!(?i:aws\.|amazon\.))[A-Za-z0-9_-]+(\.[A-Za-z0-9_-]+)*", re.ASCII)
_TYPE: Final = re.compile(r"(String|Number|Binary)(\.[\x20-\x7e]+)?", re.ASCII)
_LONGEST: Final = 256
_TRACE: Final = "AWSTraceHeader"

Named = Mapping[str, Mapping[str, str]]


def read_attributes(members: Mapping[str, Any]) -> Attributes:
    """Return the attributes of a message that is sent. Raises: QueueError."""
    of_message = _mapping(members, "MessageAttributes")
    if len(of_message) > _MOST:
        raise invalid(
            f"Number of message attributes [{len(of_message)}] exceeds the allowed maximum [{_MOST}]."
        )
    found = {name: _attribute(name, value) for name, value in of_message.items()}
    of_system = _mapping(members, "MessageSystemAttributes")
    if of_system.keys() - {_TRACE}:
        raise invalid(
            "Value for parameter MessageSystemAttributes is invalid. Reason: Unknown name."
        )
    trace = _attribute(_TRACE, of_system[_TRACE])["StringValue"] if of_system else ""
    return Attributes(found, trace)


def size(attributes: Attributes) -> int:
    """Count the bytes of names, types and values."""
    return sum(
        len(name.encode()) + sum(len(each.encode()) for each in value.values())
        for name, value in attributes.message.items()
    )


def chosen(attributes: Named, names: Sequence[str]) -> dict[str, Mapping[str, str]]:
    """Return those that are asked for by name, by `prefix.*`, or by `All` or `.*`."""
    if {"All", ".*"} & {*names}:
        return dict(attributes)
    prefixes = tuple(name[:-1] for name in names if name.endswith(".*"))
    return {
        name: value
        for name, value in attributes.items()
        if name in names or name.startswith(prefixes)
    }


def _mapping(members: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    value = members.get(name) or {}
    if not isinstance(value, dict):
        raise invalid(f"Value for parameter {name} is invalid. Reason: Must be a map.")
    return value


def _attribute(name: str, value: Any) -> dict[str, str]:
    if _NAME.fullmatch(name) is None or len(name) > _LONGEST:
        raise invalid(
            f"Message (user) attribute name '{name}' is invalid. It can contain letters, digits, "
            "periods, hyphens and underscores, and begins with neither AWS. nor Amazon."
        )
    given = value if isinstance(value, dict) else {}
    kind = given.get("DataType")
    if not isinstance(kind, str) or _TYPE.fullmatch(kind) is None or len(kind) > _LONGEST:
        raise invalid(
            f"The message attribute '{name}' has an invalid message attribute type, the set of "
            "supported type prefixes is Binary, Number, and String."
        )
    member = "BinaryValue" if kind.startswith("Binary") else "StringValue"
    text = given.get(member)
    if not isinstance(text, str) or not text or not _fits(kind, text):
        raise invalid(
            f"The message attribute '{name}' must contain a non-empty {kind} value in {member}."
        )
    return {"DataType": kind, member: text}


def _fits(kind: str, text: str) -> bool:
    try:
        if kind.startswith("Binary"):
            b64decode(text, validate=True)
        if kind.startswith("Number"):
            float(text)
    except ValueError:
        return False
    return True
