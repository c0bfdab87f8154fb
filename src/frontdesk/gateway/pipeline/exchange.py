"""Owns the values that travel through the pipeline: Exchange, Reply, Parked, and the client's end.

The server makes an Exchange from a request head and gives it to `run.begin`; stages read and write it;
the server gets a Reply back through `ClientEnd.send`. Knows no socket, no parser and no config.
"""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from enum import Enum
from typing import TYPE_CHECKING, Any, Final, NamedTuple, Protocol, TypeVar

from frontdesk.base.ids import message_id
from frontdesk.base.streams import Duplex, Fields, Source
from frontdesk.gateway.pipeline.transformation import Transformation
from frontdesk.rules.http.trace_context import Caller
from frontdesk.rules.rest.gateway_responses import Fault
from frontdesk.rules.tls.client_certificate import ClientCertificate

if TYPE_CHECKING:
    from frontdesk.gateway.identity.key_registry import ApiKey
    from frontdesk.gateway.pipeline.plan import RoutePlan
    from frontdesk.gateway.pipeline.sockets import Socket
    from frontdesk.gateway.pipeline.tracing import Traces

EMPTY: Final[Mapping[str, str]] = {}

Shown = TypeVar("Shown")


class Parked(Enum):
    """The answer of a stage that waits.

    WAIT: for a callback, which must later call `run.resume` once. BODY: for the whole body; then the stage
    runs again.
    """

    WAIT = 0
    BODY = 1


PARKED: Final = Parked.WAIT
NEEDS_BODY: Final = Parked.BODY


class Mark(NamedTuple):
    """One stage of one exchange, in monotonic seconds. awaits_body: the body was read before it."""

    stage: str
    began: float
    ended: float
    awaits_body: bool


class Attempt(NamedTuple):
    """One attempt to reach a backend under a policy. status: 0 where no answer came. error: why, or ""."""

    address: str
    status: int
    error: str
    seconds: float


class Reply:
    """An answer on its way to the client.

    status: 100 to 599. fields: header fields to send, without framing (`Content-Length`,
    `Transfer-Encoding`, `Connection`), `Date` and `Server`, which the server adds where absent.
    body: complete bytes, or a Source that is still being filled. tunnel: only with status 101.
    made: who made it: "gateway" (refusals and errors of ours), "integration" (backend, function, mock).
    cause: for the log, why the gateway refused or failed; "" otherwise. message: what a REST API says of it
    where its words for the cause would say less; "" for those.
    close: close the client's connection afterwards.
    """

    __slots__ = ("body", "cause", "close", "fields", "made", "message", "status", "tunnel")

    def __init__(
        self,
        status: int,
        fields: Fields,
        body: bytes | Source = b"",
        *,
        made: str = "integration",
        cause: str = "",
        message: str = "",
        close: bool = False,
        tunnel: Duplex | None = None,
    ) -> None:
        self.status = status
        self.fields = fields
        self.body = body
        self.made = made
        self.cause = cause
        self.message = message
        self.close = close
        self.tunnel = tunnel

    def discard(self) -> None:
        """Give up a reply that is not sent: nobody will take what its backend still sends."""
        for source in (self.body, self.tunnel):
            if source is not None and not isinstance(source, bytes):
                source.cancel()


class FieldSection:
    """What a remembered field section says: equal requests share it, so nothing in it may be changed.

    Its attributes are those of `Exchange`. host: in lower case, without port. shown: what `Exchange.shown`
    has had made of it.
    """

    __slots__ = ("_lines", "fields", "headers", "held", "host", "shown")

    def __init__(
        self, headers: dict[bytes, bytes], fields: Fields, held: Fields, host: str
    ) -> None:
        self.headers = headers
        self.fields = fields
        self.held = held
        self.host = host
        self._lines: bytes | None = None
        self.shown: dict[Callable[[Exchange], Any], Any] = {}

    def lines(self) -> bytes:
        """Return `fields` as they are sent on, each with its line end; written once."""
        if self._lines is None:
            self._lines = write_fields(self.fields)
        return self._lines


def write_fields(fields: Fields) -> bytes:
    """Return fields as the lines of a message, each with its line end."""
    return b"".join([b"%b: %b\r\n" % field for field in fields])


class Fetch(Protocol):
    """What a cache wants of an exchange whose answer it does not have."""

    def answered(self, exchange: "Exchange", reply: Reply) -> Reply:
        """Look at the answer; return what the client gets."""
        ...

    def over(self) -> None:
        """The exchange has ended: nothing more comes of it."""
        ...


class ClientEnd(Protocol):
    """The client's side of an exchange, as the server offers it to the pipeline."""

    def send(self, exchange: "Exchange", reply: Reply) -> None:
        """Write the reply, whole or as it comes, then log and end the exchange. Called once."""
        ...

    def collect_body(self, exchange: "Exchange") -> None:
        """Read the rest of the body (at most `plan.max_body`), then call `run.body_ready`.

        Too large: the server answers 413 through `run.refuse` itself.
        """
        ...

    def set_deadline(self, exchange: "Exchange", deadline: float) -> None:
        """Call `run.expire` at monotonic second `deadline` unless the exchange has been answered."""
        ...


@dataclass(slots=True, eq=False, repr=False)
class Exchange:
    """One request and everything learnt about it. Made empty; whoever learns something sets it.

    Attributes without a default have no value before they are set. Slots: there are too many attributes
    for the quick kind of instance dictionary.
    """

    # -- set by the server from the request head, before `run.begin` -----------------------------
    method: str = ""
    """Upper-case method token."""
    raw_path: str = ""
    """Path as the client sent it (ASCII, still percent-encoded, nothing collapsed), without query."""
    path: str = ""
    """The one normalised path (http-edge §2): routed, authorised, logged and forwarded."""
    query: str = ""
    """Raw query without `?`; "" when there is none."""
    version: str = "HTTP/1.1"
    scheme: str = "http"
    host: str = ""
    """Host of the request, lower case, without port; of the target's authority when it had one."""
    headers: dict[bytes, bytes] = field(init=False)
    """Lower-case name → value. Repeated fields joined with `,` (cookies with `; `). Like `fields` and
    `held` it may be shared with other requests: it is replaced, never changed."""
    fields: Fields = field(init=False)
    """End-to-end fields in order, in the client's spelling: what may be forwarded as it is. Without
    Host, hop-by-hop and framing fields, and fields that the edge sets anew (X-Forwarded-*, Forwarded,
    Via, …): those are in `held`."""
    held: Fields = field(init=False)
    """The other fields that an event still shows (Host, Via, X-Forwarded-* of a trusted peer …)."""
    section: FieldSection | None = None
    """Where `headers`, `fields` and `held` came from when they were remembered."""
    peer: str = field(init=False)
    """Address of the TCP peer, no port."""
    client_ip: str = field(init=False)
    """Address of the client: the peer, or what a trusted proxy said."""
    client_cert: ClientCertificate | None = None
    """Who the client is by its certificate, where the listener has asked for one and verified it."""
    client: ClientEnd = field(init=False)
    started: float = field(init=False)
    """Monotonic second at which the head was complete."""
    time: float = 0.0
    """Calendar second (since 1970, UTC) at which the head was complete."""
    request_length: int = 0
    """Bytes of head and body received so far."""
    body_length: int = 0
    """Bytes of body received so far, the framing of chunks among them."""
    body: bytes = b""
    """The whole body once `source` is None."""
    source: Source | None = None
    """The body while it is not complete; taken by a streaming integration."""
    upgrade: bool = False
    """A valid WebSocket upgrade request (RFC 6455 §4.2.1)."""
    request_id: str = ""
    """Opaque, 16 characters, `apigw-requestid`; at REST APIs a UUID, `x-amzn-RequestId`."""
    extended_request_id: str = ""
    """At REST APIs the other id, 16 characters, `x-amz-apigw-id`."""

    # -- set by tracing; nothing is, where that is turned off and no function is asked ------------
    trace: str = ""
    """What `traceparent` tells, once it is known."""
    traces: "Traces | None" = None
    """Who makes it as soon as somebody asks, for what nobody else can have begun a trace."""
    sampled: bool = False
    """Whether spans of this trace are recorded, by us or by others."""
    caller: Caller | None = None
    """What the client said of its trace; None: the trace begins here."""
    marks: tuple[Mark, ...] = ()
    """When its stages began and ended, where slow requests are logged."""

    # -- set by the router ----------------------------------------------------------------------
    plan: "RoutePlan" = field(init=False)
    stage_path: str = ""
    """The path below the stage and base path: what routes are matched against."""
    params: Mapping[str, str] = field(default_factory=lambda: EMPTY)
    """Path variables, percent-decoded."""

    socket: "Socket | None" = None
    """The connection of a handshake at a WebSocket API, of a message, or of its end."""

    # -- set by stages ---------------------------------------------------------------------------
    at: int = 0
    """Index of the next stage in `plan.head`."""
    authorizer: Mapping[str, Any] | None = None
    """What the authorizer learnt: the claims of a JWT (JSON types), or the context of a function
    authorizer. Selectors and `$context.authorizer.*` read it."""
    authorizer_event: Mapping[str, Any] | None = None
    """`requestContext.authorizer` as an event shows it: {"jwt": …} or {"lambda": …}."""
    forward_path: str = ""
    """Path for the backend in place of the integration's own, percent-encoded; "" unless the route maps
    it. Mapped headers and query parameters are in `fields`, `headers` and `query` themselves."""
    transformation: Transformation | None = None
    """Of the integrations of REST APIs that send something else than the client has sent."""
    principal: str = ""
    usage_key: str = ""
    """The API key that an authorizer said the caller has (`usageIdentifierKey`)."""
    api_key: "ApiKey | None" = None
    """Whose request it is, where the operation asks for an API key and one was sent that is known."""
    api_key_value: bytes = b""
    """What was sent: for functions and backends, never for a log."""
    authorizer_error: str = ""
    authorizer_started: float = 0.0
    authorizer_latency: float = -1.0
    """Seconds that a decision took; -1: it was remembered, or none was asked for."""
    limit_fields: Fields | None = None
    """RateLimit fields to add to the reply, from the tightest limit passed so far."""
    fetch: "Fetch | None" = None
    """What the cache awaits of this exchange: the answer that it is to keep, where it looked for one."""
    validation_errors: str = ""
    """What was wrong with the request, where it was validated: names and rules, no values."""
    limit_ratio: float = 2.0
    """remaining/burst of the limit in `limit_fields`; 2.0: none."""

    # -- while an integration runs ----------------------------------------------------------------
    cancel_work: Callable[[str], None] | None = None
    """Set by whoever parked: stop the work. Argument: "client" (gone), "timeout", or "refused" (a body
    that turned out to be too large or came too slowly)."""
    integration_started: float = 0.0
    integration_latency: float = -1.0
    """Seconds; -1: no integration ran."""
    integration_status: int = 0
    """Status of the backend, or the status that a function returned."""
    invoke_status: int = 0
    """Status of the Invoke call behind a function integration; 0: the integration is no function."""
    integration_request_id: str = ""
    integration_error: str = ""
    upstream: str = ""
    """Address of the backend that answered."""
    attempts: tuple[Attempt, ...] = ()
    """Those at a backend with retries or a breaker, in order."""

    # -- set when the reply is on its way -----------------------------------------------------------
    answered: bool = False
    status: int = 0
    fault: Fault | None = None
    """What a REST API says where the gateway itself answers."""
    error: str = ""
    """Cause of a gateway-made answer, or how the exchange broke off (`client_gone`, …); "" if none."""
    response_length: int = 0
    """Body bytes sent to the client."""
    head_sent: float = 0.0
    """Monotonic second at which the head of an answer went out whose body followed bit by bit; else 0.0."""
    ended: float = 0.0
    """Monotonic second at which the exchange was over, set before `plan.log` is called."""

    @property
    def own_time(self) -> float:
        """Seconds that the gateway took once it was over: without the integration and what it streamed."""
        return (self.head_sent or self.ended) - self.started - max(0.0, self.integration_latency)

    def shown(self, make: Callable[["Exchange"], Shown]) -> Shown:
        """Return what `make` makes of `headers`, `fields` and `held`: once for all requests that share them."""
        section = self.section
        if (
            section is None
            or section.headers is not self.headers
            or section.fields is not self.fields
        ):
            return make(self)
        found: Shown | None = section.shown.get(make)
        if found is None:
            found = section.shown[make] = make(self)
        return found

    @property
    def message_id(self) -> str:
        """Of a message: opaque, 16 characters; "" of anything else."""
        return message_id(self.request_id) if self.method == "MESSAGE" else ""

    @property
    def traceparent(self) -> str:
        """What a backend or a function is shown (W3C Trace Context); "" where there is no trace."""
        if not self.trace and self.traces is not None:
            self.traces.make(self)
        return self.trace

    @property
    def trace_id(self) -> str:
        """32 hex digits, the same for all that this request leads to."""
        return self.traceparent[3:35]

    @property
    def span_id(self) -> str:
        """16 hex digits: the span of this exchange, where it is recorded here."""
        return f"d{self.traceparent[37:52]}"


Stage = Callable[[Exchange], "Reply | Awaitable[Reply | None] | Parked | None"]
"""None: next stage. Reply: skip to the tail. Parked: a callback resumes. Awaitable: a Task is made."""

Tail = Callable[[Exchange, Reply], Reply]
"""Runs on every reply of the route, refusals included, in order."""
