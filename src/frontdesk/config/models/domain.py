"""Models of `domains`: host names, and which API each leads to below which path."""

from typing import Annotated, NamedTuple

from pydantic import Field

from frontdesk.config.models.model import Model, matching
from frontdesk.config.models.tls import Certificate

DomainName = Annotated[
    str,
    matching(
        r"[a-z0-9]([a-z0-9.-]{0,251}[a-z0-9])?", "a host name without port, in lower-case letters"
    ),
]

MappingKey = Annotated[
    str,
    Field(max_length=300),
    matching(
        r"([A-Za-z0-9$_.+!*'()-]+(/[A-Za-z0-9$_.+!*'()-]+)*)?",
        'a path without slashes at its ends such as v1/orders, or "" for all others',
    ),
]

MappingTarget = Annotated[
    str,
    matching(
        r"[A-Za-z0-9][A-Za-z0-9_-]{0,63}(:(\$default|[A-Za-z0-9_-]{1,128}))?",
        "the name of an API, or API:STAGE",
    ),
]


class Target(NamedTuple):
    """What a mapping leads to. stage: "" for the API's `$default`, or its only one."""

    api: str
    stage: str


def target(text: str) -> Target:
    """Read a mapping's value."""
    api, _, stage = text.partition(":")
    return Target(api, stage)


class Domain(Model):
    """A host name of its own."""

    mappings: Annotated[dict[MappingKey, MappingTarget], Field(min_length=1)]
    """First path segments to an API, or API:STAGE; the longest wins, `""` takes what no other does."""

    tls: Certificate | None = None
    """The certificate for this name, shown by every listener with TLS."""
