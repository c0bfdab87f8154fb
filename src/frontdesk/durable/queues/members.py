"""Owns the reading of single members of what is asked of a queue."""

from collections.abc import Mapping
from typing import Any

from frontdesk.durable.queues.refusals import invalid, missing, out_of_range


def text_of(members: Mapping[str, Any], name: str, default: str | None = None) -> str:
    """Return a text among members. Raises: QueueError."""
    value = members.get(name)
    if value is None:
        if default is None:
            raise missing(name)
        return default
    if not isinstance(value, str):
        raise invalid(f"Value for parameter {name} is invalid. Reason: Must be a text.")
    return value


def number_of(
    members: Mapping[str, Any], name: str, bounds: tuple[int, int], reason: str
) -> int | None:
    """Return a whole number among members; None where there is none. Raises: QueueError, with the reason."""
    value = members.get(name)
    least, most = bounds
    if value is not None and (type(value) is not int or not least <= value <= most):
        raise out_of_range(name, value, reason)
    return value
