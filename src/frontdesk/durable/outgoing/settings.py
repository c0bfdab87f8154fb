"""Owns what the file says of outgoing webhooks, as its parts use it."""

from dataclasses import dataclass, field
from typing import Self

from frontdesk.base.durations import Rate
from frontdesk.config.models.outgoing import OutgoingWebhooks
from frontdesk.durable.outgoing.destinations import Reach
from frontdesk.rules.webhooks.attempts import SCHEDULE
from frontdesk.rules.webhooks.endpoints import FAILING


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """Times in seconds. patience: until an endpoint that fails is disabled. queue, function: told of events, or ""."""

    schedule: tuple[float, ...] = SCHEDULE
    timeout: float = 15.0
    concurrency: int = 10
    rate: Rate | None = None
    patience: float = FAILING
    retention: float = 30 * 86_400.0
    reach: Reach = field(default_factory=Reach)
    queue: str = ""
    function: str = ""

    @classmethod
    def of(cls, entry: OutgoingWebhooks) -> Self:
        """Take `outgoing_webhooks` of a file."""
        events = entry.events
        return cls(
            schedule=entry.schedule,
            timeout=entry.timeout,
            concurrency=entry.concurrency,
            rate=entry.rate,
            patience=entry.disable_after,
            retention=entry.retention,
            reach=Reach(
                entry.allow_http,
                frozenset(entry.allow_ports),
                frozenset(entry.allow_hosts),
                entry.allow_networks,
            ),
            queue=(events and events.queue) or "",
            function=(events and events.function) or "",
        )
