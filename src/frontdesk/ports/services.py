"""What the door asks others to do that outlives a request: in one value, which is lent to it as a whole."""

from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from frontdesk.ports.executions import Executions
    from frontdesk.ports.inbox import Hooks
    from frontdesk.ports.invocations import Invocations
    from frontdesk.ports.queue import Enqueuer
    from frontdesk.ports.service_actions import ServiceActions


class Services(NamedTuple):
    """Whoever runs state machines, sends to queues, takes webhooks, has functions called later, and publishes."""

    executions: "Executions"
    queues: "Enqueuer"
    hooks: "Hooks"
    invocations: "Invocations"
    actions: "ServiceActions"
