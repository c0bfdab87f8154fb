"""Owns the text form of a socket address, `host:port`. Pure: resolves nothing."""

import ipaddress
import re
from typing import NamedTuple

_PORT = re.compile(r"\d{1,5}", re.ASCII)
_LOOPBACK = {"0.0.0.0": "127.0.0.1", "::": "::1"}  # noqa: S104 - compared, not listened at
_HOST = re.compile(r"[A-Za-z0-9_](?:[A-Za-z0-9._-]{0,252})", re.ASCII)


class Address(NamedTuple):
    """Where to listen or connect. host: IP address without brackets, or a name. port: 0 to 65535."""

    host: str
    port: int

    def __str__(self) -> str:
        return f"[{self.host}]:{self.port}" if ":" in self.host else f"{self.host}:{self.port}"

    @property
    def is_loopback(self) -> bool:
        """Whether only this machine can reach it: 127.0.0.0/8, ::1 or `localhost`."""
        try:
            return ipaddress.ip_address(self.host).is_loopback
        except ValueError:
            return self.host.lower() == "localhost"

    @property
    def from_here(self) -> "Address":
        """Where this machine reaches what listens at it: every interface has loopback among them."""
        return Address(_LOOPBACK.get(self.host, self.host), self.port)


def parse_address(value: object) -> Address:
    """Turn `127.0.0.1:8080`, `[::1]:8080`, `localhost:8080` or `:8080` (all interfaces) into an Address.

    Raises: ValueError for anything else.
    """
    if isinstance(value, Address):
        return value
    if not isinstance(value, str):
        raise ValueError("expected an address such as 127.0.0.1:8080")  # noqa: TRY004 - bad input, not a bug
    host, colon, port = value.rpartition(":")
    if not colon or not _PORT.fullmatch(port):
        raise ValueError("expected an address such as 127.0.0.1:8080")
    if int(port) > 65535:
        raise ValueError("expected a port of at most 65535")
    return Address(_host(host), int(port))


def _host(text: str) -> str:
    if not text:
        return "0.0.0.0"  # noqa: S104 - the operator wrote `:port`, which means every interface
    if text.startswith("[") and text.endswith("]"):
        try:
            return str(ipaddress.IPv6Address(text[1:-1]))
        except ValueError:
            raise ValueError("expected an IPv6 address between the brackets") from None
    if not _HOST.fullmatch(text):
        raise ValueError("expected a host name or IP address before the port")
    return text
