"""What every store of queues must do."""

import asyncio
from math import inf

import pytest

from frontdesk.ports.queue import Counts, Outgoing, Queue, Receipt
from frontdesk.stores.memory.queue import MemoryQueues
from tests.live.queues import ADAPTERS

NOW = 1_700_000_000.25

CALLS = Queue("calls", visibility=60.0, max_receives=3, dead_letter="dead")
DEAD = Queue("dead")
ORDERED = Queue("ordered.fifo", fifo=True, max_receives=2, dead_letter="dead.fifo")


@pytest.fixture(params=ADAPTERS.values(), ids=ADAPTERS)
async def opened(request):
    async with request.param() as opened:
        yield opened


@pytest.fixture
def store(opened):
    return opened.store


def one(number, **other):
    return Outgoing(f"id-{number}", f"body {number}".encode(), **other)


def grouped(number, group="a", same=None):
    return one(number, group=group, deduplication=str(same or number))


async def send(store, queue, *messages, now=NOW):
    return await store.send(queue, messages, now=now)


async def take(store, queue, most=10, now=NOW, **other):
    return (await store.receive(queue, most=most, now=now, **other)).messages


async def ids(store, queue, most=10, now=NOW, **other):
    return [each.id for each in await take(store, queue, most, now, **other)]


async def test_what_is_sent_is_received_with_all_that_it_was_given(store):
    outgoing = Outgoing("i", b"\x00\xff body", b'{"a":1}', "g", "d")
    (sent,) = await send(store, DEAD, outgoing)
    assert (sent.id, sent.again) == ("i", False)
    (message,) = await take(store, DEAD, now=NOW + 1)
    assert message == (
        *(Receipt(sent.number, 1), "i", b"\x00\xff body", b'{"a":1}', "g", "d"),
        *(NOW, 1, NOW + 1, ""),
    )


async def test_messages_come_in_the_order_of_sending_and_no_more_than_asked_for(store):
    await send(store, CALLS, *(one(number) for number in range(5)))
    assert await ids(store, CALLS, 3) == ["id-0", "id-1", "id-2"]
    assert await ids(store, CALLS, 3) == ["id-3", "id-4"]
    assert await ids(store, CALLS, 3) == []


async def test_queues_are_apart(store):
    await send(store, CALLS, one(1))
    assert await ids(store, DEAD) == []


async def test_what_is_received_is_hidden_and_comes_again_with_another_receipt(store):
    await send(store, CALLS, one(1))
    (first,) = await take(store, CALLS)
    assert await ids(store, CALLS, now=NOW + 59.9) == []
    (second,) = await take(store, CALLS, now=NOW + 60)
    assert (second.receives, second.first) == (2, NOW)
    assert second.receipt != first.receipt
    assert await store.delete(CALLS, [first.receipt], now=NOW + 61) == [False]
    assert await store.change(CALLS, [first.receipt], visibility=0, now=NOW + 61) == [False]
    assert await store.delete(CALLS, [second.receipt], now=NOW + 61) == [True]
    assert await store.delete(CALLS, [second.receipt], now=NOW + 61) == [False]
    assert await ids(store, CALLS, now=NOW + 999) == []


async def test_a_receipt_is_good_after_its_time_until_somebody_else_has_one(store):
    await send(store, CALLS, one(1))
    (message,) = await take(store, CALLS)
    late = NOW + 600
    assert await store.change(CALLS, [message.receipt], visibility=5, now=late) == [False]
    assert await store.delete(CALLS, [message.receipt], now=late) == [True]


async def test_a_receipt_is_no_good_at_another_queue(store):
    await send(store, CALLS, one(1))
    (message,) = await take(store, CALLS)
    assert await store.delete(DEAD, [message.receipt], now=NOW) == [False]
    assert await store.delete(CALLS, [Receipt(2**40, 1), message.receipt], now=NOW) == [False, True]


async def test_hiding_can_be_made_longer_shorter_and_over(store):
    await send(store, CALLS, one(1), one(2))
    first, second = await take(store, CALLS)
    assert await store.change(CALLS, [first.receipt], visibility=600, now=NOW + 50) == [True]
    assert await store.change(CALLS, [second.receipt], visibility=0, now=NOW + 50) == [True]
    assert await ids(store, CALLS, now=NOW + 50) == ["id-2"]
    assert await ids(store, CALLS, now=NOW + 649, visibility=0) == ["id-2"]
    assert await ids(store, CALLS, now=NOW + 650, visibility=0) == ["id-1"]


@pytest.mark.parametrize(("delay", "after"), [(None, 7.0), (0, 0.0), (20.0, 20.0)])
async def test_a_message_is_delayed_by_its_queue_or_by_what_it_says(store, delay, after):
    queue = Queue("slow", delay=7.0)
    await send(store, queue, one(1, delay=delay))
    if after:
        assert await ids(store, queue, now=NOW + after - 0.5) == []
    assert await ids(store, queue, now=NOW + after) == ["id-1"]


async def test_what_is_received_too_often_goes_to_the_dead_letters_as_it_is(store):
    await send(store, CALLS, one(1, attributes=b"kept", group="g"))
    for at in (0, 60, 120):
        assert await ids(store, CALLS, now=NOW + at) == ["id-1"]
    assert await ids(store, DEAD, now=NOW + 179) == []
    assert await store.receive(CALLS, most=10, now=NOW + 180) == ([], 1, 0)
    (dead,) = await take(store, DEAD, now=NOW + 181)
    assert dead[1:] == ("id-1", b"body 1", b"kept", "g", "", NOW, 4, NOW, "calls")


async def test_the_last_receiver_may_still_delete_in_time_but_not_once_it_is_dead(store):
    await send(store, CALLS, one(1), one(2))
    for at in (0, 60):
        await take(store, CALLS, now=NOW + at)
    first, second = await take(store, CALLS, now=NOW + 120)
    assert await store.delete(CALLS, [first.receipt], now=NOW + 130) == [True]
    assert (await store.receive(CALLS, most=10, now=NOW + 180)).dead == 1
    assert await store.delete(CALLS, [second.receipt], now=NOW + 181) == [False]
    assert await ids(store, DEAD, now=NOW + 181) == ["id-2"]


async def test_dead_ones_take_no_place_of_those_that_can_be_received(store):
    await send(store, CALLS, *(one(number) for number in range(3)))
    for at in (0, 60, 120):
        await take(store, CALLS, now=NOW + at)
    await send(store, CALLS, one(9), now=NOW + 179)
    received = await store.receive(CALLS, most=2, now=NOW + 180)
    assert ([each.id for each in received.messages], received.dead) == (["id-9"], 3)


async def test_old_messages_are_forgotten_and_never_dead_letters(store):
    queue = CALLS._replace(retention=100.0, max_receives=1)
    await send(store, queue, one(1))
    await send(store, queue, one(2), now=NOW + 50)
    await take(store, queue, 1, visibility=10)
    received = await store.receive(queue, most=10, now=NOW + 100)
    assert ([each.id for each in received.messages], received[1:]) == (["id-2"], (0, 1))


async def test_a_fifo_queue_hands_out_a_group_in_order_and_one_part_at_a_time(store):
    await send(store, ORDERED, *(grouped(number) for number in range(4)))
    await send(store, ORDERED, grouped(9, "b"))
    first, second = await take(store, ORDERED, 2)
    assert (first.id, second.id) == ("id-0", "id-1")
    assert await ids(store, ORDERED) == ["id-9"]
    await store.delete(ORDERED, [first.receipt], now=NOW)
    assert await ids(store, ORDERED) == []
    await store.delete(ORDERED, [second.receipt], now=NOW)
    assert await ids(store, ORDERED) == ["id-2", "id-3"]


async def test_what_comes_back_to_a_group_comes_before_what_was_behind_it(store):
    await send(store, ORDERED, *(grouped(number) for number in range(3)))
    first, second = await take(store, ORDERED, 2)
    await store.change(ORDERED, [first.receipt], visibility=0, now=NOW + 1)
    assert await ids(store, ORDERED, now=NOW + 1) == []
    await store.change(ORDERED, [second.receipt], visibility=0, now=NOW + 2)
    assert await ids(store, ORDERED, now=NOW + 2) == ["id-0", "id-1", "id-2"]


async def test_a_dead_letter_of_a_group_sets_it_free(store):
    await send(store, ORDERED, grouped(1), grouped(2))
    for at in (0, 30):
        assert await ids(store, ORDERED, 1, now=NOW + at) == ["id-1"]
    assert await ids(store, ORDERED, now=NOW + 60) == ["id-2"]
    dead = Queue("dead.fifo", fifo=True)
    assert await ids(store, dead, now=NOW + 60) == ["id-1"]


async def test_a_receipt_of_a_fifo_queue_is_no_good_after_its_time(store):
    await send(store, ORDERED, grouped(1))
    (message,) = await take(store, ORDERED)
    assert await store.delete(ORDERED, [message.receipt], now=NOW + 30) == [False]


async def test_what_is_delayed_holds_up_what_is_behind_it(store):
    queue = ORDERED._replace(delay=10.0)
    await send(store, queue, grouped(1))
    await send(store, queue._replace(delay=0.0), grouped(2), grouped(3, "b"))
    assert await ids(store, queue) == ["id-3"]
    assert await ids(store, queue, now=NOW + 10) == ["id-1", "id-2"]


@pytest.mark.parametrize("per_group", [False, True])
async def test_a_fifo_queue_keeps_the_same_message_once_in_five_minutes(store, per_group):
    queue = ORDERED._replace(per_group=per_group)
    (first,) = await send(store, queue, grouped(1, same="s"))
    again, other = await send(store, queue, grouped(2, same="s"), grouped(3, "b", "s"), now=NOW + 1)
    assert again == first._replace(again=True)
    assert other.again is not per_group
    (message, *_) = await take(store, queue, now=NOW + 2)
    await store.delete(queue, [message.receipt], now=NOW + 2)
    (still,) = await send(store, queue, grouped(4, same="s"), now=NOW + 299)
    assert still == again
    (fresh,) = await send(store, queue, grouped(5, same="s"), now=NOW + 300)
    assert (fresh.id, fresh.again) == ("id-5", False)
    assert fresh.number > first.number


async def test_the_same_message_twice_in_one_batch_is_kept_once(store):
    first, second, third = await send(
        store, ORDERED, grouped(1, same="s"), grouped(2), grouped(3, same="s")
    )
    assert third == first._replace(again=True)
    assert second.number > first.number
    assert await ids(store, ORDERED) == ["id-1", "id-2"]


async def test_what_was_known_can_be_forgotten(store):
    await send(store, ORDERED, grouped(1, same="s"))
    await store.forget_known(NOW - 1)
    assert (await send(store, ORDERED, grouped(2, same="s")))[0].again
    await store.forget_known(NOW)
    assert not (await send(store, ORDERED, grouped(3, same="s")))[0].again


async def test_of_many_who_receive_at_once_each_gets_others(store):
    await send(store, CALLS, *(one(number) for number in range(30)))
    taken = await asyncio.gather(*(take(store, CALLS, 1) for _ in range(40)))
    assert sorted(len(each) for each in taken) == [0] * 10 + [1] * 30
    assert len({message.id for each in taken for message in each}) == 30


async def test_of_many_who_receive_a_group_at_once_one_gets_it(store):
    await send(store, ORDERED, *(grouped(number) for number in range(3)))
    taken = await asyncio.gather(*(take(store, ORDERED, 2) for _ in range(5)))
    numbers = [message.id for each in taken for message in each]
    assert numbers == sorted(set(numbers))
    assert numbers[:2] == ["id-0", "id-1"]


async def test_of_many_who_send_the_same_at_once_one_is_kept(store):
    sent = await asyncio.gather(
        *(send(store, ORDERED, grouped(number, same="s")) for number in range(20))
    )
    assert sum(not each.again for (each,) in sent) == 1
    assert len({each.number for (each,) in sent}) == 1
    assert len(await ids(store, ORDERED)) == 1


async def test_messages_are_counted(store):
    assert await store.counts("calls", now=NOW) == Counts()
    await send(store, CALLS, *(one(number) for number in range(5)))
    await send(store, CALLS, one(9, delay=100.0), now=NOW + 1)
    await take(store, CALLS, 2)
    assert await store.counts("calls", now=NOW + 1) == Counts(3, 2, 1, NOW)
    assert await store.counts("calls", now=NOW + 500) == Counts(6, 0, 0, NOW)


async def test_dead_letters_are_moved_back_as_if_they_were_new(store):
    queue = CALLS._replace(max_receives=1)
    other = queue._replace(name="other")
    await send(store, queue, one(1), one(2))
    await send(store, other, one(3))
    await send(store, DEAD, one(4))
    for each in (queue, other):
        await take(store, each)
        await take(store, each, now=NOW + 60)
    assert await store.sources("dead") == {"calls": 2, "other": 1}
    assert await store.move("dead", "calls", source="calls", most=1, now=NOW + 70) == 1
    assert await store.move("dead", "calls", source="calls", most=9, now=NOW + 70) == 1
    back = await take(store, queue, now=NOW + 71)
    assert [(each.id, each.sent, each.receives, each.source) for each in back] == [
        ("id-1", NOW + 70, 1, ""),
        ("id-2", NOW + 70, 1, ""),
    ]
    assert await store.move("dead", "other", source=None, most=9, now=NOW + 72) == 2
    assert await store.sources("dead") == {}


async def test_what_somebody_has_received_is_not_moved(store):
    await send(store, DEAD, one(1))
    await take(store, DEAD)
    assert await store.move("dead", "calls", source=None, most=9, now=NOW + 1) == 0
    assert await store.move("dead", "calls", source=None, most=9, now=NOW + 30) == 1


async def test_a_queue_is_emptied_of_what_was_sent_before(store):
    await send(store, CALLS, *(one(number) for number in range(5)))
    await send(store, CALLS, one(9), now=NOW + 2)
    await send(store, DEAD, one(8))
    await take(store, CALLS, 2)
    assert await store.forget("calls", NOW + 1, most=3) == 3
    assert await store.forget("calls", NOW + 1, most=3) == 2
    assert await ids(store, CALLS, now=NOW + 99) == ["id-9"]
    assert await ids(store, DEAD) == ["id-8"]


async def test_a_queue_that_is_gone_knows_nothing(store):
    await send(store, ORDERED, grouped(1, same="s"))
    assert await store.forget(ORDERED.name, inf, most=9) == 1
    assert not (await send(store, ORDERED, grouped(2, same="s")))[0].again


async def test_what_has_returned_survives_a_crash(opened):
    if isinstance(opened.store, MemoryQueues):
        pytest.skip("gone with the process")
    await send(opened.store, ORDERED, grouped(1), grouped(2), grouped(3, "b"))
    first, *_ = await take(opened.store, ORDERED, 1)
    await opened.crash()
    assert await opened.store.delete(ORDERED, [first.receipt], now=NOW) == [True]
    assert (await send(opened.store, ORDERED, grouped(9, same="1")))[0].again
    await opened.crash()
    assert await ids(opened.store, ORDERED) == ["id-2", "id-3"]


async def test_what_is_postponed_is_hidden_for_so_long_and_has_other_attributes(store):
    await send(store, CALLS, one(1, attributes=b"old"))
    (message,) = await take(store, CALLS)
    postponed = {"attributes": b"new", "visibility": 100.0}
    assert await store.postpone(CALLS, message.receipt, now=NOW + 5, **postponed)
    assert await ids(store, CALLS, now=NOW + 104) == []
    (again,) = await take(store, CALLS, now=NOW + 105)
    assert (again.id, again.body, again.attributes) == (message.id, message.body, b"new")
    assert not await store.postpone(CALLS, message.receipt, now=NOW + 106, **postponed)
    assert await store.delete(CALLS, [again.receipt], now=NOW + 107) == [True]
    assert not await store.postpone(CALLS, again.receipt, now=NOW + 108, **postponed)


async def test_what_is_postponed_stays_so_after_a_crash(opened):
    await send(opened.store, CALLS, one(1))
    (message,) = await take(opened.store, CALLS)
    await opened.store.postpone(
        CALLS, message.receipt, attributes=b"new", visibility=100.0, now=NOW
    )
    await opened.crash()
    assert await ids(opened.store, CALLS, now=NOW + 99) == []
    (again,) = await take(opened.store, CALLS, now=NOW + 100)
    assert again.attributes == b"new"


async def test_queues_with_messages_are_listed_by_how_their_names_begin(store):
    for name in ("a/one", "a/two", "a", "b/one", "a/%"):
        await send(store, Queue(name), one(1), one(2))
    assert sorted(await store.names("a/")) == ["a/%", "a/one", "a/two"]
    await store.forget("a/one", inf, most=10)
    assert sorted(await store.names("a/")) == ["a/%", "a/two"]
    assert sorted(await store.names("c")) == []


async def test_to_peek_shows_everything_and_changes_nothing(store):
    await send(store, CALLS, one(1, attributes=b'{"a":1}'), one(2), one(3, delay=9.0))
    (taken,) = await take(store, CALLS, 1)
    seen = await store.peek("calls", after=0, most=10)
    assert [each.message.id for each in seen] == ["id-1", "id-2", "id-3"]
    assert [each.visible for each in seen] == [NOW + 60, NOW, NOW + 9]
    assert seen[0].message == taken
    assert seen[1].message.receives == 0
    assert await store.peek("calls", after=0, most=10) == seen
    after = seen[0].message.receipt.number
    assert await store.peek("calls", after=after, most=1) == [seen[1]]
    assert await store.peek("dead", after=0, most=10) == []
    assert await ids(store, CALLS) == ["id-2"]
    assert await store.delete(CALLS, [taken.receipt], now=NOW) == [True]


async def test_messages_are_dropped_by_number_received_or_not(store):
    sent = await send(store, CALLS, *(one(number) for number in range(3)))
    await take(store, CALLS, 1)
    numbers = [each.number for each in sent[:2]]
    assert await store.drop("dead", numbers) == 0
    assert await store.drop("calls", [*numbers, 10**9]) == 2
    assert await store.drop("calls", numbers) == 0
    assert await ids(store, CALLS) == ["id-2"]


async def test_some_messages_are_moved_and_no_others(store):
    sent = await send(store, CALLS, *(one(number) for number in range(4)))
    await take(store, CALLS, 1)
    numbers = [sent[0].number, sent[2].number]
    moved = await store.move("calls", "dead", source=None, most=9, now=NOW, numbers=numbers)
    assert moved == 1  # the first one is hidden
    assert await ids(store, DEAD) == ["id-2"]
    assert await store.move("calls", "dead", source=None, most=9, now=NOW, numbers=[]) == 0
