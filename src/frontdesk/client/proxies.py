"""Owns forward proxies: what requests through one look like, and the tunnel through it to an https target.

Source: RFC 9110 §9.3.6 (CONNECT), RFC 9112 §3.2.2 (absolute-form).
"""

import asyncio
import re
import ssl
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Final, NamedTuple

from frontdesk.base.errors import UpstreamError
from frontdesk.client.call import Call
from frontdesk.client.connection import Connection
from frontdesk.client.target import Target, parse_target

HEAD_LIMIT: Final = 16 * 1024
"""Bytes of a proxy's answer to CONNECT, at most."""

_STATUS: Final = re.compile(rb"HTTP/1\.[01] (\d{3})[ \r]")
_BLANK_LINE: Final = b"\r\n\r\n"


@dataclass(frozen=True, slots=True)
class Proxy:
    """A forward proxy. url: `http://host:port`. authorization: value of Proxy-Authorization, "" for none."""

    url: str
    authorization: str = field(default="", repr=False)

    @property
    def target(self) -> Target:
        """Where it is."""
        return parse_target(self.url)

    @property
    def credentials(self) -> bytes:
        """The header field that tells it who we are, or nothing."""
        if not self.authorization:
            return b""
        return b"Proxy-Authorization: %b\r\n" % self.authorization.encode("latin-1")


class Identity(NamedTuple):
    """Who we are for a backend: the address of ours that we come from, "" for any, or the proxy between us."""

    source: str = ""
    proxy: Proxy | None = None


class ProxiedConnection(Connection):
    """A connection to a proxy that passes requests on to an http target."""

    def __init__(self, proxy: Proxy, keeper: Any, target: Target, **settings: Any) -> None:
        """See Connection."""
        super().__init__(keeper, target, **settings)
        self._origin = b"http://" + target.authority
        self._credentials = proxy.credentials

    def start(self, call: Call) -> None:
        """Send a request that names its target whole."""
        head = call.head
        method, _, rest = head.partition(b" ")
        call.head = b"%b %b%b%b" % (method, self._origin, rest, self._credentials)
        super().start(call)
        call.head = head  # another identity may be next


class Tunnel(asyncio.Protocol):
    """A connection to a proxy until TLS with the target stands."""

    def __init__(self) -> None:
        """Take the loop that runs."""
        self._answered: asyncio.Future[bytes] = asyncio.get_running_loop().create_future()
        self._data = b""
        self._lost = False

    async def secured(
        self,
        transport: asyncio.Transport,
        proxy: Proxy,
        target: Target,
        tls: ssl.SSLContext,
        factory: Callable[[], Connection],
    ) -> Connection:
        """Have the proxy connect us, begin TLS with the target, and hand over to a connection.

        Raises: UpstreamError("connect") where the proxy refuses; OSError.
        """
        try:
            address = target.address.encode("ascii")
            head = b"CONNECT %b HTTP/1.1\r\nHost: %b\r\n" % (address, address)
            transport.write(head + proxy.credentials + b"\r\n")
            _accept(await self._answered, target)
            loop = asyncio.get_running_loop()
            upper = await loop.start_tls(transport, self, tls, server_hostname=target.host)
            if self._lost or upper is None:
                raise ConnectionResetError("connection closed")
        except BaseException:
            transport.abort()
            raise
        connection = factory()
        upper.set_protocol(connection)
        connection.connection_made(upper)
        return connection

    def data_received(self, data: bytes) -> None:
        """Take a part of the proxy's answer; behind TLS nobody speaks before he is asked."""
        self._data += data
        if (
            _BLANK_LINE in self._data or len(self._data) > HEAD_LIMIT
        ) and not self._answered.done():
            self._answered.set_result(self._data)

    def connection_lost(self, exc: Exception | None) -> None:
        """Learn that it is over."""
        self._lost = True
        if not self._answered.done():
            self._answered.set_exception(exc or ConnectionResetError("connection closed"))


def _accept(answer: bytes, target: Target) -> None:
    head, _, surplus = answer.partition(_BLANK_LINE)
    status = _STATUS.match(head + b"\r")
    if status is None or surplus:
        raise UpstreamError("connect", f"the proxy gave no HTTP answer: {target.address}")
    if not status[1].startswith(b"2"):
        shown = status[1].decode()
        raise UpstreamError("connect", f"the proxy answered {shown}: {target.address}")
