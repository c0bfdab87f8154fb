"""What is wrong with a definition: every diagnostic of ValidateStateMachineDefinition, all at once."""

from frontdesk.rules.asl.check.machine import check
from frontdesk.rules.asl.check.text import (
    LONGEST_DEFINITION,
    diagnose,
    json_fault,
    read_definition,
    validation,
)

__all__ = ["LONGEST_DEFINITION", "check", "diagnose", "json_fault", "read_definition", "validation"]
