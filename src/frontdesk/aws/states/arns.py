"""Owns what the ARNs of a request may name. Account and region count for nothing: see `rules.asl.arns`."""

from typing import Final

from frontdesk.durable.machines import not_found
from frontdesk.ports.executions import ExecutionError
from frontdesk.rules.asl.arns import MachineName, read_machine

_TYPES: Final = frozenset(("stateMachine", "execution", "express", "activity", "mapRun"))


def check_arn(text: str, *types: str) -> None:
    """Raises: ExecutionError, InvalidArn, for what is no ARN, or one of another type of resource."""
    if not text.startswith("arn:"):
        raise _invalid(f"Invalid ARN prefix: {text}")
    found = next((part for part in text.split(":") if part in _TYPES), "")
    if found not in types:
        raise _invalid(f"Resource type not valid in this context: {found}")


def machine_of(text: str) -> MachineName:
    """Read the ARN of a state machine, or of a version or alias. Raises: ExecutionError."""
    check_arn(text, "stateMachine")
    named = read_machine(text)
    if named is None:
        raise not_found(text)
    return named


def _invalid(why: str) -> ExecutionError:
    return ExecutionError("InvalidArn", f"Invalid Arn: '{why}'")
