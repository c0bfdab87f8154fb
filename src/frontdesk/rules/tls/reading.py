"""Owns reading certificates and their keys. Takes bytes; knows no file, no clock and no handshake.

Where no listener has TLS it is not loaded: what reads certificates is large.
Sources: RFC 5280 §4.1, §6.1; AWS, "Working with AWS Lambda proxy integrations for HTTP APIs" (clientCert).
"""

from datetime import datetime
from itertools import pairwise

from cryptography import x509
from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    PublicFormat,
    load_pem_private_key,
)

from frontdesk.rules.tls.client_certificate import ClientCertificate
from frontdesk.rules.tls.names import alternative_names, distinguished_name
from frontdesk.rules.tls.server_certificate import CertificateError, ServerCertificate


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


def _serial(number: int) -> str:
    """Write a serial number as AWS does: bytes in hexadecimal, with colons between them."""
    return number.to_bytes(max((number.bit_length() + 7) // 8, 1), "big").hex(":")


def _moment(time: datetime) -> str:
    """Write a time as OpenSSL does: `May  8 12:30:02 2019 GMT`."""
    return f"{time:%b} {time.day:2d} {time:%H:%M:%S %Y} GMT"
