"""ValidateStateMachineDefinition: everything that is wrong with a definition, at once.

Source: AWS, API reference, ValidateStateMachineDefinition.
"""

from collections.abc import Mapping
from typing import Any

from frontdesk.durable.diagnosis import diagnosed
from frontdesk.rules.asl.check import validation
from frontdesk.rules.asl.diagnostics import Severity


async def validate_definition(document: Mapping[str, Any]) -> dict[str, Any]:
    """Judge the definition of a request: {result, diagnostics, truncated}."""
    express = document.get("type") == "EXPRESS"
    found = await diagnosed(document["definition"], express=express)
    severity = Severity(document.get("severity", Severity.ERROR))
    return validation(found, severity=severity, most=document.get("maxResults", 0))
