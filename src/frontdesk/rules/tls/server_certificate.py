"""Owns what a server's certificate is good for: its key, its time, its names, its chain.

Takes the bytes of PEM files. Knows no file, no clock and no handshake.
Sources: RFC 5280 §4.1, §6.1; RFC 6125 §6.4 (names).
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import pairwise

from cryptography import x509
from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    PublicFormat,
    load_pem_private_key,
)

from frontdesk.rules.tls.names import alternative_names

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


def read_server_certificate(chain: bytes, key: bytes) -> ServerCertificate:
    """Read a PEM chain, the server's own certificate first, and its PEM key.

    Raises: CertificateError.
    """
    try:
        certificates = x509.load_pem_x509_certificates(chain)
        own = certificates[0]
        public = own.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
        certificate = ServerCertificate(
            names=tuple(name.lower() for name in alternative_names(own).hosts),
            not_before=own.not_valid_before_utc.timestamp(),
            not_after=own.not_valid_after_utc.timestamp(),
            broken=_break(certificates),
        )
    except (ValueError, UnsupportedAlgorithm):
        raise CertificateError("cert", "no PEM certificate in this file") from None
    if _public_half(key) != public:
        raise CertificateError("key", "this key does not belong to the certificate")
    return certificate


def read_authorities(data: bytes) -> None:
    """Look at a PEM file of authorities. Raises: ValueError when it has none, or what is none."""
    try:
        found = x509.load_pem_x509_certificates(data)
        constraints = [
            each.extensions.get_extension_for_class(x509.BasicConstraints).value for each in found
        ]
    except x509.ExtensionNotFound:
        constraints = []
    except ValueError:
        raise ValueError("no PEM certificate in this file") from None
    if not constraints or not all(each.ca for each in constraints):
        raise ValueError("not the certificate of an authority")


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


def _public_half(key: bytes) -> bytes:
    try:
        private = load_pem_private_key(key, password=None)
    except TypeError:
        raise CertificateError("key", "this key is encrypted, and there is no password") from None
    except (ValueError, UnsupportedAlgorithm):
        raise CertificateError("key", "no PEM private key in this file") from None
    return private.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)


def _break(certificates: list[x509.Certificate]) -> str:
    """Find the first certificate that the next one has not issued."""
    for number, (issued, issuer) in enumerate(pairwise(certificates), start=1):
        try:
            issued.verify_directly_issued_by(issuer)
        except (ValueError, TypeError, InvalidSignature):
            return f"broken chain: certificate {number} is not issued by number {number + 1}"
    return ""


def _day(second: float) -> str:
    return datetime.fromtimestamp(second, UTC).strftime("%Y-%m-%d")
