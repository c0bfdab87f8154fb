"""Owns payload templates of JSONPath states: objects in which keys that end in `.$` are looked up.

    {"id.$": "$.order.id", "text.$": "States.Format('no. {}', $.id)", "literal": "$.order"}

Source: AWS, "Manipulate parameters in Step Functions workflows".
"""

from collections.abc import Mapping

from frontdesk.rules.asl.data.errors import RUNTIME, StateError
from frontdesk.rules.asl.data.paths import query
from frontdesk.rules.asl.data.scope import Scope
from frontdesk.rules.asl.model import Json


def fill(template: Json, data: Json, scope: Scope) -> Json:
    """Return the value that a template gives.

    data: what `$` means. Raises: StateError, where a path finds nothing or a function fails.
    """
    if isinstance(template, Mapping):
        return dict(_filled(key, value, data, scope) for key, value in template.items())
    if isinstance(template, list):
        return [fill(item, data, scope) for item in template]
    return template


def _filled(key: str, value: Json, data: Json, scope: Scope) -> tuple[str, Json]:
    if not key.endswith(".$"):
        return key, fill(value, data, scope)
    if not isinstance(value, str):
        raise StateError(
            RUNTIME,
            f"The value for the field '{key}' must be a valid JSONPath or a valid intrinsic function call",
        )
    return key[:-2], query(value, key, data, scope)
