"""What is kept for places that are called now and then."""

import asyncio
import threading

import pytest

from frontdesk.client.origins import Origins


class Place:
    def __init__(self, key):
        self.key = key
        self.thread = threading.current_thread()
        self.retired = self.closed = 0

    def retire(self):
        self.retired += 1

    def close(self):
        self.closed += 1


async def test_each_is_made_once_and_in_a_thread():
    origins = Origins(Place)
    places = await asyncio.gather(*[origins.get(key) for key in "aabab"])
    assert [place.key for place in places] == list("aabab")
    assert len(set(places)) == 2
    assert places[0].thread is not threading.current_thread()


async def test_the_one_used_longest_ago_retires():
    origins = Origins(Place, most=2)
    a, b = await origins.get("a"), await origins.get("b")
    assert origins.found("a") is a
    await origins.get("c")
    assert (a.retired, b.retired) == (0, 1)
    assert [key for key, _ in origins.each()] == ["a", "c"]
    assert await origins.get("b") is not b


async def test_one_that_cannot_be_made_is_tried_again():
    fails = [True]

    def make(key):
        if fails.pop():
            fails.append(False)
            raise ValueError(key)
        return Place(key)

    origins = Origins(make)
    with pytest.raises(ValueError, match="a"):
        await origins.get("a")
    assert (await origins.get("a")).key == "a"


async def test_closing_closes_all():
    origins = Origins(Place)
    a = await origins.get("a")
    origins.close()
    assert a.closed == 1
    assert origins.found("a") is None
