"""The gateway's end of a channel: descriptors that are closed may soon be somebody else's."""

import asyncio
import os

import pytest

from frontdesk.functions.channel import Channel


@pytest.fixture
def ended():
    return asyncio.Queue()


@pytest.fixture
async def channel(ended):
    return Channel(lambda _frame: None, ended.put_nowait)


@pytest.mark.parametrize("late", [Channel.pause, Channel.resume, lambda one: one.send(b"late")])
async def test_a_closed_channel_leaves_whoever_has_its_descriptors_alone(channel, late):
    theirs = channel.open()
    for end in theirs:
        os.close(end)
    channel.close()
    again = [os.pipe(), os.pipe()]  # with the same numbers
    readers = [read for read, _ in again]
    writers = [write for _, write in again]
    loop = asyncio.get_running_loop()
    for each in (*readers, *writers):
        loop.add_reader(each, lambda: None)
    late(channel)
    assert all(loop.remove_reader(each) for each in (*readers, *writers))
    for read in readers:
        os.set_blocking(read, False)
        with pytest.raises(BlockingIOError):
            os.read(read, 1)
    for each in (*readers, *writers):
        os.close(each)


async def test_what_a_pipe_does_not_take_at_once_comes_when_it_is_read(channel):
    orders, answers = channel.open()
    sent = bytes(range(256)) * 4096
    channel.send(sent)
    channel.send(b"end")
    taken = b""
    while not taken.endswith(b"end"):
        taken += await asyncio.to_thread(os.read, orders, 1 << 20)
    assert taken == sent + b"end"
    channel.close()
    os.close(orders)
    os.close(answers)


async def test_a_child_that_reads_no_more_is_heard_to_end(channel, ended):
    orders, answers = channel.open()
    os.close(orders)
    channel.send(b"x")
    assert ended.empty()
    os.close(answers)
    assert await ended.get() is False
    channel.close()
