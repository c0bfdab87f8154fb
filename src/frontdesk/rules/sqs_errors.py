"""Owns the names of the SQS API's errors, in both of its protocols.

Source: AWS, SQS API reference, "Common errors"; Smithy, "awsQueryCompatible trait".
"""

from typing import Final

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
