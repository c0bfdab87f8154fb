"""Work beside the event loop: the loop goes on, the collector rests, large things are freed in pieces."""

import asyncio
import gc
import sys
import threading
import weakref

import pytest

from frontdesk.app import compile_offline
from frontdesk.app.background import aside, let_go
from frontdesk.config.load import load
from frontdesk.gateway.pipeline.plan import RoutePlan
from tests.live.gateways import project


async def test_the_loop_goes_on_while_work_is_done_and_the_collector_rests():
    ticks = []

    async def tick():
        while True:
            ticks.append(1)
            await asyncio.sleep(0)

    ticking = asyncio.ensure_future(tick())
    interval, seen = sys.getswitchinterval(), []

    def work():
        seen.append((gc.isenabled(), sys.getswitchinterval() < interval))
        before = len(ticks)
        while len(ticks) < before + 10:
            pass
        return "done"

    gc.enable()
    assert await aside(work) == "done"
    ticking.cancel()
    assert seen == [(False, True)]
    assert gc.isenabled()
    assert sys.getswitchinterval() == interval


async def test_what_the_work_raises_is_raised_and_everything_is_as_before():
    interval = sys.getswitchinterval()
    with pytest.raises(ZeroDivisionError):
        await aside(lambda: 1 // 0)
    assert gc.isenabled()
    assert sys.getswitchinterval() == interval


async def test_works_beside_each_other_leave_everything_as_it_was():
    interval, last = sys.getswitchinterval(), threading.Event()
    gc.enable()
    first, second = (asyncio.ensure_future(aside(work)) for work in (lambda: None, last.wait))
    await first
    assert not gc.isenabled()
    last.set()
    await second
    assert gc.isenabled()
    assert sys.getswitchinterval() == interval


def is_looked_at(whole):
    """Whether the collector looks at an object; it does not look at frozen ones."""
    return any(each is whole for each in gc.get_objects())


async def test_the_collector_does_not_look_at_what_the_work_has_made():
    try:
        assert not is_looked_at(await aside(lambda: [[]]))
        assert is_looked_at([[]])
    finally:
        gc.unfreeze()


def plans():
    return sum(type(each) is RoutePlan for each in gc.get_objects())


def test_a_plan_that_is_let_go_is_free_without_the_collector(tmp_path):
    routes = "".join(f"      GET /r{n}/{{id}}: {{mock: {{}}}}\n" for n in range(20))
    loaded = load([project(tmp_path, f"apis:\n  a:\n    routes:\n{routes}")], {})
    gc.collect()
    gc.disable()
    try:
        before, config = plans(), weakref.ref(loaded.config)
        plan = compile_offline(loaded)
        assert plans() > before + 20
        wholes = [plan, loaded]
        del plan, loaded
        let_go(wholes)
        assert wholes == []
        assert plans() == before
        assert config() is None
    finally:
        gc.enable()
