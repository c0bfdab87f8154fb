"""Queues that several gateways share by one PostgreSQL."""

import asyncio

import pytest

from frontdesk.config.secrets import Secret
from frontdesk.ports.queue import Outgoing, Queue
from frontdesk.stores.postgres.database import Database
from frontdesk.stores.postgres.queue import PostgresQueues
from tests.live.servers import emptied, postgres_url

NOW = 1_700_000_000.0
CALLS = Queue("calls")
LINE = Queue("line", fifo=True)


@pytest.fixture
async def gateways():
    async with emptied(postgres_url()) as first:
        others = [Database(Secret(postgres_url())) for _ in range(3)]
        yield [PostgresQueues(database) for database in (first, *others)]
        for database in others:
            database.close()


async def test_each_message_is_given_to_one_gateway(gateways):
    messages = [Outgoing(f"{number:03}", b"m") for number in range(200)]
    await gateways[0].send(CALLS, messages, now=NOW)

    async def all_of(store):
        found = []
        while (received := await store.receive(CALLS, most=3, now=NOW)).messages:
            found += [message.id for message in received.messages]
        return found

    taken = await asyncio.gather(*map(all_of, gateways))
    assert sorted(id_ for found in taken for id_ in found) == [each.id for each in messages]


async def test_a_group_is_with_one_gateway_at_a_time_and_in_order(gateways):
    messages = [
        Outgoing(f"{group}{number:02}", b"m", b"", group, f"{group}{number}")
        for number in range(20)
        for group in "ab"
    ]
    await gateways[0].send(LINE, messages, now=NOW)
    done = {"a": [], "b": []}
    at_work = set()

    async def work_off(store):
        while sum(map(len, done.values())) < len(messages):
            received = await store.receive(LINE, most=2, now=NOW)
            groups = {message.group for message in received.messages}
            assert not groups & at_work
            at_work.update(groups)
            for message in received.messages:
                done[message.group].append(message.id)
            at_work.difference_update(groups)
            await store.delete(LINE, [message.receipt for message in received.messages], now=NOW)

    await asyncio.gather(*map(work_off, gateways))
    assert all(found == sorted(found) for found in done.values())
    assert sum(map(len, done.values())) == len(messages)


async def test_of_two_gateways_that_send_the_same_one_does(gateways):
    def one(number):
        return [Outgoing(f"id-{number}", b"m", b"", "g", "same")]

    sent = await asyncio.gather(
        *(store.send(LINE, one(number), now=NOW) for number, store in enumerate(gateways))
    )
    assert sum(not each.again for (each,) in sent) == 1
    assert len({each.id for (each,) in sent}) == 1
