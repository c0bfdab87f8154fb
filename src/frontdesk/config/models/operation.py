"""Model of an operation: what a route of an HTTP API and a method of a REST API have in common."""

from typing import Annotated, Self

from pydantic import Field

from frontdesk.config.models.cache import Cache
from frontdesk.config.models.idempotency import Idempotency
from frontdesk.config.models.model import (
    Duration,
    Flag,
    Model,
    Name,
    Off,
    OneOrMore,
    Size,
    between,
    matching,
)
from frontdesk.config.models.request_validation import RequestValidation
from frontdesk.config.models.throttle import ThrottleField

Scope = Annotated[str, matching(r"[!#-\[\]-~]+", "a scope without blanks, quotes and backslashes")]
"""RFC 6749 §3.3."""


class Operation(Model):
    """What may be asked of requests before code runs, and what its answer may take."""

    authorizer: Name | None = None
    """Name under `authorizers`; `none` opens the route. Default: the API's authorizer."""

    scopes: Annotated[tuple[Scope, ...], OneOrMore()] = ()
    """A token needs at least one of these."""

    # Differs: [plans-everywhere] AWS knows keys and plans of REST APIs only.
    api_key: Flag = False
    """Whether a request needs an API key whose plan covers the API. Default false."""

    throttle: Annotated[tuple[ThrottleField, ...], OneOrMore()] = ()
    """Limit of this route; a list for several, all of which must allow a request."""

    # Differs: [default-timeout] 30 s at AWS's HTTP APIs, 29 s at its REST APIs.
    timeout: Annotated[Duration, between("50ms", "30s")] = 29.0
    """How long the integration may take. From 50ms to 30s, default 29s."""

    max_body: Size | None = None
    """Largest request body. Default: limits.max_body."""

    # Differs: [validate-everywhere] AWS validates at REST APIs only.
    validation: Annotated[RequestValidation | None, Field(alias="validate")] = None
    """What a request must have before code runs: {headers, path, query, body}."""

    # Differs: [cache-everywhere] AWS caches at REST APIs only.
    cache: Annotated[Cache | None, Off()] = None
    """Answers that are given again without asking the integration; `none` where the API has one.
    Default: the API's."""

    idempotency: Idempotency | None = None
    """Requests with an Idempotency-Key are carried out once; `{}` for the defaults."""

    compression: Flag = True
    """Whether answers may be compressed where the API asks for it. Not those that show both a secret
    and what a stranger has sent (BREACH). Default true."""

    @property
    def called(self) -> str | None:
        """The function that answers, as the file names it; None where none does."""
        raise NotImplementedError

    @property
    def upstream(self) -> str | None:
        """The entry of `upstreams` that answers; None where none does."""
        raise NotImplementedError

    def calling(self, function: str) -> Self:
        """Return the same operation with another function."""
        raise NotImplementedError
