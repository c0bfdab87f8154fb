"""Two ends of a channel on one event loop."""

import asyncio
import socket

import pytest

from frontdesk.gateway.workers.channel import Channel


class Ends:
    """supervisor, worker: channels; who takes frames is told before `connect`."""

    def __init__(self):
        self.supervisor, self.worker = Channel(), Channel()

    async def connect(self):
        for end, channel in zip(socket.socketpair(), (self.supervisor, self.worker), strict=True):
            end.setblocking(False)
            await channel.open(end)

    async def close(self):
        for channel in (self.supervisor, self.worker):
            channel.close()
            await asyncio.wait_for(channel.lost, 20)


@pytest.fixture
async def ends():
    ends = Ends()
    yield ends
    await ends.close()
