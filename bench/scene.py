"""Owns what all contenders share: the backend, the token issuer, and the tokens.

One nginx on the load core answers as the backend and serves the issuer's discovery document and keys.
"""

import json
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from joserfc import jwt
from joserfc.jwk import RSAKey

from bench.peers import nginx
from bench.process import free_port, running

AUDIENCE = "bench"
KEY_ID = "bench-1"
IDENTITIES = 100
"""Distinct tokens sent in turn, so that no cache of size one looks good."""

SMALL = '{"id":"a1","status":"booked"}'
SIZES = {"1k": 1024, "100k": 100 * 1024}


@dataclass(frozen=True)
class Scene:
    """folder: for configurations, logs and output of this run. backend: port. keys: the JWK set."""

    folder: Path
    backend: int
    keys: str
    tokens: tuple[str, ...]

    @property
    def issuer(self) -> str:
        """The `iss` of all tokens; its discovery document is served there."""
        return f"http://127.0.0.1:{self.backend}"


@contextmanager
def scene(folder: Path) -> Iterator[Scene]:
    """Make a signing key, start the backend, and end it afterwards."""
    port = free_port()
    issuer = f"http://127.0.0.1:{port}"
    key = RSAKey.generate_key(2048, {"kid": KEY_ID, "use": "sig", "alg": "RS256"})
    keys = json.dumps({"keys": [key.as_dict(private=False)]})
    site = folder / "site"
    (site / ".well-known").mkdir(parents=True)
    (site / ".well-known/openid-configuration").write_text(
        json.dumps({"issuer": issuer, "jwks_uri": f"{issuer}/jwks.json"})
    )
    (site / "jwks.json").write_text(keys)
    for name, size in SIZES.items():
        (site / name).write_bytes(b"x" * size)
    with running(nginx.backend(folder, port, site, SMALL)):
        yield Scene(folder, port, keys, tuple(_token(issuer, key, n) for n in range(IDENTITIES)))


def _token(issuer: str, key: RSAKey, number: int) -> str:
    now = int(time.time())
    claims = {
        "iss": issuer,
        "aud": AUDIENCE,
        "sub": f"user-{number:03}",
        "practice_id": f"p{number:03}",
        "scope": "book read",
        "iat": now,
        "exp": now + 6 * 3600,
    }
    return jwt.encode({"alg": "RS256", "kid": KEY_ID}, claims, key)
