"""Owns routes that send a request's body to a queue: 202 once it is on the disk.

Knows queues only as the `Enqueuer` port.
"""

from typing import Final

import orjson

from frontdesk.base.errors import StoreError
from frontdesk.gateway.pipeline.build import RouteBuild
from frontdesk.gateway.pipeline.exchange import Exchange, Parked, Reply
from frontdesk.gateway.pipeline.integrations.execution_calls import ExecutionCalls
from frontdesk.gateway.pipeline.plan import Step
from frontdesk.gateway.pipeline.replies import JSON, SOON, problem, refusal
from frontdesk.gateway.pipeline.tracing import CALLED
from frontdesk.gateway.pipeline.values import bind

LARGEST: Final = 1024 * 1024
"""Bytes of a message at most. Source: AWS, "Amazon SQS message quotas"."""


def integration(build: RouteBuild) -> Step | None:
    """Build the sending for a route."""
    route = build.route
    if route is None or route.queue is None:
        return None
    queue, queues, traces = route.queue, build.parts.queues, build.parts.traces
    # Without a group of their own all messages of a route are one: in their order.
    group, same = bind(route.group or build.key.replace("$", "$$")), bind(route.deduplication or "")
    calls = ExecutionCalls(build.parts.clock, route.timeout)

    async def send(ex: Exchange, trace: str) -> Reply:
        try:
            id_ = await queues.enqueue(
                queue, bytes(ex.body), group=group(ex) or "", same=same(ex) or "", trace=trace
            )
        except StoreError as error:
            ex.integration_error = error.message
            return refusal(503, "queue:store", SOON)
        return Reply(202, [JSON], orjson.dumps({"messageId": id_}))

    def run(ex: Exchange) -> Reply | Parked:
        if len(ex.body) > LARGEST:
            return refusal(413, "queue:size")
        if not _is_text(ex.body):
            detail = "The body is no text in UTF-8, and a message is one."
            return problem(400, "invalid-request", detail, "queue:body")
        return calls.park(ex, send(ex, traces.amazon(ex, CALLED)))

    return Step(f"queue {queue}", run, "202", (*build.at, "queue"), needs_body=True)


def _is_text(body: bytes | bytearray) -> bool:
    try:
        return bool(body.decode())
    except UnicodeDecodeError:
        return False
