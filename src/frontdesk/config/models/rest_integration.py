"""Models of the integration of a REST API's method: what answers, and how messages are transformed.

The words are AWS's; `frontdesk.rules.rest` says what they mean.
"""

from collections.abc import Callable
from typing import Annotated, Final, Literal, Self

from pydantic import AfterValidator, Field, model_validator

from frontdesk.config.models.integration import FunctionName, UpstreamPath, Url
from frontdesk.config.models.mapping import HeaderName, Status, StatusKey
from frontdesk.config.models.model import (
    HintedError,
    Model,
    Name,
    OneOrMore,
    broken_rule,
    matching,
)
from frontdesk.config.models.publishing import BusName, TopicName
from frontdesk.config.models.queue import QueueName
from frontdesk.config.models.state_machine import MachineReference
from frontdesk.rules.lang.patterns import PatternError, compile_pattern
from frontdesk.rules.rest.expressions import (
    REQUEST_SOURCES,
    REQUEST_TARGETS,
    RESPONSE_SOURCES,
    RESPONSE_TARGETS,
    ExpressionError,
    parse_source,
    parse_target,
)
from frontdesk.rules.rest.media import FALLBACK


def checked(
    parse: Callable[[str, tuple[str, ...]], object], kinds: tuple[str, ...]
) -> AfterValidator:
    """Refuse what `parse` cannot read as one of `kinds`."""

    def check(text: str) -> str:
        try:
            parse(text, kinds)
        except ExpressionError as error:
            raise HintedError(error.message.partition(":")[0], error.hint) from error
        return text

    return AfterValidator(check)


def _pattern(text: str) -> str:
    try:
        compile_pattern(text)
    except PatternError as error:
        raise HintedError(error.message.partition(":")[0], error.hint) from error
    return text


RequestTarget = Annotated[str, checked(parse_target, REQUEST_TARGETS)]
"""`integration.request.header.NAME`, `…querystring.NAME` or `…path.NAME`."""
RequestSource = Annotated[str, checked(parse_source, REQUEST_SOURCES)]
"""`method.request.header.NAME`, `…querystring.…`, `…path.…`, `…body`, `context.…`, `'static'` …"""
ResponseTarget = Annotated[str, checked(parse_target, RESPONSE_TARGETS)]
"""`method.response.header.NAME`."""
ResponseSource = Annotated[str, checked(parse_source, RESPONSE_SOURCES)]
"""`integration.response.header.NAME`, `integration.response.body.…`, `context.…`, `'static'` …"""

SelectionPattern = Annotated[str, AfterValidator(_pattern)]
"""`default`, or a regular expression."""

TemplateType = Annotated[
    str,
    AfterValidator(str.lower),
    matching(
        r"\$default|[^\s/;]+/[^\s/;]+", f"a media type such as application/json, or {FALLBACK}"
    ),
]
Template = Annotated[str, Field(max_length=300 * 1024)]
"""A mapping template in VTL; "" for none. AWS's limit: 300 KB."""

ContentHandling = Literal["convert_to_binary", "convert_to_text"]


class IntegrationResponse(Model):
    """What the client gets for one kind of what the integration answers."""

    status: Status = 200
    """Status of the answer. Default 200."""

    parameters: dict[ResponseTarget, ResponseSource] = Field(default_factory=dict)
    """Header fields of the answer: `method.response.header.X: integration.response.header.Y`."""

    templates: dict[TemplateType, Template] = Field(default_factory=dict)
    """Bodies of the answer by the media type that the client accepts, as VTL. None: as it came."""

    content_handling: ContentHandling | None = None
    """`convert_to_text` writes bytes as base64, `convert_to_binary` reads it."""


_TARGETS: Final = {
    "aws": ("function", "state_machine", "queue", "topic", "event_bus"),
    "aws_proxy": ("function",),
    "http": ("uri", "upstream"),
    "http_proxy": ("uri", "upstream"),
    "mock": (),
}
"""By type: what says where requests go, one of these."""
_CALLED: Final = ("function", "state_machine", "queue", "topic", "event_bus", "uri", "upstream")


class Integration(Model):
    """What answers the requests of a method."""

    type: Literal["aws", "aws_proxy", "http", "http_proxy", "mock"]
    """`aws_proxy` and `http_proxy` pass requests and answers through; the others transform them."""

    function: FunctionName | None = None
    """Name under `functions`, or name:alias, of an `aws` or `aws_proxy` integration."""

    state_machine: MachineReference | None = None
    """Name under `state_machines`, or name:alias, of an `aws` integration."""

    action: (
        Literal["StartExecution", "StartSyncExecution", "StopExecution", "DescribeExecution"] | None
    ) = None
    """What is asked of Step Functions with `state_machine`; the request template writes its input."""

    queue: QueueName | None = None
    """Name under `queues`, of an `aws` integration: SQS's SendMessage, written by the template."""

    topic: TopicName | None = None
    """Name under `topics`, of an `aws` integration: SNS's Publish, written by the template."""

    event_bus: BusName | None = None
    """Name under `event_buses`, or `default`, of an `aws` integration: EventBridge's PutEvents."""

    uri: Url | None = None
    """Where an `http` or `http_proxy` integration sends requests, with `{variable}` of the path or of
    `request_parameters`, and `${stage.name}`. Or `upstream`."""

    upstream: Name | None = None
    """Name under `upstreams`, with its policies. Or `uri`."""

    path: UpstreamPath | None = None
    """Path at the upstream, with `{variable}` and `${stage.name}`. Default: the request's."""

    method: Annotated[str, matching(r"[A-Z]+", "an HTTP method in capitals")] | None = None
    """Method to use with HTTP; `ANY`, the default, is the request's."""

    request_parameters: dict[RequestTarget, RequestSource] = Field(default_factory=dict)
    """What the integration's request has: `integration.request.header.X: method.request.querystring.y`."""

    request_templates: dict[TemplateType, Template] = Field(default_factory=dict)
    """Bodies for the integration by the media type of the request, or `$default`, as VTL."""

    passthrough: Literal["when_no_match", "when_no_templates", "never"] = "when_no_match"
    """What becomes of a body without a template: passed on `when_no_match` of its media type, only
    `when_no_templates` are there, or `never`; else 415. Default when_no_match."""

    content_handling: ContentHandling | None = None
    """`convert_to_text` writes a binary body as base64, `convert_to_binary` reads base64."""

    responses: dict[SelectionPattern, IntegrationResponse] = Field(default_factory=dict)
    """What the client gets, by a regular expression that fits all of the status, or of the
    `errorMessage` of a function that failed; `default` where none does."""

    @model_validator(mode="after")
    def _has_its_target(self) -> Self:
        expected = _TARGETS[self.type]
        given = [key for key in _CALLED if getattr(self, key) is not None]
        if len(given) != bool(expected) or not set(given) <= set(expected):
            wanted = " or ".join(expected) or f"none of {', '.join(_CALLED)}"
            raise broken_rule(f"expected {wanted} with type: {self.type}")
        if (self.action is None) != (self.state_machine is None):
            raise broken_rule("expected action beside state_machine, and only there")
        if self.path is not None and self.upstream is None:
            raise broken_rule("expected path beside upstream only; write it in the uri")
        return self

    @property
    def is_called(self) -> bool:
        """Whether a function or a state machine is called: these get a body and nothing else."""
        return self.function is not None or self.state_machine is not None


class MethodResponse(Model):
    """What clients are told of one answer of a method. It changes nothing of the answer."""

    headers: Annotated[tuple[HeaderName, ...], OneOrMore()] = ()
    """Header fields that the answer may have."""

    models: dict[TemplateType, str] = Field(default_factory=dict)
    """Name of a model by media type."""


MethodResponses = dict[StatusKey, MethodResponse]
"""By status."""
