"""Owns which URLs messages may be sent to, before a name is resolved; addresses are the dialer's to judge.

Source: OWASP, "Server-Side Request Forgery Prevention Cheat Sheet"; WHATWG URL Standard, "ends in a number".
"""

import re
from dataclasses import dataclass
from ipaddress import IPv4Network, IPv6Network, ip_address
from typing import Final
from urllib.parse import urlsplit

from frontdesk.base.egress import is_reachable
from frontdesk.client.target import parse_target

_PORTS: Final = frozenset({80, 443, 8443})
_LONGEST: Final = 2048
_UNFIT: Final = re.compile(r"[\x00-\x20\x7f\\]")
_NUMBER: Final = re.compile(r"(0x[0-9a-f]*|\d+)\.?", re.ASCII | re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Reach:
    """What the operator allows beside https:// at public addresses. hosts: wherever they are."""

    http: bool = False
    ports: frozenset[int] = frozenset()
    hosts: frozenset[str] = frozenset()
    networks: tuple[IPv4Network | IPv6Network, ...] = ()

    def problem(self, url: str) -> str:
        """Say why nothing may be sent to a URL; "": it may."""
        if len(url) > _LONGEST or _UNFIT.search(url):
            return f"expected a URL without spaces, of at most {_LONGEST} characters"
        try:
            target = parse_target(url)
        except ValueError as error:
            return str(error)
        if urlsplit(url).fragment:
            return "expected a URL without a fragment"
        if target.scheme != "https" and not self.http:
            return "expected an https:// URL"
        if target.port not in _PORTS | self.ports:
            return f"not a port that may be called: {target.port}"
        host = target.host
        if self.knows(url):
            return ""
        try:
            ip_address(host)
        except ValueError:
            numeric = _NUMBER.fullmatch(host.rstrip(".").rpartition(".")[2])
            return "expected a host name or an IP address" if numeric or "%" in host else ""
        return "" if is_reachable(host, self.networks) else "not a public address"

    def knows(self, url: str) -> bool:
        """Tell whether the operator has named the host, so that its address is not asked for."""
        return parse_target(url).host.lower().rstrip(".") in self.hosts
