"""Orders of a supervisor and what comes of them."""

import asyncio

import pytest

from frontdesk.base.errors import ConfigError, Finding, Position, StartError
from frontdesk.gateway.workers.orders import Obedience, Orders, WorkerLostError

FINDING = Finding("error", "kind", Position("f.yaml", 3, 5, "apis.a"), "is wrong", hint="mend it")


async def double(value):
    return 2 * value


async def unwilling(_value):
    raise StartError("no such thing", hint="make one")


async def unable(_value):
    raise ConfigError((FINDING,))


async def endless(_value):
    await asyncio.Event().wait()


HANDLERS = {"double": double, "unwilling": unwilling, "unable": unable, "endless": endless}


@pytest.fixture
async def orders(ends):
    orders = Orders(ends.supervisor)
    obedience = Obedience(ends.worker, HANDLERS)
    await ends.connect()
    obeying = asyncio.create_task(obedience.obey())
    yield orders
    obeying.cancel()


async def test_each_order_gets_its_own_answer(orders):
    given = [orders.give("double", number) for number in range(50)]
    assert await asyncio.gather(*given) == [2 * number for number in range(50)]


async def test_a_refusal_comes_as_the_error_that_it_was(orders):
    with pytest.raises(StartError, match="no such thing") as raised:
        await orders.give("unwilling")
    assert raised.value.hint == "make one"
    with pytest.raises(ConfigError) as raised:
        await orders.give("unable")
    assert raised.value.findings == (FINDING,)
    assert await orders.give("double", 4) == 8


async def test_an_order_that_is_only_told_is_carried_out_before_the_next(orders):
    orders.tell("double", 1)
    orders.tell("unwilling")
    assert await orders.give("double", 2) == 4


async def test_a_worker_that_has_gone_answers_nothing(orders, ends):
    waiting = asyncio.ensure_future(orders.give("endless"))
    await asyncio.sleep(0)
    ends.worker.close()
    with pytest.raises(WorkerLostError):
        await waiting
    with pytest.raises(WorkerLostError):
        await orders.give("double", 1)
