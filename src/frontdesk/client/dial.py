"""Owns the making of connections: names resolved, addresses tried, TLS set up. Off the happy path."""

import asyncio
import socket
import ssl
from collections.abc import Callable, Collection, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from ipaddress import IPv4Network, IPv6Network, ip_address
from typing import Final

from frontdesk.base.egress import is_reachable
from frontdesk.base.errors import UpstreamError
from frontdesk.client.connection import Connection
from frontdesk.client.proxies import Identity, Tunnel
from frontdesk.client.target import Target

FRESH: Final = 10.0
"""Seconds for which resolved addresses are used without asking again."""
STALE: Final = 3600.0
"""Seconds for which they are used when asking again fails."""


@dataclass(frozen=True, slots=True)
class TlsSettings:
    """Files in PEM form; "" for none.

    ca: authorities to trust instead of the system's. cert, key: our client certificate.
    """

    ca: str = ""
    cert: str = ""
    key: str = ""


class TlsFileError(OSError):
    """A file that cannot be used. setting: what it is in TlsSettings, `ca` or `cert` (with its key)."""

    def __init__(self, setting: str, problem: str) -> None:
        super().__init__(problem)
        self.setting = setting


def tls_context(settings: TlsSettings) -> ssl.SSLContext:
    """Make a client context that verifies chain and host name, TLS 1.2 or later.

    Raises: TlsFileError.
    """
    with _blaming("ca"):
        context = ssl.create_default_context(cafile=settings.ca or None)
    context.set_alpn_protocols(["http/1.1"])
    if settings.cert:
        with _blaming("cert"):
            context.load_cert_chain(settings.cert, settings.key or None)
    return context


@contextmanager
def _blaming(setting: str) -> Iterator[None]:
    try:
        yield
    except OSError as error:  # ssl.SSLError among them
        raise TlsFileError(setting, error.strerror or str(error)) from error


class Resolver:
    """Addresses of one name, remembered for a short while."""

    def __init__(self, host: str, port: int, monotonic: Callable[[], float]) -> None:
        self._host = host
        self._port = port
        self._monotonic = monotonic
        self._addresses = [host] if _is_address(host) else []
        self._asked = float("inf") if self._addresses else 0.0

    async def addresses(self) -> list[str]:
        """Return the addresses in the order to try them.

        Raises: UpstreamError("resolve").
        """
        now = self._monotonic()
        if self._addresses and now < self._asked + FRESH:
            return self._addresses
        try:
            found = await asyncio.get_running_loop().getaddrinfo(
                self._host, self._port, type=socket.SOCK_STREAM
            )
        except (OSError, UnicodeError) as error:  # the latter of names that DNS cannot have
            if self._addresses and now < self._asked + STALE:
                return self._addresses
            raise UpstreamError("resolve", f"name not found: {self._host}") from error
        self._addresses = list(dict.fromkeys(str(info[4][0]) for info in found))
        self._asked = now
        return self._addresses


def _is_address(host: str) -> bool:
    try:
        ip_address(host)
    except ValueError:
        return False
    return True


class Dialer:
    """Makes connections to one target."""

    def __init__(
        self,
        target: Target,
        tls: ssl.SSLContext | None,
        timeout: float,
        monotonic: Callable[[], float],
        identity: Identity = Identity(),  # noqa: B008 - it is a value
        *,
        public: bool = False,
        inside: Collection[IPv4Network | IPv6Network] = (),
    ) -> None:
        """tls: for https targets. timeout: seconds for everything together. identity: who we are there.

        public: somebody else than the operator chose the target, so only public addresses are connected to.
        inside: networks that are reached nevertheless.
        """
        self._public = public
        self._inside = inside
        self._source = (identity.source, 0) if identity.source else None
        self._proxy = identity.proxy
        self._target = target
        self._peer = target if identity.proxy is None else identity.proxy.target
        self._tls = tls
        self._timeout = timeout
        self._resolver = Resolver(self._peer.host, self._peer.port, monotonic)

    async def dial(self, factory: Callable[[], Connection]) -> Connection:
        """Connect to the first address that answers, each of several having its share of the time.

        Raises: UpstreamError: resolve, blocked, connect, tls or connect_timeout.
        """
        peer = self._peer.address
        try:
            async with asyncio.timeout(self._timeout):
                addresses = self._of_our_family(await self._resolver.addresses())
                if self._public and not all(is_reachable(each, self._inside) for each in addresses):
                    # Which address it was is not told: whoever chose the name would learn of our network.
                    raise UpstreamError("blocked", f"not a public address: {self._target.host}")
                share = self._timeout / len(addresses)
                for address in addresses[:-1]:
                    try:
                        async with asyncio.timeout(share):
                            return await self._connect(address, factory)
                    except (OSError, TimeoutError):
                        continue
                return await self._connect(addresses[-1], factory)
        except TimeoutError as error:
            raise UpstreamError("connect_timeout", f"no connection: {peer}") from error
        except ssl.SSLError as error:
            message = f"{error.reason or error}: {self._target.address}"
            raise UpstreamError("tls", message) from error
        except OSError as error:
            raise UpstreamError("connect", f"{error.strerror or error}: {peer}") from error

    def _of_our_family(self, addresses: list[str]) -> list[str]:
        """Leave out what cannot be reached from our address."""
        if self._source is None:
            return addresses
        version = ip_address(self._source[0]).version
        found = [each for each in addresses if ip_address(each).version == version]
        if not found:
            message = f"no IPv{version} address, as ours is: {self._target.address}"
            raise UpstreamError("resolve", message)
        return found

    async def _connect(self, address: str, factory: Callable[[], Connection]) -> Connection:
        loop, port = asyncio.get_running_loop(), self._peer.port
        if self._proxy is not None and self._tls is not None:
            transport, tunnel = await loop.create_connection(Tunnel, address, port)
            return await tunnel.secured(transport, self._proxy, self._target, self._tls, factory)
        tls = self._tls
        _transport, connection = await loop.create_connection(
            factory,
            address,
            port,
            ssl=tls,
            local_addr=self._source,
            server_hostname=self._target.host if tls else None,
        )
        return connection
