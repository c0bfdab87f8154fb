"""Owns the reading of a request head: bytes up to the blank line become a Request or a refusal.

llhttp judges the grammar, strictly. What it lets pass and a gateway must not is judged here: one space
around the target, versions, targets, Host, framing, duplicates, upgrades, sizes. Knows no connection.
"""

import base64
import binascii
import re
from dataclasses import dataclass
from typing import Final

from httptools import HttpParserError, HttpParserUpgrade, HttpRequestParser

from frontdesk.base.recent import Recent
from frontdesk.base.streams import Field, Fields
from frontdesk.gateway.pipeline.exchange import Exchange, FieldSection, Reply
from frontdesk.gateway.pipeline.replies import refusal
from frontdesk.gateway.server.limits import Limits
from frontdesk.rules.http.forwarding import TrustedProxies, nearest
from frontdesk.rules.http.hop_by_hop import HOP_BY_HOP, SINGLETONS, is_held, nominated
from frontdesk.rules.http.path import normalise
from frontdesk.rules.redaction import MASK, mask_secrets

CHUNKED: Final = -1
"""`Request.length` of a body whose end is told by its chunks."""

METHODS: Final[dict[bytes, str]] = {
    name.encode(): name
    for name in (
        *("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "QUERY", "PURGE"),
        *("ACL", "BIND", "CHECKOUT", "COPY", "LINK", "LOCK", "M-SEARCH", "MERGE", "MKACTIVITY"),
        *("MKCALENDAR", "MKCOL", "MOVE", "NOTIFY", "PROPFIND", "PROPPATCH", "REBIND", "REPORT"),
        *("SEARCH", "SUBSCRIBE", "UNBIND", "UNLINK", "UNLOCK", "UNSUBSCRIBE"),
    )
}
"""Methods that may be routed: those of RFC 9110 without CONNECT and TRACE, and others llhttp knows."""

_ALLOW: Final[Field] = (b"allow", b"GET, HEAD, POST, PUT, PATCH, DELETE, OPTIONS")
_TOKEN: Final = re.compile(rb"[A-Za-z0-9!#$%&'*+.^_`|~-]+")
_PROTOCOL: Final = re.compile(rb"[A-Z]+/[0-9]+(\.[0-9]+)?")
_HOST: Final = re.compile(rb"(\[[0-9A-Fa-f:.]+\]|[A-Za-z0-9._~-]+)(?::[0-9]{0,5})?")
_WEBSOCKET_KEY_BYTES: Final = 16
_FIELD_OVERHEAD: Final = 4  # colon, blank, CR, LF
_REMEMBERED: Final = 4096  # spellings of names and hosts; more than that is somebody probing
_REMEMBERED_BYTES: Final = 256
_SECTIONS: Final = 1024  # field sections remembered, each of at most so many bytes:
_SECTION_BYTES: Final = 4096
_NO_SECTION: Final = b"\r\n"
_USER: Final = re.compile(r"(?<=//)[^/]*@")  # with a password, maybe

LONGEST_SHOWN: Final = 500
"""Characters that logs are shown of a target that was refused."""

# What becomes of a field, by its name.
_FORWARD: Final = 0  # may go to a backend as it came
_HOLD: Final = 1  # ends here, but events and policies see it
_EDGE: Final = 2  # only a trusted proxy may say it; dropped otherwise
_DROP: Final = 3

HELD_FROM_ANYONE: Final = HOP_BY_HOP | {b"content-length", b"expect", b"host", b"via"}
"""Fields that events and policies are shown whoever sent them; all of them are held."""

_NO_HEADERS: Final[dict[bytes, bytes]] = {}
_NO_FIELDS: Final[Fields] = []


@dataclass(slots=True, eq=False, repr=False)
class Request(Exchange):
    """An Exchange with what only the server needs to know of its message.

    length: bytes of the body that follows, or CHUNKED. authority: host and port of a target in absolute
    form. keep_alive: the client may use the connection again. expects_continue: it waits for 100 before
    it sends the body. refusal: the head was not acceptable; all that was read of it until then is set,
    for the log. Where that is not the path, `path` is what was sent in its place, as logs may show it.
    """

    length: int = 0
    authority: bytes = b""
    keep_alive: bool = True
    expects_continue: bool = False
    refusal: Reply | None = None


@dataclass(slots=True, eq=False, repr=False)
class SecureRequest(Request):
    """A request that came through TLS."""

    scheme: str = "https"


class _FieldLines:
    """What the parser reports to: nothing but the lines of the field section."""

    __slots__ = ("lines",)

    def __init__(self) -> None:
        self.lines: Fields = []

    def on_header(self, name: bytes, value: bytes) -> None:
        self.lines.append((name, value.rstrip(b" \t")))  # llhttp leaves blanks after a value


class HeadReader:
    """Reads heads, one at a time, whole. One serves all connections of an event loop.

    Because a head is read whole, it makes no difference how it was cut into packets, and because the
    parser never sees a body, bytes of a body can never be taken for the next request.

    Clients say the same about themselves with each request: field sections are remembered, byte for
    byte, where nothing but Host was held back and nothing was dropped. Then what they mean depends
    on nothing else, neither on the peer nor on the request line.
    """

    def __init__(
        self, limits: Limits, trusted: TrustedProxies, request: type[Request] = Request
    ) -> None:
        """request: what heads become."""
        self._make_request = request
        self._limits = limits
        self._trusted = trusted
        self._small = min(limits.target, limits.fields)
        self._collector = _FieldLines()
        self._parser = HttpRequestParser(self._collector)
        self._names: dict[bytes, tuple[bytes, int]] = {}
        self._hosts: dict[bytes, str | None] = {}
        self._sections: Recent[bytes, FieldSection] = Recent(_SECTIONS)

    def unread(self, peer: str, beginning: bytes) -> Request:
        """Return a request that cannot be read, so that it can be refused and logged.

        beginning: what has come of its head.
        """
        request = self._empty(peer)
        request.path = _as_sent(beginning)
        return request

    def recall(self, data: bytes, peer: str) -> Request | None:
        """Read a plain head of which all but the request line is remembered, with nothing behind it.

        None: it must be looked for and read as a whole.
        """
        line_end = data.find(b"\r\n") + 2
        section = self._sections.get(data[line_end:])
        if section is None or len(data) > self._small:
            return None
        request = self._make_request()
        line = data[:line_end]
        if self._read_line(request, line) is not None or request.authority:
            return None
        try:
            self._parser.feed_data(line + _NO_SECTION)
        except HttpParserError:
            self._parser = HttpRequestParser(self._collector)
            return None
        if request.version != "HTTP/1.1":
            self._parser = HttpRequestParser(self._collector)
            return None
        request.peer = request.client_ip = peer
        request.request_length = len(data)
        request.headers = section.headers
        request.fields = section.fields
        request.held = section.held
        request.host = section.host
        request.section = section
        return request

    def read(self, head: bytes, peer: str) -> Request:
        """Read one head. head: from the request line to the blank line, both included."""
        request = self._empty(peer)
        request.request_length = size = len(head)
        request.refusal = (
            (self._too_long(head) if size > self._small else None)
            or self._read_line(request, head)
            or self._read_fields(request, head)
        )
        if request.refusal is not None or len(request.held) > 1 or request.version != "HTTP/1.1":
            # llhttp may now wait for a body, or for nothing more at all.
            self._parser = HttpRequestParser(self._collector)
        if request.refusal is not None and not request.path:
            request.path = _as_sent(head)
        return request

    def _empty(self, peer: str) -> Request:
        request = self._make_request()
        request.peer = request.client_ip = peer
        request.headers = _NO_HEADERS
        request.fields = request.held = _NO_FIELDS
        return request

    # -- request line -----------------------------------------------------------------------------

    def _read_line(self, request: Request, head: bytes) -> Reply | None:
        words = head[: head.find(b"\r\n")].split(b" ")
        if len(words) != 3:
            return refusal(400, "request_line", close=True)
        method, raw_target, version = words
        if version != b"HTTP/1.1":
            if version != b"HTTP/1.0":
                return _refuse_version(version)
            request.version = "HTTP/1.0"
            request.keep_alive = False
        if method not in METHODS:
            return _refuse_method(method)
        request.method = METHODS[method]
        target = raw_target.decode("latin-1")
        if not target.startswith("/"):
            if target == "*" and request.method == "OPTIONS":
                request.raw_path = request.path = "*"
                return None
            target = self._read_authority(request, target)
        request.raw_path, _, request.query = target.partition("?")
        path = normalise(request.raw_path)
        if path is None or "#" in request.query:
            return refusal(400, "target", close=True)
        request.path = path
        return None

    def _too_long(self, head: bytes) -> Reply | None:
        limits = self._limits
        line = head[: head.find(b"\r\n")]
        if len(line) > limits.request_line:
            return refusal(414, "request_line", close=True)
        if len(line) > limits.target and max(map(len, line.split(b" "))) > limits.target:
            return refusal(414, "target", close=True)
        if len(head) > limits.largest_head:
            return refusal(431, "fields", close=True)
        return None

    def _read_authority(self, request: Request, target: str) -> str:
        """Take the host from a target in absolute form; return its origin form, "" if not acceptable.

        What the client's Host field says no longer counts (RFC 9112 §3.2.2).
        """
        scheme, _, rest = target.partition("://")
        authority = re.split(r"[/?#]", rest, maxsplit=1)[0]
        if scheme.lower() not in {"http", "https"} or not authority:
            return ""
        request.authority = authority.encode("latin-1")
        origin_form = rest[len(authority) :]
        return origin_form if origin_form.startswith("/") else "/" + origin_form

    # -- fields -----------------------------------------------------------------------------------

    def _read_fields(self, request: Request, head: bytes) -> Reply | None:
        collector = self._collector
        lines: Fields = []
        collector.lines = lines
        try:
            self._parser.feed_data(head)
        except HttpParserUpgrade:
            pass  # judged below, like every other meaning of the fields
        except HttpParserError:
            return refusal(400, "malformed", close=True)
        if len(lines) > self._limits.field_count or len(head) > self._small:
            large = self._too_large(lines)
            if large is not None:
                return large
        refused = self._sort(request, lines) or self._judge(request)
        if refused is None and len(request.held) == 1 and len(lines) == len(request.fields) + 1:
            self._remember(request, head)
        return refused

    def _remember(self, request: Request, head: bytes) -> None:
        section = head[head.find(b"\r\n") + 2 :]
        if len(section) <= _SECTION_BYTES and not request.authority and request.host:
            request.section = FieldSection(
                request.headers, request.fields, request.held, request.host
            )
            self._sections.put(section, request.section)

    def _too_large(self, lines: Fields) -> Reply | None:
        limits = self._limits
        sizes = [len(name) + len(value) + _FIELD_OVERHEAD for name, value in lines]
        if len(sizes) > limits.field_count or sum(sizes) > limits.fields:
            return refusal(431, "fields", close=True)
        return None

    def _sort(self, request: Request, lines: Fields) -> Reply | None:
        names = self._names
        headers: dict[bytes, bytes] = {}
        fields: Fields = []
        held: Fields = []
        for line in lines:
            name, value = line
            key, fate = names.get(name) or self._learn(name)
            if fate:
                if fate == _DROP or (fate == _EDGE and request.peer not in self._trusted):
                    continue
                held.append(line)
            else:
                fields.append(line)
            if key in headers:
                if key in SINGLETONS:
                    return refusal(400, "duplicate_field", close=True)
                headers[key] += (b"; " if key == b"cookie" else b",") + value
            else:
                headers[key] = value
        request.headers = headers
        request.fields = fields
        request.held = held
        return None

    def _learn(self, name: bytes) -> tuple[bytes, int]:
        """Classify a spelling of a field name and remember it: `lower` runs once per spelling."""
        key = name.lower()
        fate = _FORWARD
        if b"_" in key:
            # Differs: [underscore-names] AWS passes them on. Many backends read `_` as `-`, so
            # that `Transfer_Encoding` or `X_Forwarded_For` would speak for the edge.
            fate = _DROP
        elif key in HELD_FROM_ANYONE:
            fate = _HOLD
        elif is_held(key):
            fate = _EDGE
        if len(self._names) < _REMEMBERED and len(name) < _REMEMBERED_BYTES:
            self._names[name] = key, fate
        return key, fate

    def _judge(self, request: Request) -> Reply | None:
        """Check what the fields say together. Most requests hold back nothing but Host."""
        host = self._hosts.get(request.headers.get(b"host", b""))
        if host and len(request.held) == 1 and not request.authority:
            request.host = host
            return None
        refused = (
            self._judge_host(request)
            or _judge_framing(request)
            or _judge_connection(request)
            or _judge_expectation(request)
            or _judge_upgrade(request)
        )
        if refused is None and request.peer in self._trusted:
            self._believe(request)
        return refused

    def _judge_host(self, request: Request) -> Reply | None:
        value = request.headers.get(b"host")
        if value is None:
            # RFC 9112 §3.2: required since HTTP/1.1. Without one the router takes any host.
            if request.version == "HTTP/1.1":
                return refusal(400, "host", close=True)
            value = request.authority
            if not value:
                return None
        host = self._hosts.get(value) or self._host(value)
        if request.authority:
            # RFC 9112 §3.2.2: the target's authority replaces what Host says, good or bad.
            host = self._host(request.authority)
            request.headers[b"host"] = request.authority
            request.held = [line for line in request.held if line[0].lower() != b"host"]
            request.held.append((b"Host", request.authority))
        if host is None:
            return refusal(400, "host", close=True)
        request.host = host
        return None

    def _believe(self, request: Request) -> None:
        """Take client, scheme and host from what a trusted proxy says."""
        headers = request.headers
        request.client_ip = self._trusted.client(request.peer, headers.get(b"x-forwarded-for", b""))
        scheme = nearest(headers.get(b"x-forwarded-proto", b"")).lower()
        if scheme in {b"http", b"https"}:
            request.scheme = scheme.decode()
        request.host = self._host(nearest(headers.get(b"x-forwarded-host", b""))) or request.host

    def _host(self, value: bytes) -> str | None:
        """Return a host without port in lower case; None where it must be refused."""
        match = _HOST.fullmatch(value)
        host = None
        if match is not None:
            # A name may end with the empty label of the root (RFC 1034 §3.1); it is the same name.
            host = match[1].decode().lower().removesuffix(".") or None
        if len(self._hosts) < _REMEMBERED and len(value) < _REMEMBERED_BYTES:
            self._hosts[value] = host
        return host


def _as_sent(head: bytes) -> str:
    """Return the target of a head without its query: escaped, its beginning where it is long, without secrets."""
    line = head.partition(b"\r\n")[0]
    target = line.partition(b" ")[2].partition(b" ")[0].partition(b"?")[0].decode("latin-1")
    written = mask_secrets(_USER.sub(f"{MASK}@", target))[: LONGEST_SHOWN + 1]
    written = written.encode("unicode_escape").decode("ascii")
    return f"{written[:LONGEST_SHOWN]}…" if len(written) > LONGEST_SHOWN else written


def _refuse_version(version: bytes) -> Reply:
    if _PROTOCOL.fullmatch(version):
        return refusal(505, "version", close=True)
    return refusal(400, "request_line", close=True)


def _refuse_method(method: bytes) -> Reply:
    if method == b"TRACE":
        return refusal(405, "method", _ALLOW, close=True)
    if _TOKEN.fullmatch(method):
        return refusal(501, "method", close=True)
    return refusal(400, "request_line", close=True)


def _judge_framing(request: Request) -> Reply | None:
    headers = request.headers
    coding = headers.get(b"transfer-encoding")
    if coding is not None:
        if request.version == "HTTP/1.0" or not all(
            _TOKEN.fullmatch(member.strip(b" \t")) for member in coding.split(b",")
        ):
            return refusal(400, "framing", close=True)
        if coding.lower() != b"chunked":
            return refusal(501, "transfer_encoding", close=True)
        request.length = CHUNKED
    elif b"content-length" in headers:
        request.length = int(headers[b"content-length"])
    return None


def _judge_connection(request: Request) -> Reply | None:
    connection = request.headers.get(b"connection")
    if connection is None:
        return None
    options = _options(connection)
    if b"close" in options:
        request.keep_alive = False
    elif b"keep-alive" in options:
        request.keep_alive = True
    named = nominated(connection)
    if named is None:
        return refusal(400, "connection", close=True)
    if named:
        request.fields = [line for line in request.fields if line[0].lower() not in named]
        for name in named:
            request.headers.pop(name, None)
    return None


def _options(connection: bytes) -> set[bytes]:
    return {option.strip(b" \t").lower() for option in connection.split(b",")}


def _judge_expectation(request: Request) -> Reply | None:
    expect = request.headers.get(b"expect")
    if expect is None or request.version == "HTTP/1.0":
        return None
    if expect.lower() != b"100-continue":
        return refusal(417, "expect", close=True)
    request.expects_continue = request.length != 0
    return None


def _judge_upgrade(request: Request) -> Reply | None:
    """Find WebSocket handshakes (RFC 6455 §4.2.1). Any other upgrade is ignored, as RFC 9110 §7.8 allows.

    The connection is closed after an ignored one: the client might believe that it was understood.
    """
    headers = request.headers
    upgrade = headers.get(b"upgrade")
    if upgrade is None or b"upgrade" not in _options(headers.get(b"connection", b"")):
        return None
    request.keep_alive = False
    if upgrade.lower() != b"websocket" or request.method != "GET" or request.version != "HTTP/1.1":
        return None
    if headers.get(b"sec-websocket-version") != b"13":
        return refusal(426, "websocket", *_WEBSOCKET_OFFER, close=True)
    if request.length or not _is_key(headers.get(b"sec-websocket-key", b"")):
        return refusal(400, "websocket", close=True)
    request.upgrade = True
    return None


_WEBSOCKET_OFFER: Final[Fields] = [
    (b"upgrade", b"websocket"),
    (b"sec-websocket-version", b"13"),
]


def _is_key(value: bytes) -> bool:
    try:
        return len(base64.b64decode(value, validate=True)) == _WEBSOCKET_KEY_BYTES
    except binascii.Error:
        return False
