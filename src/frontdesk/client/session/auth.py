"""Owns how requests say who we are. Secrets are texts, references or functions, see `credentials`.

What is given to a client is a value; each client makes its own `Signer` of it.
"""

import hashlib
import hmac
from base64 import b64encode
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from functools import partial
from typing import Final, Literal, Protocol
from urllib.parse import urlencode

from frontdesk.base.clock import Clock
from frontdesk.base.errors import UpstreamError
from frontdesk.client.session.credentials import Given, basic, reader
from frontdesk.client.session.requests import Request, field_lines
from frontdesk.client.tokens import Token, TokenError, Tokens, basic_credentials, read_token
from frontdesk.rules.auth.sigv4 import Credentials, sign
from frontdesk.rules.auth.sigv4 import Request as Signed

Ask = Callable[[str, Mapping[str, str], bytes], Awaitable[tuple[int, bytes]]]
"""Posts a body with these fields to a URL: returns status and body. Raises: UpstreamError."""


class Signer(Protocol):
    """What one client signs its requests with."""

    @property
    def ready(self) -> bool:
        """Whether `lines` can be asked for at once."""
        ...

    async def prepare(self) -> None:
        """Become ready. Raises: UpstreamError."""
        ...

    def lines(self, request: Request) -> str:
        """Write the fields that one attempt carries. Raises: ValueError for what cannot be signed."""
        ...

    def refused(self) -> bool:
        """Learn that the server has answered 401; True: the next attempt says something else."""
        ...

    def close(self) -> None:
        """Stop what `prepare` has begun."""
        ...


class Auth(Protocol):
    """Who we are."""

    def signer(self, ask: Ask, clock: Clock) -> Signer:
        """Make what a client signs with. Raises: SecretError."""
        ...


class _Always:
    """A Signer that is ready, and has one thing to say."""

    ready = True

    def __init__(self, lines: Callable[[Request], str]) -> None:
        self.lines = lines

    async def prepare(self) -> None:
        """See Signer."""

    def refused(self) -> bool:
        """See Signer."""
        return False

    def close(self) -> None:
        """See Signer."""


NOBODY: Final[Signer] = _Always(lambda _request: "")
"""Signs nothing."""


def _saying(name: str, given: Given, write: Callable[[str], str] = str) -> Signer:
    """Return what says the same each time. given: the secret. write: makes the field's value of it."""
    read = reader(given)
    if not isinstance(given, str):
        return _Always(lambda _request: field_lines({name: write(read())}))
    line = field_lines({name: write(read())})
    return _Always(lambda _request: line)


@dataclass(frozen=True, slots=True)
class Bearer:
    """`Authorization: Bearer …`, RFC 6750."""

    token: Given = field(repr=False)

    def signer(self, ask: Ask, clock: Clock) -> Signer:  # noqa: ARG002 - see Auth
        """See Auth."""
        return _saying("Authorization", self.token, lambda token: f"Bearer {token}")


@dataclass(frozen=True, slots=True)
class Basic:
    """`Authorization: Basic …`, RFC 7617."""

    username: str
    password: Given = field(repr=False)

    def signer(self, ask: Ask, clock: Clock) -> Signer:  # noqa: ARG002 - see Auth
        """See Auth."""
        return _saying("Authorization", self.password, partial(basic, self.username))


@dataclass(frozen=True, slots=True)
class ApiKey:
    """A key in a header field of its own."""

    key: Given = field(repr=False)
    header: str = "X-Api-Key"

    def signer(self, ask: Ask, clock: Clock) -> Signer:  # noqa: ARG002 - see Auth
        """See Auth."""
        return _saying(self.header, self.key)


@dataclass(frozen=True, slots=True)
class SigV4:
    """AWS Signature Version 4, of all services but S3. Signed anew for each attempt."""

    access_key_id: Given
    secret_access_key: Given = field(repr=False)
    region: str
    service: str = "execute-api"
    session_token: Given = field(default="", repr=False)

    def signer(self, ask: Ask, clock: Clock) -> Signer:  # noqa: ARG002 - see Auth
        """See Auth."""
        read = [reader(each) for each in (self.access_key_id, self.secret_access_key)]
        session = reader(self.session_token) if self.session_token else str

        def lines(request: Request) -> str:
            path, _, query = request.target.partition("?")
            host = request.origin.partition("://")[2].encode()
            signed = Signed(request.method, path, query, {b"host": host}, _whole(request))
            pair = Credentials(read[0](), read[1](), session())
            fields = sign(signed, pair, self.region, self.service, clock.time())
            return field_lines({name.decode(): value.decode() for name, value in fields})

        return _Always(lines)


_ENCODINGS: Final[Mapping[str, Callable[[bytes], str]]] = {
    "base64": lambda digest: b64encode(digest).decode(),
    "hex": bytes.hex,
}


@dataclass(frozen=True, slots=True)
class Hmac:
    """An HMAC of the request and the time. Made anew for each attempt.

    message: what is signed, with `{timestamp}` (whole seconds), `{method}`, `{target}` (path and query) and
    `{body}`. prefix: in front of the signature. header, timestamp_header: where both go.
    """

    secret: Given = field(repr=False)
    header: str = "X-Signature"
    timestamp_header: str = "X-Timestamp"
    message: str = "{timestamp}.{body}"
    algorithm: Literal["sha256", "sha384", "sha512"] = "sha256"
    encoding: Literal["hex", "base64"] = "hex"
    prefix: str = ""

    def signer(self, ask: Ask, clock: Clock) -> Signer:  # noqa: ARG002 - see Auth
        """See Auth."""
        secret = reader(self.secret)
        digest = getattr(hashlib, self.algorithm)
        write = _ENCODINGS[self.encoding]
        before, has_body, after = self.message.partition("{body}")

        def lines(request: Request) -> str:
            timestamp = str(int(clock.time()))
            known = {"timestamp": timestamp, "method": request.method, "target": request.target}
            made = hmac.new(secret().encode(), before.format(**known).encode(), digest)
            made.update(_whole(request) if has_body else b"")
            made.update(after.format(**known).encode())
            signature = f"{self.prefix}{write(made.digest())}"
            return field_lines({self.timestamp_header: timestamp, self.header: signature})

        return _Always(lines)


def _whole(request: Request) -> bytes:
    if isinstance(request.body, bytes):
        return request.body
    raise ValueError("a body that comes in parts cannot be signed: give it whole")


@dataclass(frozen=True, slots=True)
class OAuth2:
    """Access tokens for client credentials, RFC 6749 §4.4: kept until they are over or refused.

    post: the secret goes in the body, not as Basic. more: further members of the request, such as `audience`.
    """

    token_url: str
    client_id: str
    client_secret: Given = field(repr=False)
    scope: str = ""
    post: bool = False
    more: Mapping[str, str] = field(default_factory=dict)

    def signer(self, ask: Ask, clock: Clock) -> Signer:
        """See Auth."""
        secret = reader(self.client_secret)

        async def fetch() -> Token:
            form = {"grant_type": "client_credentials", **self.more}
            headers = {"Content-Type": _FORM, "Accept": "application/json"}
            if self.scope:
                form["scope"] = self.scope
            if self.post:
                form |= {"client_id": self.client_id, "client_secret": secret()}
            else:
                headers["Authorization"] = basic_credentials(self.client_id, secret())
            return read_token(*await ask(self.token_url, headers, urlencode(form).encode()))

        return _TokenSigner(Tokens(fetch, clock.monotonic))


_FORM: Final = "application/x-www-form-urlencoded"


class _TokenSigner:
    """Signs with a token that is fetched when it is needed."""

    def __init__(self, tokens: Tokens) -> None:
        self._tokens = tokens
        self._used = ""

    @property
    def ready(self) -> bool:
        """See Signer."""
        return bool(self._tokens.held)

    async def prepare(self) -> None:
        """See Signer."""
        try:
            await self._tokens.get()
        except TokenError as error:
            raise UpstreamError("unauthorized", error.message) from None

    def lines(self, request: Request) -> str:  # noqa: ARG002 - see Signer
        """See Signer."""
        self._used = self._tokens.held
        return f"Authorization: Bearer {self._used}\r\n"

    def refused(self) -> bool:
        """See Signer."""
        self._tokens.refuse(self._used)
        return True

    def close(self) -> None:
        """See Signer."""
        self._tokens.close()
