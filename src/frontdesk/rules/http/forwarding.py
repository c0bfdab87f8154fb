"""Owns who the client is behind trusted proxies, and what a backend is told of it.

Sources: RFC 7239 (Forwarded), RFC 9110 §7.6.3 (Via); X-Forwarded-* by custom. Knows no connection.
"""

from collections.abc import Iterable
from functools import lru_cache
from ipaddress import (
    IPv4Address,
    IPv4Network,
    IPv6Address,
    IPv6Network,
    ip_address,
    ip_network,
)
from typing import Final

PSEUDONYM: Final = b"frontdesk"
"""Our name in `Via` (RFC 9110 §7.6.3)."""

Address = IPv4Address | IPv6Address
Network = IPv4Network | IPv6Network


class TrustedProxies:
    """The networks whose forwarding fields are believed."""

    __slots__ = ("_networks", "_verdicts")

    def __init__(self, networks: Iterable[Network | str]) -> None:
        """networks: such as "10.0.0.0/8", or single addresses. Raises: ValueError for anything else."""
        self._networks = [ip_network(str(network)) for network in networks]
        self._verdicts = lru_cache(1024)(self._look_up)

    def __bool__(self) -> bool:
        return bool(self._networks)

    def __contains__(self, peer: str) -> bool:
        """Whether a TCP peer, as its socket names it, is a trusted proxy."""
        return bool(self._networks) and self._verdicts(peer)

    def client(self, peer: str, x_forwarded_for: bytes) -> str:
        """Return the address of the client of a request that came from `peer`.

        x_forwarded_for: all its values joined with `,`; b"" when absent. It is walked from the right:
        trusted entries are skipped, the first other one is the client, a malformed one ends the walk at
        the last good one. An untrusted peer is the client itself.
        """
        if peer not in self:
            return peer
        client = peer
        for entry in reversed(x_forwarded_for.split(b",")):
            address = read_address(entry.decode("latin-1").strip(" \t"))
            if address is None:
                break
            client = str(address)
            if not self._holds(address):
                break
        return client

    def _look_up(self, peer: str) -> bool:
        address = read_address(peer)
        return address is not None and self._holds(address)

    def _holds(self, address: Address) -> bool:
        return any(address in network for network in self._networks)


def read_address(text: str) -> Address | None:
    """Read an IP address with or without port, brackets and zone; None when it is not one.

    IPv4 addresses mapped into IPv6 (`::ffff:192.0.2.1`) become IPv4.
    """
    if text.startswith("["):
        text = text[1:].partition("]")[0]
    elif text.count(":") == 1:
        text = text.partition(":")[0]
    try:
        address = ip_address(text.partition("%")[0])
    except ValueError:
        return None
    if isinstance(address, IPv6Address):
        return address.ipv4_mapped or address
    return address


def nearest(value: bytes) -> bytes:
    """Return what the nearest hop said in a forwarding field: the last member of the list."""
    return value.rpartition(b",")[2].strip(b" \t")


@lru_cache(4096)
def network_of(address: str) -> str:
    """Return what limits count a client address by: itself for IPv4, its /64 network for IPv6."""
    if ":" not in address:
        return address
    parsed = read_address(address)
    if not isinstance(parsed, IPv6Address):
        return str(parsed or address)
    return str(ip_network((int(parsed) >> 64 << 64, 64)))


def port_of(host: bytes, scheme: str) -> bytes:
    """Return the port that a client connected to, by its Host field: "80" or "443" where that names none."""
    _, colon, port = host.rpartition(b":")
    return port if colon and port.isdigit() else _DEFAULT_PORTS[scheme]


_DEFAULT_PORTS: Final = {"http": b"80", "https": b"443"}


def forwarded_for(received: bytes, peer: bytes) -> bytes:
    """Return `X-Forwarded-For` with the peer appended. received: of a trusted peer, else b""."""
    return received + b", " + peer if received else peer


def forwarded(received: bytes, peer: bytes, host: bytes, scheme: bytes) -> bytes:
    """Return `Forwarded` with our hop appended (RFC 7239 §4).

    received: of a trusted peer, else b"". host: as the client sent it, checked by the server.
    """
    node = b'"[%b]"' % peer if b":" in peer else peer
    name = b'"%b"' % host if b":" in host else host
    hop = b"for=%b;host=%b;proto=%b" % (node, name, scheme)
    return received + b", " + hop if received else hop


def via(received: bytes, version: bytes = b"1.1") -> bytes:
    """Return `Via` with our hop appended. version: of the message received, "1.0" or "1.1"."""
    hop = version + b" " + PSEUDONYM
    return received + b", " + hop if received else hop


def loops(via_received: bytes) -> bool:
    """Whether the request has passed this gateway before: answer 508."""
    if PSEUDONYM not in via_received:
        return False
    return any(hop.split()[1:2] == [PSEUDONYM] for hop in via_received.split(b","))
