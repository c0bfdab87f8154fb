"""Models of `connections`: how tasks of state machines are known to other companies' APIs."""

import re
from typing import Annotated, Literal

from pydantic import AfterValidator, Field

from frontdesk.config.models.mapping import HeaderName
from frontdesk.config.models.model import Model, Name, matching
from frontdesk.config.models.upstream import BaseUrl, Credential, UpstreamAuth, UpstreamTls
from frontdesk.config.secrets import Secret

_OURS = re.compile(
    r"connection|content-length|expect|host|te|trailer|transfer-encoding|upgrade", re.IGNORECASE
)


def _not_ours(name: str) -> str:
    if _OURS.fullmatch(name):
        raise ValueError("expected a header that may be added; this one is the connection's own")
    return name


AddedHeader = Annotated[HeaderName, AfterValidator(_not_ours)]
ParameterName = Annotated[str, Field(min_length=1)]


class Additions(Model):
    """What goes with every request, and wins over what a task says."""

    headers: dict[AddedHeader, Credential] = Field(default_factory=dict)
    """Header fields by name."""

    query: dict[ParameterName, Secret] = Field(default_factory=dict)
    """Query parameters by name."""

    body: dict[ParameterName, Secret] = Field(default_factory=dict)
    """Members of the body, of JSON or of a form, by name."""


class OAuth(Additions):
    """A client that gets tokens for itself (RFC 6749 §4.4, client credentials)."""

    token_url: BaseUrl
    """The token endpoint."""

    client_id: Annotated[str, matching(r"[ -~]{1,1024}", "a client id of visible characters")]
    """Our id there."""

    client_secret: Credential
    """Our secret there."""

    auth_method: Literal["client_secret_basic", "client_secret_post"] = "client_secret_basic"
    """Whether both go as `Authorization: Basic` or in the body. Default client_secret_basic."""

    scope: Annotated[str, matching(r"[!-~ ]{0,1024}", "scopes with blanks between them")] = ""
    """What the token is for. Default: whatever the endpoint gives."""


class ConnectionAuth(UpstreamAuth):
    """Who we are for an API. Exactly one of bearer, basic, api_key, oauth."""

    oauth: OAuth | None = None
    """A client that gets tokens: {token_url, client_id, client_secret}."""


class Connection(Additions):
    """What the `ConnectionArn` of HTTP tasks names."""

    auth: ConnectionAuth | None = None
    """Who we are there. Absent: nobody in particular."""

    egress: Name | None = None
    """Name under `egress`: the addresses or proxies that requests leave by. Default: any address."""

    tls: UpstreamTls = UpstreamTls()
    """Trust and identity for https."""
