"""Owns what is particular to a Task: its resource, its credentials, its times.

Knows no other state.
"""

import re
from collections.abc import Mapping
from typing import Final

from frontdesk.rules.asl.arns import machine_name
from frontdesk.rules.asl.check.fields import at_most_one
from frontdesk.rules.asl.check.spot import Spot
from frontdesk.rules.asl.check.templates import payload
from frontdesk.rules.asl.data.expressions import is_expression
from frontdesk.rules.asl.diagnostics import Code
from frontdesk.rules.asl.model import Json
from frontdesk.rules.asl.resources import Kind, Resource, read_resource

_ANSWER: Final = frozenset(("",))
_TOKEN: Final = frozenset(("", "waitForTaskToken"))

PATTERNS: Final[Mapping[str, frozenset[str]]] = {
    "apigateway:invoke": _TOKEN,
    "dynamodb:deleteItem": _ANSWER,
    "dynamodb:getItem": _ANSWER,
    "dynamodb:putItem": _ANSWER,
    "dynamodb:updateItem": _ANSWER,
    "events:putEvents": _TOKEN,
    "http:invoke": _ANSWER,
    "lambda:invoke": _TOKEN,
    "sns:publish": _TOKEN,
    "sqs:sendMessage": _TOKEN,
    "states:startExecution": frozenset(("", "sync", "sync:2", "waitForTaskToken")),
}
"""How a Task may wait for these."""
# Differs: [states-services] others are taken as they are written: AWS has hundreds, and more each month.

_SERVICES: Final = frozenset(name.partition(":")[0] for name in PATTERNS)
_ANY_PATTERN: Final = PATTERNS["states:startExecution"]
_FUNCTION: Final = re.compile(
    r"arn:[\w-]+:lambda:(?:[\w-]*:)*function:[\w-]+(?::(?:\$LATEST|[\w-]+))?"
)


def resource(value: Json, spot: Spot) -> None:
    """Judge the `Resource`."""
    if not spot.expects(value, str):
        return
    found = read_resource(value)
    if not _known(found):
        spot.tell(
            f"The resource provided {value} is not recognized. The value is not a valid resource"
            " ARN, or the resource is not available in this region.",
            code=Code.INVALID_RESOURCE,
            hint="for example arn:aws:states:::lambda:invoke, or the ARN of a function or activity",
        )
    elif spot.express and found.kind is Kind.ACTIVITY:
        spot.tell("Express state machine does not support activities")
    elif spot.express and found.pattern == "waitForTaskToken":
        # The blank at the end is AWS's.
        spot.tell("Express state machine does not support '.waitForTaskToken' service integration ")
    elif spot.express and found.pattern:
        spot.tell("Express state machine does not support '.sync' service integration")


def _known(found: Resource) -> bool:
    if found.kind is Kind.FUNCTION:
        return _FUNCTION.fullmatch(found.text) is not None
    if found.kind is Kind.ACTIVITY:
        return True
    allowed = PATTERNS.get(service_action(found))
    if allowed is None:
        return found.service not in _SERVICES and found.pattern in _ANY_PATTERN
    return found.pattern in allowed


def service_action(found: Resource) -> str:
    """Write what a service does without how it is waited for, such as `lambda:invoke`."""
    return f"{found.service}:{found.action.partition('.')[0]}"


def credentials(value: Json, spot: Spot) -> None:
    """Judge `Credentials`: the role is all that there can be."""
    if not spot.expects(value, dict):
        return
    if "RoleArn" not in value and "RoleArn.$" not in value:
        spot.tell("The field 'RoleArn' is required but was missing")
    payload(value, spot)


def check_task(state: Mapping[str, Json], spot: Spot) -> None:
    """Judge what fields of a Task say together."""
    at_most_one(state, spot, "TimeoutSeconds", "TimeoutSecondsPath")
    at_most_one(state, spot, "HeartbeatSeconds", "HeartbeatSecondsPath")
    heartbeat, timeout = state.get("HeartbeatSeconds"), state.get("TimeoutSeconds")
    if type(heartbeat) is int and type(timeout) is int and heartbeat >= timeout:
        spot.at("HeartbeatSeconds").tell("HeartbeatSeconds must be smaller than TimeoutSeconds")
    resource_text = state.get("Resource")
    if isinstance(resource_text, str):
        _target(state, read_resource(resource_text), spot)


def _target(state: Mapping[str, Json], found: Resource, spot: Spot) -> None:
    """Judge which state machine is to be started, where that is no path and no expression."""
    if service_action(found) != "states:startExecution":
        return
    for field in ("Parameters", "Arguments"):
        given = state.get(field)
        arn = given.get("StateMachineArn") if isinstance(given, dict) else None
        if isinstance(arn, str) and not is_expression(arn) and machine_name(arn) is None:
            spot.at(field, "StateMachineArn").tell(
                "Value is not a valid state machine ARN",
                hint="arn:aws:states:REGION:ACCOUNT:stateMachine:NAME, or its last two parts",
            )
