"""Owns the errors of the SQS API: their names in both protocols, and AWS's words.

Source: AWS, SQS API reference, "Common errors"; Smithy, "awsQueryCompatible trait".
"""

from typing import Any, Final

from frontdesk.aws.wire import ApiError

_OWN: Final = "com.amazonaws.sqs#"
_COMMON: Final = "com.amazon.coral.service#"
_QUERY: Final = "AWS.SimpleQueueService."

_NAMES: Final = {
    "BatchEntryIdsNotDistinct": (_OWN, f"{_QUERY}BatchEntryIdsNotDistinct"),
    "BatchRequestTooLong": (_OWN, f"{_QUERY}BatchRequestTooLong"),
    "EmptyBatchRequest": (_OWN, f"{_QUERY}EmptyBatchRequest"),
    "InvalidBatchEntryId": (_OWN, f"{_QUERY}InvalidBatchEntryId"),
    "MessageNotInflight": (_OWN, f"{_QUERY}MessageNotInflight"),
    "PurgeQueueInProgress": (_OWN, f"{_QUERY}PurgeQueueInProgress"),
    "QueueDoesNotExist": (_OWN, f"{_QUERY}NonExistentQueue"),
    "QueueNameExists": (_OWN, "QueueAlreadyExists"),
    "TooManyEntriesInBatchRequest": (_OWN, f"{_QUERY}TooManyEntriesInBatchRequest"),
    "UnsupportedOperation": (_OWN, f"{_QUERY}UnsupportedOperation"),
    "InvalidParameterValueException": (_COMMON, "InvalidParameterValue"),
    "MissingRequiredParameterException": (_COMMON, "MissingParameter"),
}
"""Where an error is defined, and its name in the query protocol; without an entry both names are one."""


def names(code: str) -> tuple[str, str]:
    """Return the name of an error with its namespace, and its name in the query protocol."""
    namespace, query = _NAMES.get(code, (_OWN, code))
    return f"{namespace}{code}", query


def refusal(code: str, message: str) -> ApiError:
    """Make an error that is the caller's."""
    return ApiError(400, code, message)


def invalid(message: str) -> ApiError:
    """Make the error of a value that will not do."""
    return refusal("InvalidParameterValueException", message)


def out_of_range(name: str, value: Any, reason: str) -> ApiError:
    """Make the error of a number that will not do."""
    return invalid(f"Value {value} for parameter {name} is invalid. Reason: {reason}")


def missing(name: str) -> ApiError:
    """Make the error of a member that is not there."""
    return refusal(
        "MissingRequiredParameterException", f"The request must contain the parameter {name}."
    )


def no_queue() -> ApiError:
    """Make the error of a queue that is not there."""
    return refusal("QueueDoesNotExist", "The specified queue does not exist.")
