"""Models of `functions`: Python handlers that run in child processes."""

from pathlib import Path
from typing import Annotated

from pydantic import AfterValidator, Field, PlainValidator, WithJsonSchema

from frontdesk.config.models.model import (
    Duration,
    FilePath,
    HintedError,
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


# Differs: [own-credentials] AWS refuses AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY and
# AWS_SESSION_TOKEN too; its functions get them from a role, which ours do not have.
_RESERVED = frozenset(
    {
        "AWS_ACCESS_KEY",
        "AWS_DEFAULT_REGION",
        "AWS_EXECUTION_ENV",
        "AWS_LAMBDA_FUNCTION_MEMORY_SIZE",
        "AWS_LAMBDA_FUNCTION_NAME",
        "AWS_LAMBDA_FUNCTION_VERSION",
        "AWS_LAMBDA_INITIALIZATION_TYPE",
        "AWS_LAMBDA_LOG_GROUP_NAME",
        "AWS_LAMBDA_LOG_STREAM_NAME",
        "AWS_LAMBDA_RUNTIME_API",
        "AWS_REGION",
        "LAMBDA_RUNTIME_DIR",
        "LAMBDA_TASK_ROOT",
        "_HANDLER",
        "_X_AMZN_TRACE_ID",
    }
)
"""Source: AWS, "Using Lambda environment variables", reserved environment variables."""


def _not_reserved(name: str) -> str:
    if name in _RESERVED:
        of_region = "set region at the top of the file" if name.endswith("_REGION") else ""
        raise HintedError("expected a variable that the runtime does not set itself", of_region)
    return name


VariableName = Annotated[
    str,
    matching(r"[A-Za-z_][A-Za-z0-9_]*", "a variable name of letters, digits and _"),
    AfterValidator(_not_reserved),
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
    """Environment variables, but none of those that the runtime sets itself, such as AWS_REGION. Values
    that come from a `${…}` reference are kept secret."""

    reserved_concurrency: Annotated[Whole, at_least(0)] | None = None
    """Invocations at once, set aside for this function. Absent: it shares limits.concurrency."""
