"""Models of what APIs of all types have in common: their place, stages, CORS and compression."""

from collections.abc import Iterator, Mapping
from functools import cached_property
from typing import Annotated, Literal, Self

from pydantic import AfterValidator, Field, model_validator

from frontdesk.config.models.cache import Cache
from frontdesk.config.models.canary import Canary, StageVariables
from frontdesk.config.models.mapping import HeaderName
from frontdesk.config.models.model import (
    AliasName,
    Duration,
    FilePath,
    Flag,
    Model,
    Name,
    OneOrMore,
    ShortForm,
    Size,
    between,
    broken_rule,
    matching,
)
from frontdesk.config.models.operation import Operation
from frontdesk.config.models.request_validation import JsonModel, ModelName
from frontdesk.config.models.state_machine import StateMachine
from frontdesk.config.models.throttle import ThrottleField
from frontdesk.config.models.versioning import Versioning

StageName = Annotated[
    str, matching(r"\$default|[A-Za-z0-9_-]{1,128}", "a stage name of letters, digits, _ and -")
]


class Stage(Model):
    """One published form of an API."""

    alias: AliasName | None = None
    """Functions that have this alias run by it where the route names none itself."""

    variables: StageVariables = Field(default_factory=dict)
    """Values for `${stage.name}` in URLs and for `stageVariables` of events."""

    throttle: ThrottleField | None = None
    """Limit over all routes of the stage."""

    canary: Canary | None = None
    """A share of its requests for what is new. Default: the API's canary."""


class NamedStage(Stage):
    """The only stage of an API."""

    name: StageName = "$default"
    """`$default` is served without a path prefix, any other name at /name."""


Origin = Annotated[
    str,
    matching(
        r"\*|null|https?://(\*|(\*\.)?[a-z0-9._-]+(:\d{1,5})?|\[[0-9a-f:]+\](:\d{1,5})?)",
        "an origin such as https://app.example.com, without a path, or *",
    ),
]
CorsMethod = Annotated[str, matching(r"\*|[A-Z]+", "an HTTP method in capitals, or *")]


class Cors(Model):
    """Which web pages of other origins may call the API. Preflights are answered at the door."""

    allow_origins: Annotated[tuple[Origin, ...], OneOrMore()] = ()
    """Exact origins, `https://*.example.com` (one label), `https://*`, `http://*` or `*`."""

    allow_methods: Annotated[tuple[CorsMethod, ...], OneOrMore()] = ()
    """Methods that pages may use, or `*`."""

    allow_headers: Annotated[tuple[HeaderName, ...], OneOrMore()] = ()
    """Header fields that pages may send, or `*`, which does not cover Authorization."""

    expose_headers: Annotated[tuple[HeaderName, ...], OneOrMore()] = ()
    """Header fields of the answer that pages may read, or `*`."""

    allow_credentials: Flag = False
    """Whether pages may send cookies and the like. Not together with `*`."""

    max_age: Annotated[Duration, between("0s", "1d")] | None = None
    """How long a browser may remember the answer to a preflight."""

    @model_validator(mode="after")
    def _no_wildcard_with_credentials(self) -> Self:
        lists = ("allow_origins", "allow_methods", "allow_headers", "expose_headers")
        for key in lists if self.allow_credentials else ():
            if "*" in getattr(self, key):
                raise broken_rule(f"expected no * in {key} together with allow_credentials: true")
        return self


MediaType = Annotated[
    str,
    matching(
        r"[a-z0-9!#$&^_.+*-]{1,64}/[a-z0-9!#$&^_.+*-]{1,64}", "a media type such as text/html"
    ),
]


class Compression(Model):
    """Which answers are compressed for clients that accept it: with zstd where it is installed, or gzip."""

    minimum_size: Size = 1024
    """Bytes from which a body is worth it; one whose length is not known is. Default 1KB."""

    types: Annotated[tuple[MediaType, ...], OneOrMore(), Field(min_length=1)] = (
        "application/*+json",
        "application/*+xml",
        "application/javascript",
        "application/json",
        "application/xml",
        "image/svg+xml",
        "text/css",
        "text/csv",
        "text/html",
        "text/javascript",
        "text/markdown",
        "text/plain",
        "text/xml",
    )
    """Media types of these answers; `*` stands for any characters but `/`."""


class OpenApi(Model):
    """An OpenAPI document that says what the API does."""

    file: FilePath
    """The document, of version 2.0, 3.0 or 3.1, in YAML or JSON."""

    base_path: Literal["ignore", "prepend", "split"] = "ignore"
    """What becomes of the path of the document's server: `ignore` it, `prepend` it to all paths, or
    `split` it: prepend all but its first segment. Default ignore."""


Host = Annotated[
    str,
    AfterValidator(str.lower),
    matching(r"[a-z0-9]([a-z0-9.-]{0,251}[a-z0-9])?", "a host name without port"),
]


def _base_path(text: str) -> str:
    return text.rstrip("/") or "/"


class Api(Model):
    """What APIs of all types have in common: where they are served, their stages, who may call."""

    type: str
    """Which rules of AWS's it follows."""

    host: Host | None = None
    """Serve only requests for this host. Default: any."""

    base_path: Annotated[
        str,
        matching(r"/([A-Za-z0-9$_.+!*'()/-]{0,299})", "a path such as /v1"),
        AfterValidator(_base_path),
    ] = "/"
    """Serve only paths below this one, which is taken off before routes are matched. Default /."""

    openapi: Annotated[OpenApi, ShortForm("file", "a path")] | None = None
    """An OpenAPI document beside these keys, or in their place: its path or {file, base_path}."""

    models: dict[ModelName, JsonModel] = Field(default_factory=dict)
    """What documents look like, by a name of letters and digits."""

    stage: NamedStage | None = None
    """The only stage. Either this or `stages`."""

    declared_stages: Annotated[
        dict[StageName, Stage] | None, Field(alias="stages", min_length=1)
    ] = None
    """Several stages by name, each served at /name, `$default` at /. Either this or `stage`."""

    cors: Cors | None = None
    """Which web pages may call this API. Absent: no CORS handling at the door."""

    compression: Compression | None = None
    """Which answers are compressed. Absent: none at the door."""

    throttle: ThrottleField | None = None
    """Limit over all requests to this API."""

    authorizer: Name | None = None
    """Name under `authorizers`, for every route that names none itself."""

    versioning: Versioning | None = None
    """Several versions side by side, and when each is retired. Absent: one."""

    # Differs: [canaries-everywhere] AWS has canaries at stages of REST APIs.
    canary: Canary | None = None
    """A share of the requests of each stage for what is new. Absent: all requests are treated alike."""

    api_key_source: Literal["header", "authorizer"] = "header"
    """Where the key of operations with `api_key` is: `header`, the field X-Api-Key, or `authorizer`,
    `usageIdentifierKey` in what a function authorizer answers. Default header."""

    cache: Cache | None = None
    """Answers to GET that are given again, for every route that has no `cache` of its own. Absent: none."""

    @model_validator(mode="after")
    def _stages_are_said_once(self) -> Self:
        if self.stage is not None and self.declared_stages is not None:
            raise broken_rule("expected either stage or stages")
        return self

    @cached_property
    def stages(self) -> dict[str, Stage]:
        """All stages by name, whichever key declared them; at least one."""
        if self.declared_stages is not None:
            return self.declared_stages
        stage = self.stage or NamedStage()
        return {stage.name: Stage(**{key: getattr(stage, key) for key in Stage.model_fields})}

    @property
    def hosts(self) -> list[str]:
        """Hosts whose requests it serves; "" is any."""
        host, versioning = self.host or "", self.versioning
        if not host or versioning is None or versioning.by != "host":
            return [host]
        return [host, *(f"{name.lower()}.{host}" for name in versioning.versions)]

    def canary_of(self, stage: str) -> Canary | None:
        """Return the canary of a stage: its own, or the API's."""
        return self.stages[stage].canary or self.canary

    def cache_of(self, operation: Operation) -> Cache | None:
        """Return the cache of an operation: its own, or the API's."""
        return operation.cache if "cache" in operation.model_fields_set else self.cache

    def operations(self) -> Iterator[tuple[tuple[str, ...], str, Operation]]:
        """Go through all operations: key path below the API, key such as `GET /pets`, and model."""
        raise NotImplementedError

    def served(
        self,
        machines: Mapping[str, StateMachine],  # noqa: ARG002 - what one kind of API needs
    ) -> Iterator[tuple[tuple[str, ...], str, Operation]]:
        """Go through all operations, and those that the file does not write because others imply them.

        machines: the state machines of the file.
        """
        return self.operations()
