"""Owns how connections ask for access tokens, and what it is to a task when there is none.

Source: RFC 6749 §4.4 (client credentials), §2.3.1, §5.1.
"""

from dataclasses import dataclass, field
from typing import Final

from frontdesk.client.tokens import Token, TokenError, basic_credentials, read_token
from frontdesk.rules.asl.data.errors import StateError
from frontdesk.rules.asl.http_tasks import Additions, HttpTask

INVALID_CONNECTION: Final = "Events.ConnectionResource.InvalidConnectionState"
"""The error where no token is given."""


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
            headers["Authorization"] = basic_credentials(self.client_id, self.client_secret)
        task = HttpTask(self.token_url, "POST", "", _HEADERS, (), body, "INDICES")
        return task, self.added._replace(headers=headers)


_HEADERS: Final[dict[str, tuple[str, str | None]]] = {
    "accept": ("Accept", "application/json"),
    "idempotency-key": ("Idempotency-Key", None),
    "range": ("Range", None),
}


def token_of(status: int, body: bytes) -> Token:
    """Read a token endpoint's answer. Raises: StateError, which shows nothing of a token."""
    try:
        return read_token(status, body)
    except TokenError as error:
        raise StateError(INVALID_CONNECTION, error.message) from None
