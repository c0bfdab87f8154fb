"""Models of `cache`: answers that are given again without asking the integration."""

from difflib import get_close_matches
from typing import Annotated, Final, Literal, Self

from pydantic import AfterValidator, Field, model_validator

from frontdesk.config.models.model import (
    Duration,
    Flag,
    HintedError,
    Model,
    OneOrMore,
    Size,
    Whole,
    between,
    broken_rule,
    mapped_parts,
    matching,
    within,
)
from frontdesk.rules.lang.selectors import Selector

_SELECTORS: Final = {
    "api_key": "$context.identity.apiKeyId",
    "authorizer": "$authorizer",
    "body": "$request.body",
    "header": "$request.header",
    "path": "$request.path",
    "query": "$request.querystring",
}
"""By the first word of a part of a key."""

_IDENTITY: Final = frozenset(
    {
        "accountId",
        "apiKeyId",
        "caller",
        "clientCert.clientCertPem",
        "clientCert.subjectDN",
        "user",
        "userArn",
    }
)
"""Variables below `$context.identity` that tell who asks."""

_CREDENTIALS: Final = frozenset({"authorization", "cookie", "x-api-key"})


def key_selector(part: str) -> Selector:
    """Return what a part of a key reads: `query.region` is `$request.querystring.region`.

    Raises: ValueError.
    """
    word, dot, name = part.partition(".")
    text = part if part.startswith("$") else _SELECTORS.get(word, "") + dot + name
    found = mapped_parts(text) if text.startswith("$") else ()
    if len(found) != 1 or isinstance(found[0], str) or found[0].source.startswith("response"):
        close = get_close_matches(word, _SELECTORS, n=1)
        hint = f"did you mean {close[0]}{dot}{name}?" if close else ""
        expected = "path, path.NAME, query.NAME, header.NAME, authorizer.NAME, api_key, body"
        raise HintedError(f"expected {expected}, or a selector", hint)
    return found[0]


def is_identity(part: str) -> bool:
    """Say whether a part of a key tells callers apart whom an authorizer has let in."""
    selector = key_selector(part)
    name = selector.name
    if selector.source == "request.header":
        return name in _CREDENTIALS
    return selector.source == "context" and (
        name.startswith("authorizer.") or name.removeprefix("identity.") in _IDENTITY
    )


def _key_part(text: str) -> str:
    key_selector(text)
    return text


KeyPart = Annotated[str, AfterValidator(_key_part)]

Status = Annotated[Whole, within(200, 599)]
Scope = Annotated[str, matching(r"[!#-\[\]-~]+", "a scope without blanks, quotes and backslashes")]


class Invalidation(Model):
    """Who may have an answer fetched anew, by a request with `Cache-Control: max-age=0`."""

    authorization: Literal["required", "none"] = "required"
    """`none` lets everybody. Default required."""

    scopes: Annotated[tuple[Scope, ...], OneOrMore()] = ()
    """A token with one of these is authorized."""

    unauthorized: Literal[
        "fail_with_403", "succeed_with_response_header", "succeed_without_response_header"
    ] = "succeed_with_response_header"
    """What others get: a refusal, or the cached answer, with a Warning field or without. Default
    succeed_with_response_header."""


class Cache(Model):
    """Which answers are kept, for how long, and for whom."""

    mode: Literal["ttl", "rfc9111"] = "ttl"
    """`ttl` keeps them for a time of yours; `rfc9111` does what a backend's own fields say. Default ttl."""

    ttl: Annotated[Duration, between("1s", "1d")] = 300.0
    """How long an answer is given. Default 300s."""

    key: Annotated[tuple[KeyPart, ...], OneOrMore(), Field(min_length=1)] = ("path",)
    """What tells answers apart: `path`, `path.NAME`, `query.NAME`, `header.NAME`, `authorizer.NAME`, `api_key`,
    `body`, or a selector. The integration of a cached route is shown no other parameters and header
    fields. Default path."""

    shared: Flag = False
    """An answer is for everybody, whoever asked first. Default false."""

    methods: Annotated[
        tuple[Literal["GET", "OPTIONS", "POST"], ...], OneOrMore(), Field(min_length=1)
    ] = ("GET",)
    """Methods whose answers are kept; HEAD is answered by those of GET. POST needs `body` in the key.
    Default GET."""

    status: Annotated[tuple[Status, ...], OneOrMore(), Field(min_length=1)] = (200,)
    """Statuses of answers that are kept. Default 200."""

    max_entry: Size = 1024 * 1024
    """Largest answer that is kept, in bytes. Default 1MB."""

    client_control: Flag = True
    """Whether the Cache-Control of requests counts in mode rfc9111. Default true."""

    invalidation: Invalidation = Invalidation()
    """Who may have an answer fetched anew in mode ttl."""

    @model_validator(mode="after")
    def _keys_bodies(self) -> Self:
        selectors = [key_selector(part) for part in self.key]
        by_body = any(each.source == "request.body" and not each.path for each in selectors)
        if "POST" in self.methods and not by_body:
            raise broken_rule("expected body in the key of a cache for POST")
        return self

    @model_validator(mode="after")
    def _says_what_counts(self) -> Self:
        other = {
            "rfc9111": ("ttl", "status", "methods", "invalidation"),
            "ttl": ("client_control",),
        }
        for key in other[self.mode]:
            if key in self.model_fields_set:
                raise broken_rule(f"expected no {key} in mode {self.mode}")
        return self

    @property
    def tells_callers_apart(self) -> bool:
        """Whether the key has a part of who asks."""
        return any(is_identity(part) for part in self.key)
