"""Models of `authorizers`: who may call a route."""

from collections.abc import Callable
from ipaddress import ip_address
from typing import Annotated, Final, Literal, Self, get_args
from urllib.parse import urlsplit

from pydantic import AfterValidator, Field, model_validator

from frontdesk.config.models.integration import FunctionName
from frontdesk.config.models.model import (
    Duration,
    Flag,
    HintedError,
    Model,
    Name,
    Off,
    OneOrMore,
    Selector,
    Size,
    Whole,
    at_least,
    between,
    broken_rule,
    matching,
)
from frontdesk.config.secrets import Secret
from frontdesk.rules.auth.api_keys import digest_of
from frontdesk.rules.auth.basic import read_hash
from frontdesk.rules.lang.patterns import PatternError, compile_pattern

Algorithm = Literal[
    "RS256",
    "RS384",
    "RS512",
    "PS256",
    "PS384",
    "PS512",
    "ES256",
    "ES384",
    "ES512",
    "EdDSA",
]
# Differs: [algorithms] AWS documents RSA-based ones only.
ALGORITHMS: tuple[Algorithm, ...] = get_args(Algorithm)
IDENTITY = ("$request.header.Authorization",)

ANSWER_TIME: Final = 10.0
"""Seconds that a function may take to answer. AWS's limit."""


def _without_body(text: str) -> str:
    if "request.body" in text:
        raise ValueError("expected something other than the body, which is read after this")
    return text


Identity = Annotated[Selector, AfterValidator(_without_body)]


def _key_source(text: str) -> str:
    if not text.startswith(("$request.header.", "$request.querystring.")):
        raise ValueError("expected a header field or query parameter")
    return text


KeySource = Annotated[Selector, AfterValidator(_key_source)]


def _read_by(read: Callable[[str], object]) -> AfterValidator:
    """Accept a secret that `read` can read; say what is wrong at its own place, and never show it."""

    def check(secret: Secret) -> Secret:
        try:
            read(secret.reveal())
        except ValueError as error:
            raise broken_rule(str(error)) from None
        return secret

    return AfterValidator(check)


Key = Annotated[Secret, _read_by(digest_of)]
PasswordHash = Annotated[Secret, _read_by(read_hash)]
UserName = Annotated[str, matching(r"[^:\x00-\x1f\x7f]{1,128}", "a user name without colon")]
AccessKeyId = Annotated[str, matching(r"\w{4,128}", "an access key id of letters and digits")]


def _pattern(text: str) -> str:
    try:
        compile_pattern(text)
    except PatternError as error:
        raise HintedError(error.message.partition(":")[0], error.hint) from error
    return text


def _issuer_url(url: str) -> str:
    if not _is_secure(url) and not _is_local_http(url):
        raise ValueError("expected an https:// URL")
    return url


IssuerUrl = Annotated[str, AfterValidator(_issuer_url)]
Audience = Annotated[str, Field(min_length=1)]
Audiences = Annotated[tuple[Audience, ...], OneOrMore(), Field(min_length=1)]


class Refresh(Model):
    """When the signing keys of an issuer are fetched again."""

    min_interval: Annotated[Duration, between("1s", "1d")] = 60.0
    """Shortest time between two fetches that unknown key ids cause. Default 60s, at least 1s: anybody
    can make up key ids, and must not be able to turn each request into one to the issuer."""

    max_age: Annotated[Duration, between("60s", "1d")] = 3600.0
    """Age at which keys are fetched again. Default 1h."""

    stale_if_error: Duration = 86400.0
    """How long the old keys are used while fetching fails. Default 24h."""

    timeout: Annotated[Duration, between("50ms", "30s")] = 3.0
    """Limit of one fetch. Default 3s."""


class JwtAuthorizer(Model):
    """Verifies a JSON Web Token of an OpenID Connect issuer."""

    type: Literal["jwt"]
    """`jwt`"""

    issuer: IssuerUrl
    """Must equal the token's `iss` character by character; also where discovery starts."""

    audience: Annotated[Audiences | None, Off()]
    """One of these must be in the token's `aud`. `none` accepts any audience."""

    jwks_uri: IssuerUrl | None = None
    """Where the signing keys are. Default: found through the issuer's discovery document."""

    algorithms: Annotated[tuple[Algorithm, ...], OneOrMore(), Field(min_length=1)] = ALGORITHMS
    """Accepted signature algorithms. Default: RS*, PS*, ES* and EdDSA."""

    identity: Annotated[tuple[Identity, ...], OneOrMore(), Field(min_length=1)] = IDENTITY
    """Where the token is; the first that is present counts. Default $request.header.Authorization."""

    leeway: Annotated[Duration, between("0s", "300s")] = 0.0
    """Tolerated difference between the clocks. Default 0s, at most 300s."""

    max_token_bytes: Annotated[Size, at_least(256)] = 16 * 1024
    """Longer tokens are refused unread. Default 16KB."""

    client_id_fallback: Flag = True
    """Compare `client_id` with the audience when a token has no `aud`, as AWS does."""

    require_typ: str | None = None
    """Demand this `typ` header, such as `at+jwt` (RFC 9068)."""

    scopes_claim: str | None = None
    """Claim that holds the scopes. Default: `scope`, else `scp`."""

    cache: Annotated[Duration, between("0s", "1d")] = 300.0
    """How long a verified token is remembered, at most until it expires. 0 turns it off. Default 300s."""

    refresh: Refresh = Refresh()
    """When the signing keys are fetched again."""

    auth_failures_per_minute: Annotated[Whole, at_least(1)] = 120
    """Failed verifications that one client address may cause before it gets 429. Default 120."""

    allow_http: Flag = False
    """Accept http:// addresses of this machine, for development."""

    @model_validator(mode="after")
    def _http_is_allowed(self) -> Self:
        for key, url in (("issuer", self.issuer), ("jwks_uri", self.jwks_uri)):
            if url is not None and not _is_secure(url) and not self.allow_http:
                raise broken_rule(
                    f"expected an https:// URL in {key}, or allow_http: true beside it"
                )
        return self


class FunctionAuthorizer(Model):
    """Asks one of `functions` whether a request may pass."""

    type: Literal["function"]
    """`function`"""

    function: FunctionName
    """Name under `functions`, or name:alias."""

    form: Literal["simple", "iam", "token"] = "simple"
    """What the function gets and answers: `simple` {isAuthorized, context}, `iam` a policy for a
    REQUEST event, `token` a policy for a TOKEN event. Default simple."""

    payload: Literal["1.0", "2.0"] = "2.0"
    """Format of the event. Default 2.0; the form `token` has one format only."""

    identity: Annotated[tuple[Identity, ...], OneOrMore()] = IDENTITY
    """What identifies the caller: all must be present (else 401), and the answer is cached by them.
    Default $request.header.Authorization."""

    pattern: Annotated[str, AfterValidator(_pattern)] | None = None
    """Regular expression that all of the one identity must match, else 401 and the function is not
    asked. Absent: any."""

    # Differs: [default-cache] 0 in AWS's API, 300 in its console.
    cache: Annotated[Duration, between("0s", "1h")] = 300.0
    """How long an answer is remembered. 0 turns it off. Default 300s, at most 1h."""

    @model_validator(mode="after")
    def _pattern_has_one_identity(self) -> Self:
        if self.pattern is not None and len(self.identity) != 1:
            raise broken_rule("expected one identity beside a pattern")
        return self


class ApiKeyAuthorizer(Model):
    """Lets in whoever sends one of the keys."""

    type: Literal["api_key"]
    """`api_key`"""

    keys: Annotated[dict[Name, Key], Field(min_length=1)]
    """Keys by the name of whom they were given to: 20 to 128 characters by a reference, or `sha256:`
    and the 64 hexadecimal digits of the key's SHA-256."""

    identity: Annotated[tuple[KeySource, ...], OneOrMore(), Field(min_length=1)] = (
        "$request.header.X-Api-Key",
    )
    """Where the key is, a header field or query parameter; the first that is present counts. Default
    $request.header.X-Api-Key."""

    @model_validator(mode="after")
    def _keys_differ(self) -> Self:
        known: dict[bytes, str] = {}
        for name, secret in self.keys.items():
            former = known.setdefault(digest_of(secret.reveal()), name)
            if former != name:
                raise broken_rule(f"expected keys that differ: {former} and {name} have the same")
        return self


class BasicAuthorizer(Model):
    """Lets in users who know their password (RFC 7617)."""

    type: Literal["basic"]
    """`basic`"""

    users: Annotated[dict[UserName, PasswordHash], Field(min_length=1)]
    """Hashed passwords by user, as `frontdesk hash-password` prints them."""

    realm: Annotated[str, matching(r"[ !#-\[\]-~]{1,64}", "a short text without quotes")] = "API"
    """What a browser tells its user to log in to. Default API."""

    cache: Annotated[Duration, between("0s", "1d")] = 300.0
    """How long a password that was right is not hashed again. Default 300s."""

    auth_failures_per_minute: Annotated[Whole, at_least(1)] = 60
    """Wrong passwords that one client address may send before it gets 429. Default 60."""


Texts = Annotated[tuple[Annotated[str, Field(min_length=1)], ...], OneOrMore()]
Fingerprint = Annotated[
    str, matching(r"([0-9A-Fa-f]{2}:?){31}[0-9A-Fa-f]{2}", "the SHA-256 of a certificate")
]


class AllowedClients(Model):
    """Which clients with a certificate may pass; one match is enough."""

    subject: Texts = ()
    """Whole subjects, in the order of the certificate: `C=DE,O=Clinic,CN=desk`."""

    san_dns: Texts = ()
    """DNS names or addresses among its alternative names."""

    san_uri: Texts = ()
    """URIs among them, such as SPIFFE ids."""

    san_email: Texts = ()
    """Mail addresses among them."""

    sha256: Annotated[tuple[Fingerprint, ...], OneOrMore()] = ()
    """Fingerprints: 64 hexadecimal digits, with or without colons."""


class MtlsAuthorizer(Model):
    """Lets in clients by the certificate that their listener has verified."""

    type: Literal["mtls"]
    """`mtls`"""

    allow: AllowedClients = AllowedClients()
    """Which of them. Absent: all that have a certificate."""


class IamCredential(Model):
    """A key pair, beside its id."""

    secret: Secret
    """The secret access key."""

    principal: Annotated[str, matching(r"[\w+=,.@/-]{1,128}", "a user name")]
    """Who it was given to: the user's name in `userArn`."""


class IamAuthorizer(Model):
    """Lets in requests that are signed with one of the key pairs (AWS Signature Version 4)."""

    type: Literal["iam"]
    """`iam`"""

    credentials: Annotated[dict[AccessKeyId, IamCredential], Field(min_length=1)]
    """Key pairs by access key id."""

    service: Annotated[str, matching(r"[a-z0-9-]{1,64}", "a service such as execute-api")] = (
        "execute-api"
    )
    """The service that clients sign for. Default execute-api."""


Authorizer = Annotated[
    JwtAuthorizer
    | FunctionAuthorizer
    | ApiKeyAuthorizer
    | BasicAuthorizer
    | MtlsAuthorizer
    | IamAuthorizer,
    Field(discriminator="type"),
]


def _is_secure(url: str) -> bool:
    return url.startswith("https://") and _host(url) is not None


def _is_local_http(url: str) -> bool:
    host = _host(url) if url.startswith("http://") else None
    if host is None or host == "localhost":
        return host is not None
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return False


def _host(url: str) -> str | None:
    try:
        parts = urlsplit(url)
        usable = parts.port != 0
    except ValueError:  # a port beyond 65535, brackets that do not close
        return None
    return parts.hostname if usable else None
