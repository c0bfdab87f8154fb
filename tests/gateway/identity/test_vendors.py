"""What vendors publish: fetched once for all who wait, kept for a day, and not asked for without end."""

import asyncio

import pytest

from frontdesk.base.errors import UpstreamError
from frontdesk.gateway.identity.fetch import Fetched
from frontdesk.gateway.identity.vendors import KEPT, Vendors


class Clock:
    now = 1000.0

    def monotonic(self):
        return self.now


class Web:
    """Answers when it is let to."""

    def __init__(self):
        self.asked = []
        self.answer = Fetched(200, {}, b"PEM")
        self.go_on = asyncio.Event()
        self.go_on.set()

    async def get(self, url, seconds, public):
        self.asked.append(url)
        assert public
        assert seconds <= 5
        await self.go_on.wait()
        if isinstance(self.answer, Exception):
            raise self.answer
        return self.answer


@pytest.fixture
async def web():
    return Web()


@pytest.fixture
async def vendors(web):
    return Vendors(Clock(), web.get)


async def test_a_certificate_is_kept_for_a_day(vendors, web):
    for ahead, asked in ((0, 1), (KEPT - 1, 1), (1, 2)):
        vendors._clock.now += ahead
        assert await vendors.certificate("u") == b"PEM"
        assert len(web.asked) == asked


async def test_who_waits_for_the_same_gets_the_same_and_may_leave(vendors, web):
    web.go_on.clear()
    first, second = (asyncio.create_task(vendors.certificate("u")) for _ in range(2))
    await asyncio.sleep(0)
    first.cancel()
    with pytest.raises(asyncio.CancelledError):
        await first
    web.go_on.set()
    assert await second == b"PEM"
    assert web.asked == ["u"]


@pytest.mark.parametrize(
    "answer", [UpstreamError("connect", "nobody"), Fetched(404)], ids=["nobody", "not there"]
)
async def test_what_could_not_be_had_is_asked_for_again_after_a_while(vendors, web, answer):
    good, web.answer = web.answer, answer
    for _ in range(2):
        with pytest.raises(UpstreamError):
            await vendors.certificate("u")
    assert len(web.asked) == 1
    web.answer = good
    vendors._clock.now += 10
    assert await vendors.certificate("u") == b"PEM"


async def test_nobody_can_have_it_ask_for_more_and_more(vendors, web):
    web.go_on.clear()
    waiting = [asyncio.create_task(vendors.certificate(f"u{number}")) for number in range(20)]
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    assert len(web.asked) == 8
    web.go_on.set()
    results = await asyncio.gather(*waiting, return_exceptions=True)
    assert sum(result == b"PEM" for result in results) == 8


async def test_a_failure_that_nobody_waits_for_is_no_fault(vendors, web):
    web.go_on.clear()
    web.answer = UpstreamError("connect", "nobody")
    task = asyncio.create_task(vendors.certificate("u"))
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    task.cancel()
    web.go_on.set()
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    assert not vendors._asked
