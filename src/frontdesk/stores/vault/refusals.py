"""Owns how the vault refuses: in AWS's words, so that its wire APIs need no others."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

from frontdesk.base.errors import FrontdeskError

ABSENT: Final = frozenset({"ResourceNotFoundException", "ParameterNotFound"})
"""Codes that say that a secret or a parameter is not there."""


class VaultError(FrontdeskError):
    """What was asked of the vault cannot be done. code: AWS's name of the error. Never has a value."""

    def __init__(self, code: str, message: str, *, hint: str = "") -> None:
        super().__init__(message, hint=hint)
        self.code = code


class LockedError(VaultError):
    """The vault is there, but its master key is not, or is another one."""

    def __init__(self, message: str, *, hint: str) -> None:
        super().__init__("DecryptionFailure", message, hint=hint)


@contextmanager
def deleted_meanwhile() -> Iterator[None]:
    """Pass over what is not there any more."""
    try:
        yield
    except VaultError as error:
        if error.code not in ABSENT:
            raise
