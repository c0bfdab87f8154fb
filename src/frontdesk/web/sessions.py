"""Owns who asks through a browser: cookies of sessions, and what proves that a change comes from our own page."""

import hmac
from hashlib import sha256
from secrets import token_hex
from typing import Final

from frontdesk.base.clock import Clock
from frontdesk.gateway.admin import FRESH, TokenGatekeeper, is_local
from frontdesk.gateway.operators import BEARER, LOCAL, READING, Operator
from frontdesk.gateway.pipeline.exchange import Exchange, Reply
from frontdesk.gateway.pipeline.replies import refusal
from frontdesk.rules.auth.sessions import Session
from frontdesk.web.accounts import Accounts

COOKIE: Final = "frontdesk-session"
FORM_TOKEN: Final = b"x-csrf-token"


class Sessions:
    """Sessions of one gateway; none of them is kept."""

    def __init__(
        self, accounts: Accounts, key: bytes, clock: Clock, *, token: str | None, secure: bool
    ) -> None:
        """key: what cookies are signed with, of all gateways with one store. secure: the listener has TLS."""
        self.accounts = accounts
        self._key = key
        self._clock = clock
        self._token = token
        self._tokens = TokenGatekeeper(token)
        # As an account's: whoever has signed in with another token is out.
        told = f"token {token}".encode()
        self._bearer_stamp = hmac.new(key, told, sha256).hexdigest()[:16]
        self.secure = secure

    @property
    def asks_for_nothing(self) -> bool:
        """Whether everybody who reaches the listener is its operator: neither a token nor a user is set."""
        return self._token is None and not self.accounts

    def admit(self, ex: Exchange) -> Operator | Reply:
        """See gateway.operators.Gatekeeper: a bearer token, or a session and its proof."""
        session = None if b"authorization" in ex.headers else self.read(ex)
        if session is None:
            if self._token is None and self.accounts:
                return refusal(401, "admin:session", FRESH)
            return self._tokens.admit(ex)
        operator = self.operator(session)
        if operator is None:
            return refusal(401, "admin:session", FRESH)
        if ex.method not in READING and not self.is_ours(ex, session):
            return refusal(403, "admin:form")
        return operator

    def read(self, ex: Exchange) -> Session | None:
        """Return the session of a request's cookie, if it is one of ours and not over."""
        # Cookies know no ports: whatever else runs on this machine may have set some beside ours, in any form.
        for pair in ex.headers.get(b"cookie", b"").decode("latin-1").split(";"):
            name, _, value = pair.strip().partition("=")
            if name == COOKIE:
                session = Session.read(value.strip('"'), self._key, self._clock.time())
                if session is not None:
                    return session
        return None

    def operator(self, session: Session) -> Operator | None:
        """Return whose session it is. None: not any more."""
        if session.user == LOCAL.name:
            return LOCAL if self.asks_for_nothing else None
        if session.user == BEARER.name:
            is_current = self._token is not None and session.stamp == self._bearer_stamp
            return BEARER if is_current else None
        account = self.accounts.find(session.user)
        if account is None or account.stamp != session.stamp:
            return None
        return Operator(account.name, account.role)

    def is_ours(self, ex: Exchange, session: Session) -> bool:
        """Tell whether a change comes from a page of this console: its origin and its token say so."""
        return self.is_same_origin(ex) and session.fits(
            ex.headers.get(FORM_TOKEN, b"").decode("latin-1"), self._key
        )

    def is_same_origin(self, ex: Exchange) -> bool:
        """Tell whether a page of ours has sent it. Source: the Fetch standard, `Origin`."""
        origin = ex.headers.get(b"origin")
        scheme = "https" if self.secure else "http"
        return origin == f"{scheme}://".encode() + ex.headers.get(b"host", b"")

    def may_begin_locally(self, ex: Exchange) -> bool:
        """Tell whether whoever asks needs no password, and uses no name of somebody else to get here."""
        return self.asks_for_nothing and is_local(ex.host)

    def begin(self, operator: Operator) -> Session:
        """Begin a session of somebody who has proven who they are."""
        account = self.accounts.find(operator.name)
        stamp = self._bearer_stamp if operator is BEARER else account.stamp if account else ""
        return Session(operator.name, self._clock.time(), token_hex(16), stamp)

    def has_token(self, text: str, address: str) -> bool:
        """Tell whether somebody knows `admin.token`. Raises: TooManyTriesError."""
        return self._token is not None and self.accounts.holds(self._token, text, address)

    def cookie(self, session: Session) -> str:
        """Write a session as the value of its cookie."""
        return session.written(self._key)

    def form_token(self, session: Session) -> str:
        """Return what pages of a session send with every change."""
        return session.form_token(self._key)
