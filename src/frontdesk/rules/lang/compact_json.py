"""Owns compact JSON text of values, and the reading of JSON text, with one error for all that cannot be.

Knows no document and no limit but that of nesting: 254 levels to write, 1024 to read.
"""

from typing import Any

import orjson

from frontdesk.base.errors import FrontdeskError


class JsonTextError(FrontdeskError):
    """A value that has no JSON text, or a text that is not JSON."""

    code = "json_text"


def to_json(value: Any) -> str:
    """Return compact JSON text. Raises: JsonTextError."""
    return to_json_bytes(value).decode()


def to_json_bytes(value: Any) -> bytes:
    """Return compact JSON text in UTF-8. Raises: JsonTextError."""
    try:
        return orjson.dumps(value)
    except orjson.JSONEncodeError as error:
        raise JsonTextError(f"value cannot be written as JSON: {error}") from error


def from_json(text: str) -> Any:
    """Return the value of JSON text (RFC 8259). Raises: JsonTextError."""
    try:
        return orjson.loads(text)
    except (orjson.JSONDecodeError, UnicodeEncodeError) as error:
        raise JsonTextError(f"text is not JSON: {error}") from error
