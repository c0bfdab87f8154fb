"""ValidateStateMachineDefinition: everything that is wrong with a definition, at once.

Source: AWS, API reference, ValidateStateMachineDefinition.
"""

from collections.abc import Mapping
from typing import Any

from frontdesk.rules.asl.check import diagnose, validation
from frontdesk.rules.asl.diagnostics import Severity


async def validate_definition(document: Mapping[str, Any]) -> dict[str, Any]:
    """Judge the definition of a request: {result, diagnostics, truncated}."""
    found = diagnose(document["definition"], express=document.get("type") == "EXPRESS")
    severity = Severity(document.get("severity", Severity.ERROR))
    return validation(found, severity=severity, most=document.get("maxResults", 0))
