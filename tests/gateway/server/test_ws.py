"""One WebSocket connection: order, back-pressure, silence, its end, and what is pushed to it."""

import asyncio
import itertools
import struct
from dataclasses import replace

import pytest

from frontdesk.config.models.websocket_api import SocketLimits
from frontdesk.gateway.pipeline import run
from frontdesk.gateway.pipeline.exchange import PARKED, Reply
from frontdesk.gateway.pipeline.plan import Answer, ApiFacts, RoutePlan, Standing
from frontdesk.gateway.pipeline.replies import refusal
from frontdesk.gateway.pipeline.sockets import Socket, SocketSettings
from frontdesk.gateway.sockets.hub import Hub
from tests.gateway.server.conftest import FakeSource, House
from tests.live.sockets import CLOSE, PING, PONG, TEXT, Frame, frame

HANDSHAKE = (
    b"GET / HTTP/1.1\r\nHost: a.example\r\nUser-Agent: probe/1\r\nConnection: Upgrade\r\n"
    b"Upgrade: websocket\r\nSec-WebSocket-Version: 13\r\n"
    b"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"
)
KEY = ("live", "$default", "localhost", "")


class SocketHouse(House):
    """A house whose door accepts sockets, and whose stage answers each message with itself."""

    def __init__(self, **limits) -> None:
        super().__init__()
        self.hub = Hub()
        self.settings = SocketSettings(SocketLimits(**limits), False, lambda _message: "")
        self.messages = []
        self.ends = []
        self.served = True
        self.standing = None
        self.answer = lambda ex: Reply(200, [], ex.body)
        self.numbers = itertools.count(1)

    def enter(self, ex):
        ex.socket = Socket(KEY, self.settings)
        ex.socket.open(ex, f"socket{next(self.numbers)}", self.hub)
        self.stage = lambda ex: Reply(101, [], made="gateway")
        super().enter(ex)

    def plan_of(self, socket, message, now):
        return replace(self.plan("x", self.answer), standing=self.standing) if self.served else None

    def message(self, ex):
        self.messages.append(ex)
        run.begin(ex)

    def ended(self, ex):
        self.ends.append((ex.socket.id, *ex.socket.closed))
        ex.plan = self.plan("$disconnect", lambda _ex: Reply(200, []))
        run.begin(ex)
        return True

    def plan(self, key, stage):
        facts = ApiFacts("a", "live", "websocket", "$default", "0", "eu", "localhost")
        return RoutePlan(key, facts, (stage,), (), -1, 1 << 20, 29.0, 504, self.logged.append, ())

    def socket(self, peer="127.0.0.1"):
        client = self.client(peer)
        client.send(HANDSHAKE)
        assert client.raw.startswith(b"HTTP/1.1 101 ")
        client.transport.writes.clear()
        client.transport.get_write_buffer_size = lambda: client.unread
        client.unread = 0
        return client


@pytest.fixture
def house():
    return SocketHouse()


def said(client):
    """Read the frames that a client was sent since the last look."""
    raw, frames = client.raw, []
    client.transport.writes.clear()
    while raw:
        size, at = raw[1] & 127, 2
        if size == 126:
            size, at = struct.unpack("!H", raw[2:4])[0], 4
        frames.append(Frame(raw[0] & 15, raw[at : at + size], bool(raw[0] & 128), raw[0] >> 4 & 7))
        raw = raw[at + size :]
    return frames


def texts(client):
    return [each.data for each in said(client) if each.opcode == TEXT]


def text(data):
    return frame(TEXT, data)


# -- messages -----------------------------------------------------------------------------------


def test_a_message_is_an_exchange_that_goes_on_with_the_handshake(house):
    client = house.socket("192.0.2.7")
    client.send(text(b"hello"))
    (ex,) = house.messages
    assert (ex.method, ex.version, ex.path, ex.body) == ("MESSAGE", "WebSocket", "/", b"hello")
    assert (ex.client_ip, ex.peer, ex.socket.id) == ("192.0.2.7", "192.0.2.7", "socket1")
    assert ex.message_id != ex.request_id
    assert (ex.status, ex.request_length, ex.response_length) == (200, 5, 5)
    assert [each.plan.route_key for each in house.logged] == ["$default", "x"]


def test_what_is_answered_to_messages_of_one_read_is_written_at_once(house):
    client = house.socket()
    client.send(text(b"a") + text(b"b") + frame(PING, b"c"))
    assert len(client.transport.writes) == 1
    assert [each.data for each in said(client)] == [b"a", b"b", b"c"]


def test_messages_are_handled_one_after_the_other_in_their_order(house):
    house.answer = lambda _ex: PARKED
    client = house.socket()
    for data in (b"a", b"b", b"c"):
        client.send(text(data))
    for expected in (b"a", b"b", b"c"):
        assert [ex.body for ex in house.messages][-1] == expected
        run.resume(house.messages[-1], Reply(200, [], expected))
        assert texts(client) == [expected]


def test_a_client_is_not_read_while_too_many_messages_wait(house):
    house.answer = lambda _ex: PARKED
    client = house.socket()
    client.send(b"".join(text(b"%d" % number) for number in range(17)))
    assert not client.transport.reading
    assert len(house.messages) == 1
    run.resume(house.messages[0], Reply(200, []))
    assert client.transport.reading
    house.answer = lambda _ex: Reply(200, [])
    run.resume(house.messages[1], Reply(200, []))
    assert [ex.body for ex in house.messages] == [b"%d" % number for number in range(17)]


def test_a_message_without_an_answer_is_answered_by_nothing(house):
    house.answer = lambda _ex: Reply(200, [])
    client = house.socket()
    client.send(text(b"a"))
    assert said(client) == []


def test_an_answer_that_comes_in_parts_becomes_one_message(house):
    source = FakeSource()
    house.answer = lambda _ex: Reply(200, [], source)
    client = house.socket()
    client.send(text(b"a") + text(b"b"))
    source.sink.write(b"x")
    source.sink.write(b"y")
    assert said(client) == []
    source.sink.end()
    assert texts(client) == [b"xy"]


@pytest.mark.parametrize("how", ["too large", "broken off"])
def test_an_answer_that_cannot_be_sent_is_an_error(house, how):
    source = FakeSource()
    house.answer = lambda _ex: Reply(200, [], source)
    client = house.socket()
    client.send(text(b"a"))
    if how == "too large":
        source.sink.write(b"x" * (128 * 1024 + 1))
        assert source.cancelled
    else:
        source.sink.abort("closed")
    assert texts(client) == [refusal(502, "").body]
    assert house.logged[-1].status == 502


def test_an_answer_that_is_no_text_is_sent_as_bytes(house):
    house.answer = lambda _ex: Reply(200, [], b"\xff")
    client = house.socket()
    client.send(text(b"a"))
    assert [(each.opcode, each.data) for each in said(client)] == [(2, b"\xff")]


def test_a_long_answer_is_sent_in_frames_of_32_kib(house):
    house.answer = lambda _ex: Reply(200, [], b"x" * 70_000)
    client = house.socket()
    client.send(text(b"a"))
    frames = said(client)
    assert [(each.opcode, len(each.data), each.fin) for each in frames] == [
        (TEXT, 32768, False),
        (0, 32768, False),
        (0, 4464, True),
    ]


# -- answers that stand ---------------------------------------------------------------------------


class Stood:
    """An answer to all messages; how many may pass, and what was counted."""

    def __init__(self, house, message=b"pong", *, passing=99, longest=100):
        self.passing, self.counted = passing, []
        house.standing = Standing(Answer(200, message), self.gate, longest, self.count)

    def gate(self, _now):
        self.passing -= 1
        return self.passing >= 0

    def count(self, scheme, began, ended, received, sent):
        assert began <= ended
        self.counted.append((scheme, received, sent))


def test_an_answer_that_stands_is_given_without_an_exchange(house):
    stood = Stood(house)
    client = house.socket()
    client.send(text(b"ping"))
    client.send(text(b"a") + frame(PING, b"") + text(b"bc"))
    assert texts(client) == [b"pong"] * 3
    assert stood.counted == [("http", 4, 4), ("http", 1, 4), ("http", 2, 4)]
    assert house.messages == []


def test_a_route_that_answers_nothing_says_nothing_to_any_message(house):
    stood = Stood(house, b"")
    client = house.socket()
    client.send(text(b"ping"))
    assert said(client) == []
    assert stood.counted == [("http", 4, 0)]


@pytest.mark.parametrize("how", ["not let through", "too long"])
def test_a_message_that_has_to_be_looked_at_becomes_an_exchange(house, how):
    stood = Stood(house, **({"passing": 1} if how == "not let through" else {"longest": 3}))
    client = house.socket()
    client.send(text(b"one") + text(b"four"))
    assert texts(client) == [b"pong", b"four"]
    assert [ex.body for ex in house.messages] == [b"four"]
    assert len(stood.counted) == 1


def test_an_answer_that_stands_waits_for_its_turn(house):
    house.answer = lambda _ex: PARKED
    client = house.socket()
    client.send(text(b"slow"))
    Stood(house)
    client.send(text(b"ping"))
    assert said(client) == []
    run.resume(house.messages[0], Reply(200, [], b"done"))
    assert texts(client) == [b"done", b"pong"]


def test_an_answer_that_stands_is_not_said_behind_a_close(house):
    house.answer = lambda _ex: PARKED
    client = house.socket()
    client.send(text(b"slow"))
    stood = Stood(house)
    client.send(text(b"ping") + frame(CLOSE, struct.pack("!H", 1000)))
    run.resume(house.messages[0], Reply(200, [], b"done"))
    assert [each.opcode for each in said(client)] == [CLOSE]
    assert stood.counted == []


async def test_an_answer_that_a_close_overtakes_is_not_counted_as_sent():
    house = SocketHouse(message=1 << 20, frame=1 << 20)
    stood = Stood(house)
    client = house.socket()
    client.send(text(b"x" * 70_000))  # the protocol alone can tell such frames apart
    await all_taken(client)
    said(client)
    client.send(text(b"ping") + frame(CLOSE, struct.pack("!H", 1000)))
    assert [each.opcode for each in said(client)] == [CLOSE]
    assert stood.counted == [("http", 4, 0)]


@pytest.mark.parametrize("stands", [False, True], ids=["each looked at", "standing"])
def test_many_answers_to_one_read_are_written_in_parts(house, stands):
    house.answer = lambda _ex: Reply(200, [], b"x" * 40_000)
    if stands:
        Stood(house, b"x" * 40_000)
    client = house.socket()
    client.send(text(b"a") * 5)
    assert [len(write) // 40_000 for write in client.transport.writes] == [2, 2, 1]


# -- time, and what goes wrong --------------------------------------------------------------------


def test_a_message_whose_time_is_over_is_answered_so(house):
    def wait(ex):
        ex.client.set_deadline(ex, house.clock.now + 5)
        return PARKED

    house.answer = wait
    client = house.socket()
    client.send(text(b"a") + text(b"b"))
    house.pass_time(5, client)
    assert house.logged[-1].status == 504
    assert [ex.body for ex in house.messages] == [b"a", b"b"]


def test_an_answer_in_parts_has_no_more_time_than_a_whole_one(house):
    source = FakeSource(first=b"a part")

    def begin(ex):
        ex.client.set_deadline(ex, house.clock.now + 5)
        return Reply(200, [], source)

    house.answer = begin
    client = house.socket()
    client.send(text(b"a"))
    house.pass_time(4, client)
    source.sink.write(b"another")
    house.answer = lambda _ex: Reply(200, [], b"next")
    client.send(text(b"b"))
    house.pass_time(1, client)
    assert source.cancelled
    assert [(ex.status, ex.error) for ex in house.logged[1:]] == [
        (504, "integration_timeout"),
        (200, ""),
    ]
    assert texts(client)[-1] == b"next"


def test_an_answer_in_parts_ends_with_its_client(house):
    source = FakeSource(first=b"a part")
    house.answer = lambda _ex: Reply(200, [], source)
    client = house.socket()
    client.send(text(b"a"))
    client.reset()
    assert source.cancelled
    assert [ex.status for ex in house.logged] == [101, 499, 200]


def test_a_message_of_an_api_that_is_served_no_more_ends_the_connection(house):
    client = house.socket()
    house.served = False
    client.send(text(b"a"))
    assert [each.closing for each in said(client)] == [(1001, "Going away")]


# -- its end --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        (frame(CLOSE, struct.pack("!H", 1000) + b"bye"), (1000, "bye")),
        (frame(CLOSE), (1005, "Client-side close frame status not set")),
        (frame(CLOSE, struct.pack("!H", 4001)), (4001, "")),
        (text(b"\xff"), (1007, "Invalid UTF-8")),
    ],
    ids=["code and reason", "no code", "own code", "a fault"],
)
def test_the_end_is_told_with_its_code(house, data, expected):
    client = house.socket()
    client.send(data)
    client.reset()
    assert house.ends == [("socket1", *expected)]
    assert not house.shared.registry.connections
    assert len(house.hub) == 0


@pytest.mark.parametrize("how", ["end", "reset"])
def test_a_client_that_goes_without_a_word_is_1006(house, how):
    client = house.socket()
    getattr(client, how)()
    assert house.ends == [("socket1", 1006, "")]


def test_a_message_under_way_is_given_up_when_the_client_goes(house):
    stopped = []

    def wait(ex):
        ex.cancel_work = stopped.append
        return PARKED

    house.answer = wait
    client = house.socket()
    client.send(text(b"a") + text(b"b"))
    client.reset()
    assert stopped == ["client"]
    assert [ex.status for ex in house.logged] == [101, 499, 200]
    assert len(house.messages) == 1


def test_a_closed_connection_that_the_client_leaves_open_is_cut_off(house):
    client = house.socket()
    house.hub.close("socket1", 1001, "Going away")
    assert [each.closing for each in said(client)] == [(1001, "Going away")]
    client.send(text(b"too late"))
    assert house.messages == []
    house.pass_time(3, client)
    assert client.transport.aborted
    assert house.ends == [("socket1", 1001, "Going away")]


def test_a_stop_closes_with_1001_once_the_message_under_way_is_answered(house):
    house.answer = lambda _ex: PARKED
    idle, busy = house.socket(), house.socket()
    busy.send(text(b"a"))
    left = []
    house.shared.registry.drain(lambda: left.append(True))
    assert [each.closing for each in said(idle)] == [(1001, "Going away")]
    assert said(busy) == []
    run.resume(house.messages[0], Reply(200, [], b"done"))
    assert [each.opcode for each in said(busy)] == [TEXT, CLOSE]
    for client in (idle, busy):
        client.send(frame(CLOSE, struct.pack("!H", 1001)))
    assert left == [True]
    assert len(house.ends) == 2


def test_a_stop_waits_for_the_message_under_way_and_not_for_those_behind(house):
    house.answer = lambda _ex: PARKED
    client = house.socket()
    client.send(text(b"a") + text(b"b"))
    house.shared.registry.drain(lambda: None)
    run.resume(house.messages[0], Reply(200, [], b"done"))
    assert [each.opcode for each in said(client)] == [TEXT, CLOSE]
    client.send(frame(CLOSE, struct.pack("!H", 1001)))
    assert house.ends == [("socket1", 1001, "Going away")]
    assert [ex.body for ex in house.messages] == [b"a"]


# -- time -----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("keep_alive", "expected"),
    [(None, True), (text(b"a"), False), (frame(PING), False), (frame(PONG), True)],
    ids=["silence", "messages", "pings", "pongs"],
)
def test_a_connection_without_traffic_ends_when_its_idle_time_is_over(keep_alive, expected):
    house = SocketHouse(idle=60.0, ping=20.0)
    client = house.socket()
    for _ in range(8):
        house.pass_time(9, client)
        client.send(keep_alive or frame(PONG))
    assert (
        (1001, "Going away") in [f.closing for f in said(client) if f.opcode == CLOSE]
    ) is expected


def test_what_is_pushed_keeps_a_connection_alive():
    house = SocketHouse(idle=60.0, ping=20.0)
    client = house.socket()
    for _ in range(8):
        house.pass_time(9, client)
        client.send(frame(PONG))
        assert house.hub.push("socket1", b"x")
    assert CLOSE not in [each.opcode for each in said(client)]


def test_no_connection_lives_longer_than_its_lifetime():
    house = SocketHouse(lifetime=60.0, ping=20.0)
    client = house.socket()
    for _ in range(7):
        house.pass_time(9, client)
        client.send(text(b"a"))
    assert [f.closing for f in said(client) if f.opcode == CLOSE] == [(1001, "Going away")]


def test_a_silent_client_is_pinged_and_stays_when_it_answers(house):
    client = house.socket()
    for _ in range(5):
        house.pass_time(30.2, client)
        assert [each.opcode for each in said(client)] == [PING]
        client.send(frame(PONG))
    assert not client.lost


def test_a_client_that_does_not_answer_a_ping_is_cut_off(house):
    client = house.socket()
    house.pass_time(41, client)
    assert client.transport.aborted
    assert house.ends == [("socket1", 1006, "No answer to a ping")]


def test_a_client_that_speaks_is_not_pinged(house):
    client = house.socket()
    for _ in range(5):
        house.pass_time(20, client)
        client.send(text(b"a"))
    assert PING not in [each.opcode for each in said(client)]


def test_a_client_whom_we_do_not_read_is_not_pinged(house):
    house.answer = lambda _ex: PARKED
    client = house.socket()
    client.send(b"".join(text(b"%d" % number) for number in range(17)))
    house.pass_time(100, client)
    assert said(client) == []
    assert not client.lost


# -- slow readers -----------------------------------------------------------------------------------


def test_a_client_that_does_not_read_is_not_read(house):
    client = house.socket()
    client.transport.protocol.pause_writing()
    assert not client.transport.reading
    client.transport.protocol.resume_writing()
    assert client.transport.reading


def test_a_client_that_does_not_read_for_too_long_is_cut_off(house):
    client = house.socket()
    client.transport.protocol.pause_writing()
    house.pass_time(11, client)
    assert client.transport.aborted
    assert house.ends == [("socket1", 1006, "Slow reader")]


def test_what_waits_for_a_slow_reader_is_bounded():
    house = SocketHouse(buffer=100_000)
    client = house.socket()
    client.transport.protocol.pause_writing()
    client.unread = 100_000
    assert house.hub.push("socket1", b"x")
    client.unread = 100_001
    assert not house.hub.push("socket1", b"x")
    client.settle()
    assert house.ends == [("socket1", 1006, "Slow reader")]


def test_many_small_messages_with_long_answers_wait_for_the_reader(house):
    house.answer = lambda _ex: Reply(200, [], b"x" * 30_000)
    client = house.socket()
    written, write = [], client.transport.write

    def full(data):
        write(data)
        written.append(len(data))
        if sum(written) > client.transport.water[0] and not client.connection_stalled:
            client.connection_stalled = True
            client.transport.protocol.pause_writing()

    client.connection_stalled = False
    client.transport.write = full
    client.send(text(b"a") * 200)
    assert sum(written) < client.transport.water[0] + 200_000
    assert len(house.messages) < 20
    assert not client.transport.reading
    client.transport.write = write
    client.transport.protocol.resume_writing()
    assert len(house.messages) == 200
    assert client.transport.reading


# -- turns ----------------------------------------------------------------------------------------


async def turn():
    """Let whatever is due on the loop have its turn."""
    passed = asyncio.get_running_loop().create_future()
    asyncio.get_running_loop().call_soon(passed.set_result, None)
    await passed


async def all_taken(client):
    """Wait until all that a client has sent is taken."""
    while not client.transport.reading:
        await turn()


MANY = 600
"""Messages of one read: three turns."""


async def test_others_have_their_turn_between_many_messages_of_one_read(house):
    client, seen = house.socket(), []

    def look():
        seen.append((len(house.messages), client.transport.reading))
        if not client.transport.reading:
            asyncio.get_running_loop().call_soon(look)

    client.send(b"".join(text(b"%d" % number) for number in range(MANY)))
    look()
    await all_taken(client)
    await turn()
    assert seen == [(256, False), (512, False), (MANY, True)]
    assert texts(client) == [b"%d" % number for number in range(MANY)]


async def test_pings_take_turns_as_messages_do(house):
    client = house.socket()
    client.send(frame(PING, b"x") * MANY)
    assert [each.opcode for each in said(client)] == [PONG] * 256
    await all_taken(client)
    assert len(said(client)) == MANY - 256


async def test_what_is_left_of_a_read_waits_for_an_answer_behind_what_waits_already(house):
    house.answer = lambda _ex: PARKED
    client = house.socket()
    client.send(b"".join(text(b"%d" % number) for number in range(MANY)))
    for number in range(MANY):
        await turn()
        assert [ex.body for ex in house.messages] == [b"%d" % each for each in range(number + 1)]
        run.resume(house.messages[number], Reply(200, []))
    assert client.transport.reading


async def test_a_close_behind_many_messages_ends_the_connection_in_its_turn(house):
    client = house.socket()
    client.send(text(b"a") * MANY + frame(CLOSE, struct.pack("!H", 1000)) + text(b"late"))
    for _ in range(3):
        await turn()
    client.settle()
    assert [each.opcode for each in said(client)] == [TEXT] * MANY + [CLOSE]
    assert house.ends == [("socket1", 1000, "")]


async def test_frames_that_only_the_protocol_tells_apart_take_turns_too():
    house = SocketHouse(message=1 << 20, frame=1 << 20)
    client = house.socket()
    client.send(text(b"x" * 70_000))
    await all_taken(client)
    client.send(text(b"a") * 3000)
    assert 1 < len(house.messages) < 1500
    await all_taken(client)
    assert len(house.messages) == 3001


async def test_the_end_that_tls_tells_at_once_comes_behind_all_messages(house):
    client = house.socket()
    client.send(text(b"a") * MANY + frame(CLOSE, struct.pack("!H", 1000)))
    client.end()
    assert len(house.messages) == MANY
    assert house.ends == [("socket1", 1000, "")]


async def test_a_connection_that_is_lost_between_turns_takes_no_more(house):
    client = house.socket()
    client.send(text(b"a") * MANY)
    client.reset()
    await turn()
    assert len(house.messages) == 256


async def test_a_client_that_is_closed_between_turns_is_read_until_its_own_close(house):
    client = house.socket()
    client.send(text(b"a") * MANY)
    house.hub.close("socket1", 1001, "Going away")
    await all_taken(client)
    assert len(house.messages) == 256
    client.send(frame(CLOSE, struct.pack("!H", 1001)))
    assert house.ends == [("socket1", 1001, "Going away")]


def test_a_client_that_reads_again_in_time_goes_on(house):
    client = house.socket()
    client.transport.protocol.pause_writing()
    house.pass_time(9, client)
    client.transport.protocol.resume_writing()
    house.pass_time(20, client)
    client.send(text(b"a"))
    assert texts(client) == [b"a"]


# -- what is pushed ---------------------------------------------------------------------------------


def test_a_push_reaches_the_client(house):
    client = house.socket()
    assert house.hub.push("socket1", "grüezi".encode())
    assert texts(client) == ["grüezi".encode()]


def test_a_connection_is_described(house):
    house.socket("192.0.2.7")
    house.clock.now += 5
    assert house.hub.push("socket1", b"x")
    assert house.hub.describe("socket1")._asdict() == {
        "id": "socket1",
        "api": "live",
        "stage": "$default",
        "connected_at": 1_700_001_000.0,
        "last_active_at": 1_700_001_005.0,
        "source_ip": "192.0.2.7",
        "user_agent": "probe/1",
        "groups": (),
    }


def test_nothing_is_pushed_to_a_connection_that_is_closing(house):
    client = house.socket()
    house.hub.close("socket1", 1001, "Going away")
    said(client)
    assert not house.hub.push("socket1", b"x")
    assert said(client) == []


def test_nothing_is_pushed_to_a_client_that_has_said_that_it_leaves(house):
    client = house.socket()
    client.transport.protocol.data_received(frame(CLOSE))
    assert not house.hub.push("socket1", b"x")
