"""Model of the whole file."""

from functools import cached_property
from pathlib import Path
from typing import Annotated, Literal

from pydantic import AfterValidator, Discriminator, Field, PrivateAttr, Tag

from frontdesk.base.addresses import Address
from frontdesk.config.models.authorizer import Authorizer
from frontdesk.config.models.connection import Connection
from frontdesk.config.models.domain import Domain, DomainName, target
from frontdesk.config.models.door import Admin, Limits, Listener, Logs, Metrics, Tracing
from frontdesk.config.models.function import Function
from frontdesk.config.models.http_api import HttpApi
from frontdesk.config.models.model import (
    FilePath,
    Model,
    Name,
    Network,
    Off,
    OneOrMore,
    ShortForm,
    Whole,
    matching,
    within,
)
from frontdesk.config.models.outgoing import OutgoingWebhooks
from frontdesk.config.models.plan import ClientKey, Plan, differing
from frontdesk.config.models.publishing import BusName, EventBus, Topic, TopicName
from frontdesk.config.models.queue import Queue, QueueName
from frontdesk.config.models.record import RecordModule
from frontdesk.config.models.remote_function import RemoteFunction
from frontdesk.config.models.rest_api import RestApi
from frontdesk.config.models.schedule import Schedule
from frontdesk.config.models.secrets import SecretSource
from frontdesk.config.models.state_machine import MachineName, StateMachine
from frontdesk.config.models.stores import SharedField, Store, StoreField
from frontdesk.config.models.upstream import Egress, Upstream
from frontdesk.config.models.webhook import Webhook
from frontdesk.config.models.websocket_api import WebSocketApi


def _not_none(name: str) -> str:
    if name == "none":
        raise ValueError(
            "expected another name: none is how a route says that it has no authorizer"
        )
    return name


AuthorizerName = Annotated[Name, AfterValidator(_not_none)]
ListenerField = Annotated[Listener, ShortForm("address", "an address such as 127.0.0.1:8080")]

BucketName = Annotated[
    str, matching(r"[A-Za-z0-9][A-Za-z0-9._-]{0,62}", "a bucket name such as my-bucket")
]


def _where_it_runs(function: object) -> str:
    """Tell a function that runs elsewhere by its `url`; that of one that runs here is a mapping."""
    url = function.get("url") if isinstance(function, dict) else None
    return "elsewhere" if isinstance(url, str) else "here"


AnyFunction = Annotated[
    Annotated[Function, Tag("here")] | Annotated[RemoteFunction, Tag("elsewhere")],
    Discriminator(_where_it_runs),
]


def _type_of(api: object) -> str:
    """Tell the type of an API by its word; without one it is an HTTP API."""
    return str(api.get("type", "http")) if isinstance(api, dict) else "http"


AnyApi = Annotated[
    Annotated[HttpApi, Tag("http")]
    | Annotated[RestApi, Tag("rest")]
    | Annotated[WebSocketApi, Tag("websocket")],
    Discriminator(_type_of),
]


class Config(Model):
    """Everything that one Frontdesk serves."""

    name: Name
    """Name of the whole; default for ids."""

    listen: Annotated[tuple[ListenerField, ...], OneOrMore(), Field(min_length=1)] = (
        Listener(address=Address("127.0.0.1", 8080)),
    )
    """Where clients connect: `host:port`, {address, tls, half_close}, or a list. Default
    127.0.0.1:8080."""

    admin: Admin = Admin()
    """The operator's own face."""

    data_dir: Annotated[FilePath, Field(validate_default=True)] = Path(".frontdesk")
    """Folder for installed requirements and other working files. Default .frontdesk."""

    workers: Annotated[Whole, within(1, 128)] = 1
    """Processes that serve clients. Default 1: one process does everything."""

    store: StoreField = Store("sqlite")
    """Where API keys, usage and idempotency keys are kept: `sqlite` in data_dir, `sqlite:///path`,
    `memory`, or `postgresql://…`, which several gateways may share. Default sqlite."""

    shared: SharedField = None
    """Where limits are counted: `memory` of this gateway, or `redis://…`, which several gateways share;
    {url, on_loss, ca}. Default memory."""

    secrets: Annotated[SecretSource, ShortForm("provider", "vault or aws")] | None = None
    """Where secrets are that references name. Default: in the vault, while functions' own calls go to
    AWS unless the file names a secret of the vault."""

    account: Annotated[str, matching(r"\d{12}", "an account of 12 digits, in quotes")] = (
        "000000000000"
    )
    """Account number shown in ARNs and events. Default 000000000000."""

    region: Annotated[str, matching(r"[a-z0-9-]{1,32}", "a region such as us-east-1")] = "us-east-1"
    """Region shown in ARNs and events. Default us-east-1."""

    environment: Literal["dev", "staging", "prod"] = "dev"
    """How strict `check` is. Default dev."""

    trusted_proxies: Annotated[tuple[Network, ...], OneOrMore()] = ()
    """Networks whose X-Forwarded-* fields are believed."""

    limits: Limits = Limits()
    """What the door accepts at most."""

    logs: Logs = Logs()
    """What is written down."""

    metrics: Annotated[Metrics | None, Off()] = Metrics()
    """What is counted; `off` counts nothing of a request."""

    tracing: Annotated[Tracing | None, Off()] = Tracing()
    """How requests are traced; `off` neither makes nor reads a trace for backends."""

    functions: dict[Name, AnyFunction] = Field(default_factory=dict)
    """Python functions by name."""

    state_machines: dict[MachineName, StateMachine] = Field(default_factory=dict)
    """State machines by name."""

    schedules: dict[Name, Schedule] = Field(default_factory=dict)
    """What is started at its times, by name."""

    queues: dict[QueueName, Queue] = Field(default_factory=dict)
    """Queues by name."""

    topics: dict[TopicName, Topic] = Field(default_factory=dict)
    """Topics, which hand messages on to queues and functions, by name."""

    event_buses: dict[BusName, EventBus] = Field(default_factory=dict)
    """Event buses with their rules by name. The bus `default` is always there."""

    webhooks: dict[Name, Webhook] = Field(default_factory=dict)
    """What other companies send, by name."""

    records: dict[Name, RecordModule] = Field(default_factory=dict)
    """Records of results, by module."""

    outgoing_webhooks: OutgoingWebhooks | None = None
    """How messages are delivered to other companies' endpoints. Absent: none are."""

    authorizers: dict[AuthorizerName, Authorizer] = Field(default_factory=dict)
    """Authorizers by name."""

    upstreams: dict[Name, Upstream] = Field(default_factory=dict)
    """HTTP backends by name."""

    egress: dict[Name, Egress] = Field(default_factory=dict)
    """Addresses and proxies that requests leave by, by name."""

    connections: dict[Name, Connection] = Field(default_factory=dict)
    """How tasks of state machines are known to other companies' APIs, by name."""

    buckets: dict[BucketName, FilePath] = Field(default_factory=dict)
    """Folders that stand for the buckets of state machines, by name."""

    apis: dict[Name, AnyApi] = Field(default_factory=dict)
    """APIs by name."""

    plans: dict[Name, Plan] = Field(default_factory=dict)
    """What clients with an API key may take, by name."""

    keys: Annotated[dict[Name, ClientKey], AfterValidator(differing)] = Field(default_factory=dict)
    """API keys of the file by the name of whom they were given to."""

    domains: dict[DomainName, Domain] = Field(default_factory=dict)
    """Host names with the APIs that they lead to."""

    _base_dir: Path = PrivateAttr(default=Path())

    @cached_property
    def local_functions(self) -> dict[str, Function]:
        """Functions that run here."""
        functions = self.functions.items()
        return {name: each for name, each in functions if isinstance(each, Function)}

    @cached_property
    def remote_functions(self) -> dict[str, RemoteFunction]:
        """Functions that run elsewhere."""
        functions = self.functions.items()
        return {name: each for name, each in functions if isinstance(each, RemoteFunction)}

    @property
    def base_dir(self) -> Path:
        """Folder of the first file; relative paths were taken from the folder of their own file."""
        return self._base_dir

    @cached_property
    def mapped(self) -> frozenset[str]:
        """APIs that a domain leads to."""
        texts = (text for domain in self.domains.values() for text in domain.mappings.values())
        return frozenset(target(text).api for text in texts)

    def has_own_place(self, name: str) -> bool:
        """Whether an API is served at its host and base path, not by the mappings of domains alone."""
        said = self.apis[name].model_fields_set
        return name not in self.mapped or not said.isdisjoint({"host", "base_path"})

    def model_post_init(self, context: object) -> None:
        """Keep the folder that the loader gave."""
        if isinstance(context, dict):
            self._base_dir = context["folder"]
