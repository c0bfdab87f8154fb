"""Owns how tasks tell that a service of AWS has refused something. Knows no service."""

from typing import Any

from frontdesk.durable.tasks.task import Task
from frontdesk.rules.asl.data.errors import RUNTIME, StateError
from frontdesk.rules.asl.data.scope import json_text


def service_cause(
    service: str, code: str, message: str, request_id: str, *, status: int = 400
) -> str:
    """Write the cause of a failure as AWS's Java SDK words it. service: such as `AWSLambda`."""
    told = f"Service: {service}; Status Code: {status}; Error Code: {code}"
    return f"{message} ({told}; Request ID: {request_id}; Proxy: null)"


def text_argument(task: Task, name: str) -> str:
    """Return an argument that must be there and be a text. Raises: StateError."""
    value = arguments_of(task).get(name)
    if value is None:
        raise unusable(task, f"The field '{name}' is required but was missing")
    if not isinstance(value, str):
        raise unusable(task, f"The value for the field '{name}' must be a STRING")
    return value


def arguments_of(task: Task) -> dict[str, Any]:
    """Return the arguments of a service's task. Raises: StateError, where they are no object."""
    arguments = task.invoke.arguments
    if not isinstance(arguments, dict):
        raise unusable(task, "The value must be an OBJECT")
    return arguments


def unusable(task: Task, what: str) -> StateError:
    """Make the error for arguments that nothing can be started with."""
    text = json_text(task.invoke.arguments)
    return StateError(
        RUNTIME, f"The Parameters '{text}' could not be used to start the Task: [{what}]"
    )
