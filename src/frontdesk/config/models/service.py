"""Model of a route that asks an API of AWS, of something that is here."""

from difflib import get_close_matches
from typing import Final, Self

from pydantic import Field, model_validator

from frontdesk.config.models.mapping import RequestValue
from frontdesk.config.models.model import Model, broken_rule
from frontdesk.config.models.publishing import BusName
from frontdesk.config.models.queue import QueueName

NEEDED: Final = {"queue": ("MessageBody",), "event_bus": ("Detail", "DetailType", "Source")}
OPTIONAL: Final = {
    "queue": (
        "DelaySeconds",
        "MessageAttributes",
        "MessageDeduplicationId",
        "MessageGroupId",
        "MessageSystemAttributes",
    ),
    "event_bus": ("Resources", "Time", "TraceHeader"),
}
"""Parameters by what is asked, as AWS calls them."""


class Service(Model):
    """Asks SQS or EventBridge as AWS's HTTP APIs do, and answers as the service does."""

    queue: QueueName | None = None
    """Name under `queues`: SQS-SendMessage. Or `event_bus`."""

    event_bus: BusName | None = None
    """Name under `event_buses`, or `default`: EventBridge-PutEvents. Or `queue`."""

    parameters: dict[str, RequestValue] = Field(default_factory=dict)
    """What is asked, by AWS's names, such as `MessageBody: $request.body`."""

    @model_validator(mode="after")
    def _asks_what_there_is(self) -> Self:
        if (self.queue is None) == (self.event_bus is None):
            raise broken_rule("expected exactly one of queue, event_bus")
        key, given = self.key, self.parameters
        known = (*NEEDED[key], *OPTIONAL[key])
        for name in given:
            if name not in known:
                close = get_close_matches(name, known, n=1)
                meant = f", did you mean {close[0]}?" if close else ""
                raise broken_rule(f"expected parameters among {', '.join(known)}{meant}")
        missing = [name for name in NEEDED[key] if name not in given]
        if missing:
            raise broken_rule(f"expected the parameters {', '.join(NEEDED[key])}")
        return self

    @property
    def key(self) -> str:
        """What it is with: `queue` or `event_bus`."""
        return "queue" if self.queue is not None else "event_bus"

    @property
    def name(self) -> str:
        """The name of that."""
        return self.queue or self.event_bus or ""
