"""Owns what clients are told of an execution: its output as an answer, or where it stands.

No error text of a state machine reaches a client: causes hold stack traces and answers of others.
"""

from datetime import UTC, datetime
from typing import Final

import orjson

from frontdesk.base.streams import Field, Fields
from frontdesk.gateway.pipeline.exchange import Exchange, Reply
from frontdesk.gateway.pipeline.replies import JSON, SOON, refusal
from frontdesk.ports.executions import Execution
from frontdesk.rules.events.response import Malformed, parse_output

PRIVATE: Final[Field] = (b"cache-control", b"no-store")

RUNNING: Final = frozenset({"RUNNING", "PENDING_REDRIVE"})
"""Statuses of executions that may still end otherwise."""


def output_of(ex: Exchange, execution: Execution) -> Reply:
    """Answer with the output of an execution that has ended: an object with a statusCode is an answer itself."""
    # Differs: [machine-answer] AWS answers 200 with the document of StartSyncExecution, whatever came of it.
    if execution.status != "SUCCEEDED":
        ex.integration_error = (
            f"{execution.status} {execution.error or ''}: {execution.cause or ''}"
        )
        return refusal(502, f"state_machine:{execution.status.lower()}")
    response = parse_output((execution.output or "null").encode())
    if isinstance(response, Malformed):
        ex.integration_error = response.reason
        return refusal(502, "state_machine:malformed")
    ex.integration_status = response.status
    return Reply(response.status, response.fields, response.body)


def status_of(execution: Execution, http_status: int, location: str) -> Reply:
    """Tell where an execution stands: `{status, startDate, stopDate, output | error, location}`.

    Instants are of RFC 3339. location: "" where the client has just asked there, or cannot ask.
    """
    document: dict[str, object] = {
        "status": execution.status,
        "startDate": _instant(execution.started),
    }
    if execution.ended is not None:
        document["stopDate"] = _instant(execution.ended)
    if execution.output is not None:
        document["output"] = orjson.Fragment(execution.output)
    if execution.error is not None:
        document["error"] = execution.error
    fields: Fields = [JSON, PRIVATE]
    if location:
        document["location"] = location
        fields.append((b"location", location.encode()))
    if execution.status in RUNNING:
        fields.append(SOON)
    return Reply(http_status, fields, orjson.dumps(document))


def _instant(seconds: float) -> str:
    at = datetime.fromtimestamp(seconds, UTC)
    return at.isoformat(timespec="milliseconds").replace("+00:00", "Z")
