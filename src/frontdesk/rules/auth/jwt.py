"""Owns what a token must look like and say: a strict reader of compact JWS, and the claims' rules.

Refuses by returning a Fault. Knows keys only as something that verifies, and no cache, header or clock.
Sources: RFC 7515, RFC 7519, RFC 8725, RFC 9068; AWS, "Control access to HTTP APIs with JWT authorizers".
"""

import base64
import binascii
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum
from typing import Any

import orjson

MAX_DEPTH = 32
"""Levels of nesting in a header or payload."""

MAX_KID = 256
"""Bytes in a key id."""

_COMPACT = re.compile(rb"([A-Za-z0-9_-]+)\.([A-Za-z0-9_-]+)\.([A-Za-z0-9_-]+)")
_TYPES = frozenset({"", "jwt", "at+jwt"})


class Fault(Enum):
    """Why a token is refused: a word for the log and, for the client, one of a few fixed texts.

    The client's texts never say more than it knows, and never repeat the token.
    """

    MALFORMED = ("malformed", "malformed token")
    ALGORITHM = ("algorithm", "malformed token")
    CRITICAL = ("critical_header", "malformed token")
    TYPE = ("type", "malformed token")
    UNKNOWN_KEY = ("unknown_key", "unknown key")
    NO_FITTING_KEY = ("no_fitting_key", "unknown key")
    SIGNATURE = ("signature", "invalid signature")
    ISSUER = ("issuer", "the token does not have a valid issuer")
    AUDIENCE = ("audience", "the token does not have a valid audience")
    EXPIRED = ("expired", "the token has expired")
    # Differs: [fault-texts] AWS has texts of its own for these, which it does not document.
    NOT_YET_VALID = ("not_yet_valid", "malformed token")
    DATES = ("dates", "malformed token")

    def __init__(self, word: str, description: str) -> None:
        self.word = word
        self.description = description


@dataclass(frozen=True, slots=True)
class Demands:
    """What one authorizer asks of its tokens.

    audience: any one of these; None: not looked at. leeway: seconds granted on every date.
    client_id_fallback: a token without `aud` may name the audience in `client_id` (AWS's HTTP APIs).
    require_typ: "" for any access-token type, else the only one accepted, e.g. "at+jwt".
    """

    issuer: str
    audience: frozenset[str] | None
    algorithms: frozenset[str]
    leeway: float = 0.0
    max_token_bytes: int = 16384
    client_id_fallback: bool = True
    require_typ: str = ""


@dataclass(frozen=True, slots=True)
class Token:
    """A token that is well formed. Nothing in it may be believed until its signature is verified."""

    alg: str
    kid: str | None
    claims: Mapping[str, Any]
    signed: bytes
    """The signing input: header and payload as they came."""
    signature: bytes


def bearer(value: bytes) -> bytes:
    """Take the token out of an Authorization value: `Bearer`, in any case, and one space; or bare."""
    scheme, space, token = value.partition(b" ")
    return token if space and scheme.lower() == b"bearer" else value


def read(token: bytes, demands: Demands) -> Token | Fault:
    """Take a token apart, refusing whatever two readers could understand differently."""
    if len(token) > demands.max_token_bytes:
        return Fault.MALFORMED
    found = _COMPACT.fullmatch(token)
    if found is None:
        return Fault.MALFORMED
    header = _json_object(decode_base64url(found[1]))
    claims = _json_object(decode_base64url(found[2]))
    signature = decode_base64url(found[3])
    if header is None or claims is None or signature is None:
        return Fault.MALFORMED
    fault = _check_header(header, demands)
    if fault is not None:
        return fault
    return Token(header["alg"], header.get("kid"), claims, token[: found.end(2)], signature)


# Differs: [strict-tokens] AWS documents none of these checks but that of `alg`.
def _check_header(header: Mapping[str, Any], demands: Demands) -> Fault | None:
    """Look at the members that matter. `jku`, `x5u`, `x5c` and `jwk` are never looked at."""
    alg, kid, typ = header.get("alg"), header.get("kid", ""), header.get("typ", "")
    if not isinstance(alg, str) or alg not in demands.algorithms:
        return Fault.ALGORITHM
    if "crit" in header or "zip" in header:
        return Fault.CRITICAL
    if not isinstance(typ, str):
        return Fault.TYPE
    kind = media_type(typ)
    accepted = {media_type(demands.require_typ)} if demands.require_typ else _TYPES
    if kind not in accepted:
        return Fault.TYPE
    if not isinstance(kid, str) or len(kid.encode()) > MAX_KID:
        return Fault.MALFORMED
    return None


def media_type(typ: str) -> str:
    """Bring a `typ` to the form in which two are compared (RFC 7515 §4.1.9)."""
    return typ.lower().removeprefix("application/")


def check_claims(claims: Mapping[str, Any], demands: Demands, now: float) -> Fault | None:
    """Judge verified claims at epoch second `now`."""
    return (
        _check_dates(claims, demands.leeway, now)
        or (None if claims.get("iss") == demands.issuer else Fault.ISSUER)
        or _check_audience(claims, demands)
    )


def _check_dates(claims: Mapping[str, Any], leeway: float, now: float) -> Fault | None:
    if "exp" not in claims:
        return Fault.DATES
    for name in ("exp", "nbf", "iat"):
        if name in claims and type(claims[name]) not in (
            int,
            float,
        ):  # bool is an int to isinstance
            return Fault.DATES
    if now >= claims["exp"] + leeway:
        return Fault.EXPIRED
    if now + leeway < claims.get("nbf", now) or now + leeway < claims.get("iat", now):
        return Fault.NOT_YET_VALID
    return None


def _check_audience(claims: Mapping[str, Any], demands: Demands) -> Fault | None:
    if demands.audience is None:
        return None
    said = claims.get("aud")
    if "aud" not in claims and demands.client_id_fallback:
        said = claims.get("client_id")
        if not isinstance(said, str):
            return Fault.AUDIENCE
    members = said if isinstance(said, list) else [said]
    if not all(isinstance(member, str) for member in members):
        return Fault.AUDIENCE
    return None if not demands.audience.isdisjoint(members) else Fault.AUDIENCE


def scopes(claims: Mapping[str, Any], name: str = "") -> list[str]:
    """List the scopes a token grants: claim `name`, or `scope`, else `scp` where no name is given.

    Text separates them by blanks; an array lists them.
    """
    said = claims.get(name) if name else claims.get("scope", claims.get("scp"))
    if isinstance(said, str):
        return said.split()
    if isinstance(said, list):
        return [member for member in said if isinstance(member, str)]
    return []


def claim_texts(claims: Mapping[str, Any]) -> dict[str, str]:
    """Turn every claim into text, as HTTP APIs show them in events: arrays become `[a b]`."""
    return {name: _text(value) for name, value in claims.items()}


def _text(value: Any) -> str:
    if isinstance(value, str):
        return value
    if isinstance(value, list):
        return f"[{' '.join(map(_text, value))}]"
    return orjson.dumps(value).decode()


def decode_base64url(text: bytes) -> bytes | None:
    """Decode unpadded base64url (RFC 7515 §2), or None where the text is not the one canonical form."""
    try:
        data = base64.urlsafe_b64decode(text + b"=" * (-len(text) % 4))
    except binascii.Error:
        return None
    return data if encode_base64url(data) == text else None


def encode_base64url(data: bytes) -> bytes:
    """Write bytes as unpadded base64url."""
    return base64.urlsafe_b64encode(data).rstrip(b"=")


def _json_object(text: bytes | None) -> dict[str, Any] | None:
    """Read one JSON object in strict UTF-8 without repeated names, or None.

    orjson judges the text (no BOM, NaN, infinity, lone surrogate); only the standard reader shows
    repeated names, of which every parser keeps another one.
    """
    if text is None:
        return None
    try:
        value = orjson.loads(text)
        json.loads(text, object_pairs_hook=_unique)
        return value if isinstance(value, dict) and _depth(value) <= MAX_DEPTH else None
    except (ValueError, RecursionError):
        return None


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    members = dict(pairs)
    if len(members) != len(pairs):
        raise ValueError("repeated name")
    return members


def _depth(value: Any) -> int:
    if isinstance(value, dict):
        return 1 + max(map(_depth, value.values()), default=0)
    if isinstance(value, list):
        return 1 + max(map(_depth, value), default=0)
    return 0
