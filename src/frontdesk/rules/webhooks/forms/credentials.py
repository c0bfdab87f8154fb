"""Owns schemes without a signature: a password, an address, a client certificate.

They say who sends, and nothing of what is sent; use them beside another scheme, or where there is no other.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding

from frontdesk.rules.webhooks.delivery import Delivery
from frontdesk.rules.webhooks.encodings import BASE64
from frontdesk.rules.webhooks.forms.form import (
    Candidate,
    Claims,
    Draft,
    Proof,
    Signed,
    Signer,
    only,
)
from frontdesk.rules.webhooks.verdict import Reason, Refused

_AUTHORIZATION: Final = "Authorization"


@dataclass(frozen=True, slots=True)
class Basic:
    """Basic authentication (RFC 7617)."""

    reads = (_AUTHORIZATION,)
    covers = "nothing: the header is the secret"

    def read(self, delivery: Delivery, _names: Sequence[str]) -> tuple[Claims, ...]:
        scheme, _, coded = delivery.need(_AUTHORIZATION).partition(" ")
        try:
            plain = BASE64.decode(coded.strip(" "))
        except ValueError:
            plain = b""
        if scheme.lower() != "basic" or b":" not in plain:
            raise Refused(
                Reason.MALFORMED, f"header {_AUTHORIZATION} is not one of basic authentication"
            )
        return (Claims((Proof((b"",), (Candidate("equality", plain),)),)),)

    def write(self, draft: Draft, signer: Signer) -> Signed:
        coded = BASE64.encode(only(signer("equality", b"")))
        return Signed({_AUTHORIZATION: f"Basic {coded}"}, draft.body, draft.url)


@dataclass(frozen=True, slots=True)
class FromAddress:
    """The address that the caller says the delivery came from."""

    reads = ()
    covers = "nothing: the sender's address is looked at"

    def read(self, delivery: Delivery, _names: Sequence[str]) -> tuple[Claims, ...]:
        if not delivery.source:
            raise Refused(
                Reason.CONFIG_ERROR, "this scheme looks at the source, which the caller must give"
            )
        source = delivery.source.encode("ascii", "replace")
        return (Claims((Proof((source,), (Candidate("address", b""),)),)),)

    def write(self, _draft: Draft, _signer: Signer) -> Signed:
        raise Refused(Reason.CONFIG_ERROR, "an address signs nothing")


@dataclass(frozen=True, slots=True)
class ClientCertificate:
    """The certificate of a TLS client, whose possession TLS has proven."""

    reads = ()
    covers = "nothing: the client's certificate is looked at"

    def read(self, delivery: Delivery, _names: Sequence[str]) -> tuple[Claims, ...]:
        if not delivery.client_certificate:
            raise Refused(Reason.BAD_SIGNATURE, "the client showed no certificate")
        der = _der(delivery.client_certificate)
        return (Claims((Proof((der,), (Candidate("fingerprint", b""),)),)),)

    def write(self, _draft: Draft, _signer: Signer) -> Signed:
        raise Refused(Reason.CONFIG_ERROR, "a certificate is shown in TLS, not sent")


def _der(certificate: bytes) -> bytes:
    if not certificate.startswith(b"-----BEGIN "):
        return certificate
    try:
        return x509.load_pem_x509_certificate(certificate).public_bytes(Encoding.DER)
    except ValueError:
        raise Refused(Reason.MALFORMED, "the client's certificate cannot be read") from None
