"""Models of `webhooks`: how the sender of each is proven, and who deals with what it sends.

What they are held to is `config.webhooks`, which comes with all schemes and their cryptography: it is loaded
with the first webhook of a file.
"""

from functools import cached_property
from typing import TYPE_CHECKING, Annotated, Final, Literal, Self
from urllib.parse import urlsplit

from pydantic import AfterValidator, Discriminator, Field, Tag, model_validator

from frontdesk.config.models.integration import FunctionName
from frontdesk.config.models.mapping import HeaderName
from frontdesk.config.models.model import (
    Duration,
    FilePath,
    Model,
    Network,
    OneOrMore,
    ShortForm,
    Whole,
    at_least,
    between,
    broken_rule,
    later,
    matching,
    within,
)
from frontdesk.config.models.queue import QueueName
from frontdesk.config.models.state_machine import MachineReference
from frontdesk.config.models.versioning import Date
from frontdesk.config.secrets import Secret

if TYPE_CHECKING:
    from frontdesk.rules.webhooks.keys import WebhookSecret
    from frontdesk.rules.webhooks.scheme import Scheme

DEFAULT: Final = "default"
"""The key of `dispatch` for types that no other key takes."""

_DAY: Final = 86_400.0

RETENTION: Final = 30 * _DAY
"""Seconds for which a delivery is kept where its webhook says nothing else."""

KEEP_BODY: Final = 7 * _DAY
"""Seconds for which its body is kept."""


def _base(text: str) -> str:
    parts = urlsplit(text)
    if parts.scheme not in ("http", "https") or not parts.netloc or parts.query or parts.fragment:
        raise ValueError(
            "expected what the public URL begins with, such as https://api.example.com"
        )
    return text.rstrip("/")


Place = Annotated[str, later("webhooks", "place")]
DeliverySelector = Annotated[str, later("webhooks", "selector")]
"""`$body.PATH` or `$header.NAME` of a delivery."""


class CustomScheme(Model):
    """A way of signing that is in no table: an HMAC in one header."""

    signature: HeaderName = "X-Signature"
    """Header of the signature. Default X-Signature."""

    template: Annotated[str, later("webhooks", "template")] = "{timestamp}.{body}"
    """What is signed, of {body}, {timestamp}, {id}, {method}, {url}. Default `{timestamp}.{body}`."""

    algorithm: Literal["sha1", "sha256", "sha384", "sha512"] = "sha256"
    """Hash of the HMAC. Default sha256."""

    encoding: Literal["hex", "base64"] = "hex"
    """How the signature is written. Default hex."""

    prefix: str = ""
    """What stands before each signature, such as `sha256=`."""

    split: str = ""
    """What stands between several signatures. Absent: there is one."""

    timestamp: Annotated[str, later("webhooks", "place_or_none")] = "header.X-Timestamp"
    """Where the time is: `header.NAME` or `body.PATH`; "" where the template has none. Default
    header.X-Timestamp."""

    unit: Literal["s", "ms"] = "s"
    """What the time counts since 1970. Default s."""

    id: Annotated[tuple[Place, ...], OneOrMore()] = ("body.id",)
    """Where the id of the event is, the first that says something. Default body.id."""

    type: Annotated[tuple[Place, ...], OneOrMore()] = ("body.type",)
    """Where the type of the event is. Default body.type."""

    id_header: str = ""
    """Header with the {id} of the template."""

    @model_validator(mode="after")
    def _goes_together(self) -> Self:
        _scheme_of(self)
        return self


AnyScheme = Annotated[
    Annotated[
        Annotated[str, later("webhooks", "scheme_name")],
        Tag("name"),
    ]
    | Annotated[CustomScheme, Tag("custom")],
    Discriminator(lambda scheme: "custom" if isinstance(scheme, dict | CustomScheme) else "name"),
]


def _scheme_of(scheme: "str | CustomScheme") -> "Scheme":
    from frontdesk.config.webhooks import scheme_of

    return scheme_of(scheme)


class HookSecret(Model):
    """One secret of several, while they are rotated."""

    value: Secret
    """As the vendor shows it; of paypal the id of the webhook, of aws-sns the ARN of the topic."""

    id: Annotated[str, matching(r"[A-Za-z0-9._-]{1,64}", "letters, digits, . _ -")] | None = None
    """How the log and the inbox call it. Default: its place in the list."""

    not_after: Date | None = None
    """Until when it counts. Absent: always."""


SecretField = Annotated[HookSecret, ShortForm("value", "a secret such as ${secret:stripe}")]


class Handshake(Model):
    """What the vendor asks of the address before it sends, and what was agreed upon."""

    vendor: Annotated[str, later("webhooks", "vendor")] | None = None
    """Who asks: for websub, microsoft-graph, azure-event-grid, cloudevents. Default: the scheme's."""

    verify_token: Secret | None = None
    """The verify token of meta."""

    topics: Annotated[tuple[str, ...], OneOrMore()] = ()
    """Topics of websub that were asked for."""

    origins: Annotated[tuple[str, ...], OneOrMore()] = ()
    """Senders of cloudevents that may send; `*` for all."""

    rate: Annotated[Whole, at_least(1)] | None = None
    """Requests a minute that a sender of cloudevents may make. Absent: as many as it likes."""


class Target(Model):
    """Who deals with events of a type: exactly one of the `TARGETS`."""

    function: FunctionName | None = None
    """Name under `functions`, or name:alias: called with the delivery."""

    state_machine: MachineReference | None = None
    """Name under `state_machines`, or name:alias: an execution is started with the body."""

    queue: QueueName | None = None
    """Name under `queues`: the body is sent there."""

    task_token: DeliverySelector | None = None
    """Where the token of a waiting task is, such as `$body.metadata.token`: the body is its output."""

    outcome: Literal["success", "failure"] = "success"
    """What the delivery says to the task. Default success."""

    @model_validator(mode="after")
    def _is_one(self) -> Self:
        chosen = [key for key in TARGETS if getattr(self, key) is not None]
        if len(chosen) != 1:
            found = " and ".join(chosen) or "none"
            raise broken_rule(f"expected exactly one of {', '.join(TARGETS)}, got {found}")
        if "outcome" in self.model_fields_set and self.task_token is None:
            raise broken_rule("expected outcome beside task_token only")
        return self


TARGETS: Final = ("function", "state_machine", "queue", "task_token")

Word = Literal["ignore", "warn"]
"""Record it alone; `warn` says so in the log."""

Dispatch = Annotated[
    Annotated[Word, Tag("word")] | Annotated[Target, Tag("target")],
    Discriminator(lambda value: "word" if isinstance(value, str) else "target"),
]

EventType = Annotated[str, Field(min_length=1, max_length=255)]
"""A type such as `payment_intent.succeeded`, or a pattern with `*` for any run of characters."""


class Webhook(Model):
    """Takes what another company sends: proven, once, and until somebody has dealt with it."""

    scheme: AnyScheme
    """How the vendor signs: a name that `frontdesk hook schemes` lists, or a mapping."""

    secret: SecretField | None = None
    """The only secret. Or `secrets`."""

    secrets: Annotated[tuple[SecretField, ...], OneOrMore()] = ()
    """All secrets that count now, the newest first."""

    tolerance: Annotated[Duration, between("0s", "7d")] | None = None
    """How far the time of a delivery may be away. Default: the scheme's."""

    allow_ips: Annotated[tuple[Network, ...], OneOrMore()] = ()
    """Networks that may send. Absent: all."""

    dispatch: dict[EventType, Dispatch] = Field(default_factory=dict)
    """Who deals with which type of event: an exact type, else the first pattern that fits, else
    `default`. Default: {default: warn}."""

    order_by: DeliverySelector | None = None
    """Deliveries with the same value here are dealt with one at a time, in order. Absent: no order."""

    version_by: DeliverySelector | None = None
    """A whole number that grows: what is older than the last processed one of the same `order_by` is
    passed over. Absent: nothing is."""

    on_dead: Literal["continue", "block"] = "continue"
    """What a dead delivery means to those that follow it in the same `order_by`: `continue`, nothing;
    `block`, they wait until it was replayed, or is forgotten. Default continue."""

    retention: Annotated[Duration, between("1h", "365d")] = RETENTION
    """How long a delivery is kept, and repetitions of it are told. Default 30d."""

    keep_body: Annotated[Duration, between("0s", "365d")] = KEEP_BODY
    """How long its body is kept once it was dealt with: until then it can be replayed. Default 7d."""

    mode: Literal["async", "sync"] = "async"
    """`async` answers once it is on the disk, `sync` with the result of the function. Default async."""

    reject_status: Annotated[Whole, within(400, 499)] = 401
    """Status of the answer to a delivery that is not proven. Default 401."""

    public_base_url: Annotated[str, AfterValidator(_base)] | None = None
    """What the URL that the sender knows begins with, for schemes that sign it. Default: as the request
    and trusted proxies say."""

    attempts: Annotated[Whole, within(1, 100)] = 8
    """How often it is tried at most until it is dead. Default 8."""

    lease: Annotated[Duration, between("1s", "15m")] = 60.0
    """How long a gateway that does not report any more keeps a delivery from others. Default 60s."""

    ca: FilePath | None = None
    """Authorities that a certificate of paypal or aws-sns must lead to (PEM). Default: it is trusted for
    the vendor's place that it was fetched from."""

    handshake: Handshake = Handshake()
    """What the vendor asks of the address before it sends."""

    @model_validator(mode="after")
    def _can_be_verified(self) -> Self:
        if (self.secret is None) == (not self.secrets):
            raise broken_rule("expected either secret or secrets")
        if any(not each.value.reveal().strip() for each in self.given):
            raise broken_rule("expected secrets that are not empty")
        from frontdesk.config.webhooks import demand_what_verifies

        demand_what_verifies(self)
        return self

    @model_validator(mode="after")
    def _goes_together(self) -> Self:
        if "keep_body" in self.model_fields_set and self.keep_body > self.retention:
            raise broken_rule("expected keep_body of at most the retention")
        if self.version_by is not None and self.order_by is None:
            raise broken_rule("expected order_by beside version_by")
        if self.on_dead == "block" and self.order_by is None:
            raise broken_rule("expected order_by beside on_dead: block")
        if self.mode == "sync":
            targets = [each for each in self.dispatch.values() if isinstance(each, Target)]
            if any(target.function is None for target in targets):
                raise broken_rule("expected only functions in the dispatch with mode: sync")
        return self

    @property
    def given(self) -> tuple[HookSecret, ...]:
        """The secrets in their order."""
        return self.secrets if self.secret is None else (self.secret,)

    @property
    def keys(self) -> "list[WebhookSecret]":
        """The secrets as `rules.webhooks` takes them."""
        from frontdesk.rules.webhooks.keys import WebhookSecret

        return [
            WebhookSecret(each.value.reveal(), each.id or "", each.not_after) for each in self.given
        ]

    @cached_property
    def row(self) -> "Scheme":
        """The scheme itself."""
        return _scheme_of(self.scheme)

    @property
    def shakes(self) -> str:
        """Whose handshake it is: a key of HANDSHAKES, or another name where there is none."""
        return self.handshake.vendor or self.row.name
