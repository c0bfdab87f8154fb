"""Owns the settings of a state machine on the wire: logging, tracing, encryption, tags.

Source: AWS, Step Functions, API reference, LoggingConfiguration and its neighbours; recorded answers.
"""

from collections.abc import Iterable, Mapping
from typing import Any, Final

from frontdesk.durable.machine_entries import LOGGING_OFF
from frontdesk.ports.executions import ExecutionError

ENCRYPTION: Final = {"type": "AWS_OWNED_KEY"}
"""What every answer says: there is no KMS here."""

_OFF: Final = "OFF"


def read_logging(members: Mapping[str, Any]) -> Mapping[str, Any] | None:
    """Return the logging configuration of a request, whole; None where there is none.

    Raises: ExecutionError.
    """
    told = members.get("loggingConfiguration")
    if told is None:
        return None
    given = {**LOGGING_OFF, **{name: value for name, value in told.items() if value is not None}}
    destinations = given.get("destinations", [])
    if len(destinations) > 1 or (given["level"] != _OFF and not destinations):
        raise ExecutionError(
            "InvalidLoggingConfiguration",
            "Invalid Logging Configuration: Must specify exactly one Log Destination.",
        )
    return given


def read_tracing(members: Mapping[str, Any]) -> bool | None:
    """Return whether a request wants traces; None where it does not say."""
    told = members.get("tracingConfiguration")
    return None if told is None else bool(told.get("enabled"))


def check_encryption(members: Mapping[str, Any]) -> None:
    """Raises: ExecutionError, for a key that is not here."""
    told = members.get("encryptionConfiguration", ENCRYPTION)
    # Differs: [states-kms] no key but the one of whoever runs the store
    if told["type"] != ENCRYPTION["type"]:
        raise ExecutionError(
            "InvalidEncryptionConfiguration",
            "Invalid Encryption Configuration: 'There is no KMS here: use AWS_OWNED_KEY.'",
        )


def read_tags(told: Iterable[Mapping[str, Any]]) -> dict[str, str]:
    """Return the tags of a request by key."""
    return {tag.get("key") or "": tag.get("value") or "" for tag in told}


def write_tags(tags: Mapping[str, str]) -> dict[str, Any]:
    """Answer with tags."""
    return {"tags": [{"key": key, "value": value} for key, value in tags.items()]}
