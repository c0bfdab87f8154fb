"""Models of `functions`: Python handlers that run in child processes."""

from pathlib import Path
from typing import Annotated

from pydantic import Field, PlainValidator, WithJsonSchema

from frontdesk.config.models.model import (
    Duration,
    FilePath,
    Model,
    Size,
    Whole,
    at_least,
    between,
    matching,
)
from frontdesk.config.secrets import Secret
from frontdesk.config.text import FileText


def _value(value: object) -> Secret | str:
    if isinstance(value, Secret):
        return value
    if not isinstance(value, str):
        raise ValueError("expected a text")  # noqa: TRY004 - bad input, not a bug
    text = str.__str__(value)
    return Secret(text) if isinstance(value, FileText) and value.referenced else text


VariableName = Annotated[
    str, matching(r"[A-Za-z_][A-Za-z0-9_]*", "a variable name of letters, digits and _")
]

VariableValue = Annotated[Secret | str, PlainValidator(_value), WithJsonSchema({"type": "string"})]

Handler = Annotated[
    str,
    matching(
        r"[A-Za-z_]\w*([./][A-Za-z_]\w*)*\.[A-Za-z_]\w*",
        "a module path and a callable, such as functions.appointments.book",
    ),
]


class Function(Model):
    """A Python function in the form of an AWS Lambda handler."""

    handler: Handler
    """Module path and callable, such as `functions.appointments.book`."""

    code: Annotated[FilePath, Field(validate_default=True)] = Path()
    """Folder put first on the import path of the function. Default: the folder of this file."""

    requirements: FilePath | None = None
    """A requirements.txt, installed once into data_dir, keyed by its hash."""

    timeout: Annotated[Duration, between("1ms", "15m")] = 3.0
    """How long one invocation may take before it is killed. Default 3s, at most 15m."""

    memory: Annotated[Size, at_least(1)] = 128 * 1024**2
    """Memory limit of one child process. Default 128MB."""

    environment: dict[VariableName, VariableValue] = Field(default_factory=dict)
    """Environment variables. Values that come from a `${…}` reference are kept secret."""

    reserved_concurrency: Annotated[Whole, at_least(0)] | None = None
    """Invocations at once, set aside for this function. Absent: it shares limits.concurrency."""
