"""Owns the cryptography of signatures: which kind of key each method takes, how it verifies and signs.

A method is a fixed pair of an algorithm and a kind of key, so that no message can have one used as the other.
"""

import hashlib
import hmac
from collections.abc import Callable
from dataclasses import dataclass, field
from ipaddress import IPv4Network, IPv6Address, IPv6Network, ip_address
from typing import Any, Final

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ec import (
    ECDSA,
    EllipticCurvePrivateKey,
    EllipticCurvePublicKey,
)
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.asymmetric.padding import MGF1, PSS, PKCS1v15
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey, RSAPublicKey
from cryptography.hazmat.primitives.asymmetric.utils import (
    decode_dss_signature,
    encode_dss_signature,
)
from cryptography.hazmat.primitives.hashes import SHA1, SHA256, SHA512, HashAlgorithm


@dataclass(frozen=True, slots=True)
class SharedSecret:
    """What both sides know."""

    data: bytes = field(repr=False)


@dataclass(frozen=True, slots=True)
class Network:
    """Addresses that may send."""

    network: IPv4Network | IPv6Network


@dataclass(frozen=True, slots=True)
class Fingerprint:
    """SHA-256 of a client's certificate."""

    digest: bytes


PrivateKey = Ed25519PrivateKey | EllipticCurvePrivateKey | RSAPrivateKey
PublicKey = Ed25519PublicKey | EllipticCurvePublicKey | RSAPublicKey
Material = SharedSecret | Network | Fingerprint | PrivateKey | PublicKey


@dataclass(frozen=True, slots=True)
class Method:
    """verifies(key, text, signature), signs(key, text). takes, signs_with: the kinds of keys for these."""

    takes: type[Any]
    verifies: Callable[[Any, bytes, bytes], bool]
    signs_with: type[Any] | None = None
    signs: Callable[[Any, bytes], bytes] | None = None


def verifies(method: str, key: Material, text: bytes, signature: bytes) -> bool:
    """Whether a key made this signature over a text. False for a key of another kind."""
    chosen = METHODS[method]
    return isinstance(key, chosen.takes) and chosen.verifies(key, text, signature)


def signature_of(method: str, key: Material, text: bytes) -> bytes | None:
    """Sign a text; None for a key that cannot sign so."""
    chosen = METHODS[method]
    if chosen.signs_with is None or chosen.signs is None or not isinstance(key, chosen.signs_with):
        return None
    return chosen.signs(key, text)


def _mac(algorithm: str) -> Method:
    def sign(key: SharedSecret, text: bytes) -> bytes:
        return hmac.digest(key.data, text, algorithm)

    return _compared(sign)


def _compared(sign: Callable[[SharedSecret, bytes], bytes]) -> Method:
    """Make the method whose signature can be made again, and is compared in constant time."""

    def verify(key: SharedSecret, text: bytes, signature: bytes) -> bool:
        return hmac.compare_digest(sign(key, text), signature)

    return Method(SharedSecret, verify, SharedSecret, sign)


def _hashed(key: SharedSecret, text: bytes) -> bytes:
    return hashlib.sha256(key.data + text).digest()


def _equal(key: SharedSecret, _text: bytes, signature: bytes) -> bool:
    # Digests, because a comparison tells the length of what it compares.
    return hmac.compare_digest(
        hashlib.sha256(key.data).digest(), hashlib.sha256(signature).digest()
    )


def _asymmetric(
    public: type[PublicKey],
    private: type[PrivateKey],
    check: Callable[[Any, bytes, bytes], None],
    sign: Callable[[Any, bytes], bytes],
) -> Method:
    def verify(key: Any, text: bytes, signature: bytes) -> bool:
        try:
            check(key, signature, text)
        except (InvalidSignature, ValueError):
            return False
        return True

    return Method(public, verify, private, sign)


def _rsa(padding: PKCS1v15 | PSS, algorithm: HashAlgorithm) -> Method:
    return _asymmetric(
        RSAPublicKey,
        RSAPrivateKey,
        lambda key, signature, text: key.verify(signature, text, padding, algorithm),
        lambda key, text: key.sign(text, padding, algorithm),
    )


_ECDSA: Final = ECDSA(SHA256())


def _check_raw_ecdsa(key: EllipticCurvePublicKey, signature: bytes, text: bytes) -> None:
    if len(signature) != 64:
        raise InvalidSignature
    r, s = int.from_bytes(signature[:32]), int.from_bytes(signature[32:])
    key.verify(encode_dss_signature(r, s), text, _ECDSA)


def _sign_raw_ecdsa(key: EllipticCurvePrivateKey, text: bytes) -> bytes:
    r, s = decode_dss_signature(key.sign(text, _ECDSA))
    return r.to_bytes(32) + s.to_bytes(32)


def _ec(
    check: Callable[[EllipticCurvePublicKey, bytes, bytes], None],
    sign: Callable[[EllipticCurvePrivateKey, bytes], bytes],
) -> Method:
    return _asymmetric(EllipticCurvePublicKey, EllipticCurvePrivateKey, check, sign)


def _within(key: Network, text: bytes, _signature: bytes) -> bool:
    try:
        address = ip_address(text.decode("ascii"))
    except ValueError:
        return False
    if isinstance(address, IPv6Address) and address.ipv4_mapped is not None:
        address = address.ipv4_mapped
    return address in key.network


METHODS: Final[dict[str, Method]] = {
    "hmac-sha1": _mac("sha1"),
    "hmac-sha256": _mac("sha256"),
    "hmac-sha384": _mac("sha384"),
    "hmac-sha512": _mac("sha512"),
    "sha256": _compared(_hashed),
    "equality": Method(SharedSecret, _equal, SharedSecret, lambda key, _text: key.data),
    "ed25519": _asymmetric(
        Ed25519PublicKey,
        Ed25519PrivateKey,
        lambda key, signature, text: key.verify(signature, text),
        lambda key, text: key.sign(text),
    ),
    "ecdsa-p256-sha256": _ec(_check_raw_ecdsa, _sign_raw_ecdsa),
    "ecdsa-p256-sha256-der": _ec(
        lambda key, signature, text: key.verify(signature, text, _ECDSA),
        lambda key, text: key.sign(text, _ECDSA),
    ),
    "rsa-v1_5-sha1": _rsa(PKCS1v15(), SHA1()),  # noqa: S303 - version 1 of SNS, off unless asked for by name
    "rsa-v1_5-sha256": _rsa(PKCS1v15(), SHA256()),
    "rsa-pss-sha512": _rsa(PSS(MGF1(SHA512()), salt_length=64), SHA512()),
    "address": Method(Network, _within),
    "fingerprint": Method(
        Fingerprint,
        lambda key, text, _signature: hmac.compare_digest(
            hashlib.sha256(text).digest(), key.digest
        ),
    ),
}
"""By name; those of HTTP message signatures are RFC 9421's."""
