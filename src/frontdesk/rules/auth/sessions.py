"""Owns sessions of operators in a browser: a signed cookie, and the token that a form of that session carries.

Nothing is kept of a session: the cookie says whose it is. A changed password ends it, because the account's
stamp is part of what is signed. Source: OWASP, "Cross-Site Request Forgery Prevention", signed double submit.
"""

import hmac
from base64 import urlsafe_b64decode, urlsafe_b64encode
from hashlib import sha256
from typing import Final, NamedTuple, Self

import orjson

LASTS: Final = 12 * 3600.0
"""Seconds from signing in until a session is over."""


class Session(NamedTuple):
    """Somebody who has signed in. began: seconds since 1970. nonce: random. stamp: of the account as it was."""

    user: str
    began: float
    nonce: str
    stamp: str

    @classmethod
    def read(cls, cookie: str, key: bytes, now: float) -> Self | None:
        """Read what `written` wrote. None: it is not ours, or over."""
        told, _, signature = cookie.partition(".")
        if not hmac.compare_digest(signature.encode(), _signature(told, key)):
            return None
        session = cls(*orjson.loads(urlsafe_b64decode(told)))
        return session if 0 <= now - session.began < LASTS else None

    def written(self, key: bytes) -> str:
        """Write it as a cookie's value."""
        told = urlsafe_b64encode(orjson.dumps(list(self))).decode()
        return f"{told}.{_signature(told, key).decode()}"

    def form_token(self, key: bytes) -> str:
        """Return what a page of this session must send with every change."""
        return hmac.new(key, f"form {self.nonce}".encode(), sha256).hexdigest()

    def fits(self, token: str, key: bytes) -> bool:
        """Tell whether a token is the one of this session."""
        return hmac.compare_digest(token.encode("utf-8", "replace"), self.form_token(key).encode())


def _signature(told: str, key: bytes) -> bytes:
    return hmac.new(key, f"session {told}".encode(), sha256).hexdigest().encode()
