"""Owns AWS Signature Version 4 itself: the form in which a request is signed, and its signature.

Takes requests, credentials and the time as values; keeps no secret and no state. Source: AWS, "Signing
AWS API requests" (IAM User Guide), in the form of all services but S3: the path is encoded twice.
"""

import hashlib
import hmac
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from typing import Final, NamedTuple
from urllib.parse import quote, unquote_to_bytes

from frontdesk.base.streams import Fields

ALGORITHM: Final = "AWS4-HMAC-SHA256"
TERMINATOR: Final = "aws4_request"
_UNSIGNED: Final = b"UNSIGNED-PAYLOAD"
_PLAIN: Final = "-_.~"


class Credentials(NamedTuple):
    """A key pair. session_token: "" unless the pair is temporary."""

    access_key_id: str
    secret_access_key: str
    session_token: str = ""


class Request(NamedTuple):
    """What a signature covers.

    path: as it is sent, percent-encoded. query: as it is sent, without `?`. headers: by lower-case name,
    repeated values joined with `,`.
    """

    method: str
    path: str
    query: str
    headers: Mapping[bytes, bytes]
    body: bytes


class Scope(NamedTuple):
    """Where and when a signature is good. date: `20150830`."""

    date: str
    region: str
    service: str

    def __str__(self) -> str:
        return f"{self.date}/{self.region}/{self.service}/{TERMINATOR}"


def sign(
    request: Request, credentials: Credentials, region: str, service: str, now: float
) -> Fields:
    """Return the header fields that sign a request: those to be added to it.

    request: with `host`; every header that is given is signed. now: seconds since 1970.
    """
    instant = instant_of(now)
    added: Fields = [(b"x-amz-date", instant.encode())]
    if credentials.session_token:
        added.append((b"x-amz-security-token", credentials.session_token.encode()))
    headers = {**request.headers, **dict(added)}
    names = sorted(headers)
    scope = Scope(instant[:8], region, service)
    signature = signature_of(
        request._replace(headers=headers),
        names,
        instant,
        scope,
        credentials.secret_access_key,
    )
    authorization = (
        f"{ALGORITHM} Credential={credentials.access_key_id}/{scope}, "
        f"SignedHeaders={b';'.join(names).decode()}, Signature={signature}"
    )
    return [*added, (b"authorization", authorization.encode())]


# -- the signature --------------------------------------------------------------------------------


def signature_of(
    request: Request, names: Iterable[bytes], instant: str, scope: Scope, secret: str
) -> str:
    """Compute the signature of a request, in hexadecimal. names: of the signed headers, sorted."""
    key = f"AWS4{secret}".encode()
    for part in (*scope, TERMINATOR):
        key = _hmac(key, part)
    digest = hashlib.sha256(_canonical_request(request, names)).hexdigest()
    return _hmac(key, f"{ALGORITHM}\n{instant}\n{scope}\n{digest}").hex()


def _canonical_request(request: Request, names: Iterable[bytes]) -> bytes:
    """Write a request in the one form in which it is signed. names: of the signed headers, sorted."""
    names = list(names)
    lines = [
        request.method.encode(),
        _canonical_path(request.path).encode(),
        _canonical_query(request.query).encode(),
        # Runs of blanks become one, so that a proxy that folds them breaks nothing.
        *(name + b":" + b" ".join(request.headers.get(name, b"").split()) for name in names),
        b"",
        b";".join(names),
        _payload(request),
    ]
    return b"\n".join(lines)


def _canonical_path(path: str) -> str:
    kept: list[str] = []
    for segment in path.split("/"):
        if segment == "..":
            del kept[-1:]
        elif segment not in {"", "."}:
            kept.append(segment)
    slash = "/" if kept and path.endswith("/") else ""
    return quote(f"/{'/'.join(kept)}{slash}", safe="/" + _PLAIN)


def _canonical_query(query: str) -> str:
    return "&".join(f"{name}={value}" for name, value in sorted(encoded_items(query)))


def encoded_items(query: str) -> list[tuple[str, str]]:
    """Split a query; each part is decoded and encoded again, so that equal parts look equal."""
    items = (item.partition("=") for item in query.split("&") if item)
    return [(_encode(name), _encode(value)) for name, _, value in items]


def _encode(part: str) -> str:
    # `+` is a blank, as it is to whoever reads the query: what reads otherwise is signed otherwise.
    return quote(unquote_to_bytes(part.replace("+", " ")), safe=_PLAIN)


def _payload(request: Request) -> bytes:
    """Return what stands for the body: its hash, unless the signer has left the body out."""
    if request.headers.get(b"x-amz-content-sha256") == _UNSIGNED:
        return _UNSIGNED
    return hashlib.sha256(request.body).hexdigest().encode()


def _hmac(key: bytes, text: str) -> bytes:
    return hmac.digest(key, text.encode(), "sha256")


def instant_of(seconds: float) -> str:
    """Write seconds since 1970 as a signer does: `20150830T123600Z`."""
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y%m%dT%H%M%SZ")
