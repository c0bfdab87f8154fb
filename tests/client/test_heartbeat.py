"""The heartbeat turns the wheel exactly while there is something to time."""

import asyncio

import pytest

from frontdesk.base.clock import SystemClock
from frontdesk.base.wheel import TICK, Wheel
from frontdesk.client.heartbeat import Heartbeat


class Beats:
    """Counts the timers that are asked of the running loop; uvloop's methods cannot be replaced."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.armed = 0
        loop = asyncio.get_running_loop()
        call_later = loop.call_later

        def counted(*args, **kwargs):
            self.armed += 1
            return call_later(*args, **kwargs)

        monkeypatch.setattr(loop, "call_later", counted)


def new_wheel() -> Wheel:
    return Wheel(SystemClock.monotonic())


async def test_a_timer_fires_by_itself():
    wheel = new_wheel()
    heart = Heartbeat(wheel, SystemClock())
    heart.start()
    fired = asyncio.Event()
    wheel.timer(fired.set).at(SystemClock.monotonic() + TICK)
    await asyncio.wait_for(fired.wait(), 10)
    heart.close()


async def test_timers_filed_before_it_was_made_fire_too():
    wheel = new_wheel()
    fired = asyncio.Event()
    wheel.timer(fired.set).at(SystemClock.monotonic())
    heart = Heartbeat(wheel, SystemClock())
    heart.start()
    await asyncio.wait_for(fired.wait(), 10)
    heart.close()


async def test_an_empty_wheel_is_not_turned(monkeypatch: pytest.MonkeyPatch):
    beats = Beats(monkeypatch)
    wheel = new_wheel()
    heart = Heartbeat(wheel, SystemClock())
    heart.start()
    assert beats.armed == 0
    fired = asyncio.Event()
    wheel.timer(fired.set).at(SystemClock.monotonic())
    await fired.wait()
    assert len(wheel) == 0
    assert heart._next is None


async def test_many_timers_share_one_beat(monkeypatch: pytest.MonkeyPatch):
    beats = Beats(monkeypatch)
    wheel = new_wheel()
    heart = Heartbeat(wheel, SystemClock())
    heart.start()
    for _ in range(100):
        wheel.timer(lambda: None).at(SystemClock.monotonic() + 60)
    assert beats.armed == 1
    heart.close()


async def test_a_callback_that_raises_does_not_stop_the_others():
    loop = asyncio.get_running_loop()
    failures: list[object] = []
    loop.set_exception_handler(lambda _loop, context: failures.append(context["exception"]))
    wheel = new_wheel()
    heart = Heartbeat(wheel, SystemClock())
    heart.start()
    now = SystemClock.monotonic()
    fired = asyncio.Event()
    wheel.timer(lambda: 1 // 0).at(now)
    wheel.timer(fired.set).at(now + 3 * TICK)
    await asyncio.wait_for(fired.wait(), 10)
    heart.close()
    assert [type(failure) for failure in failures] == [ZeroDivisionError]


async def test_nothing_fires_after_close():
    wheel = new_wheel()
    heart = Heartbeat(wheel, SystemClock())
    heart.start()
    wheel.timer(lambda: pytest.fail("fired")).at(SystemClock.monotonic())
    heart.close()
    wheel.timer(lambda: pytest.fail("fired")).at(SystemClock.monotonic())
    assert heart._next is None
