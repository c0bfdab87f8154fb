"""Owns how queues refuse: in AWS's words, so that the SQS API and tasks of state machines need no others."""

from typing import Any

from frontdesk.base.errors import FrontdeskError


class QueueError(FrontdeskError):
    """What was asked of a queue cannot be done. code: AWS's name of the error, such as QueueDoesNotExist."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code


def invalid(message: str) -> QueueError:
    """Make the error of a value that will not do."""
    return QueueError("InvalidParameterValueException", message)


def out_of_range(name: str, value: Any, reason: str) -> QueueError:
    """Make the error of a number that will not do."""
    return invalid(f"Value {value} for parameter {name} is invalid. Reason: {reason}")


def missing(name: str) -> QueueError:
    """Make the error of a member that is not there."""
    return QueueError(
        "MissingRequiredParameterException", f"The request must contain the parameter {name}."
    )


def no_queue() -> QueueError:
    """Make the error of a queue that is not there."""
    return QueueError("QueueDoesNotExist", "The specified queue does not exist.")
