"""Models of `upstreams`: named HTTP backends and how they are reached."""

import re
from ipaddress import ip_address
from typing import Annotated, Literal, Self
from urllib.parse import urlsplit

from pydantic import AfterValidator, Field, model_validator

from frontdesk.client.target import parse_target
from frontdesk.config.models.mapping import HeaderName
from frontdesk.config.models.model import (
    Duration,
    FilePath,
    Flag,
    HintedError,
    Model,
    Name,
    OneOrMore,
    Selector,
    ShortForm,
    Whole,
    between,
    broken_rule,
    matching,
    within,
)
from frontdesk.config.models.resilience import (
    Breaker,
    BulkheadField,
    Health,
    MirrorField,
    Split,
    UpstreamRetry,
)
from frontdesk.config.secrets import Secret


def _with_host(url: str) -> str:
    parse_target(url)
    return url


BaseUrl = Annotated[
    str,
    matching(r"https?://[^\s/?#@]+(/[!\"$->@-~]*)?", "a URL such as http://10.0.0.5:9000"),
    AfterValidator(_with_host),
]


def _of_one_path(urls: tuple[str, ...]) -> tuple[str, ...]:
    paths = [urlsplit(url).path.rstrip("/") for url in urls]
    other = next((path for path in paths if path != paths[0]), None)
    if other is not None:
        raise broken_rule(f"expected targets of one path, got {paths[0] or '/'} and {other or '/'}")
    return urls


FailedStatus = Annotated[Whole, within(400, 599)]

Targets = Annotated[tuple[BaseUrl, ...], AfterValidator(_of_one_path), Field(min_length=1)]


class UpstreamTimeout(Model):
    """Limits of one request to a backend."""

    connect: Annotated[Duration, between("1ms", "30s")] = 3.0
    """Until the connection stands, TLS included. Default 3s."""

    read: Annotated[Duration, between("1ms", "1h")] = 25.0
    """Longest wait for the next bytes of the answer. Default 25s."""

    total: Annotated[Duration, between("1ms", "1h")] = 29.0
    """Until the answer has begun. Default 29s; a route's own timeout may be earlier."""


class UpstreamTls(Model):
    """Trust and identity towards an https backend."""

    ca: FilePath | None = None
    """PEM file of the authorities to trust instead of the system's."""

    cert: FilePath | None = None
    """PEM file of our client certificate, with its chain."""

    key: FilePath | None = None
    """PEM file of the client certificate's key."""

    @model_validator(mode="after")
    def _cert_and_key_come_together(self) -> Self:
        if (self.cert is None) != (self.key is None):
            raise broken_rule("expected cert and key together")
        return self


def _sendable(secret: Secret) -> Secret:
    if re.fullmatch(r"[!-~]{1,4096}", secret.reveal()) is None:
        raise ValueError("expected visible ASCII characters, at most 4096")
    return secret


Credential = Annotated[Secret, AfterValidator(_sendable)]


class Bearer(Model):
    """A token."""

    token: Credential
    """Sent as `Authorization: Bearer`."""


class Basic(Model):
    """A user and a password (RFC 7617)."""

    username: Annotated[str, matching(r"[ -9;-~]{1,255}", "a user name without a colon")]
    """Sent as `Authorization: Basic`, with the password."""

    password: Credential
    """Its password."""


class ApiKey(Model):
    """A key in a header field."""

    api_key: Credential
    """The key."""

    header: HeaderName = "X-Api-Key"
    """The field. Default X-Api-Key."""


class UpstreamAuth(Model):
    """Who we are for a backend. Exactly one of bearer, basic, api_key."""

    bearer: Bearer | None = None
    """A token: {token}."""

    basic: Basic | None = None
    """A user: {username, password}."""

    api_key: ApiKey | None = None
    """A key: {api_key, header}."""

    @model_validator(mode="after")
    def _is_one_of_them(self) -> Self:
        kinds = type(self).model_fields
        if sum(getattr(self, kind) is not None for kind in kinds) != 1:
            raise broken_rule(f"expected exactly one of {', '.join(kinds)}")
        return self


def _address(text: str) -> str:
    try:
        return str(ip_address(text))
    except ValueError:
        raise ValueError("expected an IP address such as 203.0.113.10") from None


def _without_user(url: str) -> str:
    if "@" in url:
        raise HintedError(
            "expected a URL without user name",
            "write {url, basic: {username, password}}, the password as a reference",
        )
    return url


class Proxy(Model):
    """A forward proxy: https through CONNECT, http by requests that name their target whole."""

    url: Annotated[
        str,
        AfterValidator(_without_user),
        matching(r"http://[^\s/?#@]+/?", "a URL such as http://10.0.0.7:3128"),
        AfterValidator(_with_host),
    ]
    """Where it is: `http://host:port`."""

    basic: Basic | None = None
    """Who we are for it: {username, password}."""


class Egress(Model):
    """Identities that requests leave as in turn: addresses of this machine, forward proxies."""

    addresses: Annotated[tuple[Annotated[str, AfterValidator(_address)], ...], OneOrMore()] = ()
    """IP addresses of this machine."""

    proxies: Annotated[
        tuple[Annotated[Proxy, ShortForm("url", "a URL such as http://10.0.0.7:3128")], ...],
        OneOrMore(),
    ] = ()
    """Forward proxies: `http://host:port`, or {url, basic}. In turn after the addresses."""

    on: Annotated[tuple[FailedStatus, ...], OneOrMore(), Field(min_length=1)] = (429,)
    """Statuses that say that one is limited: it rests, and another takes over. Default 429."""

    honour_retry_after: Flag = True
    """Whether it rests as long as Retry-After asks, where it does. Default true."""

    cooldown: Annotated[Duration, between("1s", "15m")] = 60.0
    """How long it rests else; twice as long each time in a row, up to 15m. Default 60s."""

    @model_validator(mode="after")
    def _has_an_identity(self) -> Self:
        if not (self.addresses or self.proxies):
            raise broken_rule("expected addresses, proxies, or both")
        return self


class Upstream(Model):
    """One backend, of one or several equal targets."""

    url: BaseUrl | None = None
    """Where the backend is. Either this or `targets`."""

    targets: Targets | None = None
    """Several equal places of the backend, which differ in scheme, host and port only. Either this or
    `url`."""

    balance: Literal["round_robin", "least_request"] = "round_robin"
    """How a target is picked. Default round_robin."""

    health: Health = Health()
    """When a failing target is left out."""

    timeout: UpstreamTimeout = UpstreamTimeout()
    """Limits of one request."""

    retry: UpstreamRetry | None = None
    """Further attempts when one fails. A route's own `retry` takes its place."""

    breaker: Breaker | None = None
    """Refuse requests at once while the backend keeps failing."""

    bulkhead: BulkheadField | None = None
    """How many requests may be under way: `100` or {calls, queue, wait}."""

    split: Split | None = None
    """Shares of the requests that go to other upstreams instead, such as {billing-next: 10%}."""

    sticky: Selector | None = None
    """Requests of one value of this selector stay together in a `split`."""

    mirror: MirrorField | None = None
    """An upstream that gets copies of requests, and whose answers are dropped."""

    tls: UpstreamTls = UpstreamTls()
    """Trust and identity for https."""

    egress: Name | None = None
    """Name under `egress`: the addresses or proxies that requests leave by. Default: any address."""

    auth: UpstreamAuth | None = None
    """Credentials that every request carries, in place of a field of the client's of that name."""

    @model_validator(mode="after")
    def _has_one_source_of_targets(self) -> Self:
        if (self.url is None) == (self.targets is None):
            raise broken_rule("expected either url or targets")
        return self

    @model_validator(mode="after")
    def _sticks_to_a_split(self) -> Self:
        if self.sticky is not None and self.split is None:
            raise broken_rule("expected split beside sticky")
        return self

    @property
    def urls(self) -> tuple[str, ...]:
        """All targets, whichever key named them."""
        return self.targets or ((self.url,) if self.url else ())
