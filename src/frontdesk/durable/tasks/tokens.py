"""Owns the access tokens of connections: fetched once for all who wait, and anew when they are over.

Source: RFC 6749 §4.4 (client credentials), §2.3.1, §5.1.
"""

import asyncio
from base64 import b64encode
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Final, NamedTuple
from urllib.parse import quote

import orjson

from frontdesk.rules.asl.data.errors import StateError
from frontdesk.rules.asl.http_tasks import Additions, HttpTask

MOST_BYTES: Final = 64 * 1024
"""Of a token endpoint's answer."""

INVALID_CONNECTION: Final = "Events.ConnectionResource.InvalidConnectionState"
"""The error where no token is given."""

_USUAL: Final = 3600.0
"""Seconds that a token holds whose answer does not say."""
_EARLY: Final = 30.0
"""Seconds before its end from which a token is not used any more, at most."""


@dataclass(frozen=True, slots=True)
class OAuthClient:
    """How tokens are asked for. post: the secret goes in the body, not as Basic. added: to the request."""

    token_url: str
    client_id: str
    client_secret: str = field(repr=False)
    post: bool = False
    scope: str = ""
    added: Additions = field(default=Additions(), repr=False)

    def request(self) -> tuple[HttpTask, Additions]:
        """Return the request for a token, and what is added to it."""
        body = {"grant_type": "client_credentials"}
        if self.scope:
            body["scope"] = self.scope
        headers = dict(self.added.headers)
        if self.post:
            body |= {"client_id": self.client_id, "client_secret": self.client_secret}
        else:
            pair = f"{quote(self.client_id, safe='')}:{quote(self.client_secret, safe='')}"
            headers["Authorization"] = "Basic " + b64encode(pair.encode()).decode()
        task = HttpTask(self.token_url, "POST", "", _HEADERS, (), body, "INDICES")
        return task, self.added._replace(headers=headers)


_HEADERS: Final[dict[str, tuple[str, str | None]]] = {
    "accept": ("Accept", "application/json"),
    "idempotency-key": ("Idempotency-Key", None),
    "range": ("Range", None),
}


class Token(NamedTuple):
    """An access token. lasts: seconds."""

    text: str
    lasts: float


def read_token(status: int, body: bytes) -> Token:
    """Read a token endpoint's answer. Raises: StateError, which shows nothing of a token."""
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
        raise StateError(INVALID_CONNECTION, f"The token endpoint answered {status}{why[:200]}")
    lasts = members.get("expires_in")
    return Token(text, lasts if isinstance(lasts, int | float) and lasts > 0 else _USUAL)


class Tokens:
    """The token of one connection. Used on one event loop."""

    def __init__(
        self, fetch: Callable[[], Awaitable[Token]], monotonic: Callable[[], float]
    ) -> None:
        """fetch: asks for a token; raises StateError."""
        self._fetch = fetch
        self._monotonic = monotonic
        self._text = ""
        self._until = 0.0
        self._fetching: asyncio.Task[str] | None = None

    async def get(self) -> str:
        """Return a token. Raises: StateError."""
        if self._text and self._monotonic() < self._until:
            return self._text
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
