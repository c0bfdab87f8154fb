"""What is done for queues in the background, and what moves of dead letters come to."""

import pytest

from frontdesk.base.wheel import Wheel
from frontdesk.durable.queues.handles import Handle, read_handle
from frontdesk.durable.queues.keeping import Keeping
from frontdesk.durable.queues.moves import Moves
from frontdesk.ports.queue import Receipt
from tests.durable.queues.playing import NOW, World


@pytest.fixture
def world():
    return World()


async def test_messages_are_counted_and_old_ones_forgotten(world):
    queue = await world.queue("calls", retention=100.0)
    await world.queue("empty")
    keeping = Keeping(world.queues, world.clock, Wheel(NOW))
    await world.send(queue, "a", "b")
    world.clock.now += 60
    await world.send(queue, "c")
    await world.send(queue, "d", delay=500.0)
    await world.queues.receive(queue, most=1)
    await keeping.go_round()
    told = {each.labels: each.value for each in keeping.samples()}
    assert told == {
        ("calls", "visible"): 2,
        ("calls", "inflight"): 1,
        ("calls", "delayed"): 1,
        ("calls",): 60,
        ("empty", "visible"): 0,
        ("empty", "inflight"): 0,
        ("empty", "delayed"): 0,
        ("empty",): 0,
    }
    world.clock.now += 40
    await keeping.go_round()
    assert [record.message.body for record in world.records(queue)] == [b"c", b"d"]


async def test_what_was_known_is_forgotten_after_five_minutes(world):
    queue = await world.queue("line", fifo=True)
    await world.send(queue, "a", group="g")
    keeping = Keeping(world.queues, world.clock, Wheel(NOW))
    for later, known in ((299, 1), (1, 0)):
        world.clock.now += later
        await keeping.go_round()
        assert len(world.store._known) == known


async def test_a_move_goes_to_where_each_message_came_from(world):
    dead = await world.queue("dead")
    sources = [await world.queue(name, max_receives=1, dead_letter="dead") for name in ("a", "b")]
    for queue in sources:
        await world.send(queue, queue.name, queue.name)
        for _ in range(2):
            received = await world.queues.receive(queue, most=10)
            await world.queues.change(queue, [message.receipt for message in received], 0)
    move = await Moves(world.queues, world.clock).run(dead, None, None)
    assert (move.status, move.moved, world.records(dead)) == ("COMPLETED", 4, [])
    assert [len(world.records(queue)) for queue in sources] == [2, 2]
    assert world.counted(dead, "redriven") == 4


def test_a_handle_is_read_as_it_was_written():
    handle = Handle("line.fifo", Receipt(7, 2), NOW + 0.25)
    assert read_handle(handle.text) == handle


@pytest.mark.parametrize(
    "text",
    [
        "",
        "AQEB",
        "é",
        Handle("q", Receipt(2**63, 1), NOW).text,
        Handle("q r", Receipt(1, 1), NOW).text,
    ],
)
def test_what_is_no_handle_is_none(text):
    assert read_handle(text) is None
