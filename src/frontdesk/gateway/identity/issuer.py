"""Owns the development issuer: a key of its own in data_dir, tokens signed with it, and its documents.

For trying things without a cloud. Serves nothing: the composition root puts `discovery` and `jwks` on the
admin listener.
"""

import os
import secrets
from collections.abc import Sequence
from hashlib import sha256
from pathlib import Path
from typing import Any, Final

import orjson
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey, generate_private_key
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    load_pem_private_key,
)

from frontdesk.base.clock import Clock, SystemClock
from frontdesk.base.errors import StartError
from frontdesk.rules.auth.jwt import encode_base64url

KEY_FILE: Final = "issuer-key.pem"
SUBJECT: Final = "developer"
"""`sub` of a token that is not told another one."""

_CLOCK = SystemClock()


class DevIssuer:
    """Signs RS256 tokens, the algorithm that every gateway accepts."""

    def __init__(self, key: RSAPrivateKey, url: str, clock: Clock = _CLOCK) -> None:
        """url: the issuer, `iss` of its tokens, without trailing slash."""
        self.url = url
        self._key = key
        self._clock = clock
        numbers = key.public_key().public_numbers()
        public = {"e": _number(numbers.e), "kty": "RSA", "n": _number(numbers.n)}
        self._kid = encode_base64url(sha256(orjson.dumps(public)).digest()).decode()  # RFC 7638
        self._jwk = public | {"kid": self._kid, "use": "sig", "alg": "RS256"}

    @classmethod
    def load_or_create(cls, data_dir: Path, url: str, clock: Clock = _CLOCK) -> "DevIssuer":
        """Use the key in `data_dir`, or make one that only this user can read.

        Raises: StartError when the key cannot be read or written.
        """
        path = data_dir / KEY_FILE
        try:
            if not path.exists():
                _create(path)
            key = load_pem_private_key(path.read_bytes(), password=None)
        except OSError as error:
            raise StartError(
                f"cannot use the development issuer's key: {error}",
                hint=f"data_dir must be a folder that you may write to: {data_dir}",
            ) from error
        except ValueError as error:
            raise StartError(
                f"cannot use the development issuer's key: {error}",
                hint=f"remove {path} to get a new key",
            ) from error
        if not isinstance(key, RSAPrivateKey):
            raise StartError(f"not an RSA key: {path}", hint=f"remove {path} to get a new key")
        return cls(key, url, clock)

    def token(
        self,
        claims: dict[str, Any],
        *,
        audience: str | Sequence[str],
        ttl: float = 3600.0,
        scopes: Sequence[str] = (),
    ) -> str:
        """Sign a token. claims: added to, and replacing, the usual ones. ttl: seconds of validity."""
        now = int(self._clock.time())
        payload: dict[str, Any] = {
            "iss": self.url,
            "sub": SUBJECT,
            "aud": audience,
            "iat": now,
            "exp": now + int(ttl),
            "jti": secrets.token_hex(8),
        }
        if scopes:
            payload["scope"] = " ".join(scopes)
        header = {"alg": "RS256", "kid": self._kid, "typ": "JWT"}
        signed = b".".join(
            encode_base64url(orjson.dumps(part)) for part in (header, payload | claims)
        )
        signature = self._key.sign(signed, PKCS1v15(), SHA256())
        return b".".join((signed, encode_base64url(signature))).decode()

    def discovery(self) -> dict[str, Any]:
        """Describe the issuer, for `{url}/.well-known/openid-configuration`."""
        return {
            "issuer": self.url,
            "jwks_uri": f"{self.url}/jwks.json",
            "id_token_signing_alg_values_supported": ["RS256"],
            "response_types_supported": ["token"],
            "subject_types_supported": ["public"],
        }

    def jwks(self) -> dict[str, Any]:
        """Publish the verification key, for `{url}/jwks.json`."""
        return {"keys": [self._jwk]}


def _create(path: Path) -> None:
    """Write a new key. Of several processes that do so at once, the first one wins."""
    key = generate_private_key(public_exponent=65537, key_size=2048)
    pem = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    path.parent.mkdir(parents=True, exist_ok=True)
    draft = path.with_name(f"{path.name}.{secrets.token_hex(4)}")
    with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
        file.write(pem)
    try:
        path.hardlink_to(draft)
    except FileExistsError:
        pass
    finally:
        draft.unlink()


def _number(value: int) -> str:
    return encode_base64url(value.to_bytes((value.bit_length() + 7) // 8)).decode()
