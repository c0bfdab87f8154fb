"""Owns what makes the certificate of a sender good: its chain and its dates.

Where it may be is the form's business, fetching it the caller's.
Source: RFC 5280 §6.1.
"""

from datetime import UTC, datetime
from itertools import pairwise
from typing import Final

from cryptography import x509
from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
from cryptography.x509.verification import PolicyBuilder, Store, VerificationError

from frontdesk.rules.webhooks.keys import SMALLEST_RSA, Key
from frontdesk.rules.webhooks.verdict import Reason, Refused

_KEY: Final = "certificate"


def read_certificate(
    chain: bytes, now: float, *, roots: bytes = b"", names: tuple[str, ...] = ()
) -> Key:
    """Make a key of what a sender publishes.

    chain: PEM, the sender's own first, each issued by the next. roots: PEM of the authorities that the chain must
    lead to, where it must also bear one of `names`; without roots the place it came from is what is trusted.
    Raises: Refused.
    """
    try:
        certificates = x509.load_pem_x509_certificates(chain)
        own = certificates[0].public_key()
    except (ValueError, UnsupportedAlgorithm):
        raise Refused(Reason.CERT_REJECTED, "the certificate cannot be read") from None
    if not isinstance(own, RSAPublicKey) or own.key_size < SMALLEST_RSA:
        raise Refused(Reason.CERT_REJECTED, f"the key is not RSA of {SMALLEST_RSA} bits or more")
    moment = datetime.fromtimestamp(now, UTC)
    for each in certificates:
        if not each.not_valid_before_utc <= moment <= each.not_valid_after_utc:
            raise Refused(Reason.CERT_REJECTED, "a certificate is expired, or not valid yet")
    _check_links(certificates)
    if roots:
        _check_path(certificates, moment, roots, names)
    return Key(_KEY, own)


def _check_links(certificates: list[x509.Certificate]) -> None:
    last = certificates[-1]
    links = list(pairwise(certificates))
    links += [(last, last)] if last.issuer == last.subject else []
    try:
        for issued, issuer in links:
            issued.verify_directly_issued_by(issuer)
    except (ValueError, TypeError, InvalidSignature):
        raise Refused(Reason.CERT_REJECTED, "the chain of certificates is broken") from None


def _check_path(
    certificates: list[x509.Certificate], moment: datetime, roots: bytes, names: tuple[str, ...]
) -> None:
    try:
        store = Store(x509.load_pem_x509_certificates(roots))
    except ValueError:
        raise Refused(Reason.CONFIG_ERROR, "the roots are no certificates in PEM") from None
    policy = PolicyBuilder().store(store).time(moment)
    for name in names:
        verifier = policy.build_server_verifier(x509.DNSName(name))
        try:
            verifier.verify(certificates[0], certificates[1:])
        except VerificationError:
            continue
        return
    raise Refused(Reason.CERT_REJECTED, "the certificate does not lead to a root for this vendor")
