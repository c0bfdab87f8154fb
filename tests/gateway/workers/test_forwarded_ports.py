"""Executions asked for through a channel: a worker's side and a supervisor's, joined on one event loop."""

import asyncio

import pytest

from frontdesk.base.errors import StoreError
from frontdesk.gateway.pipeline.build import NO_SERVICES
from frontdesk.gateway.workers.forwarded_ports import ForwardedPorts
from frontdesk.gateway.workers.served_ports import ServedPorts
from frontdesk.ports.executions import ExecutionError
from frontdesk.ports.inbox import Proven, Settled
from tests.live.executions import PlayedExecutions


@pytest.fixture
def served():
    return PlayedExecutions()


class Sending:
    """Says what it is sent, and fails for one queue."""

    async def enqueue(self, queue, body, **more):
        if queue == "lost":
            raise StoreError("no room")
        return f"{queue} {body} {more}"


class Taking:
    """Says what it is told of webhooks."""

    async def settle(self, hook, proven, *, within):
        return Settled("duplicate", f"{hook} {proven.headers} {within}".encode())


@pytest.fixture
async def forwarded(ends, served):
    ServedPorts(
        ends.supervisor, NO_SERVICES._replace(executions=served, queues=Sending(), hooks=Taking())
    )
    forwarded = ForwardedPorts(ends.worker)
    await ends.connect()
    return forwarded


@pytest.fixture
def executions(forwarded):
    return forwarded.services.executions


async def within(waiting):
    return await asyncio.wait_for(waiting, 20)


async def test_every_method_reaches_the_supervisor(executions, served):
    begun = await within(executions.start("charge", '{"a":1}', name="n", trace="Root=1"))
    assert begun == served.known[begun.arn]
    assert await within(executions.stop(begun.arn, "E", cause="C")) == 11.0
    assert (await within(executions.describe(begun.arn))).cause == "C"
    assert await within(executions.succeed("t0ken", "{}")) is None
    assert served.calls[:2] == [
        ("start", "charge", {"a": 1}, "n", "Root=1"),
        ("stop", begun.arn, "E", "C"),
    ]


@pytest.mark.parametrize(
    ("error", "expected"),
    [
        (ExecutionError("InvalidName", "Invalid Name: 'x'"), ("InvalidName", "Invalid Name: 'x'")),
        (StoreError("disk full"), ("store", "disk full")),
        (RuntimeError("a bug"), ("InternalFailure", "see the supervisor's log")),
    ],
    ids=["refused", "store", "fault"],
)
async def test_what_goes_wrong_is_told_as_it_is(executions, served, error, expected):
    served.error = error
    with pytest.raises((ExecutionError, StoreError)) as caught:
        await within(executions.start("charge", "{}"))
    assert (caught.value.code, caught.value.message) == expected


async def test_a_run_that_nobody_waits_for_is_cancelled(executions, served):
    waiting = asyncio.create_task(executions.run("charge", "{}", within=5))
    await within(served.waiting.wait())
    waiting.cancel()
    await within(served.left.wait())
    assert served.given_up == ["run-1"]


async def test_a_worker_that_has_gone_waits_for_nothing(ends, executions, served):
    waiting = asyncio.create_task(executions.run("charge", "{}", within=5))
    await within(served.waiting.wait())
    ends.worker.close()
    await within(served.left.wait())
    with pytest.raises(StoreError):
        await within(waiting)
    with pytest.raises(StoreError):
        await within(executions.beat("t0ken"))


async def test_messages_reach_the_supervisor(forwarded):
    more = {"group": "g", "same": "", "trace": "Root=1"}
    assert (
        await within(forwarded.services.queues.enqueue("calls", b"m", **more))
        == f"calls b'm' {more}"
    )
    with pytest.raises(StoreError, match="no room"):
        await within(forwarded.services.queues.enqueue("lost", b"m", **more))


async def test_webhooks_go_to_the_supervisor(forwarded):
    proven = Proven("e1", "paid", b"{}", headers=[("a", "b")])
    settled = await within(forwarded.services.hooks.settle("stripe", proven, within=5.0))
    assert settled == Settled("duplicate", b"stripe [('a', 'b')] 5.0")
