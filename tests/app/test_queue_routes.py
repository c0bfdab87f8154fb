"""Routes that send to queues: 202 once it is on the disk, from one process and from workers."""

import asyncio
import json

import pytest

from frontdesk.base.errors import StoreError
from frontdesk.rules.events.sqs import Attributes
from tests.live.calls import call
from tests.live.gateways import project, serving

CONFIG = """
queues:
  calls: {}
  line: {fifo: true}
apis:
  door:
    routes:
      POST /calls: {queue: calls}
      POST /line: {queue: line}
      POST /groups: {queue: line, group: $request.body.patient, deduplication: $request.header.Idempotency-Key}
"""


class Gateway:
    def __init__(self, app):
        self.queues = app._works.part.durable.queues.queues
        (self._address,) = app.addresses

    async def post(self, path, body, **headers):
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        return await asyncio.to_thread(call, self._address, "POST", path, body=body, headers=named)

    async def received(self, name):
        return await self.queues.receive(self.queues.find(name), most=10)


@pytest.fixture
async def gateway(tmp_path):
    async with serving(project(tmp_path, CONFIG)) as app:
        yield Gateway(app)


@pytest.mark.parametrize("workers", [1, 2])
async def test_a_body_is_sent_and_answered_with_its_id(tmp_path, workers):
    async with serving(project(tmp_path, CONFIG), workers=workers) as app:
        gateway = Gateway(app)
        answer = await gateway.post("/calls", '{"type": "é"}'.encode())
        (message,) = await gateway.received("calls")
    assert answer.status == 202
    assert json.loads(answer.body) == {"messageId": message.id}
    assert message.body == '{"type": "é"}'.encode()
    assert Attributes.read(message.attributes).trace.startswith("Root=1-")


async def test_messages_of_a_route_are_in_order_and_each_once(gateway):
    ids = [json.loads((await gateway.post("/line", body)).body) for body in (b"a", b"b", b"a")]
    assert ids[0] == ids[2] != ids[1]
    assert [message.body for message in await gateway.received("line")] == [b"a", b"b"]


async def test_a_request_may_say_group_and_sameness(gateway):
    for patient, key in (("p1", "k1"), ("p2", "k2"), ("p1", "k1")):
        body = json.dumps({"patient": patient}).encode()
        await gateway.post("/groups", body, Idempotency_Key=key)
    messages = await gateway.received("line")
    assert [(message.group, message.deduplication) for message in messages] == [
        ("p1", "k1"),
        ("p2", "k2"),
    ]


@pytest.mark.parametrize(
    ("body", "status"),
    [(b"", 400), (b"\xff", 400), (b"x" * (1024 * 1024 + 1), 413)],
    ids=["empty", "no text", "too long"],
)
async def test_what_is_no_message_is_refused(gateway, body, status):
    assert (await gateway.post("/calls", body)).status == status
    assert await gateway.received("calls") == []


async def test_nothing_is_accepted_that_is_not_on_the_disk(gateway, monkeypatch):
    async def full(*_given, **_named):
        raise StoreError("disk full")

    with monkeypatch.context() as patch:
        patch.setattr(gateway.queues._store, "send", full)
        answer = await gateway.post("/calls", b"m")
    assert answer.status == 503
    assert answer.headers["retry-after"]
    assert b"disk full" not in answer.body
    assert await gateway.received("calls") == []


async def test_no_answer_comes_before_the_commit(gateway, monkeypatch):
    began, go_on = asyncio.Event(), asyncio.Event()
    send = gateway.queues._store.send

    async def late(*given, **named):
        began.set()
        await go_on.wait()
        return await send(*given, **named)

    monkeypatch.setattr(gateway.queues._store, "send", late)
    answer = asyncio.create_task(gateway.post("/calls", b"m"))
    await began.wait()
    assert await gateway.received("calls") == []
    assert not answer.done()
    go_on.set()
    assert (await answer).status == 202
