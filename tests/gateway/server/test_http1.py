"""One connection: order, persistence, bodies, back-pressure, deadlines and clients that go away."""

import pytest

from frontdesk.gateway.pipeline import run
from frontdesk.gateway.pipeline.exchange import PARKED, Reply
from frontdesk.gateway.server.limits import PIPELINE_BYTES
from tests.gateway.server.conftest import UPGRADE

GET = b"GET / HTTP/1.1\r\nHost: a.example\r\n\r\n"
HEAD = b"HEAD / HTTP/1.1\r\nHost: a.example\r\n\r\n"
OLD = b"GET / HTTP/1.0\r\nHost: a.example\r\n\r\n"


def post(length: int, *lines: bytes) -> bytes:
    return b"\r\n".join(
        [b"POST /p HTTP/1.1", b"Host: a.example", b"Content-Length: %d" % length, *lines, b"", b""]
    )


CHUNKED_POST = b"POST /p HTTP/1.1\r\nHost: a.example\r\nTransfer-Encoding: chunked\r\n\r\n"


# -- what the pipeline is given -----------------------------------------------------------------


def test_exchange_carries_what_the_head_says(house):
    house.client(peer="192.0.2.7").send(
        b"GET /a/%7Eb?x=1&y HTTP/1.1\r\nHost: API.example:8080\r\nX-One: 1\r\nCookie: a=1\r\n"
        b"Cookie: b=2\r\nAccept: x\r\naccept: y\r\nVia: 1.1 p\r\nX-Forwarded-For: 6.6.6.6\r\n"
        b"X-Amzn-Trace-Id: Root=1\r\n\r\n"
    )
    ex = house.entered[0]
    assert (ex.method, ex.raw_path, ex.path, ex.query) == ("GET", "/a/%7Eb", "/a/~b", "x=1&y")
    assert (ex.host, ex.scheme, ex.version) == ("api.example", "http", "HTTP/1.1")
    assert (ex.peer, ex.client_ip) == ("192.0.2.7", "192.0.2.7")
    assert ex.headers == {
        b"host": b"API.example:8080",
        b"x-one": b"1",
        b"cookie": b"a=1; b=2",
        b"accept": b"x,y",
        b"via": b"1.1 p",
        b"x-amzn-trace-id": b"Root=1",
    }
    assert ex.fields == [
        (b"X-One", b"1"),
        (b"Cookie", b"a=1"),
        (b"Cookie", b"b=2"),
        (b"Accept", b"x"),
        (b"accept", b"y"),
        (b"X-Amzn-Trace-Id", b"Root=1"),
    ]
    assert ex.held == [(b"Host", b"API.example:8080"), (b"Via", b"1.1 p")]
    assert ex.request_id == "id1"
    assert (ex.started, ex.time) == (1000.0, 1_700_001_000.0)
    assert (ex.body, ex.source, ex.upgrade) == (b"", None, False)


def test_an_ipv4_client_of_an_ipv6_listener_has_its_ipv4_address(house):
    house.client(peer="::ffff:192.0.2.7").send(b"GET /a HTTP/1.1\r\nHost: x\r\n\r\n")
    ex = house.entered[0]
    assert (ex.peer, ex.client_ip) == ("192.0.2.7", "192.0.2.7")


def test_trusted_proxy_is_believed(house):
    house.client(peer="10.1.2.3").send(
        b"GET / HTTP/1.1\r\nHost: inner\r\nX-Forwarded-For: 192.0.2.9, 10.9.9.9\r\n"
        b"X-Forwarded-Proto: https\r\nX-Forwarded-Host: api.example\r\n\r\n"
    )
    ex = house.entered[0]
    assert (ex.client_ip, ex.scheme, ex.host) == ("192.0.2.9", "https", "api.example")
    assert (b"X-Forwarded-Proto", b"https") in ex.held


def test_fields_named_by_connection_go_no_further(house):
    house.client().send(
        b"GET / HTTP/1.1\r\nHost: a\r\nConnection: keep-alive, X-Hop\r\nX-Hop: 1\r\nX-End: 2\r\n\r\n"
    )
    ex = house.entered[0]
    assert ex.fields == [(b"X-End", b"2")]
    assert b"x-hop" not in ex.headers


def test_absolute_target_replaces_host(house):
    house.client().send(b"GET http://b.example:81/x HTTP/1.1\r\nHost: a.example\r\n\r\n")
    ex = house.entered[0]
    assert ex.headers[b"host"] == b"b.example:81"
    assert ex.held == [(b"Host", b"b.example:81")]


# -- answers --------------------------------------------------------------------------------------


def test_small_answer_is_one_write_with_date_and_length(house):
    client = house.client().send(GET)
    assert len(client.transport.writes) == 1
    status, fields, body = client.answers[0]
    assert status == 200
    assert fields["content-length"] == str(len(body))
    assert fields["date"] == "Tue, 14 Nov 2023 22:30:00 GMT"
    assert "server" not in fields
    assert "connection" not in fields
    assert (house.logged[0].status, house.logged[0].response_length) == (200, len(body))


def test_date_of_the_integration_is_kept(house):
    house.stage = lambda _ex: Reply(200, [(b"Date", b"then")], b"x")
    assert house.client().send(GET).answers[0][1]["date"] == "then"


@pytest.mark.parametrize(
    ("request_bytes", "reply", "length", "body"),
    [
        pytest.param(HEAD, (200, []), "4", b"", id="HEAD tells the length of GET"),
        pytest.param(HEAD, (200, [(b"content-length", b"77")]), "77", b"", id="HEAD of a backend"),
        pytest.param(GET, (204, []), None, b"", id="204 has neither length nor body"),
        pytest.param(GET, (304, [(b"etag", b'"1"')]), None, b"", id="304 has no body"),
        pytest.param(GET, (205, []), "0", b"", id="205 has the length 0"),
        pytest.param(GET, (404, []), "4", b"body", id="404 has a body"),
        pytest.param(GET, (299, []), "4", b"body", id="status without phrase"),
    ],
)
def test_framing_of_statuses_and_methods(house, request_bytes, reply, length, body):
    house.stage = lambda _ex: Reply(reply[0], list(reply[1]), b"body")
    client = house.client().send(request_bytes)
    head, _, written = client.raw.partition(b"\r\n\r\n")
    assert written == body
    lengths = [line for line in head.lower().split(b"\r\n") if line.startswith(b"content-length")]
    assert lengths == ([] if length is None else [f"content-length: {length}".encode()])
    assert not client.ended


def test_interim_status_as_an_answer_is_502(house):
    house.stage = lambda _ex: Reply(101, [], b"")
    assert house.client().send(GET).statuses == [502]


# -- persistence ------------------------------------------------------------------------------------


def test_old_client_is_kept_only_when_it_asks(house):
    client = house.client().send(OLD.replace(b"\r\n\r\n", b"\r\nConnection: keep-alive\r\n\r\n"))
    assert client.answers[0][1]["connection"] == "keep-alive"
    client.send(OLD)
    assert client.answers[1][1]["connection"] == "close"
    assert client.ended


def test_last_request_of_a_connection_is_announced(build):
    house = build(requests=2)
    client = house.client().send(GET).send(GET)
    assert [fields.get("connection") for _, fields, _ in client.answers] == [None, "close"]
    assert client.transport.closed


def test_too_many_connections_are_503(build):
    house = build(max_connections=1)
    first = house.client()
    assert house.client().statuses == [503]
    assert first.send(GET).statuses == [200]
    first.reset()
    assert house.client().send(GET).statuses == [200]


def test_draining_closes_idle_connections_and_announces_the_last_answer(house):
    idle, busy = house.client(), house.client()
    house.park()
    busy.send(GET)
    gone = []
    house.shared.registry.drain(lambda: gone.append(True))
    idle.settle()
    assert idle.transport.closed
    assert not gone
    run.resume(house.entered[0], Reply(200, [], b"x"))
    busy.settle()
    assert busy.answers[0][1]["connection"] == "close"
    assert busy.transport.closed
    assert gone == [True]
    assert house.client().statuses == [503]


# -- pipelining -------------------------------------------------------------------------------------


def test_fifty_pipelined_requests_are_answered_in_order_with_few_writes(house):
    mixed = b"".join(
        post(2) + b"%02d" % n if n % 3 else b"GET /%02d HTTP/1.1\r\nHost: a\r\n\r\n" % n
        for n in range(50)
    )
    client = house.client().send(mixed)
    bodies = [body for _, _, body in client.answers]
    assert len(bodies) == 50
    assert all(b"%02d" % n in body for n, body in enumerate(bodies))
    assert len(client.transport.writes) == 1


def test_parked_request_holds_back_those_behind_it(house):
    house.park()
    client = house.client().send(GET + GET)
    assert len(house.entered) == 1
    run.resume(house.entered[0], Reply(200, [], b"1"))
    assert len(house.entered) == 2
    run.resume(house.entered[1], Reply(200, [], b"2"))
    assert [body for _, _, body in client.answers] == [b"1", b"2"]


def test_reading_stops_while_much_is_waiting(house):
    house.park()
    client = house.client().send(GET)
    client.send(GET * (PIPELINE_BYTES // len(GET) + 1))
    assert not client.transport.reading
    house.stage = lambda _ex: Reply(200, [], b"")
    run.resume(house.entered[0], Reply(200, [], b""))
    assert client.transport.reading
    assert len(client.answers) == 1 + PIPELINE_BYTES // len(GET) + 1


def test_client_that_does_not_read_is_not_served_on(house):
    client = house.client()
    client.connection.pause_writing()
    client.send(GET)
    assert not house.entered
    client.connection.resume_writing()
    assert client.statuses == [200]


def test_client_that_never_reads_is_dropped(house):
    client = house.client()
    client.connection.pause_writing()
    house.pass_time(76, client)
    assert client.transport.aborted


def test_client_that_does_not_read_its_last_answer_is_dropped(house, monkeypatch):
    client = house.client()
    monkeypatch.setattr(
        client.transport, "close", lambda: None
    )  # what is written waits for the client
    client.send(GET[:-2] + b"Connection: close\r\n\r\n")
    house.pass_time(70, client)
    assert not client.transport.aborted
    house.pass_time(6, client)
    assert client.transport.aborted


# -- request bodies ----------------------------------------------------------------------------------


@pytest.mark.parametrize("piece", [1, 7, 1000])
def test_collected_body_is_whole_before_the_stage_runs(house, piece):
    house.body_at = 0
    client = house.client()
    client.send(post(10) + b"0123").send(b"456789" + GET, piece)
    assert client.answers[0][2].endswith(b"0123456789")
    assert len(client.answers) == 2


@pytest.mark.parametrize(
    ("head", "meanwhile", "later"),
    [
        pytest.param(post(10), [b"0123456789"], [], id="in one piece"),
        pytest.param(post(10) + b"01234", [b"56", b"789"], [], id="the rest of it"),
        pytest.param(post(10), [b"01234"], [b"56789"], id="a part of it"),
        pytest.param(CHUNKED_POST, [b"a\r\n0123456789\r\n", b"0\r\n\r\n"], [], id="in chunks"),
        pytest.param(post(200_010), [b"x" * 100_000] * 2, [b"0123456789"], id="more than is held"),
        pytest.param(post(70_010), [b"x" * 70_000 + b"0123456789"], [], id="all, and much"),
    ],
)
def test_body_that_comes_while_an_authorizer_is_asked_is_collected(house, head, meanwhile, later):
    house.before = (lambda _ex: PARKED,)
    house.body_at = 1
    client = house.client().send(head)
    for piece in meanwhile:
        client.send(piece)
    run.resume(house.entered[0], None)
    for piece in later:
        client.send(piece)
    client.send(GET)
    assert client.answers[0][2].endswith(b"0123456789")
    assert len(house.entered) == 2
    assert client.transport.reading


def test_streamed_body_reaches_its_sink_as_it_comes(house, sink):
    target = sink()
    house.park()
    client = house.client().send(post(6) + b"01")
    source = house.entered[0].source
    assert source.length == 6
    source.attach(target)
    assert target.data == b"01"
    client.send(b"23")
    assert (target.data, target.ended) == (b"0123", None)
    source.pause()
    assert not client.transport.reading
    source.resume()
    client.send(b"45")
    assert (target.data, target.ended) == (b"012345", (None,))


def test_trailers_of_a_chunked_body_come_with_its_end(house, sink):
    target = sink()
    house.park()
    client = house.client().send(CHUNKED_POST)
    house.entered[0].source.attach(target)
    client.send(b"3\r\nabc\r\n0\r\nX-Sum: 9 \r\n\r\n")
    assert (target.data, target.ended) == (b"abc", ([(b"X-Sum", b"9")],))


def test_unread_body_is_held_back_at_the_high_water_mark(house, sink):
    house.park()
    client = house.client().send(post(1_000_000))
    for _ in range(5):
        client.send(b"x" * 65536)
    assert not client.transport.reading
    target = sink()
    house.entered[0].source.attach(target)
    assert client.transport.reading
    assert len(target.data) == 5 * 65536


@pytest.mark.parametrize(
    "request_bytes",
    [
        pytest.param(post(11), id="announced"),
        pytest.param(post(11) + b"x" * 11, id="all there"),
        pytest.param(CHUNKED_POST + b"b\r\nxxxxxxxxxxx\r\n", id="in chunks"),
        pytest.param(CHUNKED_POST + b"b\r\nxxxxxxxxxxx\r\n0\r\n\r\n", id="in chunks, all there"),
    ],
)
def test_too_large_a_body_is_413(house, request_bytes):
    house.max_body = 10
    house.body_at = 0
    client = house.client().send(request_bytes)
    assert client.statuses == [413]
    assert client.ended


def test_too_large_a_stream_is_413_and_breaks_the_sink(house, sink):
    house.max_body = 10
    house.park()
    client = house.client().send(CHUNKED_POST + b"3\r\nabc\r\n")
    target = sink()
    house.entered[0].source.attach(target)
    client.send(b"8\r\nxxxxxxxx\r\n")
    assert client.statuses == [413]
    assert target.aborted == "body_size"
    assert client.ended


def test_broken_chunk_after_the_start_is_400(house):
    house.body_at = 0
    client = house.client().send(CHUNKED_POST).send(b"zz\r\n")
    assert client.statuses == [400]
    assert client.ended


def test_small_rest_of_an_unread_body_is_dropped_and_the_line_kept(house):
    house.stage = lambda _ex: Reply(404, [], b"")
    client = house.client().send(post(8) + b"0123")
    assert "connection" not in client.answers[0][1]
    client.send(b"4567" + GET)
    assert client.statuses == [404, 404]
    assert not client.ended


def test_small_rest_that_does_not_come_ends_the_line(house):
    house.stage = lambda _ex: Reply(404, [], b"")
    client = house.client().send(post(8))
    house.pass_time(1, client)
    assert client.ended


def test_large_rest_of_an_unread_body_ends_the_line_lingering(house):
    house.stage = lambda _ex: Reply(404, [], b"")
    client = house.client().send(post(1_000_000))
    assert client.answers[0][1]["connection"] == "close"
    assert client.transport.eof
    assert not client.transport.closed
    client.send(b"x" * 1000)
    assert not client.transport.closed
    house.pass_time(2, client)
    assert client.transport.closed


def test_lingering_has_an_end(house):
    house.stage = lambda _ex: Reply(404, [], b"")
    client = house.client().send(post(9_000_000))
    client.send(b"x" * 2_000_000, 65536)
    assert client.transport.closed


# -- Expect ------------------------------------------------------------------------------------------

EXPECT = b"Expect: 100-continue"


def test_continue_is_sent_when_the_body_is_wanted(house):
    house.body_at = 0
    client = house.client().send(post(3, EXPECT))
    assert client.raw == b"HTTP/1.1 100 Continue\r\n\r\n"
    client.send(b"abc")
    assert client.statuses == [100, 200]
    assert not client.ended


def test_continue_is_not_sent_before_a_refusal_and_the_line_ends(house):
    house.stage = lambda _ex: Reply(401, [], b"")
    client = house.client().send(post(3, EXPECT))
    assert client.statuses == [401]
    assert client.ended


def test_continue_is_not_sent_when_the_body_is_there(house):
    house.body_at = 0
    assert house.client().send(post(3, EXPECT) + b"abc").statuses == [200]
    assert house.client().send(post(3, EXPECT) + b"a").send(b"bc").statuses == [200]


def test_expectation_of_an_old_client_is_ignored(house):
    house.body_at = 0
    client = house.client().send(post(3, EXPECT).replace(b"HTTP/1.1", b"HTTP/1.0"))
    assert client.raw == b""


# -- answers that stream -----------------------------------------------------------------------------


def stream(house, source, status=200, fields=()):
    house.stage = lambda _ex: Reply(status, list(fields), source)


def test_streaming_answer_of_unknown_length_is_chunked(house, source):
    body = source(first=b"one")
    stream(house, body)
    client = house.client().send(GET)
    assert len(client.transport.writes) == 1  # head and first bytes together
    body.sink.write(b"two")
    assert not house.logged
    body.sink.end()
    assert client.answers[0][2] == b"onetwo"
    assert house.logged[0].response_length == 6
    assert client.send(GET).transport.reading


def test_head_of_a_streaming_answer_does_not_wait_for_the_body(house, source):
    stream(house, source(), fields=[(b"content-type", b"text/event-stream")])
    client = house.client().send(GET)
    assert client.raw.startswith(b"HTTP/1.1 200 OK\r\n")


def test_the_gateways_own_time_ends_with_the_head_of_a_streaming_answer(house, source):
    body = source(first=b"one")
    stream(house, body)
    house.client().send(GET)
    house.clock.now += 60.0
    body.sink.end()
    (ex,) = house.logged
    assert (ex.ended - ex.started, ex.own_time) == (60.0, 0.0)


def test_streaming_answer_of_known_length(house, source):
    body = source(length=6, first=b"one")
    stream(house, body)
    client = house.client().send(GET)
    body.sink.write(b"two")
    body.sink.end()
    assert client.answers[0][1]["content-length"] == "6"
    assert client.answers[0][2] == b"onetwo"
    assert not client.ended


def test_streaming_answer_to_an_old_client_ends_with_the_connection(house, source):
    body = source(first=b"one")
    stream(house, body)
    client = house.client().send(OLD.replace(b"\r\n\r\n", b"\r\nConnection: keep-alive\r\n\r\n"))
    body.sink.end()
    assert "transfer-encoding" not in client.answers[0][1]
    assert client.answers[0][1]["connection"] == "close"
    assert client.answers[0][2] == b"one"
    assert client.ended


@pytest.mark.parametrize(
    ("te", "expected"),
    [pytest.param(b"TE: trailers\r\n", "\r\ngrpc-status: 0"), pytest.param(b"", "")],
    ids=["asked for", "not asked for"],
)
def test_trailers_go_to_those_who_take_them(house, source, te, expected):
    body = source()
    stream(house, body)
    client = house.client().send(GET[:-2] + te + b"\r\n")
    body.sink.write(b"x")
    body.sink.end([(b"grpc-status", b"0")])
    assert client.answers[0][1]["trailers"] == expected


@pytest.mark.parametrize(
    "break_off",
    [
        pytest.param(lambda sink: sink.abort("closed"), id="aborted"),
        pytest.param(lambda sink: sink.end(), id="shorter than announced"),
        pytest.param(lambda sink: sink.write(b"x" * 9), id="longer than announced"),
    ],
)
def test_answer_that_cannot_be_completed_breaks_the_connection(house, source, break_off):
    body = source(length=6, first=b"one")
    stream(house, body)
    client = house.client().send(GET)
    break_off(body.sink)
    client.settle()
    assert client.transport.aborted
    assert house.logged[0].error


def test_slow_reader_pauses_the_source(house, source):
    body = source()
    stream(house, body)
    client = house.client().send(GET)
    client.connection.pause_writing()
    assert body.paused
    client.connection.resume_writing()
    assert not body.paused


def test_body_of_a_head_answer_is_not_fetched(house, source):
    body = source(length=7)
    stream(house, body)
    client = house.client().send(HEAD)
    assert b"Content-Length: 7\r\n" in client.raw
    assert body.cancelled


# -- time ----------------------------------------------------------------------------------------------


def test_idle_connection_is_closed_silently(house):
    client = house.client()
    house.pass_time(74, client)
    client.send(GET)
    house.pass_time(74, client)
    assert not client.ended
    house.pass_time(1, client)
    assert client.transport.closed
    assert client.statuses == [200]
    assert len(house.logged) == 1


def test_slow_head_is_408_whatever_trickles_in(house):
    client = house.client()
    for byte in GET[:9]:
        client.send(bytes([byte]))
        house.pass_time(1, client)
    house.pass_time(1, client)
    assert client.statuses == [408]
    assert client.ended


def test_body_that_stops_is_408(house):
    house.body_at = 0
    client = house.client().send(post(100_000) + b"x" * 50_000)
    house.pass_time(29, client)
    assert not client.statuses
    house.pass_time(1, client)
    assert client.statuses == [408]


def test_body_slower_than_the_least_rate_is_408(house):
    house.body_at = 0
    client = house.client().send(post(100_000))
    for _ in range(9):
        client.send(b"x" * 100)
        house.pass_time(1, client)
    assert client.statuses == [408]


def test_time_in_which_the_body_is_held_back_does_not_count(house):
    house.park()
    client = house.client().send(post(100_000, EXPECT))
    house.pass_time(60, client)
    assert not client.ended


def test_deadline_hidden_behind_the_idle_limit_is_kept(house):
    house.park()
    gone = []
    client = house.client().send(GET)
    ex = house.entered[0]
    ex.cancel_work = gone.append
    client.connection.set_deadline(ex, house.clock.now + 29)
    house.pass_time(28, client)
    assert not client.answers
    house.pass_time(1, client)
    assert client.statuses == [504]
    assert gone == ["timeout"]
    house.stage = lambda _ex: Reply(200, [], b"")
    assert client.send(GET).statuses == [504, 200]


def test_deadline_of_an_answered_exchange_is_forgotten(house):
    house.park()
    client = house.client().send(GET)
    client.connection.set_deadline(house.entered[0], house.clock.now + 5)
    run.resume(house.entered[0], Reply(200, [], b"x"))
    house.pass_time(30, client)
    assert client.statuses == [200]
    assert not client.ended


# -- clients that go away --------------------------------------------------------------------------------


@pytest.mark.parametrize("leave", ["end", "reset"])
def test_client_that_leaves_while_it_waits_stops_the_work(house, leave):
    house.park()
    client = house.client().send(GET)
    why = []
    house.entered[0].cancel_work = why.append
    getattr(client, leave)()
    assert why == ["client"]
    assert client.raw == b""
    assert [(ex.status, ex.error) for ex in house.logged] == [(499, "client_gone")]
    run.resume(house.entered[0], Reply(200, [], b"late"))  # of no effect


def test_client_that_leaves_during_a_streaming_answer_stops_its_source(house, source):
    body = source(first=b"one")
    stream(house, body)
    house.client().send(GET).end()
    assert body.cancelled
    assert [(ex.status, ex.error) for ex in house.logged] == [(200, "client_gone")]


def test_client_that_leaves_inside_its_body_breaks_the_sink(house, sink):
    house.park()
    client = house.client().send(post(10) + b"abc")
    target = sink()
    house.entered[0].source.attach(target)
    client.end()
    assert target.aborted == "client_gone"


def test_pipelined_requests_of_a_client_that_left_are_dropped(house):
    house.park()
    client = house.client().send(GET + GET)
    client.end()
    assert len(house.entered) == 1


def test_idle_client_may_leave_without_a_line_in_the_log(house):
    house.client().end()
    house.client().send(GET[:9]).end()
    assert not house.logged


def test_half_closing_client_is_answered_where_allowed(house):
    house.shared.half_close = True
    house.park()
    client = house.client().send(GET + GET)
    client.end()
    run.resume(house.entered[0], Reply(200, [], b"1"))
    assert not client.transport.closed
    run.resume(house.entered[1], Reply(200, [], b"2"))
    client.settle()
    assert client.statuses == [200, 200]
    assert client.transport.closed


def test_event_streams_end_with_the_client_even_there(house, source):
    house.shared.half_close = True
    body = source()
    stream(house, body, fields=[(b"Content-Type", b"text/event-stream; charset=utf-8")])
    client = house.client().send(GET)
    client.end()
    assert body.cancelled


# -- upgrades ----------------------------------------------------------------------------------------------


def test_refused_upgrade_ends_the_connection(house):
    house.stage = lambda _ex: Reply(403, [], b"no")
    client = house.client().send(UPGRADE + GET)
    assert client.statuses == [403]
    assert client.ended


def test_refusals_carry_a_request_id_and_aws_words(house):
    _, fields, body = house.client().send(b"GET / HTTP/1.1\r\n\r\n").answers[0]
    assert fields["apigw-requestid"] == "id1"
    assert body == b'{"message":"Bad Request"}'


def test_parked_answer_counts_as_pending_until_sent(house):
    house.stage = lambda _ex: PARKED
    client = house.client().send(GET)
    assert client.raw == b""
    assert not house.logged
