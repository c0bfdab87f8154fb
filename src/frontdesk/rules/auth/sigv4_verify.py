"""Owns the judgement of signatures of Version 4: what a request claims, and whether that is true.

Keeps no secret and no state. The body is hashed whole: signatures over chunks are refused. The form in
which requests are signed is that of `sigv4`; the texts are AWS's.
"""

import hashlib
import hmac
import re
from base64 import b64encode
from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Final, NamedTuple
from urllib.parse import unquote

from frontdesk.rules.auth.sigv4 import (
    ALGORITHM,
    TERMINATOR,
    Credentials,
    Request,
    Scope,
    encoded_items,
    instant_of,
    signature_of,
)

SKEW: Final = 300.0
"""Seconds that the signer's clock may be off; a signature in the header is good for as long."""

MAX_EXPIRES: Final = 604_800
"""Seconds that a presigned URL may be good: a week."""

_STREAMING: Final = b"STREAMING-"
_INSTANT: Final = re.compile(r"\d{8}T\d{6}Z", re.ASCII)
_NUMBER: Final = re.compile(r"\d{1,7}", re.ASCII)

# CloudFront adds it behind the signer's back; AWS's own services pass over it.
_MAY_BE_UNSIGNED: Final = frozenset({b"x-amz-cf-id"})


class Signed(NamedTuple):
    """A good signature: whose, and for what."""

    access_key_id: str
    scope: Scope


class Refusal(NamedTuple):
    """Why a request is refused: AWS's code and text. The text holds no secret."""

    code: str
    message: str


class _Claim(NamedTuple):
    """What a request says of its signature. began, expires: seconds since 1970."""

    access_key_id: str
    scope: Scope
    headers: list[bytes]
    signature: str
    instant: str
    began: float
    expires: float
    session_token: str
    query: str


def verify(
    request: Request,
    find: Callable[[str], Credentials | None],
    *,
    service: str,
    now: float,
    region: str = "",
) -> Signed | Refusal:
    """Tell whose signature a request has, or why it is refused.

    find: credentials by access key id. region: "" accepts any. now: seconds since 1970.
    """
    claim = _claim(request)
    if isinstance(claim, Refusal):
        return claim
    credentials = find(claim.access_key_id)
    if credentials is None or not hmac.compare_digest(
        claim.session_token.encode(), credentials.session_token.encode()
    ):
        return Refusal(
            "UnrecognizedClientException", "The security token included in the request is invalid."
        )
    wrong = (
        _scope_fault(claim, region, service)
        or _time_fault(claim, now)
        or _coverage_fault(request, claim)
    )
    if wrong:
        return Refusal("InvalidSignatureException", wrong)
    expected = signature_of(
        request._replace(query=claim.query),
        claim.headers,
        claim.instant,
        claim.scope,
        credentials.secret_access_key,
    )
    if not hmac.compare_digest(expected.encode(), claim.signature.encode()):
        return Refusal(
            "InvalidSignatureException",
            "The request signature we calculated does not match the signature you provided. Check "
            "your AWS Secret Access Key and signing method. Consult the service documentation for "
            "details.",
        )
    return Signed(claim.access_key_id, claim.scope)


# -- what a request claims --------------------------------------------------------------------------


def _claim(request: Request) -> _Claim | Refusal:
    authorization = request.headers.get(b"authorization", b"").decode("latin-1")
    if authorization:
        return _header_claim(request, authorization)
    parameters = {name.lower(): unquote(value) for name, value in encoded_items(request.query)}
    if "x-amz-signature" in parameters or "x-amz-credential" in parameters:
        return _query_claim(request, parameters)
    return Refusal("MissingAuthenticationTokenException", "Missing Authentication Token")


def _header_claim(request: Request, authorization: str) -> _Claim | Refusal:
    algorithm, _, rest = authorization.partition(" ")
    if algorithm != ALGORITHM:
        return _incomplete(f"Unsupported AWS 'algorithm': '{algorithm[:32]}'.")
    parts: dict[str, str] = {}
    for item in rest.split(","):
        name, equals, value = item.strip().partition("=")
        if not equals:
            return _incomplete(
                "Invalid key=value pair (missing equal-sign) in Authorization header (hashed with "
                f"SHA-256 and encoded with Base64): '{_hashed(authorization)}'."
            )
        parts[name] = value
    instant = request.headers.get(b"x-amz-date", b"").decode("latin-1")
    missing = [
        f"Authorization header requires '{name}' parameter."
        for name in ("Credential", "Signature", "SignedHeaders")
        if not parts.get(name)
    ]
    # Differs: [signature-date] AWS also takes the time from `Date`.
    if not instant:
        missing.append(
            "Authorization header requires existence of either a 'X-Amz-Date' or a 'Date' header."
        )
    if missing:
        return _incomplete(
            f"{' '.join(missing)} (Hashed with SHA-256 and encoded with Base64) "
            f"Authorization={_hashed(authorization)}"
        )
    return _read_claim(
        credential=parts["Credential"],
        headers=parts["SignedHeaders"],
        signature=parts["Signature"],
        instant=instant,
        good_for=SKEW,
        session_token=request.headers.get(b"x-amz-security-token", b"").decode("latin-1"),
        query=request.query,
    )


def _query_claim(request: Request, parameters: Mapping[str, str]) -> _Claim | Refusal:
    needed = ("Algorithm", "Credential", "Date", "SignedHeaders", "Signature")
    missing = [name for name in needed if not parameters.get(f"x-amz-{name.lower()}")]
    if missing:
        return _incomplete(
            " ".join(
                f"AWS query-string parameters must include 'X-Amz-{name}'." for name in missing
            )
        )
    if parameters["x-amz-algorithm"] != ALGORITHM:
        return _incomplete(f"Unsupported AWS 'algorithm': '{parameters['x-amz-algorithm'][:32]}'.")
    expires = parameters.get("x-amz-expires", str(int(SKEW)))
    if not _NUMBER.fullmatch(expires) or not 1 <= int(expires) <= MAX_EXPIRES:
        return _incomplete(
            f"X-Amz-Expires must be a number of seconds from 1 to {MAX_EXPIRES}, a week."
        )
    signed = [
        item
        for item in request.query.split("&")
        if unquote(item.partition("=")[0]).lower() != "x-amz-signature"
    ]
    return _read_claim(
        credential=parameters["x-amz-credential"],
        headers=parameters["x-amz-signedheaders"],
        signature=parameters["x-amz-signature"],
        instant=parameters["x-amz-date"],
        good_for=float(expires),
        session_token=parameters.get("x-amz-security-token", ""),
        query="&".join(signed),
    )


def _read_claim(
    *,
    credential: str,
    headers: str,
    signature: str,
    instant: str,
    good_for: float,
    session_token: str,
    query: str,
) -> _Claim | Refusal:
    elements = credential.split("/")
    if len(elements) != 5:
        return _incomplete(
            "Credential must have exactly 5 slash-delimited elements, e.g. "
            f"keyid/date/region/service/term, got '{credential[:128]}'"
        )
    access_key_id, date, region, service, terminator = elements
    if terminator != TERMINATOR:
        return Refusal(
            "InvalidSignatureException",
            f"Credential should be scoped with a valid terminator: '{TERMINATOR}', "
            f"not '{terminator[:32]}'.",
        )
    began = _seconds(instant)
    if began is None:
        return _incomplete(
            "Date must be in ISO-8601 'basic format'. "
            f"Got '{instant[:32]}'. See http://en.wikipedia.org/wiki/ISO_8601"
        )
    return _Claim(
        access_key_id,
        Scope(date, region, service),
        headers.lower().encode().split(b";"),
        signature,
        instant,
        began,
        began + good_for,
        session_token,
        query,
    )


# -- what is wrong with a claim -----------------------------------------------------------------------


def _scope_fault(claim: _Claim, region: str, service: str) -> str:
    scope = claim.scope
    if region and scope.region != region:
        return f"Credential should be scoped to a valid region, not '{scope.region}'."
    if scope.service != service:
        return f"Credential should be scoped to correct service: '{service}'."
    if scope.date != claim.instant[:8]:
        return (
            "Date in Credential scope does not match YYYYMMDD from ISO-8601 version of date from "
            f"HTTP: '{scope.date}' != '{claim.instant[:8]}', from '{claim.instant}'."
        )
    return ""


def _time_fault(claim: _Claim, now: float) -> str:
    if now > claim.expires:
        return (
            f"Signature expired: {claim.instant} is now earlier than "
            f"{instant_of(now - SKEW)} ({instant_of(now)} - 5 min.)"
        )
    if now < claim.began - SKEW:
        return (
            f"Signature not yet current: {claim.instant} is still later than "
            f"{instant_of(now + SKEW)} ({instant_of(now)} + 5 min.)"
        )
    return ""


def _coverage_fault(request: Request, claim: _Claim) -> str:
    """Find what the signature leaves open: whoever has seen it could change that."""
    if b"host" not in claim.headers:
        return "'Host' or ':authority' must be a 'SignedHeader' in the AWS Authorization."
    loose = [
        name.decode("latin-1")
        for name in request.headers
        if name.startswith(b"x-amz-") and name not in _MAY_BE_UNSIGNED.union(claim.headers)
    ]
    if loose:
        return f"There were headers present in the request which were not signed: {loose[0]}"
    # Differs: [signed-chunks] AWS's S3 takes bodies whose chunks are signed one by one.
    if request.headers.get(b"x-amz-content-sha256", b"").startswith(_STREAMING):
        return "A payload that is signed in chunks is not supported."
    return ""


def _seconds(instant: str) -> float | None:
    """Read `20150830T123600Z`; None when it is no such instant."""
    if not _INSTANT.fullmatch(instant):
        return None
    try:
        return datetime.strptime(f"{instant}+0000", "%Y%m%dT%H%M%SZ%z").timestamp()
    except ValueError:
        return None


def _hashed(text: str) -> str:
    return b64encode(hashlib.sha256(text.encode("latin-1")).digest()).decode()


def _incomplete(message: str) -> Refusal:
    return Refusal("IncompleteSignatureException", message)
