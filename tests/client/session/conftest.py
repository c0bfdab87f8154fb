"""Clients on a clock that stands still, and what they tell of their retries."""

import asyncio
import logging

import pytest

from frontdesk.client import Client, World


class Retries(logging.Handler):
    """Keeps the lines about attempts that are followed by another one."""

    def __init__(self):
        super().__init__(logging.WARNING)
        self.lines = []

    def emit(self, record):
        if record.levelno == logging.WARNING:
            self.lines.append(record.getMessage())


@pytest.fixture
def retries():
    handler, logger = Retries(), logging.getLogger("frontdesk.client")
    logger.addHandler(handler)
    yield handler.lines
    logger.removeHandler(handler)


@pytest.fixture
async def client(clock):
    """Make a client whose waits last until the test passes the time."""
    made = []

    def make(url="", **settings):
        world = World(clock, lambda: 0.5, clock.wheel)
        made.append(Client(url, world=world, **settings))
        return made[-1]

    yield make
    for each in made:
        await each.close()


@pytest.fixture
def after_retries(retries, until, clock):
    """Wait for a call, passing `seconds` after each attempt that is followed by another one."""

    async def after_retries(call, *waits):
        task = asyncio.ensure_future(call)
        for at, seconds in enumerate(waits):
            await until(lambda at=at: len(retries) > at or task.done())
            clock.pass_time(seconds)
        async with asyncio.timeout(10):
            return await task

    return after_retries
