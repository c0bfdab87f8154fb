"""A record of results, in memory or on each store."""

import pytest

from frontdesk.records import Records, UserContext
from tests.live.records import ADAPTERS

ADA = UserContext("ada", "", "acme", "192.0.2.1", "request-1")


class Clock:
    """Stands still until it is told."""

    def __init__(self):
        self.now = 1_773_342_238.125

    def time(self):
        return self.now

    def monotonic(self):
        return self.now


@pytest.fixture
def clock():
    return Clock()


EACH_STORE = pytest.mark.parametrize("store", ADAPTERS, indirect=True)
"""Marks what has to do with stores; all else is tested in memory."""


@pytest.fixture
async def store(request):
    async with ADAPTERS[getattr(request, "param", "memory")]() as opened:
        yield opened.store


@pytest.fixture
async def opened(store, clock):
    opened = Records(store, None, clock)
    yield opened
    await opened.close()


@pytest.fixture
def orders(opened):
    return opened.commands("orders")
