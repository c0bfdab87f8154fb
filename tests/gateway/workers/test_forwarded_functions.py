"""Functions called through a channel: a worker's side and a supervisor's, joined on one event loop."""

import asyncio

import pytest

from frontdesk.base.streams import HIGH_WATER
from frontdesk.gateway.workers.forwarded_functions import ForwardedFunctions
from frontdesk.gateway.workers.served_functions import ServedFunctions
from frontdesk.ports.invoker import Invocation, Outcome


class Running:
    """A call as the pool sees it."""

    def __init__(self, invocation, done):
        self.invocation, self.done = invocation, done
        self.cancelled = None

    def cancel(self, *, kill):
        self.cancelled = kill


class Pool:
    """An Invoker that keeps its calls for the test to answer."""

    def __init__(self):
        self.calls = []
        self._news = asyncio.Event()

    def invoke(self, invocation, done):
        self.calls.append(Running(invocation, done))
        self._news.set()
        return self.calls[-1]

    async def called(self, count=1):
        async with asyncio.timeout(20):
            while len(self.calls) < count:
                self._news.clear()
                await self._news.wait()
        return self.calls[count - 1]


class Fountain:
    """A Stream that the test fills."""

    length = None
    content_type, request_id = "text/plain", "r-1"

    def __init__(self):
        self.paused = self.cancelled = False

    def attach(self, sink):
        self.sink = sink

    def pause(self):
        self.paused = True

    def resume(self):
        self.paused = False

    def cancel(self):
        self.cancelled = True


class Basin:
    """A Sink."""

    def __init__(self):
        self.data, self.end_of_it = b"", None

    def write(self, data):
        self.data += data

    def end(self, trailers=None):
        self.end_of_it = "complete"

    def abort(self, reason):
        self.end_of_it = reason


@pytest.fixture
async def pool(ends):
    pool = Pool()
    ServedFunctions(ends.supervisor, {"f": pool}.get)
    return pool


@pytest.fixture
async def functions(ends, pool):
    functions = ForwardedFunctions(ends.worker)
    await ends.connect()
    return functions


def started(functions, name="f", **said):
    outcome = asyncio.get_running_loop().create_future()
    invocation = Invocation(b'{"a":1}', 12.5, **said)
    return functions.invoker(name).invoke(invocation, outcome.set_result), outcome


async def until(condition):
    async with asyncio.timeout(20):
        while not condition():  # noqa: ASYNC110 - nothing says when
            await asyncio.sleep(0)


async def test_event_and_outcome_arrive_as_they_were(functions, pool):
    _, outcome = started(functions, trace="Root=1", client_context='{"c":\n2}')
    call = await pool.called()
    seen = call.invocation
    assert (seen.event, seen.deadline, seen.trace) == (b'{"a":1}', 12.5, "Root=1")
    assert (seen.client_context, seen.stream) == ('{"c":\n2}', None)
    told = Outcome(b"{}", "Unhandled", "why", "id", b"tail", "3")
    call.done(told)
    assert await outcome == told
    assert isinstance(outcome.result(), Outcome)


async def test_calls_under_way_are_told_apart(functions, pool):
    outcomes = [started(functions)[1] for _ in range(20)]
    await pool.called(20)
    for number, call in reversed(list(enumerate(pool.calls))):
        call.done(Outcome(b"%d" % number))
    assert [(await outcome).payload for outcome in outcomes] == [b"%d" % n for n in range(20)]


async def test_a_payload_of_six_megabytes_passes(functions, pool):
    _, outcome = started(functions)
    (await pool.called()).done(Outcome(b"x" * 6_291_556))
    assert len((await outcome).payload) == 6_291_556


async def test_a_function_that_is_no_more_is_unavailable(functions):
    _, outcome = started(functions, "gone")
    assert (await outcome).error == "Unavailable"


@pytest.mark.parametrize("kill", [True, False])
async def test_who_no_longer_waits_says_so(functions, pool, kill):
    call, outcome = started(functions)
    running = await pool.called()
    call.cancel(kill=kill)
    await until(lambda: running.cancelled is not None)
    assert running.cancelled is kill
    assert not outcome.done()


async def test_an_outcome_that_crosses_a_cancellation_is_dropped(functions, pool):
    call, outcome = started(functions)
    running = await pool.called()
    running.done(Outcome(b"late"))
    call.cancel(kill=True)
    _, other = started(functions)
    (await pool.called(2)).done(Outcome(b"next"))
    assert (await other).payload == b"next"
    assert not outcome.done()
    assert running.cancelled is None


async def test_calls_of_a_worker_that_has_gone_run_to_their_end_unheard(functions, pool, ends):
    started(functions)
    running = await pool.called()
    ends.worker.close()
    await until(lambda: running.cancelled is not None)
    assert running.cancelled is False


# -- streams ------------------------------------------------------------------------------------------


async def streaming(functions, pool):
    """Begin a stream; return both ends of it, the call in the pool, and the outcome to come."""
    begun = asyncio.get_running_loop().create_future()
    _, outcome = started(functions, stream=begun.set_result)
    running, fountain = await pool.called(), Fountain()
    running.invocation.stream(fountain)
    return await begun, fountain, running, outcome


async def test_a_stream_arrives_in_order_and_ends_before_its_outcome(functions, pool):
    stream, fountain, running, outcome = await streaming(functions, pool)
    assert (stream.content_type, stream.request_id) == ("text/plain", "r-1")
    fountain.sink.write(b"before, ")
    basin = Basin()
    stream.attach(basin)
    fountain.sink.write(b"after")
    fountain.sink.end()
    running.done(Outcome(b""))
    await outcome
    assert (basin.data, basin.end_of_it) == (b"before, after", "complete")


async def test_a_stream_that_breaks_off_says_why(functions, pool):
    stream, fountain, running, outcome = await streaming(functions, pool)
    basin = Basin()
    stream.attach(basin)
    fountain.sink.write(b"half")
    fountain.sink.abort("function:unhandled")
    running.done(Outcome(b"{}", "Unhandled"))
    await outcome
    assert (basin.data, basin.end_of_it) == (b"half", "function:unhandled")


async def test_a_receiver_that_is_full_pauses_the_function(functions, pool):
    stream, fountain, *_ = await streaming(functions, pool)
    stream.attach(Basin())
    stream.pause()
    await until(lambda: fountain.paused)
    stream.resume()
    await until(lambda: not fountain.paused)


async def test_a_stream_that_nobody_takes_is_paused_and_kept(functions, pool):
    stream, fountain, *_ = await streaming(functions, pool)
    fountain.sink.write(bytes(HIGH_WATER + 1))
    await until(lambda: fountain.paused)
    basin = Basin()
    stream.attach(basin)
    assert len(basin.data) == HIGH_WATER + 1
    await until(lambda: not fountain.paused)


async def test_a_receiver_that_leaves_hears_no_more(functions, pool):
    stream, fountain, running, outcome = await streaming(functions, pool)
    basin = Basin()
    stream.attach(basin)
    fountain.sink.write(b"crosses")
    stream.cancel()
    await until(lambda: fountain.cancelled)
    running.done(Outcome(b""))
    await outcome
    assert (basin.data, basin.end_of_it) == (b"", None)


async def test_a_channel_that_is_full_pauses_streams_until_it_has_caught_up(functions, pool, ends):
    stream, fountain, *_ = await streaming(functions, pool)
    basin = Basin()
    stream.attach(basin)
    fountain.sink.write(bytes(4 * 1024**2))  # more than the socket takes at once
    assert fountain.paused
    await until(lambda: len(basin.data) == 4 * 1024**2)
    await until(lambda: not fountain.paused)


async def test_streams_of_a_worker_that_has_gone_are_left(functions, pool, ends):
    _, fountain, *_ = await streaming(functions, pool)
    ends.worker.close()
    await until(lambda: fountain.cancelled)
