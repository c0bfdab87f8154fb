"""Owns how API keys look and which are good: compared by digests, so that no time tells how close a guess was.

Keys are long and random: a plain SHA-256 of one cannot be turned back.
"""

import hashlib
import hmac
import re
from collections.abc import Mapping
from string import ascii_letters, digits
from typing import Final, NamedTuple
from zlib import crc32

SHORTEST: Final = 20
LONGEST: Final = 128
"""Characters of a key, as at AWS."""

_KEY: Final = re.compile(rf"[!-~]{{{SHORTEST},{LONGEST}}}")
_DIGEST: Final = re.compile(r"sha256:([0-9a-f]{64})", re.IGNORECASE)
_NOBODY: Final = bytes(32)

RANDOM: Final = 40
"""Random bytes that a new key is made of."""

_ID: Final = 8
_SECRET: Final = 32
_CHECKSUM: Final = 6
_LETTERS: Final = digits + ascii_letters
_MADE: Final = re.compile(
    rf"(fd_[a-z]+_[0-9A-Za-z]{{{_ID}}})_[0-9A-Za-z]{{{_SECRET + _CHECKSUM}}}", re.ASCII
)


class NewKey(NamedTuple):
    """A key that was made. id: public, part of the value. value: shown once, then only its digest is left."""

    id: str
    value: str


def generate(environment: str, random: bytes) -> NewKey:
    """Make the key `fd_{environment}_{id}_{secret}{checksum}` in letters and digits: 190 bits of secret.

    environment: small letters. random: `RANDOM` bytes. The checksum lets a scanner of code tell a key that has leaked from
    text that only looks like one: the CRC-32 of all before it, in base 62.
    """
    number = int.from_bytes(random)
    number, of_id = divmod(number, 62**_ID)
    identity = _base62(of_id, _ID)
    text = f"fd_{environment}_{identity}_{_base62(number % 62**_SECRET, _SECRET)}"
    return NewKey(identity, text + _base62(crc32(text.encode()), _CHECKSUM))


def prefix_of(key: str) -> str:
    """Return what may be shown of a key: of one that was made here all but its secret, else four characters.

    key: as `digest_of` takes it; of a digest nothing is worth showing.
    """
    if _DIGEST.fullmatch(key) is not None:
        return ""
    made = _MADE.fullmatch(key)
    return made[1] if made is not None else key[:4]


def _base62(number: int, length: int) -> str:
    text = ""
    for _ in range(length):
        number, digit = divmod(number, 62)
        text += _LETTERS[digit]
    return text


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
