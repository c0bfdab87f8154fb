"""Models of TLS at a listener: the certificates it shows, and whether clients show theirs."""

from typing import Literal, Self

from pydantic import model_validator

from frontdesk.config.models.model import FilePath, Model, broken_rule


class Certificate(Model):
    """A certificate and its key, in PEM files."""

    cert: FilePath
    """The certificate, followed by those that lead to its authority."""

    key: FilePath
    """Its private key, not encrypted."""


class Tls(Model):
    """TLS of a listener. At least one certificate: `cert` with `key`, `certificates`, or both."""

    cert: FilePath | None = None
    """PEM file of the certificate that a client is shown which names no other, with its chain."""

    key: FilePath | None = None
    """PEM file of its private key, not encrypted."""

    certificates: tuple[Certificate, ...] = ()
    """Further ones: a client is shown the first that has the name which it asks for."""

    client_ca: FilePath | None = None
    """PEM file of the authorities whose clients are let in. Absent: clients are not asked."""

    client_auth: Literal["require", "optional"] = "require"
    """Whether a client without a certificate is let in, too, where there is a `client_ca`."""

    min_version: Literal["1.2", "1.3"] = "1.2"
    """Least version of TLS."""

    @model_validator(mode="after")
    def _has_a_certificate(self) -> Self:
        if (self.cert is None) != (self.key is None):
            raise broken_rule("expected cert and key together")
        if self.cert is None and not self.certificates:
            raise broken_rule("expected a certificate: cert and key, or certificates")
        return self

    @property
    def all_certificates(self) -> tuple[Certificate, ...]:
        """Every certificate, the one for clients that name no other first."""
        if self.cert is None or self.key is None:
            return self.certificates
        return Certificate(cert=self.cert, key=self.key), *self.certificates
