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
from frontdesk.config.models.model import Duration, Model, file_path
from frontdesk.rules.asl.names import is_name


def _name(text: str) -> str:
    if not is_name(text):
        raise ValueError(
            "expected the name of a state machine: at most 80 characters, no blanks, and none "
            "of the signs of ARNs and patterns"
        )
    return text


def _reference(text: str) -> str:
    name, colon, qualifier = text.partition(":")
    if not is_name(name) or (colon and not is_name(qualifier)):
        raise ValueError("expected the name of a state machine, or name:alias")
    return text


MachineName = Annotated[str, AfterValidator(_name)]
MachineReference = Annotated[str, AfterValidator(_reference)]
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

    @property
    def tells(self) -> bool:
        """Whether the status of an execution can be asked for after its start."""
        return self.type == "standard"
