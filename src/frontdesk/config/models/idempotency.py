"""Model of `idempotency`: requests that may be sent twice and are carried out once."""

from typing import Annotated

from pydantic import Field

from frontdesk.config.models.mapping import HeaderName
from frontdesk.config.models.model import (
    Duration,
    Flag,
    Model,
    OneOrMore,
    Selector,
    between,
    matching,
)

UnsafeMethod = Annotated[str, matching(r"POST|PATCH|PUT|DELETE", "POST, PATCH, PUT or DELETE")]


class Idempotency(Model):
    """Answers requests that carry a key once, and gives that answer again."""

    required: Flag = False
    """Refuse requests without a key: 400."""

    methods: Annotated[tuple[UnsafeMethod, ...], OneOrMore(), Field(min_length=1)] = (
        "POST",
        "PATCH",
    )
    """Methods that it applies to. Default POST and PATCH."""

    by: Selector | None = None
    """Whose keys they are, such as `$authorizer.practice_id`. Default: the authorizer's principal, or
    the API key's where there is none."""

    expires: Annotated[Duration, between("1s", "30d")] = 86400.0
    """How long a key is remembered. Default 24h."""

    fingerprint: Annotated[tuple[Selector, ...], OneOrMore()] = ()
    """Values that tell requests apart, instead of the body."""

    headers: Annotated[tuple[HeaderName, ...], OneOrMore()] = ()
    """More header fields of the answer to give again, beside those that describe its body."""

    store_5xx: Flag = False
    """Keep answers of 5xx, too, once the integration has begun."""

    docs: Annotated[str, matching(r"https?://[!-~]+", "a URL")] | None = None
    """Page about it, linked in refusals."""
