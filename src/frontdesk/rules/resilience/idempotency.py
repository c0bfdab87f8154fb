"""Owns idempotency keys as a server reads them: the key, what it is a key of, which answers are kept. Pure.

Source: HTTP API draft "The Idempotency-Key HTTP Header Field" (-07); bare keys as payment APIs send them.
"""

import re
from collections.abc import Iterable
from hashlib import sha256
from typing import Final, NamedTuple

from frontdesk.rules.http.structured import parse_item

LONGEST: Final = 255
"""Characters of a key."""

_BARE: Final = re.compile(r"[!-~]{1,255}")
_QUOTED: Final = re.compile(r"[ -~]{1,255}")
_NOT_KEPT: Final = frozenset({408, 409, 425, 429})  # another attempt may go better


class Malformed(NamedTuple):
    """A key that cannot be used. problem: completes "The key …"."""

    problem: str


def read_key(values: Iterable[bytes | None]) -> str | Malformed | None:
    """Read the values of the fields that may hold the key; None where there is none.

    A value is a structured String, with its quotes, or the key alone; both forms name the same key.
    """
    keys = {_key(value.decode("latin-1")) for value in values if value is not None}
    if len(keys) > 1:
        return Malformed("is told twice, and differently")
    key = keys.pop() if keys else None
    return Malformed(f"must be 1 to {LONGEST} visible ASCII characters") if key == "" else key


def _key(value: str) -> str:
    """Return the key of one value, "" when there is none."""
    # Differs: [bare-keys] the draft knows the quoted form alone.
    if not value.startswith('"'):
        return value if _BARE.fullmatch(value) else ""
    try:
        key = parse_item(value.encode("latin-1")).value
    except ValueError:
        return ""
    return key if isinstance(key, str) and _QUOTED.fullmatch(key) else ""


def fingerprint(method: str, path: str, query: str, media: bytes, *content: bytes) -> bytes:
    """Return the digest of a request, by which a key is known to be used again for another one.

    query: raw; the order of its parameters does not matter. media: Content-Type, whose parameters do not
    matter. content: the body, or what else stands for it.
    """
    parameters = "&".join(sorted(query.split("&")))
    kind = media.partition(b";")[0].strip().lower()
    digest = sha256()
    for part in (method.encode(), path.encode(), parameters.encode("latin-1"), kind, *content):
        digest.update(b"%d:" % len(part))  # or else parts could lend each other bytes
        digest.update(part)
    return digest.digest()


def kept(status: int, *, server_errors: bool = False) -> bool:
    """Whether an answer is the final one for its key. server_errors: whether those of 5xx are."""
    if status >= 500:
        return server_errors
    return status >= 200 and status not in _NOT_KEPT
