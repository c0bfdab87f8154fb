"""Owns what destinations and dead-letter queues are told of an invocation that is over.

Source: AWS, "Retaining records of asynchronous invocations"; recorded records.
"""

from typing import Any, Final, NamedTuple

import orjson

from frontdesk.rules.asynchronous.progress import Answer, Condition, Progress
from frontdesk.rules.events.times import iso_milliseconds

_LONGEST_MESSAGE: Final = 1024
_RAN: Final = 200
_REFUSED: Final = 429


class Ended(NamedTuple):
    """An invocation that is over. arn: of the function, with the qualifier. event: JSON text."""

    request_id: str
    arn: str
    event: bytes
    condition: Condition
    progress: Progress


def record(ended: Ended, now: float) -> bytes:
    """Write the record of an invocation. now: seconds since 1970. Without a run there is no response in it."""
    answer = ended.progress.answer
    told: dict[str, Any] = {
        "version": "1.0",
        "timestamp": iso_milliseconds(now),
        "requestContext": {
            "requestId": ended.request_id,
            "functionArn": ended.arn,
            "condition": ended.condition,
            "approximateInvokeCount": ended.progress.runs,
        },
        "requestPayload": orjson.Fragment(ended.event),
    }
    if answer is not None:
        told["responseContext"] = {
            "statusCode": _RAN,
            "executedVersion": answer.version,
            **({"functionError": "Unhandled"} if answer.failed else {}),
        }
        told["responsePayload"] = _payload(answer)
    return orjson.dumps(told)


def dead_letter_attributes(ended: Ended) -> dict[str, dict[str, str]]:
    """Return the message attributes of an event in a dead-letter queue, as SQS has them."""
    answer = ended.progress.answer
    code = _REFUSED if answer is None else _RAN
    message = ended.condition if answer is None else error_message(answer) or ended.condition
    return {
        "RequestID": {"DataType": "String", "StringValue": ended.request_id},
        "ErrorCode": {"DataType": "Number", "StringValue": str(code)},
        "ErrorMessage": {"DataType": "String", "StringValue": message},
    }


def _payload(answer: Answer) -> Any:
    """Return the payload as it is where it is JSON, as a text where it is not."""
    try:
        orjson.loads(answer.payload or "null")
    except ValueError:
        return answer.payload
    return orjson.Fragment(answer.payload or "null")


def error_message(answer: Answer) -> str:
    """Return the message of the error that a function has answered with, its first KB; "" without one."""
    try:
        error = orjson.loads(answer.payload)
    except ValueError:
        return ""
    message = error.get("errorMessage") if isinstance(error, dict) else None
    if not isinstance(message, str):
        return ""
    return message.encode()[:_LONGEST_MESSAGE].decode("utf-8", "ignore")
