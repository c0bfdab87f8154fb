"""Owns who a client's certificate says it is, in AWS's words, and who of them may pass.

The handshake has verified the certificate before. Source: AWS, "Configuring mutual TLS authentication
for an HTTP API"; "Working with AWS Lambda proxy integrations for HTTP APIs" (clientCert).
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding

from frontdesk.rules.tls.names import AlternativeNames, alternative_names, distinguished_name


@dataclass(frozen=True, slots=True)
class ClientCertificate:
    """The identity of a client.

    shown: clientCertPem, issuerDN, serialNumber, subjectDN, validity {notBefore, notAfter}, all of them
    texts, as events and `$context.identity.clientCert` have them. sha256: of the certificate, in lower
    case hexadecimal digits.
    """

    shown: Mapping[str, Any]
    subject: str
    names: AlternativeNames
    sha256: str


def read_client_certificate(der: bytes) -> ClientCertificate:
    """Read a certificate that a handshake has verified. Raises: ValueError."""
    certificate = x509.load_der_x509_certificate(der)
    subject = distinguished_name(certificate.subject)
    return ClientCertificate(
        shown={
            "clientCertPem": certificate.public_bytes(Encoding.PEM).decode(),
            "issuerDN": distinguished_name(certificate.issuer),
            "serialNumber": _serial(certificate.serial_number),
            "subjectDN": subject,
            "validity": {
                "notAfter": _moment(certificate.not_valid_after_utc),
                "notBefore": _moment(certificate.not_valid_before_utc),
            },
        },
        subject=subject,
        names=alternative_names(certificate),
        sha256=certificate.fingerprint(SHA256()).hex(),
    )


class ClientList:
    """Clients that may pass: whoever has one of the subjects, names or fingerprints; without any, all."""

    __slots__ = ("_emails", "_everyone", "_hosts", "_prints", "_subjects", "_uris")

    def __init__(
        self,
        *,
        subjects: tuple[str, ...] = (),
        hosts: tuple[str, ...] = (),
        uris: tuple[str, ...] = (),
        emails: tuple[str, ...] = (),
        sha256: tuple[str, ...] = (),
    ) -> None:
        """subjects: as `distinguished_name` writes them. sha256: with or without colons, in any case."""
        self._subjects = frozenset(subjects)
        self._hosts = frozenset(host.lower() for host in hosts)
        self._uris = frozenset(uris)
        self._emails = frozenset(emails)
        self._prints = frozenset(text.replace(":", "").lower() for text in sha256)
        self._everyone = not (subjects or hosts or uris or emails or sha256)

    def __contains__(self, client: ClientCertificate) -> bool:
        """Whether a client may pass."""
        names = client.names
        return (
            self._everyone
            or client.subject in self._subjects
            or client.sha256 in self._prints
            or not self._hosts.isdisjoint(host.lower() for host in names.hosts)
            or not self._uris.isdisjoint(names.uris)
            or not self._emails.isdisjoint(names.emails)
        )


def _serial(number: int) -> str:
    """Write a serial number as AWS does: bytes in hexadecimal, with colons between them."""
    return number.to_bytes(max((number.bit_length() + 7) // 8, 1), "big").hex(":")


def _moment(time: datetime) -> str:
    """Write a time as OpenSSL does: `May  8 12:30:02 2019 GMT`."""
    return f"{time:%b} {time.day:2d} {time:%H:%M:%S %Y} GMT"
