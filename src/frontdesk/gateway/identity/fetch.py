"""Owns the fetching of small public documents (discovery, key sets) off the request path.

One connection per document, everything bounded: time, size, one redirect. No proxy settings, no cookies,
no compression. Knows nothing of what the documents say.
"""

import asyncio
import socket
import ssl
from collections.abc import Callable
from dataclasses import dataclass, field
from urllib.parse import SplitResult, urljoin, urlsplit

import httptools

from frontdesk.base.egress import is_public
from frontdesk.base.errors import UpstreamError

MAX_BODY = 256 * 1024
MAX_HEAD = 64 * 1024
_REDIRECTS = frozenset({301, 302, 303, 307, 308})


@dataclass(slots=True)
class Fetched:
    """An answer. headers: lower-case name to value, the last one where repeated."""

    status: int = 0
    headers: dict[str, str] = field(default_factory=dict)
    body: bytes = b""


Trust = Callable[[], ssl.SSLContext]


async def fetch(
    url: str, seconds: float, public: bool, *, trust: Trust = ssl.create_default_context
) -> Fetched:
    """Fetch `url` (http or https, allowed by the caller) within `seconds`, name lookup included.

    public: the operator did not choose this host, so refuse addresses that are not public. trust: makes the
    TLS context, in a thread, because reading the system's certificates takes tens of milliseconds.
    Raises: UpstreamError.
    """
    try:
        async with asyncio.timeout(seconds):
            answer = await _get(urlsplit(url), public, trust)
            if answer.status in _REDIRECTS:
                answer = await _get(_redirected(url, answer), public, trust)
    except TimeoutError:
        raise UpstreamError("timeout", f"no answer within {seconds:g} s: {url}") from None
    except ssl.SSLError as error:
        raise UpstreamError("tls", f"{error.reason or error}: {url}") from error
    except OSError as error:
        raise UpstreamError("connect", f"{error.strerror or error}: {url}") from error
    except ValueError as error:  # of a redirect, or a name that DNS cannot have
        raise UpstreamError("protocol", f"leads to a URL that cannot be asked: {url}") from error
    if answer.status in _REDIRECTS:
        raise UpstreamError("protocol", f"redirected twice: {url}")
    return answer


async def _get(url: SplitResult, public: bool, trust: Trust) -> Fetched:
    host, secure = url.hostname or "", url.scheme == "https"
    port = url.port or (443 if secure else 80)
    # Connects to the very address that was checked; TLS still verifies the name.
    reader, writer = await asyncio.open_connection(
        await _resolve(host, port, public),
        port,
        ssl=await asyncio.to_thread(trust) if secure else None,
        server_hostname=host if secure else None,
    )
    try:
        writer.write(_request(url))
        return await _read(reader)
    finally:
        writer.close()


async def _resolve(host: str, port: int, public: bool) -> str:
    loop = asyncio.get_running_loop()
    found = await loop.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    addresses = [str(entry[4][0]) for entry in found]
    if public and not all(map(is_public, addresses)):
        raise UpstreamError("resolve", f"not a public address: {host}")
    return addresses[0]


def _request(url: SplitResult) -> bytes:
    target = f"{url.path or '/'}?{url.query}" if url.query else url.path or "/"
    host = url.netloc.rpartition("@")[2]
    return (
        f"GET {target} HTTP/1.1\r\nHost: {host}\r\nAccept: application/json\r\n"
        "User-Agent: frontdesk\r\nConnection: close\r\n\r\n"
    ).encode("ascii")


def _redirected(url: str, answer: Fetched) -> SplitResult:
    target = urlsplit(urljoin(url, answer.headers.get("location", "")))
    origin = urlsplit(url)
    if (target.scheme, target.netloc) != (
        origin.scheme,
        origin.netloc,
    ) or not target.geturl().isascii():
        raise UpstreamError("protocol", f"redirected to another host: {url}")
    return target


class _Answer:
    """Collects one final response from httptools' callbacks; interim ones (1xx) are passed over."""

    def __init__(self) -> None:
        self.parser = httptools.HttpResponseParser(self)
        self.fetched = Fetched()
        self.complete = False

    def on_header(self, name: bytes, value: bytes) -> None:
        self.fetched.headers[name.decode("latin-1").lower()] = value.decode("latin-1")

    def on_headers_complete(self) -> None:
        self.fetched.status = self.parser.get_status_code()

    def on_body(self, data: bytes) -> None:
        self.fetched.body += data

    def on_message_complete(self) -> None:
        if self.fetched.status < 200:
            self.fetched = Fetched()
        else:
            self.complete = True

    @property
    def ends_with_connection(self) -> bool:
        headers = self.fetched.headers
        return "content-length" not in headers and "transfer-encoding" not in headers


async def _read(reader: asyncio.StreamReader) -> Fetched:
    answer, received = _Answer(), 0
    while not answer.complete:
        data = await reader.read(65536)
        if not data:
            if answer.fetched.status < 200 or not answer.ends_with_connection:
                raise UpstreamError("closed", "the answer breaks off")
            break
        received += len(data)
        try:
            answer.parser.feed_data(data)
        except httptools.HttpParserError as error:
            raise UpstreamError("protocol", f"not an HTTP response: {error}") from None
        if received > MAX_HEAD + MAX_BODY or len(answer.fetched.body) > MAX_BODY:
            raise UpstreamError("protocol", f"the answer is longer than {MAX_BODY} bytes")
    return answer.fetched
