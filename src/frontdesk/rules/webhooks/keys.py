"""Owns how secrets are written, scheme by scheme, and the set of them that one endpoint has.

Errors say what form a secret should have, never what it was.
"""

import hashlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from ipaddress import ip_network
from typing import Final

from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.ec import (
    SECP256R1,
    EllipticCurvePrivateKey,
    EllipticCurvePublicKey,
)
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey, RSAPublicKey
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    load_der_private_key,
    load_der_public_key,
    load_pem_private_key,
    load_pem_public_key,
)

from frontdesk.rules.webhooks.encodings import BASE64
from frontdesk.rules.webhooks.methods import (
    Fingerprint,
    Material,
    Network,
    PrivateKey,
    PublicKey,
    SharedSecret,
)

SMALLEST_RSA: Final = 2048
"""Bits; NIST SP 800-131A disallows fewer."""


@dataclass(frozen=True, slots=True)
class WebhookSecret:
    """One secret of several, while they are rotated.

    text: as the vendor shows it. id: for logs; "" for its place in the list, counted from 1. not_after: seconds
    since 1970 until which it counts; None: always.
    """

    text: str = field(repr=False)
    id: str = ""
    not_after: float | None = None


@dataclass(frozen=True, slots=True)
class Key:
    """A secret that is ready for use. Built once, not for each delivery."""

    id: str
    material: Material = field(repr=False)
    not_after: float | None = None


@dataclass(frozen=True, slots=True)
class Keyring:
    """What one endpoint verifies with.

    names: of the schemes whose key is a certificate that the sender publishes: what the delivery must be meant
    for, instead of secrets.
    """

    keys: tuple[Key, ...] = ()
    names: tuple[str, ...] = ()

    def at(self, now: float) -> tuple[Key, ...]:
        """List the keys that count at a time."""
        return tuple([key for key in self.keys if key.not_after is None or now <= key.not_after])


@dataclass(frozen=True, slots=True)
class KeyForm:
    """How the secrets of a scheme are written. about: for people. Both readers raise ValueError.

    reads: what verifies. reads_signing: what signs; None where nothing can.
    """

    about: str
    reads: Callable[[str], Material]
    reads_signing: Callable[[str], Material] | None


def read_keys(form: KeyForm, secrets: Sequence[WebhookSecret], *, signing: bool = False) -> Keyring:
    """Make keys of secrets. Raises: ValueError, without the secrets."""
    reads = form.reads_signing if signing else form.reads
    if reads is None:
        raise ValueError("nothing is signed in this scheme")
    if not secrets:
        raise ValueError("no secret given")
    keys = []
    for number, secret in enumerate(secrets, start=1):
        if not secret.text.strip():
            raise ValueError(f"secret {number} is empty")
        try:
            material = reads(secret.text)
        except (ValueError, TypeError, UnsupportedAlgorithm) as error:
            expected = str(error) if str(error).startswith("expected") else form.about
            raise ValueError(
                f"secret {number} is not {expected.removeprefix('expected ')}"
            ) from None
        keys.append(Key(secret.id or str(number), material, secret.not_after))
    return Keyring(keys=tuple(keys))


# -- forms --------------------------------------------------------------------------------------


def _text(secret: str) -> SharedSecret:
    return SharedSecret(secret.encode())


def _hex(secret: str) -> SharedSecret:
    return SharedSecret(bytes.fromhex(secret))


def _standard(secret: str) -> Material:
    if secret.startswith("whpk_"):
        return Ed25519PublicKey.from_public_bytes(BASE64.decode(secret.removeprefix("whpk_")))
    signing = _standard_signing(secret)
    return signing.public_key() if isinstance(signing, Ed25519PrivateKey) else signing


def _standard_signing(secret: str) -> SharedSecret | Ed25519PrivateKey:
    if secret.startswith("whsk_"):
        # 64 bytes are the seed and the public key behind it, as libsodium keeps them.
        private = BASE64.decode(secret.removeprefix("whsk_"))
        if len(private) not in (32, 64):
            raise ValueError
        return Ed25519PrivateKey.from_private_bytes(private[:32])
    data = BASE64.decode(secret.removeprefix("whsec_"))
    if not 24 <= len(data) <= 64:
        raise ValueError("expected whsec_ and base64 of 24 to 64 bytes")
    return SharedSecret(data)


def _ed25519_hex(secret: str) -> Ed25519PublicKey:
    return Ed25519PublicKey.from_public_bytes(bytes.fromhex(secret))


def _ed25519_hex_signing(secret: str) -> Ed25519PrivateKey:
    return Ed25519PrivateKey.from_private_bytes(bytes.fromhex(secret))


def _p256(secret: str) -> EllipticCurvePublicKey:
    key = _public(load_der_public_key(BASE64.decode(secret)))
    if not isinstance(key, EllipticCurvePublicKey):
        raise TypeError
    return key


def _p256_signing(secret: str) -> EllipticCurvePrivateKey:
    key = _private(load_der_private_key(BASE64.decode(secret), password=None))
    if not isinstance(key, EllipticCurvePrivateKey):
        raise TypeError
    return key


def _rsa_signing(secret: str) -> RSAPrivateKey:
    key = _private(load_pem_private_key(secret.encode(), password=None))
    if not isinstance(key, RSAPrivateKey):
        raise TypeError
    return key


def _http_message(secret: str) -> Material:
    if "-----BEGIN PUBLIC KEY-----" in secret:
        return _public(load_pem_public_key(secret.encode()))
    signing = _http_message_signing(secret)
    return signing if isinstance(signing, SharedSecret) else signing.public_key()


def _http_message_signing(secret: str) -> SharedSecret | PrivateKey:
    if "-----BEGIN " not in secret:
        return SharedSecret(BASE64.decode(secret))
    return _private(load_pem_private_key(secret.encode(), password=None))


def _public(key: object) -> PublicKey:
    if (
        isinstance(key, Ed25519PublicKey)
        or (isinstance(key, EllipticCurvePublicKey) and isinstance(key.curve, SECP256R1))
        or (isinstance(key, RSAPublicKey) and key.key_size >= SMALLEST_RSA)
    ):
        return key
    raise TypeError


def _private(key: object) -> PrivateKey:
    if isinstance(key, Ed25519PrivateKey | EllipticCurvePrivateKey | RSAPrivateKey):
        _public(key.public_key())
        return key
    raise TypeError


def _user(secret: str) -> SharedSecret:
    if ":" not in secret:
        raise ValueError
    return SharedSecret(secret.encode())


def _network(secret: str) -> Network:
    return Network(ip_network(secret))


def _fingerprint(secret: str) -> Fingerprint:
    if "-----BEGIN " in secret:
        certificate = x509.load_pem_x509_certificate(secret.encode())
        return Fingerprint(hashlib.sha256(certificate.public_bytes(Encoding.DER)).digest())
    digest = bytes.fromhex(secret.replace(":", ""))
    if len(digest) != 32:
        raise ValueError
    return Fingerprint(digest)


TEXT: Final = KeyForm("a text, used as it is", _text, _text)
HEX_BYTES: Final = KeyForm("hex digits", _hex, _hex)
STANDARD: Final = KeyForm(
    "whsec_ and base64 of 24 to 64 bytes, or an Ed25519 key with whpk_ (whsk_ to sign)",
    _standard,
    _standard_signing,
)
ED25519_HEX: Final = KeyForm(
    "an Ed25519 public key in hex (the private one to sign)", _ed25519_hex, _ed25519_hex_signing
)
P256_DER: Final = KeyForm(
    "a P-256 public key, DER in base64 (the private one to sign)", _p256, _p256_signing
)
HTTP_MESSAGE: Final = KeyForm(
    "a shared secret in base64, or a public key in PEM (the private one to sign)",
    _http_message,
    _http_message_signing,
)
USER: Final = KeyForm("user:password", _user, _user)
NETWORK: Final = KeyForm("an address or a network, such as 192.0.2.0/24", _network, None)
FINGERPRINT: Final = KeyForm(
    "the SHA-256 fingerprint of a client certificate in hex, or the certificate in PEM",
    _fingerprint,
    None,
)
RSA_SIGNING: Final = KeyForm("an RSA private key in PEM", _rsa_signing, _rsa_signing)
