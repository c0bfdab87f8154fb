"""Owns what a server's certificate is good for: its time, its names, its chain. What reads one is `reading`.

Knows no file, no clock and no handshake. Source: RFC 6125 §6.4 (names).
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime

SOON = 14 * 86400.0
"""Seconds before the end of a certificate at which it is time to renew it."""


class CertificateError(ValueError):
    """Files that no server can show. file: the one to blame, `cert` or `key`."""

    def __init__(self, file: str, message: str) -> None:
        super().__init__(message)
        self.file = file


@dataclass(frozen=True, slots=True)
class ServerCertificate:
    """A certificate that fits its key.

    names: host names and addresses in lower case, `*.example.com` among them. not_before, not_after:
    calendar seconds. broken: why clients cannot build a chain from what is sent, "" when they can.
    """

    names: tuple[str, ...]
    not_before: float
    not_after: float
    broken: str = ""


def faults(certificate: ServerCertificate, now: float) -> tuple[str, ...]:
    """List why clients refuse the certificate at calendar second `now`; nothing when they take it."""
    found = [certificate.broken] if certificate.broken else []
    if now >= certificate.not_after:
        found.append(f"expired on {_day(certificate.not_after)}")
    if now < certificate.not_before:
        found.append(f"not valid before {_day(certificate.not_before)}")
    return tuple(found)


def expires_soon(certificate: ServerCertificate, now: float) -> str:
    """Say when it ends, where that is within two weeks of calendar second `now`; else ""."""
    if now < certificate.not_after <= now + SOON:
        days = int((certificate.not_after - now) // 86400)
        return f"expires on {_day(certificate.not_after)}, in {days} day{'s' * (days != 1)}"
    return ""


def covers(names: Iterable[str], host: str) -> bool:
    """Whether one of the names of a certificate is `host`. A `*` stands for one whole label."""
    above = host.partition(".")[2]
    return any(name in (host, f"*.{above}") for name in names)


def _day(second: float) -> str:
    return datetime.fromtimestamp(second, UTC).strftime("%Y-%m-%d")
