"""Random bytes and mutated requests: never an exception, never a line left in doubt."""

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

GET = b"GET /next HTTP/1.1\r\nHost: a.example\r\n\r\n"

SEEDS = [
    GET,
    b"POST /p?q=1 HTTP/1.1\r\nHost: a.example\r\nContent-Length: 5\r\n\r\nhello",
    b"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n3;x=y\r\nabc\r\n0\r\nT: 1\r\n\r\n",
    (
        b"GET /w HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"
        b"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"
    ),
    b"PUT / HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\nContent-Length: 3\r\n\r\nabc",
    b"GET http://b.example:8080/a/../b HTTP/1.1\r\nHost: a\r\nConnection: close, X-Hop\r\n\r\n",
]
TOKENS = [
    b"\r\n", b"\n", b"\r", b" ", b"\t", b"\0", b":", b",", b";", b"\x80", b"0", b"-1", b"chunked",
    b"Content-Length: 5\r\n", b"Transfer-Encoding: chunked\r\n", b"Host: b\r\n", b"\r\n\r\n",
    b"Upgrade: h2c\r\n", b"Connection: upgrade\r\n", b"HTTP/1.0", b"%2e", b"..", b"#", b"\\",
]  # fmt: skip


@st.composite
def mutated(draw):
    data = bytearray(b"".join(draw(st.lists(st.sampled_from(SEEDS), min_size=1, max_size=3))))
    for _ in range(draw(st.integers(1, 4))):
        at = draw(st.integers(0, len(data)))
        cut = draw(st.integers(0, 6))
        data[at : at + cut] = draw(st.sampled_from(TOKENS) | st.binary(max_size=3))
    return bytes(data)


messages = mutated() | st.binary(max_size=200)
any_house = settings(
    max_examples=400, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)


@any_house
@given(data=messages, piece=st.integers(1, 40))
def test_any_bytes_get_answers_and_the_next_client_is_served(build, data, piece):
    house = build()
    house.body_at = 0
    client = house.client().send(data, piece)
    house.pass_time(120, client)
    assert client.ended
    assert len(house.logged) == sum(status != 100 for status in client.statuses)
    assert all(200 <= status < 506 for status in client.statuses if status != 100)
    assert house.client().send(GET).statuses == [200]


@any_house
@given(data=messages, piece=st.integers(1, 40))
def test_how_bytes_are_cut_makes_no_difference_to_what_enters(build, data, piece):
    entered = []
    for cut in (None, piece):
        house = build()
        house.body_at = 0
        client = house.client().send(data, cut)
        client.end()
        entered.append(
            [(ex.method, ex.path, ex.query, ex.host, ex.headers, ex.body) for ex in house.entered
             if ex.source is None]
        )  # fmt: skip
    assert entered[0] == entered[1]


@any_house
@given(body=st.binary(max_size=300), sizes=st.lists(st.integers(1, 50)), piece=st.integers(1, 60))
def test_chunked_body_comes_out_as_it_went_in(build, body, sizes, piece):
    chunks, rest = [], body
    for size in sizes:
        if not rest:
            break
        chunks.append(rest[:size])
        rest = rest[size:]
    if rest:
        chunks.append(rest)
    framed = b"".join(b"%x\r\n%b\r\n" % (len(part), part) for part in chunks) + b"0\r\n\r\n"
    house = build()
    house.body_at = 0
    head = b"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n"
    client = house.client().send(head + framed + GET, piece)
    assert house.entered[0].body == body
    assert client.statuses == [200, 200]
