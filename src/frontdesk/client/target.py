"""Owns the reading of a backend's address from its URL. Pure: resolves nothing."""

import re
from typing import NamedTuple
from urllib.parse import urlsplit

_PORTS = {"http": 80, "https": 443}
_HOST = re.compile(r"[A-Za-z0-9._~:%-]+")  # IPv6 addresses, with a zone, among them


class Target(NamedTuple):
    """One place to send requests to.

    host: name or IP address, without brackets. authority: as `Host` says it, without a default port.
    """

    scheme: str
    host: str
    port: int
    authority: bytes

    @property
    def address(self) -> str:
        """The text `host:port`, for the log."""
        return f"[{self.host}]:{self.port}" if ":" in self.host else f"{self.host}:{self.port}"


def parse_target(url: str) -> Target:
    """Read scheme, host and port of an `http://` or `https://` URL; path and query are ignored.

    Raises: ValueError for other schemes, for userinfo, and without a host that can be asked for.
    """
    try:
        parts = urlsplit(url)
        asked, written_port = parts.hostname or "", parts.port
        host = asked if asked.isascii() else asked.encode("idna").decode()
    except ValueError:
        raise ValueError("expected a URL with a host, and a port of at most 65535") from None
    default = _PORTS.get(parts.scheme)
    if default is None:
        raise ValueError("expected a URL with http:// or https://")
    if parts.username is not None:
        raise ValueError("expected a URL without user name")
    if not _HOST.fullmatch(host):
        raise ValueError("expected a URL with a host name or IP address")
    port = written_port or default
    name = f"[{host}]" if ":" in host else host
    authority = name if port == default else f"{name}:{port}"
    return Target(parts.scheme, host, port, authority.encode("ascii"))
