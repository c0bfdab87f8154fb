"""Owns names that nobody else can make: a name, and a tag that only holders of the key can write. Pure.

A sealed name lets its bearer ask for one thing, and for one purpose. Source: RFC 2104 (HMAC).
"""

import hmac
from base64 import urlsafe_b64encode
from hashlib import sha256

_TAG = 22
"""Characters of a tag: 132 bits."""


class SealedNames:
    """Seals names, and opens what it has sealed."""

    __slots__ = ("_key",)

    def __init__(self, key: bytes) -> None:
        """key: 32 random bytes, the same wherever a name is to be opened."""
        self._key = key

    def seal(self, purpose: str, name: str) -> str:
        """Write `name.tag`. purpose: what the name may be used for; it takes no NUL."""
        return f"{name}.{self._tag(purpose, name)}"

    def open(self, purpose: str, sealed: str) -> str | None:
        """Read the name of what was sealed for this purpose; None of all else."""
        name, _, tag = sealed.rpartition(".")
        expected = self._tag(purpose, name)
        return name if hmac.compare_digest(tag.encode(), expected.encode()) else None

    def _tag(self, purpose: str, name: str) -> str:
        digest = hmac.digest(self._key, f"{purpose}\0{name}".encode(), sha256)
        return urlsafe_b64encode(digest)[:_TAG].decode()
