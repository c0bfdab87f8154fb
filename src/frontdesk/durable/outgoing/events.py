"""Owns telling the operator of what he should know: in the log, as a metric, to a queue or a function of the file."""

import logging
from typing import Any, Final, Literal

import orjson

from frontdesk.base import metrics
from frontdesk.base.errors import StoreError
from frontdesk.base.telemetry import Registry
from frontdesk.durable.outgoing.settings import Settings
from frontdesk.ports.deliveries import Turn
from frontdesk.ports.invocations import Invocations
from frontdesk.ports.queue import Enqueuer

_LOG: Final = logging.getLogger("frontdesk.outgoing")

Kind = Literal["endpoint.disabled", "message.attempt.exhausted"]


class Events:
    """Tells of events. What is lost between a commit and this is in the store all the same."""

    def __init__(self, queues: Enqueuer, invocations: Invocations, registry: Registry) -> None:
        self._queues = queues
        self._invocations = invocations
        self._registry = registry

    async def tell(
        self, kind: Kind, turn: Turn, settings: Settings, *, at: float, **more: Any
    ) -> None:
        """Tell of what an attempt has led to. at: seconds since 1970."""
        data = {
            "application": turn.endpoint.app,
            "endpoint": turn.endpoint.id,
            "message_id": turn.message.id,
            "message_type": turn.message.type,
            **more,
        }
        _LOG.warning(kind, extra=data)
        self._registry.counter(metrics.OUTGOING_EVENTS, kind).value += 1
        event = orjson.dumps({"type": kind, "at": at, "data": data})
        try:
            if settings.queue:
                group = turn.endpoint.id
                await self._queues.enqueue(settings.queue, event, group=group, same="", trace="")
            if settings.function:
                name, _, qualifier = settings.function.partition(":")
                await self._invocations.accept(name, qualifier, event)
        except StoreError as error:
            _LOG.warning(
                "an event is told to nobody", extra={"event": kind, "error": error.message}
            )
