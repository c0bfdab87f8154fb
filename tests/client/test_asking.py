"""One request as something to await."""

import asyncio

import pytest

from frontdesk.base.errors import UpstreamError
from frontdesk.client.asking import Asked


def asked(most=100):
    return Asked("GET", b"GET / HTTP/1.1\r\n", b"", most)


async def send(upstream, call):
    upstream.send(call)
    try:
        return await call.answered
    finally:
        call.cancel()


async def test_an_answer_that_comes_in_parts_is_told_whole(upstream, backend):
    asking = asyncio.create_task(send(upstream, asked()))
    peer = await backend.peer()
    await peer.head()
    await peer.send(b"HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\nabc")
    await peer.send(b"def")
    assert (await asking)[::2] == (200, b"abcdef")


@pytest.mark.parametrize("length", [5, 6, 7, 100])
@pytest.mark.parametrize("parts", [1, 2], ids=["at once", "in parts"])
async def test_one_byte_more_than_wanted_is_told(upstream, backend, length, parts):
    asking = asyncio.create_task(send(upstream, asked(most=5)))
    peer = await backend.peer()
    await peer.head()
    head = b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % length
    if parts == 1:
        await peer.send(head + bytes(length))
    else:
        await peer.send(head)
        await peer.send(bytes(length))
    assert len((await asking).body) == min(length, 6)


async def test_an_answer_that_breaks_off_is_none(upstream, backend):
    asking = asyncio.create_task(send(upstream, asked()))
    peer = await backend.peer()
    await peer.head()
    await peer.send(b"HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\nabc")
    peer.reset()
    with pytest.raises(UpstreamError, match="breaks off") as caught:
        await asking
    assert (caught.value.reason, caught.value.sent) == ("closed", True)


async def test_whoever_waits_no_more_closes_the_connection(upstream, backend):
    asking = asyncio.create_task(send(upstream, asked()))
    peer = await backend.peer()
    await peer.head()
    asking.cancel()
    assert await peer.ended() == b""


async def test_what_has_taken_too_long_fails_once(upstream, backend):
    call = asked()
    asking = asyncio.create_task(send(upstream, call))
    peer = await backend.peer()
    await peer.head()
    call.expire()
    call.expire()
    with pytest.raises(UpstreamError) as caught:
        await asking
    assert caught.value.reason == "timeout"
    assert await peer.ended() == b""


async def test_a_body_that_is_handed_over_outlives_the_call(upstream, backend):
    asking = asyncio.create_task(send(upstream, asked(most=None)))
    peer = await backend.peer()
    await peer.head()
    await peer.send(b"HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\n")
    body = (await asking).body
    assert body.length == 3
    body.cancel()
    assert await peer.ended() == b""
