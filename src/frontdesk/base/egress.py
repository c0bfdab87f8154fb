"""Owns the judgement whether an address lies on the public internet. Pure: resolves nothing.

For URLs that somebody other than the operator chose (a document, a redirect, a tenant), so that they
cannot reach into the operator's network. Source: IANA special-purpose address registries.
"""

from collections.abc import Iterable
from ipaddress import (
    IPv4Address,
    IPv4Network,
    IPv6Address,
    IPv6Network,
    ip_address,
    ip_network,
)

# What `is_global` of Python 3.11 lets through although nothing public answers there.
_NOT_PUBLIC = [
    ip_network(text)
    for text in (
        "192.88.99.0/24",
        "224.0.0.0/4",
        "240.0.0.0/4",
        "168.63.129.16/32",  # metadata service of Azure, a public address in form only
        "64:ff9b:1::/48",
        "3fff::/20",
        "5f00::/16",
        "ff00::/8",
    )
]
_NAT64 = ip_network("64:ff9b::/96")
_COMPATIBLE = ip_network("::/96")


def is_public(text: str) -> bool:
    """Tell whether an IP address (no brackets, a zone is ignored) is public; what it wraps counts too."""
    try:
        address = ip_address(text.partition("%")[0])
    except ValueError:
        return False
    if isinstance(address, IPv6Address):
        address = _inner(address) or address
    return address.is_global and not any(
        address.version == network.version and address in network for network in _NOT_PUBLIC
    )


def is_reachable(text: str, inside: Iterable[IPv4Network | IPv6Network]) -> bool:
    """Tell whether an IP address is public, or in a network of those that are reached all the same."""
    if is_public(text):
        return True
    address = ip_address(text.partition("%")[0])
    return any(address.version == each.version and address in each for each in inside)


def _inner(address: IPv6Address) -> IPv4Address | None:
    """Unwrap the IPv4 address that a mapped, 6to4, Teredo, NAT64 or compatible address leads to."""
    if address in _NAT64 or address in _COMPATIBLE:
        return IPv4Address(int(address) & 0xFFFFFFFF)
    if address.teredo is not None:
        return address.teredo[1]
    return address.ipv4_mapped or address.sixtofour
