"""Owns what comes of a call: status, fields, and a body that is there or still coming."""

import re
from collections.abc import AsyncIterator, Iterator, Mapping
from typing import Any, Final, Self

import orjson

from frontdesk.base.streams import Fields, Source
from frontdesk.client.session.errors import Attempt, BrokenAnswerError, StatusError
from frontdesk.client.session.requests import Request
from frontdesk.client.session.streams import Incoming
from frontdesk.rules.redaction import mask_secrets

_CHARSET: Final = re.compile(r";\s*charset=\"?([\w.:-]+)", re.IGNORECASE)
_RETRYABLE: Final = frozenset({408, 425, 429, 500, 502, 503, 504})


class Headers(Mapping[str, str]):
    """Header fields by name, in any case; repeated ones joined with a comma."""

    __slots__ = ("_values",)

    def __init__(self, fields: Fields) -> None:
        values: dict[str, list[str]] = {}
        for name, value in fields:
            values.setdefault(name.decode("latin-1").lower(), []).append(value.decode("latin-1"))
        self._values = values

    def __getitem__(self, name: str) -> str:
        return ", ".join(self._values[name.lower()])

    def __iter__(self) -> Iterator[str]:
        return iter(self._values)

    def __len__(self) -> int:
        return len(self._values)

    def all(self, name: str) -> list[str]:
        """Return the values of a field that may be repeated, such as Set-Cookie."""
        return list(self._values.get(name.lower(), ()))


class Answer:
    """An answer to a call.

    attempts: all that were made for it. seconds: that the call took. fallback: it is not the server's.
    """

    __slots__ = (
        "_body",
        "_fields",
        "_headers",
        "attempts",
        "fallback",
        "request",
        "seconds",
        "status",
    )

    def __init__(
        self, request: Request, status: int, fields: Fields, body: bytes | Source = b""
    ) -> None:
        self.request = request
        self.status = status
        self.attempts: tuple[Attempt, ...] = ()
        self.seconds = 0.0
        self.fallback = False
        self._fields = fields
        self._headers: Headers | None = None
        self._body = body if isinstance(body, bytes) else Incoming(body)

    def __repr__(self) -> str:
        what = "fallback" if self.fallback else self.status
        return f"<Answer {what} of {self.request.method} {self.request.shown_url}>"

    @property
    def headers(self) -> Headers:
        """The header fields."""
        if self._headers is None:
            self._headers = Headers(self._fields)
        return self._headers

    @property
    def ok(self) -> bool:
        """Whether the status is below 400."""
        return self.status < 400

    @property
    def body(self) -> bytes:
        """The body. Raises: RuntimeError while it still comes, see `read`."""
        if isinstance(self._body, bytes):
            return self._body
        raise RuntimeError("the body still comes: use stream() or await read()")

    @property
    def text(self) -> str:
        """The body as text, in the charset that it names, else UTF-8."""
        charset = _CHARSET.search(self.headers.get("content-type", ""))
        try:
            return self.body.decode(charset[1] if charset else "utf-8", "replace")
        except LookupError:
            return self.body.decode("utf-8", "replace")

    def json(self) -> Any:
        """Return the body's JSON. Raises: BrokenAnswerError where it is none."""
        try:
            return orjson.loads(self.body)
        except orjson.JSONDecodeError as error:
            message = f"the answer ({self.status}) is no JSON: {error}"
            raise BrokenAnswerError(message, attempts=self.attempts, answer=self) from None

    def raise_for_status(self) -> Self:
        """Return the answer itself. Raises: StatusError for 400 and above."""
        if self.ok:
            return self
        error = StatusError(
            mask_secrets(f"{self.request.method} {self.request.shown_url} answered {self.status}"),
            attempts=self.attempts,
            answer=self,
        )
        error.retryable = self.status in _RETRYABLE
        raise error

    async def stream(self) -> AsyncIterator[bytes]:
        """Give the body as it comes. Raises: BrokenAnswerError where it breaks off."""
        if isinstance(self._body, bytes):
            if self._body:
                yield self._body
            return
        async for data in self._body:
            yield data

    async def read(self) -> bytes:
        """Wait for the whole body, whatever its size."""
        if not isinstance(self._body, bytes):
            self._body = b"".join([data async for data in self._body])
        return self._body

    def close(self) -> None:
        """Want no more of the body."""
        if not isinstance(self._body, bytes):
            self._body.cancel()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        self.close()
