"""Owns a delivery as it came: its headers, its raw bytes, and what else a scheme may sign of it."""

import re
from collections.abc import Iterable, Iterator
from datetime import datetime
from functools import lru_cache
from typing import Any, Final

import orjson

from frontdesk.rules.webhooks.verdict import Reason, Refused

MAX_FIELD: Final = 8192
"""Characters of a header that a scheme reads."""

_SECONDS: Final = re.compile(r"\d{1,15}", re.ASCII)
_UNREAD: Final = object()

Text = str | bytes


class Delivery:
    """A webhook before anything of it is believed.

    headers: pairs, in any case, in order; a name may come several times. body: the bytes as they came.
    method, url: of the request, the URL whole and byte for byte, as the sender knows it; "" where the caller
    does not say. source: address of the sender. client_certificate: DER or PEM, of mutual TLS.
    """

    __slots__ = ("_document", "_headers", "body", "client_certificate", "method", "source", "url")

    def __init__(
        self,
        headers: Iterable[tuple[Text, Text]],
        body: bytes,
        *,
        method: str = "POST",
        url: str = "",
        source: str = "",
        client_certificate: bytes = b"",
    ) -> None:
        self._headers: dict[str, list[str]] = {}
        for name, value in headers:
            self._headers.setdefault(_key(name), []).append(_wire(value).strip(" \t"))
        self.body = body
        self.method = method
        self.url = url.encode("utf-8", "replace").decode()
        self.source = source
        self.client_certificate = client_certificate
        self._document: Any = _UNREAD

    def pairs(self) -> Iterator[tuple[str, str]]:
        """Yield the headers, their names in lower case."""
        for name, values in self._headers.items():
            for value in values:
                yield name, value

    def values(self, name: str) -> list[str]:
        """List the values of a header; bytes beyond ASCII as Latin-1."""
        return self._headers.get(name.lower(), [])

    def find(self, name: str) -> str | None:
        """Return the value of a header that may be there once. Raises: Refused."""
        values = self.values(name)
        if not values:
            return None
        if len(values) > 1:
            raise Refused(Reason.MALFORMED, f"header {name} comes {len(values)} times")
        if len(values[0]) > MAX_FIELD:
            raise Refused(Reason.MALFORMED, f"header {name} is longer than {MAX_FIELD} characters")
        return values[0]

    def need(self, name: str) -> str:
        """Return the value of a header that must be there once. Raises: Refused."""
        value = self.find(name)
        if not value:
            raise Refused(Reason.MISSING_HEADER, f"no header {name}")
        return value

    def need_url(self) -> str:
        """Return the URL for a scheme that signs it. Raises: Refused."""
        if not self.url:
            raise Refused(
                Reason.CONFIG_ERROR, "this scheme signs the URL, which the caller must give"
            )
        return self.url

    def document(self) -> Any:
        """Return the body as JSON; None when it is none."""
        if self._document is _UNREAD:
            try:
                self._document = orjson.loads(self.body)
            except orjson.JSONDecodeError:
                self._document = None
        return self._document

    def need_object(self) -> dict[str, Any]:
        """Return the body for a scheme that signs parts of it: a JSON object. Raises: Refused."""
        document = self.document()
        if not isinstance(document, dict):
            raise Refused(Reason.MALFORMED, "the body is not a JSON object")
        return document


def read_moment(text: str, name: str, *, per_second: int = 1) -> float:
    """Read a count of seconds since 1970, or of parts of them. Raises: Refused."""
    if _SECONDS.fullmatch(text) is None:
        raise Refused(Reason.MALFORMED, f"{name} is not a number of seconds since 1970")
    return int(text) / per_second


def read_time(text: str, name: str) -> float:
    """Read a time with its zone, in the form of ISO 8601. Raises: Refused."""
    try:
        moment = datetime.fromisoformat(text)
        if moment.tzinfo is None:
            raise ValueError
        return moment.timestamp()
    except (ValueError, OverflowError):
        raise Refused(Reason.MALFORMED, f"{name} is not a time with its zone") from None


@lru_cache(1024)
def _key(name: Text) -> str:
    return _wire(name).lower()


def _wire(text: Text) -> str:
    """Return what came over the wire, each byte a character."""
    if isinstance(text, bytes):
        return text.decode("latin-1")
    if text.isascii() or max(text) <= "\xff":
        return text
    return text.encode("utf-8", "surrogatepass").decode("latin-1")
