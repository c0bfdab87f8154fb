"""Models of `functions`: Python handlers that run in child processes."""

from pathlib import Path
from typing import Annotated

from pydantic import BeforeValidator, Field

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


def _secret_when_referenced(value: object) -> object:
    return Secret(value) if isinstance(value, FileText) and value.written else value


VariableName = Annotated[
    str, matching(r"[A-Za-z_][A-Za-z0-9_]*", "a variable name of letters, digits and _")
]

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

    environment: dict[
        VariableName, Annotated[Secret | str, BeforeValidator(_secret_when_referenced)]
    ] = Field(default_factory=dict)
    """Environment variables. Values that come from a `${…}` reference are kept secret."""

    reserved_concurrency: Annotated[Whole, at_least(0)] | None = None
    """Invocations at once, set aside for this function. Absent: it shares limits.concurrency."""
