"""Owns which API keys are good: compared by their digests, so that no time tells how close a guess was.

Keys are long and random: a plain SHA-256 of one cannot be turned back.
"""

import hashlib
import hmac
import re
from collections.abc import Mapping
from typing import Final

SHORTEST: Final = 20
LONGEST: Final = 128
"""Characters of a key, as at AWS."""

_KEY: Final = re.compile(rf"[!-~]{{{SHORTEST},{LONGEST}}}")
_DIGEST: Final = re.compile(r"sha256:([0-9a-f]{64})", re.IGNORECASE)
_NOBODY: Final = bytes(32)


def digest_of(text: str) -> bytes:
    """Turn a key as the file has it, itself or as `sha256:` and 64 hexadecimal digits, into its digest.

    Raises: ValueError for anything else, without the text.
    """
    written = _DIGEST.fullmatch(text)
    if written is not None:
        return bytes.fromhex(written[1])
    if _KEY.fullmatch(text) is None:
        raise ValueError(f"expected a key of {SHORTEST} to {LONGEST} characters without blanks")
    return hashlib.sha256(text.encode()).digest()


class KeyList:
    """Keys by the name of whom they were given to."""

    __slots__ = ("_names",)

    def __init__(self, keys: Mapping[str, str]) -> None:
        """keys: by name, each as `digest_of` takes it."""
        self._names = {digest_of(text): name for name, text in keys.items()}

    def owner(self, key: str) -> str | None:
        """Name whose key this is. One that is not known costs as much as one that is."""
        digest = hashlib.sha256(key.encode("latin-1", "replace")).digest()
        known = digest if digest in self._names else _NOBODY
        return self._names[digest] if hmac.compare_digest(digest, known) else None
