"""Owns the reading of a backend's address from its URL. Pure: resolves nothing."""

from typing import NamedTuple
from urllib.parse import urlsplit

_PORTS = {"http": 80, "https": 443}


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

    Raises: ValueError for other schemes, for userinfo and without a host.
    """
    parts = urlsplit(url)
    default = _PORTS.get(parts.scheme)
    if default is None:
        raise ValueError(f"expected a URL with http:// or https://: {url}")
    if parts.username is not None or not parts.hostname:
        raise ValueError(f"expected a URL with a host and without user name: {url}")
    host = parts.hostname if parts.hostname.isascii() else parts.hostname.encode("idna").decode()
    port = parts.port or default
    name = f"[{host}]" if ":" in host else host
    authority = name if port == default else f"{name}:{port}"
    return Target(parts.scheme, host, port, authority.encode("ascii"))
