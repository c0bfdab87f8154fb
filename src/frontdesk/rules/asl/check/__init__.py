"""What is wrong with a definition: every diagnostic of ValidateStateMachineDefinition, all at once."""

from frontdesk.rules.asl.check.machine import MAX_DEPTH, check

__all__ = ["MAX_DEPTH", "check"]
