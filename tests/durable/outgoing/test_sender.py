"""Sending: when, how often, how many at once, and who is told."""

import asyncio
import json

import pytest

from frontdesk.base.errors import StoreError
from frontdesk.durable.outgoing.sender import LEASED
from frontdesk.ports.deliveries import Held
from tests.durable.outgoing.playing import NOW, world
from tests.live.receivers import OK, Receiver, answer, hang

FAILS = answer(500)


@pytest.fixture
async def play():
    async with world() as made:
        yield made


async def test_what_is_published_is_sent_at_once_and_is_done_with(play):
    async with Receiver() as receiver:
        await play.add(receiver.url)
        play.send()
        message = await play.publish({"n": 1})
        await play.until_states("delivered")
    (attempt,) = await play.attempts(message)
    assert (attempt.number, attempt.status, attempt.error, attempt.at) == (1, 204, "", NOW)
    assert play.counted("frontdesk_outgoing_webhook_attempts_total", "delivered") == 1


async def test_failures_are_tried_again_by_the_schedule_and_then_given_up(play):
    async with Receiver(usually=FAILS) as receiver:
        endpoint, _ = await play.add(receiver.url)
        play.send(schedule=(5.0, 300.0), queue="ops", function="on_event:live")
        message = await play.publish()
        for count, wait in enumerate((5.0, 300.0), start=1):
            await play.until_attempts(message, count)
            await play.until_states("waiting")
            await play.pass_time(wait - 0.1)
            assert await play.store.ready(now=play.clock.now) == []
            await play.pass_time(0.1)
        attempts = await play.until_attempts(message, 3)
        await play.until_states("exhausted")
        stamps = [request.headers["webhook-timestamp"] for request in receiver.received]
    assert [attempt.at - NOW for attempt in attempts] == pytest.approx([0.0, 5.0, 305.0])
    assert stamps == [str(int(NOW + wait)) for wait in (0, 5, 305)]
    assert len({request.headers["webhook-id"] for request in receiver.received}) == 1
    event = {
        "type": "message.attempt.exhausted",
        "at": NOW + 305,
        "data": {
            "application": "acme",
            "endpoint": endpoint.id,
            "message_id": message,
            "message_type": "order.paid",
            "attempts": 3,
            "error": "status 500",
        },
    }

    async def both_are_told():
        return len(play.told) == 2

    await play.until(both_are_told)
    (queue, to_queue), (function, qualifier, to_function) = play.told
    assert (queue, function, qualifier) == ("ops", "on_event", "live")
    assert json.loads(to_queue) == json.loads(to_function) == event
    name = "frontdesk_outgoing_webhook_events_total"
    assert play.counted(name, "message.attempt.exhausted") == 1


@pytest.mark.parametrize("status", [429, 503])
async def test_retry_after_pauses_the_endpoint_and_not_the_delivery_alone(play, status):
    async with Receiver(answer(status, "Retry-After: 120")) as receiver:
        await play.add(receiver.url)
        play.send()
        await play.publish({"n": 1})
        await play.until_states("waiting")
        await play.until_attempts((await play.store.messages("acme", most=1)).entries[0].id, 1)
        await play.publish({"n": 2})
        await play.pass_time(119)
        assert await play.store.ready(now=play.clock.now) == []
        await play.pass_time(1)
        await play.until_states("delivered", "delivered")
        assert len(receiver.received) == 3


async def test_an_endpoint_that_is_gone_is_disabled_and_the_operator_is_told(play):
    async with Receiver(answer(410)) as receiver:
        endpoint, _ = await play.add(receiver.url)
        play.send(queue="ops")
        await play.publish()
        await play.until_states("exhausted")
        await play.publish()
        assert await play.states() == ["exhausted", "skipped"]
    assert (await play.webhooks.endpoint("acme", endpoint.id)).health.disabled == "gone"

    async def told():
        return len(play.told) == 2

    await play.until(told)
    kinds = [json.loads(event) for _, event in play.told]
    assert [each["type"] for each in kinds] == ["message.attempt.exhausted", "endpoint.disabled"]
    assert kinds[1]["data"]["reason"] == "gone"


async def test_an_endpoint_that_fails_for_days_is_disabled(play):
    async with Receiver(usually=FAILS) as receiver:
        endpoint, _ = await play.add(receiver.url)
        play.send(schedule=(100_000.0,) * 9)
        message = await play.publish()
        for count in range(1, 7):
            await play.until_attempts(message, count)
            await play.pass_time(100_000)
        kept = await play.webhooks.endpoint("acme", endpoint.id)
    assert kept.health.disabled == "failing"
    assert await play.states() == ["skipped"]


async def test_an_endpoint_that_hangs_holds_nobody_up(play):
    async with Receiver(usually=hang) as slow, Receiver() as quick:
        await play.add(slow.url, types=["slow"])
        await play.add(quick.url, types=["quick"], concurrency=3)
        play.send()
        for _ in range(40):
            await play.publish(type="slow")
        for _ in range(40):
            await play.publish(type="quick")
        await quick.until(40)
        assert len(slow.received) <= 10  # its concurrency
        assert quick.connections <= 3


async def test_an_endpoint_that_takes_long_has_its_next_turn_after_others():
    order = []
    async with world(at_once=1) as play:

        async def slow(_reader, writer):
            order.append("slow")
            play.clock.now += 5
            writer.write(OK)

        async def quick(_reader, writer):
            order.append("quick")
            writer.write(OK)

        async with Receiver(usually=slow) as one, Receiver(usually=quick) as other:
            await play.add(one.url)
            await play.add(other.url)
            for _ in range(3):
                await play.publish()
            play.send()
            await play.until_states(*["delivered"] * 6)
    assert order[-2:] == ["slow", "slow"]


async def test_a_broken_endpoint_is_left_alone_and_what_waits_for_it_is_not_counted(play):
    async with Receiver(usually=FAILS) as receiver:
        endpoint, _ = await play.add(receiver.url, concurrency=1)
        play.send(schedule=(1000.0,))
        messages = [await play.publish({"n": n}) for n in range(12)]
        await receiver.until(10)
        await play.until_attempts(messages[9], 1)
        kept = await play.webhooks.endpoint("acme", endpoint.id)
        assert kept.health.paused == NOW + 60
        assert play.counted("frontdesk_outgoing_webhook_attempts_total", "postponed") == 0
        await play.pass_time(59)
        assert await play.store.ready(now=play.clock.now) == []
        receiver.usually = answer(200)
        await play.pass_time(1)
        await receiver.until(12)
        await play.until_attempts(messages[11], 1)
    tries = [len(await play.attempts(message)) for message in messages]
    assert tries == [1] * 12
    assert (await play.states())[10:] == ["delivered", "delivered"]


async def test_an_endpoint_that_is_enabled_is_sent_to_at_once(play):
    async with Receiver(usually=FAILS) as receiver:
        endpoint, _ = await play.add(receiver.url, concurrency=1)
        play.send(schedule=(1000.0,))
        messages = [await play.publish({"n": n}) for n in range(10)]
        await play.until_attempts(messages[9], 1)
        receiver.usually = answer(200)
        await play.webhooks.switch("acme", endpoint.id, on=False)
        await play.webhooks.switch("acme", endpoint.id, on=True)
        last = await play.publish({"n": 10})
        assert len(await play.until_attempts(last, 1)) == 1


async def test_without_the_master_key_messages_wait_and_no_attempt_is_counted(play, caplog):
    async with Receiver() as receiver:
        await play.add(receiver.url)
        play.lose_key()
        play.send()
        message = await play.publish()
        async with asyncio.timeout(10):
            while not caplog.records:  # noqa: ASYNC110 - nobody tells of what happens in between
                await asyncio.sleep(0.002)
        assert "another master key" in caplog.records[0].error
        assert await play.attempts(message) == []
        play.find_key()
        await play.pass_time(61)
        await play.until_states("delivered")


async def test_probes_find_out_and_the_others_wait(play):
    async with Receiver(usually=FAILS) as receiver:
        await play.add(receiver.url, concurrency=10)
        play.send(schedule=(1000.0,))
        for n in range(10):
            await play.publish({"n": n})
        await receiver.until(10)
        await play.until_states(*["waiting"] * 10)
        receiver.usually = hang
        for n in range(10):
            await play.publish({"m": n})
        await play.pass_time(60)
        await receiver.until(15)

        async def five_wait():
            return (await play.states()).count("sending") == 5

        await play.until(five_wait)
        assert play.counted("frontdesk_outgoing_webhook_attempts_total", "postponed") >= 5
        assert len(receiver.received) == 15


async def test_nothing_is_sent_without_settings_and_all_is_with_them(play):
    async with Receiver() as receiver:
        await play.add(receiver.url)
        await play.publish()
        play.sender.adopt(None)
        await asyncio.sleep(0)
        assert await play.states() == ["waiting"]
        play.send()
        await play.until_states("delivered")


async def test_who_stops_lets_attempts_end_and_gives_back_the_others(play):
    async with Receiver(usually=hang) as receiver:
        await play.add(receiver.url)
        play.send()
        await play.publish()
        await receiver.until(1)
        await play.sender.stop(0.01)
    assert await play.states() == ["waiting"]
    (turn,) = await play.store.lease(
        {(await play.store.endpoints("acme", most=1))[0].endpoint.id: 1}, now=NOW, until=NOW + 1
    )
    assert (turn.tries, turn.number) == (0, 1)


async def test_what_somebody_else_has_taken_over_is_not_settled_twice(play):
    async with Receiver(hang) as receiver:
        endpoint, _ = await play.add(receiver.url)
        play.send()
        message = await play.publish()
        await receiver.until(1)
        await play.store.lease({endpoint.id: 1}, now=NOW + 999, until=NOW + 9999)
        held = Held(next(iter(play.store._records)), 1)
        assert not await play.store.put_back(held, due=NOW)
    assert await play.attempts(message) == []


async def test_what_is_under_way_is_kept_from_others_for_as_long_as_it_takes(play):
    async with Receiver(usually=hang) as receiver:
        endpoint, _ = await play.add(receiver.url)
        play.send()
        await play.publish()
        await receiver.until(1)
        for _ in range(5):
            await play.pass_time(4)

            async def is_kept():
                (record,) = play.store._records.values()
                return record.due == play.clock.now + LEASED

            await play.until(is_kept)
            assert await play.store.lease({endpoint.id: 1}, now=play.clock.now, until=NOW) == []
        assert len(receiver.received) == 1


class Failing:
    """A store of which one method fails once."""

    def __init__(self, store, method):
        self._store = store
        self._method = method
        self.failed = False

    def __getattr__(self, name):
        if name != self._method or self.failed:
            return getattr(self._store, name)
        self.failed = True

        async def fail(*_, **__):
            raise StoreError("the disk is full")

        return fail


async def test_an_attempt_that_cannot_be_written_down_is_made_again(play):
    play.sender._store = Failing(play.store, "settle")
    async with Receiver() as receiver:
        await play.add(receiver.url)
        play.send()
        message = await play.publish()
        await receiver.until(1)
        assert await play.attempts(message) == []
        while play.sender._attempts:  # noqa: ASYNC110 - nobody tells of its end
            await asyncio.sleep(0.002)
        await play.pass_time(LEASED)
        await play.until_states("delivered")
        assert len(receiver.received) == 2


@pytest.mark.parametrize("method", ["ready", "lease"])
async def test_a_store_that_fails_for_a_moment_only_costs_time(play, method):
    play.sender._store = Failing(play.store, method)
    async with Receiver() as receiver:
        await play.add(receiver.url)
        play.send()
        await play.publish()
        while not play.sender._store.failed:  # noqa: ASYNC110 - nobody tells of it
            await asyncio.sleep(0.002)
        play.sender.look()
        await play.until_states("delivered")
