"""Models of what a route calls: a function, an HTTP backend, a mock, or files."""

from typing import Annotated, Literal, Self

from pydantic import AfterValidator, BeforeValidator, Field, JsonValue, model_validator

from frontdesk.config.models.mapping import HeaderName, HeaderValue, Status
from frontdesk.config.models.model import (
    FilePath,
    Model,
    Name,
    Off,
    ShortForm,
    broken_rule,
    matching,
)
from frontdesk.config.models.resilience import Retry
from frontdesk.config.text import FileText
from frontdesk.rules.http.hop_by_hop import NOT_ANSWERED

FunctionName = Annotated[
    str,
    matching(
        r"[A-Za-z0-9][A-Za-z0-9_-]{0,63}(:(\$LATEST|[A-Za-z0-9_-]{1,128}))?",
        "the name of a function, or name:alias",
    ),
]
"""A function, with a version or an alias of it behind a colon."""

Url = Annotated[
    str, matching(r"(https?://|\$\{)[^\s#]+", "a URL such as http://127.0.0.1:9000/{proxy}")
]


UpstreamPath = Annotated[str, matching(r"/[^\s?#]*", "a path that begins with /")]
"""Path at an upstream, with `{variable}` and `${stage.name}`."""

InvokeMode = Literal["buffered", "response_stream"]
"""Whether the result of a function is passed on as a whole or in parts, as it comes."""


class HttpIntegration(Model):
    """Passes the request on to an HTTP backend, and its answer back."""

    url: Url | None = None
    """Where to send requests, with `{variable}` of the path and `${stage.name}`. Or `upstream`."""

    upstream: Name | None = None
    """Name under `upstreams`. Or `url`."""

    path: UpstreamPath | None = None
    """Path at the upstream, with `{variable}` and `${stage.name}`. Default: the request's."""

    method: Annotated[str, matching(r"[A-Z]+", "an HTTP method in capitals")] | None = None
    """Method to use. Default: the request's."""

    host: Literal["upstream", "preserve"] = "upstream"
    """The Host that the backend sees: its own, or the one of the client's request."""

    retry: Annotated[Retry | None, Off()] = None
    """Further attempts when one fails; `off` for none. Default: the upstream's."""

    @model_validator(mode="after")
    def _has_one_destination(self) -> Self:
        if (self.url is None) == (self.upstream is None):
            raise broken_rule("expected either url or upstream")
        if self.url is not None and self.path is not None:
            raise broken_rule("expected path beside upstream only; write it in the url")
        return self


def plain(value: object) -> object:
    """Drop the provenance that texts of the file may carry: a body is only data."""
    if isinstance(value, FileText):
        return value.plain()
    if isinstance(value, dict):
        return {key: plain(item) for key, item in value.items()}
    if isinstance(value, list):
        return [plain(item) for item in value]
    return value


def _end_to_end(name: str) -> str:
    if name.lower().encode() in NOT_ANSWERED:
        raise ValueError("expected a header of the answer; this one is set at the door")
    return name


class Mock(Model):
    """Answers at the door."""

    status: Status = 200
    """Default 200."""

    headers: dict[Annotated[HeaderName, AfterValidator(_end_to_end)], HeaderValue] = Field(
        default_factory=dict
    )
    """Header fields of the answer, without those that frame it or belong to the connection."""

    body: Annotated[JsonValue, BeforeValidator(plain)] = ""
    """A text as it is, or any other value as JSON. Default: empty."""


class StaticFiles(Model):
    """Serves files of a folder, or one file."""

    root: FilePath
    """The folder, for a route that ends in a greedy variable; else the file."""


HttpField = Annotated[HttpIntegration, ShortForm("url", "a URL")]
"""A URL or {url | upstream, path, method, host}."""

StaticField = Annotated[StaticFiles, ShortForm("root", "a path")]
"""A path or {root}."""
