"""Models of `outgoing_webhooks`: how messages are delivered to other companies' endpoints."""

from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from frontdesk.config.models.integration import FunctionName
from frontdesk.config.models.model import (
    Duration,
    Flag,
    Model,
    Network,
    OneOrMore,
    RateText,
    Whole,
    between,
    broken_rule,
    matching,
    within,
)
from frontdesk.config.models.queue import QueueName
from frontdesk.rules.webhooks.attempts import SCHEDULE
from frontdesk.rules.webhooks.endpoints import FAILING

HostName = Annotated[
    str, matching(r"[a-z0-9]([a-z0-9.-]{0,251}[a-z0-9])?", "a host name such as hooks.example.com")
]


class WebhookEvents(Model):
    """Who is told of endpoints that were disabled and deliveries that were given up."""

    queue: QueueName | None = None
    """Name under `queues`: each is sent there."""

    function: FunctionName | None = None
    """Name under `functions`, or name:alias: it is invoked later with each."""

    @model_validator(mode="after")
    def _one(self) -> Self:
        if (self.queue is None) == (self.function is None):
            raise broken_rule("expected one of queue, function")
        return self


class OutgoingWebhooks(Model):
    """Messages to other companies' endpoints, signed, and tried until they are there."""

    endpoints_from: Literal["catalog"] = "catalog"
    """Where endpoints are: in the store, made by `frontdesk webhooks` or the admin API. Default catalog."""

    schedule: Annotated[
        tuple[Annotated[Duration, between("1s", "7d")], ...], OneOrMore(), Field(max_length=50)
    ] = SCHEDULE
    """Waits before further attempts, each up to 20 % shorter or longer. Default 5s, 5m, 30m, 2h, 5h, 10h, 10h."""

    signing: Literal["standard"] = "standard"
    """How messages are signed: as Standard Webhooks. Default standard."""

    timeout: Annotated[Duration, between("1s", "30s")] = 15.0
    """How long an attempt may take, with the whole answer. Default 15s."""

    concurrency: Annotated[Whole, within(1, 1000)] = 10
    """Deliveries to an endpoint at once, where it says nothing else. Default 10."""

    rate: RateText | None = None
    """Deliveries to an endpoint, such as `50/s`, where it says nothing else."""

    disable_after: Annotated[Duration, between("1m", "60d")] = FAILING
    """How long an endpoint fails without one success until nothing more is sent to it. Default 5d."""

    retention: Annotated[Duration, between("1h", "365d")] = 30 * 86_400.0
    """How long messages and what became of them are kept. Default 30d."""

    allow_http: Flag = False
    """Whether endpoints may be plain http://. Default false."""

    allow_ports: Annotated[tuple[Annotated[Whole, within(1, 65535)], ...], OneOrMore()] = ()
    """Ports of endpoints beside 80, 443 and 8443."""

    allow_hosts: Annotated[tuple[HostName, ...], OneOrMore()] = ()
    """Hosts that are reached wherever they are, on private addresses too."""

    allow_networks: Annotated[tuple[Network, ...], OneOrMore()] = ()
    """Networks that are reached although they are not public."""

    events: WebhookEvents | None = None
    """Who is told of endpoints that were disabled and deliveries that were given up."""
