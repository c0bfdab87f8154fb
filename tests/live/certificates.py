"""Owns certificates for tests: an authority, and what it issues to servers and clients."""

import ssl
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

DAY = timedelta(days=1)


def _name(common: str) -> x509.Name:
    return x509.Name(
        [
            x509.NameAttribute(NameOID.COUNTRY_NAME, "DE"),
            x509.NameAttribute(NameOID.ORGANIZATION_NAME, "Clinic"),
            x509.NameAttribute(NameOID.COMMON_NAME, common),
        ]
    )


def _alternative(name: str) -> x509.GeneralName:
    if "://" in name:
        return x509.UniformResourceIdentifier(name)
    if "@" in name:
        return x509.RFC822Name(name)
    try:
        return x509.IPAddress(ip_address(name))
    except ValueError:
        return x509.DNSName(name)


class Issued:
    """A certificate and its key. files: (cert, key) once written; the chain goes into the first."""

    def __init__(self, certificate, key, chain=()) -> None:
        self.certificate = certificate
        self.key = key
        self.pem = b"".join(
            each.public_bytes(serialization.Encoding.PEM) for each in (certificate, *chain)
        )
        self.key_pem = key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )

    @property
    def der(self) -> bytes:
        return self.certificate.public_bytes(serialization.Encoding.DER)

    def write(self, folder, name="server"):
        """Write `name.pem` and `name.key` into a folder; returns both paths."""
        cert, key = folder / f"{name}.pem", folder / f"{name}.key"
        cert.write_bytes(self.pem)
        key.write_bytes(self.key_pem)
        return cert, key


class Authority:
    """An authority of its own for each test that makes one."""

    def __init__(self, name="Test CA") -> None:
        self._key = ec.generate_private_key(ec.SECP256R1())
        self._name = _name(name)
        now = datetime.now(UTC)
        self.certificate = self._sign(
            self._name, self._key, now - DAY, now + 3650 * DAY, x509.BasicConstraints(True, None)
        )
        self.pem = self.certificate.public_bytes(serialization.Encoding.PEM)

    def issue(
        self, *names, common="", start=-1, days=90, serial=None, with_chain=False, key=None
    ) -> Issued:
        """Issue a certificate. names: DNS names, addresses, URIs, mail addresses.

        start: its first day, counted from now. days: how long it is valid. key: an old one to keep.
        """
        key = key or ec.generate_private_key(ec.SECP256R1())
        begin = datetime.now(UTC) + start * DAY
        certificate = self._sign(
            _name(common or (names[0] if names else "nobody")),
            key,
            begin,
            begin + days * DAY,
            x509.BasicConstraints(False, None),
            [_alternative(name) for name in names],
            serial,
        )
        return Issued(certificate, key, (self.certificate,) if with_chain else ())

    def write(self, folder, name="ca"):
        """Write the authority's own certificate as `name.pem`; returns its path."""
        path = folder / f"{name}.pem"
        path.write_bytes(self.pem)
        return path

    def client(self, issued=None, folder=None, *, latest=None) -> ssl.SSLContext:
        """Make the context of a client that trusts this authority, and shows `issued`."""
        context = ssl.create_default_context(cadata=self.pem.decode())
        if latest is not None:
            context.maximum_version = latest
        if issued is not None:
            context.load_cert_chain(*issued.write(folder, "client"))
        return context

    def _sign(self, name, key, begin, end, constraints, alternatives=(), serial=None):
        builder = (
            x509.CertificateBuilder()
            .subject_name(name)
            .issuer_name(self._name)
            .public_key(key.public_key())
            .serial_number(serial or x509.random_serial_number())
            .not_valid_before(begin)
            .not_valid_after(end)
            .add_extension(constraints, critical=True)
            .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), False)
            .add_extension(
                x509.AuthorityKeyIdentifier.from_issuer_public_key(self._key.public_key()), False
            )
        )
        if constraints.ca:
            builder = builder.add_extension(
                x509.KeyUsage(False, False, False, False, False, True, True, False, False), True
            )
        if alternatives:
            builder = builder.add_extension(x509.SubjectAlternativeName(alternatives), False)
        return builder.sign(self._key, hashes.SHA256())
