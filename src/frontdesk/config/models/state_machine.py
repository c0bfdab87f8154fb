"""Models of a state machine: its definition, and how executions of it are kept."""

from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import (
    AfterValidator,
    BeforeValidator,
    PlainValidator,
    ValidationInfo,
    WithJsonSchema,
)

from frontdesk.config.models.integration import plain
from frontdesk.config.models.model import Duration, Model, file_path, matching

_NAME = r"[^\x00-\x20\x7f-\x9f<>{}\[\]?*\"#%\\^|~`$&,;:/]{1,80}"
_EXPECTED = "the name of a state machine: at most 80 characters, no blanks and none of"
_NONE_OF = '<>{}[]?*"#%\\^|~`$&,;:/'

MachineName = Annotated[str, matching(_NAME, f"{_EXPECTED} {_NONE_OF}")]
"""Source: AWS, Step Functions API, CreateStateMachine, name."""

MachineReference = Annotated[
    str,
    matching(rf"{_NAME}(:[A-Za-z0-9_.-]{{1,80}})?", "the name of a state machine, or name:alias"),
]
"""A state machine, with a version or an alias of it behind a colon."""


def _definition(value: object, info: ValidationInfo) -> Path | dict[str, Any]:
    inline = plain(value)
    if isinstance(inline, dict):
        return inline
    try:
        return file_path(value, info)
    except ValueError:
        raise ValueError("expected the path of a definition, or the definition itself") from None


def _off(value: object) -> object:
    return "off" if value is False else value


def _kept(seconds: float) -> float:
    if seconds <= 0:
        raise ValueError("expected a duration above 0")
    return seconds


class StateMachine(Model):
    """A state machine in the Amazon States Language."""

    definition: Annotated[
        Path | dict[str, Any],
        PlainValidator(_definition),
        WithJsonSchema({"anyOf": [{"type": "string", "minLength": 1}, {"type": "object"}]}),
    ]
    """Path of the definition in JSON or YAML, or the definition itself as a mapping."""

    type: Literal["standard", "express"] = "standard"
    """`standard` executions survive a crash where they are; `express` ones run in memory. Default standard."""

    retention: Annotated[Duration, AfterValidator(_kept)] = 90 * 86400.0
    """How long what an execution did is kept after its end. Default 90d."""

    log: Annotated[Literal["off", "error", "fatal", "all"], BeforeValidator(_off)] = "off"
    """Which events of executions are logged. Default off."""
