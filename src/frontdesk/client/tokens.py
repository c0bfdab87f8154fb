"""Owns access tokens: fetched once for all who wait, and anew when they are over.

Source: RFC 6749 §4.4 (client credentials), §2.3.1, §5.1.
"""

import asyncio
from base64 import b64encode
from collections.abc import Awaitable, Callable
from typing import Final, NamedTuple
from urllib.parse import quote

import orjson

from frontdesk.base.errors import FrontdeskError

MOST_BYTES: Final = 64 * 1024
"""Of a token endpoint's answer."""

_USUAL: Final = 3600.0
"""Seconds that a token holds whose answer does not say."""
_EARLY: Final = 30.0
"""Seconds before its end from which a token is not used any more, at most."""


class TokenError(FrontdeskError):
    """A token endpoint gave no token. status: of its answer."""

    code = "token"

    def __init__(self, status: int, message: str) -> None:
        super().__init__(message)
        self.status = status


class Token(NamedTuple):
    """An access token. lasts: seconds."""

    text: str
    lasts: float


def basic_credentials(client_id: str, client_secret: str) -> str:
    """Return the Authorization by which a client names itself to a token endpoint, RFC 6749 §2.3.1."""
    pair = f"{quote(client_id, safe='')}:{quote(client_secret, safe='')}"
    return "Basic " + b64encode(pair.encode()).decode()


def read_token(status: int, body: bytes) -> Token:
    """Read a token endpoint's answer. Raises: TokenError, which shows nothing of a token."""
    try:
        members = orjson.loads(body)
    except orjson.JSONDecodeError:
        members = None
    if not isinstance(members, dict):
        members = {}
    text = members.get("access_token")
    if status != 200 or not isinstance(text, str) or not (text.isascii() and text.isprintable()):
        said = members.get("error")
        why = f": {said}" if isinstance(said, str) else ""
        raise TokenError(status, f"The token endpoint answered {status}{why[:200]}")
    lasts = members.get("expires_in")
    return Token(text, lasts if isinstance(lasts, int | float) and lasts > 0 else _USUAL)


class Tokens:
    """The token of one client. Used on one event loop."""

    def __init__(
        self, fetch: Callable[[], Awaitable[Token]], monotonic: Callable[[], float]
    ) -> None:
        """fetch: asks for a token."""
        self._fetch = fetch
        self._monotonic = monotonic
        self._text = ""
        self._until = 0.0
        self._fetching: asyncio.Task[str] | None = None

    @property
    def held(self) -> str:
        """The token that may be used now, or nothing."""
        return self._text if self._monotonic() < self._until else ""

    async def get(self) -> str:
        """Return a token. Raises: what `fetch` raises."""
        held = self.held
        if held:
            return held
        if self._fetching is None:
            self._fetching = asyncio.get_running_loop().create_task(self._fetch_anew())
            self._fetching.add_done_callback(self._fetched)
        return await asyncio.shield(self._fetching)  # the others wait on when one gives up

    def refuse(self, text: str) -> None:
        """Use a token no more, which the vendor has refused."""
        if self._text == text:
            self._text = ""

    def close(self) -> None:
        """Stop a fetch that is under way."""
        if self._fetching is not None:
            self._fetching.cancel()

    async def _fetch_anew(self) -> str:
        token = await self._fetch()
        self._text = token.text
        self._until = self._monotonic() + token.lasts - min(_EARLY, token.lasts / 10)
        return token.text

    def _fetched(self, fetching: "asyncio.Task[str]") -> None:
        self._fetching = None
        if not fetching.cancelled():
            fetching.exception()  # told to those who wait, if there are any
