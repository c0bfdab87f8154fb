"""Owns basic authentication: what a client sends, and the slow hash that a password is kept as.

Sources: RFC 7617; RFC 7914 (scrypt); the PHC string format for the hash as text.
"""

import hashlib
import hmac
import re
from base64 import b64decode, b64encode
from binascii import Error as Base64Error
from dataclasses import dataclass
from typing import Final, NamedTuple

COST: Final = (14, 8, 1)
"""What new hashes cost: N = 2^14, r = 8, p = 1; 16 MB and about 50 ms."""

_HASH: Final = re.compile(
    r"\$scrypt\$ln=(1[4-7]),r=8,p=([1-4])\$([A-Za-z0-9+/]{16,64})\$([A-Za-z0-9+/]{43})", re.ASCII
)
_LENGTH: Final = 32
_MEMORY: Final = 256 * 1024 * 1024


class Sent(NamedTuple):
    """What a client says of itself."""

    user: str
    password: bytes


def read_basic(value: bytes) -> Sent | None:
    """Read an Authorization field; None when it is none of basic authentication."""
    scheme, _, coded = value.partition(b" ")
    if scheme.lower() != b"basic":
        return None
    try:
        plain = b64decode(coded.strip(b" "), validate=True)
        user, colon, password = plain.partition(b":")
        return Sent(user.decode(), password) if colon else None
    except (Base64Error, UnicodeDecodeError):
        return None


@dataclass(frozen=True, slots=True)
class PasswordHash:
    """A password as it is kept. cost: log2 of N, r, p."""

    cost: tuple[int, int, int]
    salt: bytes
    digest: bytes

    def verifies(self, password: bytes) -> bool:
        """Whether this is the password. Takes 50 ms or more, during which other threads may run."""
        return hmac.compare_digest(_scrypt(password, self.salt, self.cost), self.digest)

    def __str__(self) -> str:
        log_n, r, p = self.cost
        return f"$scrypt$ln={log_n},r={r},p={p}${_unpadded(self.salt)}${_unpadded(self.digest)}"


def hash_password(password: str, salt: bytes) -> PasswordHash:
    """Make the hash of a password. salt: 16 random bytes."""
    return PasswordHash(COST, salt, _scrypt(password.encode(), salt, COST))


def read_hash(text: str) -> PasswordHash:
    """Read what `str` of a PasswordHash wrote. Raises: ValueError, without the text."""
    found = _HASH.fullmatch(text)
    if found is None:
        raise ValueError("expected a hash as `frontdesk hash-password` prints it")
    return PasswordHash((int(found[1]), 8, int(found[2])), _padded(found[3]), _padded(found[4]))


def _scrypt(password: bytes, salt: bytes, cost: tuple[int, int, int]) -> bytes:
    log_n, r, p = cost
    return hashlib.scrypt(
        password, salt=salt, n=1 << log_n, r=r, p=p, maxmem=_MEMORY, dklen=_LENGTH
    )


def _unpadded(data: bytes) -> str:
    return b64encode(data).decode().rstrip("=")


def _padded(text: str) -> bytes:
    return b64decode(text + "=" * (-len(text) % 4))
