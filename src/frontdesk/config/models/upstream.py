"""Models of `upstreams`: named HTTP backends and how they are reached."""

from typing import Annotated, Literal, Self
from urllib.parse import urlsplit

from pydantic import AfterValidator, Field, model_validator

from frontdesk.client.target import parse_target
from frontdesk.config.models.model import (
    Duration,
    FilePath,
    Model,
    Whole,
    at_least,
    between,
    broken_rule,
    matching,
)


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


Targets = Annotated[tuple[BaseUrl, ...], AfterValidator(_of_one_path), Field(min_length=1)]


class Health(Model):
    """Passive health: a target that keeps failing gets no requests for a while."""

    failures: Annotated[Whole, at_least(1)] = 5
    """Failures in a row after which a target is left out. Default 5."""

    eject: Annotated[Duration, between("1s", "1h")] = 30.0
    """How long it is left out. Default 30s."""


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

    tls: UpstreamTls = UpstreamTls()
    """Trust and identity for https."""

    @model_validator(mode="after")
    def _has_one_source_of_targets(self) -> Self:
        if (self.url is None) == (self.targets is None):
            raise broken_rule("expected either url or targets")
        return self

    @property
    def urls(self) -> tuple[str, ...]:
        """All targets, whichever key named them."""
        return self.targets or ((self.url,) if self.url else ())
