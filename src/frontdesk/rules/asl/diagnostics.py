"""Owns what is said about a definition: codes, severity and the way places are written.

Knows no rule of the language.
Source: AWS, ValidateStateMachineDefinitionDiagnostic.
"""

from dataclasses import dataclass
from enum import StrEnum

from frontdesk.rules.asl.model import Json, Place


class Severity(StrEnum):
    """An error keeps the definition from being used; a warning does not."""

    ERROR = "ERROR"
    WARNING = "WARNING"


# Differs: [states-messages] codes and places are AWS's; many of its messages are known to nobody outside.
class Code(StrEnum):
    """AWS's codes of what can be wrong with a definition alone."""

    DUPLICATE_LABEL_NAME = "DUPLICATE_LABEL_NAME"
    DUPLICATE_STATE_NAME = "DUPLICATE_STATE_NAME"
    INVALID_JSON_DESCRIPTION = "INVALID_JSON_DESCRIPTION"
    INVALID_LABEL_NAME = "INVALID_LABEL_NAME"
    INVALID_RESOURCE = "INVALID_RESOURCE"
    INVALID_STATE_NAME = "INVALID_STATE_NAME"
    MISSING_DESCRIPTION = "MISSING_DESCRIPTION"
    MISSING_END_STATE = "MISSING_END_STATE"
    MISSING_TRANSITION_TARGET = "MISSING_TRANSITION_TARGET"
    SCHEMA_VALIDATION_FAILED = "SCHEMA_VALIDATION_FAILED"
    TOO_DEEPLY_NESTED = "TOO_DEEPLY_NESTED"
    NO_DOLLAR = "NO_DOLLAR"
    NO_PATH = "NO_PATH"
    PASS_RESULT_IS_STATIC = "PASS_RESULT_IS_STATIC"  # noqa: S105 - a state's type, no password


WARNINGS = frozenset((Code.NO_DOLLAR, Code.NO_PATH, Code.PASS_RESULT_IS_STATIC))


@dataclass(frozen=True, slots=True)
class Diagnostic:
    """One thing that is wrong with a definition, or may be.

    place: where in the document. location: the same in AWS's words, or where in a text that is no
    JSON; None where there is no such place. hint: how to mend it, "" where that is plain.
    """

    code: Code
    message: str
    place: Place = ()
    location: str | None = None
    hint: str = ""

    @property
    def severity(self) -> Severity:
        """How much it weighs: each code has one severity."""
        return Severity.WARNING if self.code in WARNINGS else Severity.ERROR

    def as_json(self) -> dict[str, Json]:
        """Write it as AWS does: {severity, code, message, location?}."""
        found = {"severity": self.severity.value, "code": self.code.value, "message": self.message}
        if self.location is not None:
            found["location"] = self.location
        return found

    def __str__(self) -> str:
        at = f" at {self.location}" if self.location is not None else ""
        return f"{self.code}: {self.message}{at}"


def location(place: Place) -> str:
    """Write a place as AWS does: `/States/Pay/Retry[0]/MaxAttempts`; the top is `/`."""
    text = "".join(f"[{part}]" if isinstance(part, int) else f"/{part}" for part in place)
    return text or "/"
