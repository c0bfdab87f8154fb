"""Owns what one call asks for: URL, fields and body, written as they are sent. Knows no socket."""

import re
from collections.abc import AsyncIterable, Iterable, Mapping
from typing import Any, Final
from urllib.parse import quote, urlencode, urlsplit

import orjson

from frontdesk.client.call import IDEMPOTENT
from frontdesk.client.target import parse_target
from frontdesk.rules.redaction import masked_url

Content = bytes | str | AsyncIterable[bytes]
Scalar = str | int | float | bool
Params = Mapping[str, Scalar | Iterable[Scalar]]

_TOKEN: Final = re.compile(r"[A-Za-z0-9!#$%&'*+.^_`|~-]+", re.ASCII)
_UNFIT: Final = re.compile(r"[^\t\x20-\x7e\x80-\xff]")
_PLAIN: Final = re.compile(r"/[A-Za-z0-9/._~!$&'()*+,;=:@%?-]*", re.ASCII)
_SAFE: Final = "/%:@!$&'()*+,;=~-._?"
_PLACE: Final = re.compile(r"\{(\w+)\}")


class Request:
    """One call, as interceptors and fallbacks see it.

    url: absolute. headers: those of this call alone, by name; interceptors may change them. body: complete
    bytes, or what gives them. template: the URL with its places, for the log, or "". idempotency_key:
    "" for none.
    """

    __slots__ = ("body", "headers", "idempotency_key", "method", "origin", "target", "template")

    def __init__(
        self,
        method: str,
        origin: str,
        target: str,
        headers: dict[str, str],
        body: bytes | AsyncIterable[bytes] = b"",
    ) -> None:
        self.method = method
        self.origin = origin
        self.target = target
        self.headers = headers
        self.body = body
        self.idempotency_key = ""
        self.template = ""

    def __repr__(self) -> str:
        return f"<Request {self.method} {self.shown_url}>"

    @property
    def url(self) -> str:
        """The whole URL."""
        return self.origin + self.target

    @property
    def shown_url(self) -> str:
        """The URL as it may be logged."""
        return masked_url(self.template or self.url)

    @property
    def repeatable(self) -> bool:
        """Whether sending it twice does no more than sending it once."""
        return self.method in IDEMPOTENT or bool(self.idempotency_key)

    def head(self, common: "Common") -> str:
        """Write request line and fields; its own win over common ones. Raises: ValueError, see field_lines."""
        start = f"{self.method} {self.target} HTTP/1.1\r\n"
        if not self.headers:
            return start + common.all
        return start + common.beside(self.headers) + field_lines(self.headers)


class Common:
    """The header fields of all calls of a client."""

    def __init__(self, fields: Mapping[str, str]) -> None:
        """Raises: ValueError."""
        self._lines = {name.lower(): field_lines({name: value}) for name, value in fields.items()}
        self.all = "".join(self._lines.values())

    def beside(self, own: Mapping[str, str]) -> str:
        """Return the lines of those that a call has not got itself."""
        names = {name.lower() for name in own}
        return "".join(line for name, line in self._lines.items() if name not in names)


def field_lines(fields: Mapping[str, str]) -> str:
    """Write header fields. Raises: ValueError for names and values that would break the request."""
    for name, value in fields.items():
        if not _TOKEN.fullmatch(name):
            raise ValueError(f"no name of a header field: {name!r}")
        if _UNFIT.search(
            value
        ):  # or else the error of the codec would bring along all fields, secrets too
            raise ValueError(f"characters that cannot be sent in the header field: {name}")
    return "".join([f"{name}: {value}\r\n" for name, value in fields.items()])


class Base:
    """What relative URLs are relative to."""

    def __init__(self, url: str) -> None:
        """url: "" for none. Raises: ValueError."""
        self.origin = origin_of(url) if url else ""
        self.prefix = urlsplit(url).path.rstrip("/") if url else ""

    def locate(
        self, url: str, path: Mapping[str, Scalar] | None, params: Params | None
    ) -> tuple[str, str, str]:
        """Return origin, target and template of a call. path: values for `{name}` in the URL.

        Raises: ValueError.
        """
        template = ""
        if path is not None:
            template = url
            url = _PLACE.sub(lambda found: _segment(path, found[1]), url)
        elif "{" in url and "://" not in url and (place := _PLACE.search(url.partition("?")[0])):
            raise ValueError(f"no value for the place in the URL: {place[1]}; see path={{…}}")
        origin, prefix = self.origin, self.prefix
        if not url.startswith("/"):
            if "://" in url:
                origin, prefix = origin_of(url), ""
                parts = urlsplit(url)
                url = f"{parts.path or '/'}?{parts.query}" if parts.query else parts.path or "/"
            else:
                url = f"/{url}"
                template = template and f"/{template}"
        if not origin:
            raise ValueError(f"expected a whole URL, because the client has no base: {url}")
        if not _PLAIN.fullmatch(url):
            url = quote(url.partition("#")[0], safe=_SAFE)
        if params:
            mark = "&" if "?" in url else "?"
            url += mark + urlencode({name: _told(value) for name, value in params.items()}, True)
        if template and "://" not in template:
            template = f"{origin}{prefix}{template}"
        return origin, prefix + url, template


def origin_of(url: str) -> str:
    """Return scheme, host and port of a URL as one text. Raises: ValueError."""
    target = parse_target(url)
    return f"{target.scheme}://{target.authority.decode()}"


def _segment(path: Mapping[str, Scalar], name: str) -> str:
    if name not in path:
        raise ValueError(f"no value for the place in the URL: {name}")
    value = quote(str(_told(path[name])), safe="")
    if value in ("", ".", ".."):
        raise ValueError(f"no segment of a path, for {name}: {value!r}")
    return value


def _told(value: Any) -> Any:
    """Write booleans as JSON does."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, str | int | float):
        return value
    return [_told(one) for one in value]


def encoded(
    json: Any, form: Params | None, content: Content | None
) -> tuple[bytes | AsyncIterable[bytes], str]:
    """Return a body and its media type, "" where nothing is to be said. None: none. Raises: ValueError for two."""
    if (json, form, content).count(None) < 2:
        raise ValueError("expected one of json, form and content")
    if json is not None:
        return orjson.dumps(json), "application/json"
    if form is not None:
        told = urlencode({name: _told(value) for name, value in form.items()}, True)
        return told.encode(), "application/x-www-form-urlencoded"
    if content is None:
        return b"", ""
    return (
        (content.encode(), "text/plain; charset=utf-8")
        if isinstance(content, str)
        else (content, "")
    )
