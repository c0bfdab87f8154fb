"""Owns public keys: which JSON Web Keys are usable, which of them may have signed a token, and verifying.

Padding and hash belong to the algorithm, never to the token. A key set that was fetched holds public
keys only: symmetric entries are dropped, so a public key can never pass for an HMAC secret.
Sources: RFC 7517, RFC 7518, RFC 8037, RFC 8725.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final

import orjson
from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.ec import (
    ECDSA,
    SECP256R1,
    SECP384R1,
    SECP521R1,
    EllipticCurve,
    EllipticCurvePublicNumbers,
)
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from cryptography.hazmat.primitives.asymmetric.padding import MGF1, PSS, PKCS1v15
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey, RSAPublicNumbers
from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature
from cryptography.hazmat.primitives.hashes import SHA256, SHA384, SHA512, HashAlgorithm

from frontdesk.rules.auth.jwt import decode_base64url

MAX_KEYS = 100
"""Entries of a key set that are looked at."""

MAX_TRIED = 3
"""Keys of one id that are tried: each costs a signature check."""

Verify = Callable[[bytes, bytes], None]
"""(signature, signed bytes); raises InvalidSignature."""


@dataclass(frozen=True, slots=True)
class Key:
    """A public key with everything prepared for each algorithm it may be used with."""

    kid: str | None
    verifiers: Mapping[str, Verify]

    def verifies(self, alg: str, signature: bytes, signed: bytes) -> bool:
        """Tell whether `signature` over `signed` is this key's. The key must fit `alg`."""
        try:
            self.verifiers[alg](signature, signed)
        except InvalidSignature:
            return False
        return True


class Keys:
    """A key set ready for lookups."""

    __slots__ = ("_all", "_by_kid")

    def __init__(self, keys: list[Key]) -> None:
        self._all = keys
        self._by_kid: dict[str, list[Key]] = {}
        for key in keys:
            if key.kid is not None:
                self._by_kid.setdefault(key.kid, []).append(key)

    def __len__(self) -> int:
        return len(self._all)

    def __contains__(self, kid: str) -> bool:
        return kid in self._by_kid

    def find(self, kid: str | None, alg: str) -> list[Key]:
        """List the keys that may have signed a token, at most three; none: the token is refused.

        Without a key id the algorithm must leave exactly one choice.
        """
        named = self._all if kid is None else self._by_kid.get(kid, [])
        fitting = [key for key in named if alg in key.verifiers]
        if kid is None:  # Differs: [no-kid] AWS demands a key id.
            return fitting if len(fitting) == 1 else []
        return fitting[:MAX_TRIED]


def read_key_set(document: bytes) -> Keys | None:
    """Read a JWK Set, or None when it is none. Entries that are not usable are passed over."""
    try:
        value = orjson.loads(document)
    except orjson.JSONDecodeError:
        return None
    entries = value.get("keys") if isinstance(value, dict) else None
    if not isinstance(entries, list):
        return None
    read = (read_key(entry) for entry in entries[:MAX_KEYS] if isinstance(entry, dict))
    return Keys([key for key in read if key is not None])


def read_key(jwk: Mapping[str, Any]) -> Key | None:
    """Turn a public JWK into a Key, or None when it must not verify signatures here."""
    kid, alg, operations = jwk.get("kid"), jwk.get("alg"), jwk.get("key_ops", ["verify"])
    build = _BY_TYPE.get(jwk["kty"]) if isinstance(jwk.get("kty"), str) else None
    if build is None or jwk.get("use", "sig") != "sig" or not isinstance(kid, str | None):
        return None
    if not isinstance(operations, list) or "verify" not in operations:
        return None
    try:
        verifiers = build(jwk)
    except (ValueError, UnsupportedAlgorithm):
        return None
    if "alg" in jwk:
        verifiers = {name: verify for name, verify in verifiers.items() if name == alg}
    return Key(kid, verifiers) if verifiers else None


def _octets(jwk: Mapping[str, Any], name: str) -> bytes:
    text = jwk.get(name)
    data = decode_base64url(text.encode()) if isinstance(text, str) else None
    if not data:
        raise ValueError("missing or not base64url", name)
    return data


def _rsa(jwk: Mapping[str, Any]) -> dict[str, Verify]:
    n, e = (int.from_bytes(_octets(jwk, name)) for name in ("n", "e"))
    if not (2048 <= n.bit_length() <= 8192 and 3 <= e <= 2**32 and n % 2 == e % 2 == 1):
        raise ValueError("weak or unusual RSA key")
    key = RSAPublicNumbers(e, n).public_key()
    hashes = (SHA256(), SHA384(), SHA512())
    return {f"RS{hash_.digest_size * 8}": _rs(key, hash_) for hash_ in hashes} | {
        f"PS{hash_.digest_size * 8}": _ps(key, hash_) for hash_ in hashes
    }


def _rs(key: RSAPublicKey, hash_: HashAlgorithm) -> Verify:
    padding = PKCS1v15()
    return lambda signature, signed: key.verify(signature, signed, padding, hash_)


def _ps(key: RSAPublicKey, hash_: HashAlgorithm) -> Verify:
    padding = PSS(MGF1(hash_), hash_.digest_size)
    return lambda signature, signed: key.verify(signature, signed, padding, hash_)


_CURVES: Final[Mapping[str, tuple[str, EllipticCurve, HashAlgorithm]]] = {
    "P-256": ("ES256", SECP256R1(), SHA256()),
    "P-384": ("ES384", SECP384R1(), SHA384()),
    "P-521": ("ES512", SECP521R1(), SHA512()),
}


def _ec(jwk: Mapping[str, Any]) -> dict[str, Verify]:
    curve = jwk.get("crv")
    if not isinstance(curve, str) or curve not in _CURVES:
        raise ValueError("unknown curve")
    alg, group, hash_ = _CURVES[curve]
    size = (group.key_size + 7) // 8
    x, y = _octets(jwk, "x"), _octets(jwk, "y")
    if len(x) != size or len(y) != size:
        raise ValueError("coordinate of the wrong size")
    point = EllipticCurvePublicNumbers(int.from_bytes(x), int.from_bytes(y), group)
    key, scheme = point.public_key(), ECDSA(hash_)  # refuses a point that is not on the curve

    def verify(signature: bytes, signed: bytes) -> None:
        if len(signature) != 2 * size:
            raise InvalidSignature
        r, s = int.from_bytes(signature[:size]), int.from_bytes(signature[size:])
        key.verify(encode_dss_signature(r, s), signed, scheme)  # refuses r, s outside 1 … N-1

    return {alg: verify}


def _okp(jwk: Mapping[str, Any]) -> dict[str, Verify]:
    if jwk.get("crv") != "Ed25519":
        raise ValueError("unknown curve")
    verify = Ed25519PublicKey.from_public_bytes(_octets(jwk, "x")).verify
    return {"EdDSA": verify, "Ed25519": verify}  # the second name is RFC 9864's


_BY_TYPE: Final[Mapping[str, Callable[[Mapping[str, Any]], dict[str, Verify]]]] = {
    "EC": _ec,
    "OKP": _okp,
    "RSA": _rsa,
}
