"""The ServiceActions port: what routes may ask of queues, topics and event buses in AWS's members.

Adapter: `durable.service_actions`.
"""

from collections.abc import Mapping
from typing import Any, Literal, NamedTuple, Protocol

Action = Literal["PutEvents", "Publish", "SendMessage"]


class ActionAnswer(NamedTuple):
    """What came of it: the document of AWS's answer, or its refusal.

    document: {} of a refusal. status: of HTTP. error: AWS's code, "" where it is done. message: why.
    """

    document: Mapping[str, Any]
    status: int = 200
    error: str = ""
    message: str = ""


class ServiceActions(Protocol):
    """Whoever has queues, topics and event buses."""

    async def ask(
        self, action: Action, name: str, members: Mapping[str, Any], *, trace: str
    ) -> ActionAnswer:
        """Do it, and return once that is committed.

        name: of the queue, the topic or the bus, the only one that it may be about. members: as AWS's JSON
        has them. trace: the X-Amzn-Trace-Id that it goes on with. Raises: StoreError.
        """
        ...
