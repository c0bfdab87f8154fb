"""Models of the door itself: listeners, the admin face, limits and logs."""

from typing import Annotated, Final, Literal

from pydantic import (
    AfterValidator,
    BeforeValidator,
    PlainValidator,
    ValidationInfo,
    WithJsonSchema,
)

from frontdesk.base.addresses import Address
from frontdesk.base.durations import Rate
from frontdesk.base.telemetry import MAX_SERIES
from frontdesk.config.models.model import (
    Duration,
    Flag,
    HintedError,
    HostPort,
    Model,
    Off,
    OneOrMore,
    Size,
    Whole,
    at_least,
    between,
    file_path,
    matching,
)
from frontdesk.config.models.throttle import Throttle, ThrottleField
from frontdesk.config.models.tls import Tls
from frontdesk.config.secrets import Secret
from frontdesk.rules.lang.context import (
    LONGEST_TEMPLATE,
    TEMPLATE_VARIABLE,
    close_variable,
    is_variable,
)


class Listener(Model):
    """An address at which the data plane listens."""

    address: HostPort
    """`host:port`; `:8080` listens on every interface."""

    half_close: Flag = False
    """Keep answering a client that has closed its sending side. Default: it counts as gone."""

    tls: Tls | None = None
    """Certificates: clients connect with https. Default: plain HTTP."""


def _none_when_empty(token: Secret | None) -> Secret | None:
    return token or None


DEVELOPMENT_ISSUER: Final = "/issuer"
"""Where `frontdesk dev` serves its issuer, below the address of `admin`."""


class Admin(Model):
    """The operator's own face: health and administration, apart from the data plane."""

    listen: HostPort = Address("127.0.0.1", 8081)
    """Default 127.0.0.1:8081."""

    token: Annotated[Secret | None, AfterValidator(_none_when_empty)] = None
    """Bearer token that admin requests must carry. Needed beyond loopback."""

    tls: Tls | None = None
    """Certificates: operators connect with https. Default: plain HTTP."""

    @property
    def url(self) -> str:
        """Where it is, without a slash at the end."""
        return f"{'http' if self.tls is None else 'https'}://{self.listen}"

    @property
    def development_issuer(self) -> str:
        """What issues the tokens of `frontdesk token`, and where `frontdesk dev` serves its keys."""
        return f"{self.url}{DEVELOPMENT_ISSUER}"


class Limits(Model):
    """What the door accepts at most."""

    throttle: ThrottleField = Throttle(rate=Rate(10000, 1.0), burst=5000)
    """Requests of the whole account. Default 10000/s with a burst of 5000."""

    max_connections: Annotated[Whole, at_least(1)] = 20000
    """Client connections at once. Default 20000."""

    max_body: Size = 10 * 1024**2
    """Largest request body. Default 10MB."""

    max_header: Annotated[Size, at_least(1024)] = 16 * 1024
    """All header fields together; one may fill it alone. Default 16KB. Not the request line, which
    may have 16KB, its target 8KB."""

    header_timeout: Annotated[Duration, between("100ms", "5m")] = 10.0
    """From the first byte of a request to the end of its head. Default 10s."""

    idle_timeout: Annotated[Duration, between("1s", "1h")] = 75.0
    """How long a connection may wait for its next request. Default 75s."""

    drain: Annotated[Duration, between("0s", "15m")] = 25.0
    """How long running requests may take to finish after SIGTERM. Default 25s."""

    cache: Size = 64 * 1024**2
    """Memory for answers that are given again, in bytes, of each worker. Default 64MB."""

    concurrency: Annotated[Whole, at_least(1)] | None = None
    """Invocations at once of all functions, counted as Lambda does: reserved and provisioned ones are
    taken out of it, and a call beyond is refused. Absent: calls wait for one of 4 processes a core."""

    nested_executions: Annotated[Whole, at_least(1)] = 1000
    """How often in a row state machines may start each other; a task that goes on is refused. Default 1000."""


def _log_format(value: str | dict[str, str]) -> str | dict[str, str]:
    if value in ("json", "clf"):
        return value
    texts = [value] if isinstance(value, str) else value.values()
    if isinstance(value, str) and not TEMPLATE_VARIABLE.search(value):
        raise ValueError("expected json, clf, or a template with $context variables")
    for text in texts:
        _check_template(text)
    return value


def _check_template(text: str) -> None:
    if len(text.encode()) > LONGEST_TEMPLATE:
        raise ValueError("expected a template of at most 3KB")
    for name in TEMPLATE_VARIABLE.findall(text):
        if not is_variable(name):
            close = close_variable(name)
            raise HintedError(
                f"expected $context variables: there is no $context.{name}",
                f"did you mean $context.{close}?" if close else "see docs/configuration.md",
            )


def _log_path(value: object, info: ValidationInfo) -> str:
    return "-" if value == "-" else str(file_path(value, info))


def _only_text_or_mapping(value: object) -> object:
    if isinstance(value, str):
        return str(value)
    if isinstance(value, dict) and all(isinstance(item, str) for item in value.values()):
        return value
    raise ValueError("expected json, clf, a template, or a mapping of names to $context variables")


class AccessLog(Model):
    """One line for each request."""

    path: Annotated[str, BeforeValidator(_log_path)] = "-"
    """File to append to; `-` is standard output. Default `-`."""

    format: Annotated[
        str | dict[str, str],
        BeforeValidator(_only_text_or_mapping),
        AfterValidator(_log_format),
    ] = "json"
    """`json`, `clf`, a template with `$context` variables, or a mapping of names to them. Default json."""


SlowAfter = Annotated[Duration, between("1ms", "15m")]


class Logs(Model):
    """What is written down, and what is blacked out in it."""

    access: Annotated[AccessLog | None, Off()] = AccessLog()
    """The access log; `off` writes none."""

    level: Literal["debug", "info", "warning", "error"] = "info"
    """Least level of Frontdesk's own messages. Default info."""

    redact: Annotated[tuple[str, ...], OneOrMore()] = ("authorization", "cookie", "x-api-key")
    """Header fields and parameters whose values are never written. Default authorization, cookie,
    x-api-key."""

    slow: Annotated[SlowAfter | None, Off()] = None
    """A request that takes longer is logged with the time of each stage. Default: none is."""


class Metrics(Model):
    """What is counted for `/metrics` of the admin listener."""

    series: Annotated[Whole, at_least(100)] = MAX_SERIES
    """Label values of one metric that are told apart; further ones are counted together, as
    `overflow`. Default 2000."""


CollectorUrl = Annotated[
    str,
    matching(r"|https?://[^\s/?#@]+(/[^\s?#]*)?", "a URL such as http://127.0.0.1:4318"),
]


def _share(value: object) -> float:
    if isinstance(value, bool) or not isinstance(value, (int, float)) or not 0 <= value <= 1:
        raise ValueError("expected a share from 0 to 1")
    return float(value)


class Tracing(Model):
    """Which requests are traced, and where their spans are sent."""

    otlp: CollectorUrl = ""
    """Where spans are sent: a collector that takes OTLP over HTTP. Default: nowhere, and only the ids
    of traces are made and passed on."""

    sample: Annotated[
        float,
        PlainValidator(_share),
        WithJsonSchema({"type": "number", "minimum": 0, "maximum": 1}),
    ] = 0.01
    """Share of the requests that no caller has decided about whose spans are sent. Default 0.01."""
