"""One connection: requests in one write, answers in one delivery, streams with back-pressure."""

import asyncio

import pytest

from frontdesk.base.streams import HIGH_WATER
from frontdesk.client import connection


async def test_a_request_without_body_is_head_host_and_blank_line(backend, upstream, ask):
    call = ask()
    upstream.send(call)
    peer = await backend.peer()
    assert await peer.head() == (
        b"GET /x HTTP/1.1\r\nA: b\r\nHost: 127.0.0.1:%d\r\n\r\n" % backend.port
    )
    await peer.answer(b"hello", b"X: y")
    await call.answered()
    assert (call.status, call.fields, call.body_came) == (200, [(b"X", b"y")], b"hello")
    assert call.address == f"127.0.0.1:{backend.port}"


@pytest.mark.parametrize(
    ("method", "body", "framing"),
    [
        ("POST", b"abc", b"Content-Length: 3\r\n\r\nabc"),
        ("POST", b"", b"Content-Length: 0\r\n\r\n"),
        ("GET", b"abc", b"Content-Length: 3\r\n\r\nabc"),
    ],
)
async def test_a_whole_body_leaves_with_its_length(backend, upstream, ask, method, body, framing):
    call = ask(method, body, has_host=True)
    upstream.send(call)
    peer = await backend.peer()
    expected = b"%b /x HTTP/1.1\r\nA: b\r\n%b" % (method.encode(), framing)
    assert await peer.reader.readexactly(len(expected)) == expected
    await peer.answer()
    await call.answered()


async def test_the_connection_serves_one_request_after_another(backend, upstream, ask):
    for _ in range(5):
        call = ask()
        upstream.send(call)
        if backend.connections == 0:
            peer = await backend.peer()
        await peer.head()
        await peer.answer()
        await call.answered()
    assert backend.connections == 1


SPENT = {
    "close": b"HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 2\r\n\r\nok",
    "http/1.0": b"HTTP/1.0 200 OK\r\nContent-Length: 2\r\n\r\nok",
    "surplus": b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nokHTTP/1.1 200 OK\r\n",
    "short patience": b"HTTP/1.1 200 OK\r\nKeep-Alive: timeout=1\r\nContent-Length: 2\r\n\r\nok",
}


@pytest.mark.parametrize("answer", SPENT.values(), ids=SPENT.keys())
async def test_a_spent_connection_is_closed_and_its_answer_delivered(
    backend, upstream, ask, answer
):
    call = ask()
    upstream.send(call)
    peer = await backend.peer()
    await peer.head()
    await peer.send(answer)
    await call.answered()
    assert call.body_came == b"ok"
    assert await peer.ended() == b""
    upstream.send(again := ask())
    second = await backend.peer()
    await second.head()
    await second.answer()
    await again.answered()


async def test_bytes_that_nobody_asked_for_end_an_idle_connection(backend, upstream, ask):
    call = ask()
    upstream.send(call)
    peer = await backend.peer()
    await peer.head()
    await peer.answer()
    await call.answered()
    await peer.send(b"HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\npoison")
    assert await peer.ended() == b""
    upstream.send(again := ask())
    second = await backend.peer()
    await second.head()
    await second.answer(b"clean")
    await again.answered()
    assert again.body_came == b"clean"


async def test_a_connection_is_replaced_after_its_last_request(backend, upstream, ask, monkeypatch):
    monkeypatch.setattr(connection, "MAX_REQUESTS", 2)
    for _ in range(2):
        call = ask()
        upstream.send(call)
        if backend.connections == 0:
            peer = await backend.peer()
        await peer.head()
        await peer.answer()
        await call.answered()
    assert await peer.ended() == b""


async def test_an_idle_connection_is_closed_after_its_time(backend, upstream, ask, clock):
    call = ask()
    upstream.send(call)
    peer = await backend.peer()
    await peer.head()
    await peer.answer()
    await call.answered()
    clock.pass_time(connection.IDLE + 1)
    assert await peer.ended() == b""


async def test_the_servers_shorter_patience_is_respected(backend, upstream, ask, clock):
    call = ask()
    upstream.send(call)
    peer = await backend.peer()
    await peer.head()
    await peer.answer(b"", b"Keep-Alive: timeout=5")
    await call.answered()
    clock.pass_time(4.5)
    assert await peer.ended() == b""


async def test_silence_is_a_timeout(backend, upstream, ask, clock):
    call = ask()
    upstream.send(call)
    peer = await backend.peer()
    await peer.head()
    clock.pass_time(24)
    assert not call.done.is_set()
    clock.pass_time(2)
    assert await call.failed() == "timeout"
    assert await peer.ended() == b""


async def test_a_close_before_the_answer_is_a_failure(backend, upstream, ask):
    call = ask()
    upstream.send(call)
    peer = await backend.peer()
    await peer.head()
    peer.close()
    assert await call.failed() == "closed"
    assert backend.connections == 1  # it was a new connection: no replay


@pytest.mark.parametrize(
    "answer", [b"HTTP/1.1 200 OK\nX: y\n\n", b"SSH-2.0\r\n", b"HTTP/1.1 101 S\r\n\r\n"]
)
async def test_nonsense_is_a_protocol_failure(backend, upstream, ask, answer):
    call = ask()
    upstream.send(call)
    peer = await backend.peer()
    await peer.head()
    await peer.send(answer)
    assert await call.failed() == "protocol"
    assert await peer.ended() == b""


async def test_head_is_answered_without_waiting_for_a_body(backend, upstream, ask):
    for _ in range(2):
        call = ask("HEAD")
        upstream.send(call)
        if backend.connections == 0:
            peer = await backend.peer()
        await peer.head()
        await peer.send(b"HTTP/1.1 200 OK\r\nContent-Length: 500\r\n\r\n")
        await call.answered()
        assert (call.body_came, call.fields) == (b"", [(b"Content-Length", b"500")])
    assert backend.connections == 1


async def test_head_without_a_length_claims_none(backend, upstream, ask):
    call = ask("HEAD")
    upstream.send(call)
    peer = await backend.peer()
    await peer.head()
    await peer.send(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")
    await call.answered()
    assert call.body_came.length is None
    assert await call.stream().all() == b""


# -- answers that come in pieces -------------------------------------------------------------------


async def begin(backend, upstream, call, answer):
    upstream.send(call)
    peer = await backend.peer()
    await peer.head()
    await peer.send(answer)
    await call.answered()
    return peer


LONG = b"HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\nabc"
CHUNKED = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n"
UNTIL_CLOSE = b"HTTP/1.1 200 OK\r\n\r\nabc"
EVENTS = (
    b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n"
    b"3\r\nabc\r\n"
)


@pytest.mark.parametrize(
    ("first", "rest", "length"),
    [(LONG, b"def", 6), (CHUNKED, b"3\r\ndef\r\n0\r\n\r\n", None)],
    ids=["length", "chunked"],
)
async def test_an_incomplete_answer_streams_and_the_connection_is_kept(
    backend, upstream, ask, first, rest, length
):
    call = ask()
    peer = await begin(backend, upstream, call, first)
    assert call.body_came.length == length
    answer = call.stream()
    assert await answer.more() == b"abc"
    await peer.send(rest)
    assert await answer.all() == b"abcdef"
    assert not answer.aborted
    upstream.send(again := ask())
    await peer.head()
    await peer.answer()
    await again.answered()


async def test_a_body_without_length_ends_with_the_connection(backend, upstream, ask):
    call = ask()
    peer = await begin(backend, upstream, call, UNTIL_CLOSE)
    answer = call.stream()
    await peer.send(b"def")
    peer.close()
    assert await answer.all() == b"abcdef"
    assert not answer.aborted


@pytest.mark.parametrize("first", [LONG, CHUNKED], ids=["length", "chunked"])
async def test_a_body_cut_short_breaks_off(backend, upstream, ask, first):
    call = ask()
    peer = await begin(backend, upstream, call, first)
    answer = call.stream()
    peer.close()
    assert await answer.all() == b"abc"
    assert answer.aborted == "closed"


async def test_a_reset_never_completes_a_body(backend, upstream, ask):
    call = ask()
    peer = await begin(backend, upstream, call, UNTIL_CLOSE)
    answer = call.stream()
    import socket
    import struct

    sock = peer.writer.get_extra_info("socket")
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    peer.reset()
    await answer.all()
    assert answer.aborted == "closed"


async def test_a_gap_in_the_body_breaks_off(backend, upstream, ask, clock):
    call = ask()
    await begin(backend, upstream, call, LONG)
    answer = call.stream()
    clock.pass_time(26)
    await answer.all()
    assert answer.aborted == "timeout"


async def test_an_event_stream_may_be_silent(backend, upstream, ask, clock):
    call = ask()
    peer = await begin(backend, upstream, call, EVENTS)
    answer = call.stream()
    clock.pass_time(3600)
    assert await answer.more() == b"abc"
    await peer.send(b"3\r\ndef\r\n")
    assert await answer.more() == b"abcdef"


async def test_the_end_that_came_before_the_sink_is_told_to_it(backend, upstream, ask, until):
    call = ask()
    peer = await begin(backend, upstream, call, CHUNKED)
    await peer.send(b"3\r\ndef\r\n0\r\nServer-Timing: a\r\n\r\n")
    await until(lambda: upstream._pools[0]._idle)
    answer = call.stream()
    assert await answer.all() == b"abcdef"
    assert answer.trailers == [(b"Server-Timing", b"a")]


async def test_trailers_of_an_answer_in_one_read_are_not_lost(backend, upstream, ask):
    call = ask()
    await begin(backend, upstream, call, CHUNKED + b"0\r\nServer-Timing: a\r\n\r\n")
    answer = call.stream()
    assert await answer.all() == b"abc"
    assert answer.trailers == [(b"Server-Timing", b"a")]


async def test_a_receiver_that_goes_away_closes_the_connection(backend, upstream, ask):
    call = ask()
    peer = await begin(backend, upstream, call, LONG)
    call.stream()
    call.body_came.cancel()
    assert await peer.ended() == b""


async def test_a_late_cancel_does_not_touch_the_next_request(backend, upstream, ask):
    call = ask()
    peer = await begin(backend, upstream, call, LONG)
    answer = call.stream()
    await peer.send(b"def")
    await answer.all()
    upstream.send(again := ask())
    await peer.head()
    call.body_came.cancel()
    call.body_came.pause()
    call.cancel()
    await peer.answer()
    await again.answered()


@pytest.mark.parametrize("attached", [True, False])
async def test_a_slow_receiver_holds_the_backend_back(backend, upstream, ask, attached):
    size = 64 * HIGH_WATER
    call = ask()
    peer = await begin(
        backend, upstream, call, b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\nx" % size
    )
    if attached:
        answer = call.stream()
        call.body_came.pause()
    sending = asyncio.ensure_future(peer.send(b"x" * (size - 1)))
    done, _ = await asyncio.wait([sending], timeout=0.3)
    assert not done  # the kernel's buffers are full, and nobody reads
    if attached:
        assert len(answer.data) < 4 * HIGH_WATER
        call.body_came.resume()
    else:
        answer = call.stream()
    assert len(await answer.all()) == size
    await sending


async def test_a_paused_answer_is_not_timed(backend, upstream, ask, clock):
    call = ask()
    peer = await begin(backend, upstream, call, LONG)
    answer = call.stream()
    call.body_came.pause()
    clock.pass_time(300)
    call.body_came.resume()
    await peer.send(b"def")
    assert await answer.all() == b"abcdef"


async def test_an_answer_that_nobody_takes_does_not_hold_its_connection(
    backend, upstream, ask, clock
):
    call = ask()
    head = b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % (64 * HIGH_WATER)
    peer = await begin(backend, upstream, call, head + b"x")
    sending = asyncio.ensure_future(peer.send(b"x" * (64 * HIGH_WATER - 1)))
    await asyncio.wait([sending], timeout=0.1)
    clock.pass_time(26)
    with pytest.raises(ConnectionError):
        await asyncio.wait_for(sending, 10)


# -- requests that come in pieces ------------------------------------------------------------------


async def test_a_body_of_known_length_streams(backend, upstream, ask, upload):
    body = upload(6)
    call = ask("POST", body)
    upstream.send(call)
    peer = await backend.peer()
    assert (await peer.head()).endswith(b"Content-Length: 6\r\n\r\n")
    body.sink.write(b"abc")
    assert await peer.reader.readexactly(3) == b"abc"
    body.sink.write(b"def")
    body.sink.end()
    assert await peer.reader.readexactly(3) == b"def"
    await peer.answer()
    await call.answered()
    assert not body.cancelled


async def test_a_body_of_unknown_length_is_chunked_with_its_trailers(
    backend, upstream, ask, upload
):
    body = upload()
    call = ask("POST", body)
    upstream.send(call)
    peer = await backend.peer()
    assert (await peer.head()).endswith(b"Transfer-Encoding: chunked\r\n\r\n")
    body.sink.write(b"abc")
    body.sink.end([(b"Digest", b"x"), (b"X-Admin", b"1")])
    expected = b"3\r\nabc\r\n0\r\nDigest: x\r\n\r\n"
    assert await peer.reader.readexactly(len(expected)) == expected
    await peer.answer()
    await call.answered()


async def test_what_is_there_of_a_body_leaves_with_the_head(backend, upstream, ask, upload):
    class Begun(type(upload())):
        def attach(self, sink):
            super().attach(sink)
            sink.write(b"abc")

    call = ask("POST", Begun(6))
    writes = []
    upstream.send(call)
    peer = await backend.peer()
    data = await peer.reader.read(65536)
    writes.append(data)
    assert writes[0].endswith(b"Content-Length: 6\r\n\r\nabc")
    call.cancel()


async def test_an_answer_before_the_end_of_the_request_ends_both(backend, upstream, ask, upload):
    body = upload(1000)
    call = ask("POST", body)
    upstream.send(call)
    peer = await backend.peer()
    await peer.head()
    await peer.send(b"HTTP/1.1 413 Too Large\r\nContent-Length: 2\r\n\r\nno")
    await call.answered()
    assert (call.status, call.body_came) == (413, b"no")
    assert body.cancelled
    body.sink.write(b"late")
    assert await peer.ended() == b""


async def test_a_client_that_breaks_off_breaks_the_request_off(backend, upstream, ask, upload):
    body = upload(1000)
    call = ask("POST", body)
    upstream.send(call)
    peer = await backend.peer()
    await peer.head()
    body.sink.abort("closed")
    assert await call.failed() == "cancelled"
    assert await peer.ended() == b""


async def test_a_slow_backend_holds_the_client_back(backend, upstream, ask, upload):
    body = upload()
    call = ask("POST", body)
    upstream.send(call)
    peer = await backend.peer()
    await peer.head()
    sent = 0
    while not body.paused:
        body.sink.write(b"x" * 65536)
        sent += 65536
        await asyncio.sleep(0)
        assert sent < 100 * 2**20
    body.sink.end()
    peer.reader._limit = 2**30
    received = await peer.reader.readuntil(b"\r\n0\r\n\r\n")
    assert received.count(b"x") == sent
    assert not body.paused
    await peer.answer()
    await call.answered()


async def test_an_upload_that_moves_is_not_silence(backend, upstream, ask, upload, clock):
    body = upload()
    call = ask("POST", body)
    upstream.send(call)
    peer = await backend.peer()
    await peer.head()
    for _ in range(5):
        clock.pass_time(20)
        body.sink.write(b"x")
    assert not call.done.is_set()
    clock.pass_time(26)
    assert await call.failed() == "timeout"
    assert body.cancelled


# -- the client goes away --------------------------------------------------------------------------


async def test_a_cancelled_call_closes_its_connection_and_hears_nothing(backend, upstream, ask):
    call = ask()
    upstream.send(call)
    peer = await backend.peer()
    await peer.head()
    call.cancel()
    assert await peer.ended() == b""
    assert not call.done.is_set()


async def test_closing_fails_what_is_under_way(backend, upstream, ask):
    call = ask()
    upstream.send(call)
    peer = await backend.peer()
    await peer.head()
    upstream.close()
    assert await call.failed() == "cancelled"
    assert await peer.ended() == b""


# -- cost ------------------------------------------------------------------------------------------


async def test_a_small_exchange_is_one_write_without_task_or_timer(
    backend, upstream, ask, monkeypatch
):
    upstream.send(first := ask())
    peer = await backend.peer()
    await peer.head()
    await peer.answer()
    await first.answered()
    (kept,) = upstream._pools[0]._idle
    loop = asyncio.get_running_loop()
    made = []
    if not hasattr(loop, "_ssock"):  # uvloop's methods cannot be replaced; asyncio's count for both
        return
    writes = []
    write = kept._transport.write
    monkeypatch.setattr(kept._transport, "write", lambda data: (writes.append(data), write(data)))
    monkeypatch.setattr(loop, "create_task", lambda *a, **k: made.append("task"))
    monkeypatch.setattr(loop, "call_later", lambda *a, **k: made.append("timer"))
    monkeypatch.setattr(loop, "call_at", lambda *a, **k: made.append("timer"))
    upstream.send(call := ask("POST", b"abc"))
    monkeypatch.undo()
    assert len(writes) == 1
    await peer.reader.readuntil(b"abc")
    await peer.answer()
    await call.answered()
    assert made == []
