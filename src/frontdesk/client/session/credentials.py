"""Owns how secrets are given: as they are, by reference, or by a function that is asked each time."""

import os
import re
from base64 import b64encode
from collections.abc import Callable
from pathlib import Path
from typing import Final

from frontdesk.base.errors import FrontdeskError

Given = str | Callable[[], str]
"""A secret: its text, `${env:NAME}`, `${file:path}`, or a function, for secrets that are rotated."""

_REFERENCE: Final = re.compile(r"\$\{(env|file):([^{}]+)\}")


class SecretError(FrontdeskError):
    """A reference leads to no secret."""

    code = "secret"


def reader(given: Given) -> Callable[[], str]:
    """Return what tells a secret whenever it is asked for. Raises: SecretError."""
    if not isinstance(given, str):
        return given
    text = _resolved(given)
    return lambda: text


def basic(username: str, password: str) -> str:
    """Return the value of a field that tells a user and his password (RFC 7617)."""
    return "Basic " + b64encode(f"{username}:{password}".encode()).decode()


def _resolved(written: str) -> str:
    found = _REFERENCE.fullmatch(written)
    if found is None:
        text = written
    elif found[1] == "env":
        text = os.environ.get(found[2], "")
    else:
        try:
            text = Path(found[2]).read_text(encoding="utf-8").rstrip("\r\n")
        except OSError as error:
            raise SecretError(f"no secret there ({error.strerror}): {written}") from None
    if not text:
        raise SecretError(f"no secret there: {written}")
    return text
