"""Owns where an execution stands: its ARN, the stream that it is, the token of a task within it."""

from base64 import b64decode
from binascii import Error as Base64Error
from typing import Final, NamedTuple

from frontdesk.ports.executions import ExecutionError

NOT_KEPT: Final = "nothing is kept of an express execution but its log: `log` of the machine"
"""The hint for whoever asks for one."""

_PARTS: Final = 8
"""Of an ARN: `arn:PARTITION:states:REGION:ACCOUNT:execution:MACHINE:NAME`."""


class Place(NamedTuple):
    """A stream of the journal."""

    kind: str
    name: str


class Token(NamedTuple):
    """What the token of a task tells. key, attempt: of the task."""

    place: Place
    key: str
    attempt: int


def place_of(arn: str) -> Place:
    """Find the stream of an execution. Raises: ExecutionError, InvalidArn."""
    parts = arn.split(":")
    if parts[0] != "arn" or len(parts) < _PARTS or parts[2] != "states":
        raise ExecutionError("InvalidArn", f"Invalid Arn: 'Invalid ARN prefix: {arn}'")
    if parts[5] != "execution":
        told = f"Resource type not valid in this context: {parts[5]}"
        hint = NOT_KEPT if parts[5] == "express" else ""
        raise ExecutionError("InvalidArn", f"Invalid Arn: '{told}'", hint=hint)
    if len(parts) != _PARTS or not parts[6] or not parts[7]:
        raise ExecutionError("InvalidArn", f"Invalid Arn: '{arn}'")
    machine, _, label = parts[6].partition("/")
    if label:
        return Place(f"execution/{machine}/{label}/{parts[7].partition('.')[0]}", parts[7])
    return Place(f"execution/{machine}", parts[7])


def kind_of_map_run(arn: str) -> str:
    """Return the kind of the streams of a map run. Raises: ExecutionError, InvalidArn."""
    parts = arn.split(":")
    machine, _, label = parts[6].partition("/") if len(parts) == _PARTS else ("", "", "")
    if not label or parts[5] != "mapRun":
        raise ExecutionError("InvalidArn", f"Invalid Arn: '{arn}'")
    return f"execution/{machine}/{label}/{parts[7]}"


def is_child(kind: str) -> bool:
    """Tell whether streams of a kind belong to a map run."""
    return kind.count("/") > 1


def read_token(token: str) -> Token:
    """Read the token of a task. Raises: ExecutionError, InvalidToken."""
    try:
        text = b64decode(token.encode(), altchars=b"-_", validate=True).decode()
        key, attempt, _ = text.rsplit(":", 2)
        place = place_of(":".join(key.split(":")[:_PARTS]))
        return Token(place, key, int(attempt))
    except (Base64Error, ValueError, ExecutionError):
        raise invalid_token() from None


def invalid_token() -> ExecutionError:
    """Make the error for a token that is none."""
    return ExecutionError("InvalidToken", "Invalid Token: 'Invalid token'")
