"""Every row of what the parser rejects and of what it lets pass: status, and whether the line ends."""

import pytest

CRLF = b"\r\n"
GET = b"GET / HTTP/1.1\r\nHost: a.example\r\n\r\n"


def get(*lines: bytes, first: bytes = b"GET / HTTP/1.1", host: bytes = b"Host: a.example") -> bytes:
    return CRLF.join([first, *([host] if host else []), *lines, b"", b""])


def post(*lines: bytes, body: bytes = b"", version: bytes = b"HTTP/1.1") -> bytes:
    return get(*lines, first=b"POST /p " + version) + body


CHUNKED = b"Transfer-Encoding: chunked"
REFUSED = {
    # -- line ends and grammar of fields
    "bare LF after the request line": (b"GET / HTTP/1.1\nHost: a\r\n\r\n", 400),
    "bare LF after a field": (b"GET / HTTP/1.1\r\nHost: a\nX: 1\r\n\r\n", 400),
    "bare LF at the end": (b"GET / HTTP/1.1\r\nHost: a\r\n\n\r\n\r\n", 400),
    "bare CR in a value": (get(b"X: a\rb"), 400),
    "folded field": (get(b"X: a", b" b"), 400),
    "blank before the colon": (get(b"X : a"), 400),
    "tab before the colon": (get(b"X\t: a"), 400),
    "empty name": (get(b": a"), 400),
    "name that is no token": (get(b"X(y): a"), 400),
    "name not ASCII": (get(b"X\xc3\xa9: a"), 400),
    "no colon": (get(b"Nonsense"), 400),
    "NUL in a value": (get(b"X: a\0b"), 400),
    "control in a value": (get(b"X: a\x01b"), 400),
    "DEL in a value": (get(b"X: a\x7fb"), 400),
    "blank before the first field": (get(host=b" Host: a"), 400),
    # -- framing
    "content lengths that differ": (post(b"Content-Length: 1", b"Content-Length: 2"), 400),
    "content lengths that agree": (
        post(b"Content-Length: 1", b"Content-Length: 1", body=b"x"),
        400,
    ),
    "content length list": (post(b"Content-Length: 1, 1", body=b"x"), 400),
    "content length +1": (post(b"Content-Length: +1", body=b"x"), 400),
    "content length -1": (post(b"Content-Length: -1"), 400),
    "content length 0x1": (post(b"Content-Length: 0x1"), 400),
    "content length 1_0": (post(b"Content-Length: 1_0"), 400),
    "content length empty": (post(b"Content-Length:"), 400),
    "content length overflow": (post(b"Content-Length: 99999999999999999999"), 400),
    "length then coding": (post(b"Content-Length: 3", CHUNKED, body=b"0\r\n\r\n"), 400),
    "coding then length": (post(CHUNKED, b"Content-Length: 3", body=b"0\r\n\r\n"), 400),
    "coding xchunked": (post(b"Transfer-Encoding: xchunked"), 400),
    "coding identity": (post(b"Transfer-Encoding: identity"), 400),
    "coding with parameter": (post(b"Transfer-Encoding: chunked;q=1"), 400),
    "coding empty": (post(b"Transfer-Encoding:"), 400),
    "coding chunked, identity": (post(b"Transfer-Encoding: chunked, identity"), 400),
    "coding chunked twice": (post(b"Transfer-Encoding: chunked, chunked"), 400),
    "two coding fields": (post(CHUNKED, CHUNKED, body=b"0\r\n\r\n"), 400),
    "coding with VT": (post(b"Transfer-Encoding: \x0bchunked"), 400),
    "coding gzip, chunked": (post(b"Transfer-Encoding: gzip, chunked", body=b"0\r\n\r\n"), 501),
    "coding with empty member": (post(b"Transfer-Encoding: ,chunked", body=b"0\r\n\r\n"), 400),
    "coding in HTTP/1.0": (post(CHUNKED, body=b"0\r\n\r\n", version=b"HTTP/1.0"), 400),
    # -- chunks
    "chunk size 0x": (post(CHUNKED, body=b"0x1\r\na\r\n0\r\n\r\n"), 400),
    "chunk size with blank": (post(CHUNKED, body=b"1 \r\na\r\n0\r\n\r\n"), 400),
    "chunk size overflow": (post(CHUNKED, body=b"fffffffffffffffff\r\n"), 400),
    "chunk without line end": (post(CHUNKED, body=b"1\r\nab\r\n0\r\n\r\n"), 400),
    "chunk line with bare LF": (post(CHUNKED, body=b"1\na\r\n0\r\n\r\n"), 400),
    "LF in quoted extension": (post(CHUNKED, body=b'1;x="\n"\r\na\r\n0\r\n\r\n'), 400),
    "length as trailer": (post(CHUNKED, body=b"0\r\nContent-Length: 3\r\n\r\n"), 400),
    "endless zeros before a chunk size": (
        post(CHUNKED, body=b"0" * 20_000 + b"1\r\na\r\n0\r\n\r\n"),
        400,
    ),
    "endless extension": (post(CHUNKED, body=b"1;x=" + b"y" * 20_000 + b"\r\na\r\n0\r\n\r\n"), 400),
    "endless trailers": (post(CHUNKED, body=b"0\r\n" + b"X: y\r\n" * 4000 + b"\r\n"), 400),
    # -- request line
    "HTTP/1.2": (get(first=b"GET / HTTP/1.2"), 505),
    "HTTP/2.0": (get(first=b"GET / HTTP/2.0"), 505),
    "HTTP/0.9": (get(first=b"GET / HTTP/0.9"), 505),
    "HTTP/2 preface": (b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", 505),
    "RTSP": (get(first=b"GET / RTSP/1.0"), 505),
    "lower-case protocol": (get(first=b"GET / http/1.1"), 400),
    "no version": (get(first=b"GET /"), 400),
    "two blanks before the target": (get(first=b"GET  / HTTP/1.1"), 400),
    "two blanks before the version": (get(first=b"GET /  HTTP/1.1"), 400),
    "tab in the request line": (get(first=b"GET\t/ HTTP/1.1"), 400),
    "blank after the version": (get(first=b"GET / HTTP/1.1 "), 400),
    "lower-case method": (get(first=b"get / HTTP/1.1"), 501),
    "unknown method": (get(first=b"BREW / HTTP/1.1"), 501),
    "method that is no token": (get(first=b"G@T / HTTP/1.1"), 400),
    "CONNECT": (get(first=b"CONNECT a.example:443 HTTP/1.1"), 501),
    "TRACE": (get(first=b"TRACE / HTTP/1.1"), 405),
    "control in the target": (get(first=b"GET /\x01 HTTP/1.1"), 400),
    "not ASCII in the target": (get(first=b"GET /\xc3\xa9 HTTP/1.1"), 400),
    "target without slash": (get(first=b"GET index.html HTTP/1.1"), 400),
    "authority form": (get(first=b"GET a.example:80 HTTP/1.1"), 400),
    "fragment": (get(first=b"GET /a#b HTTP/1.1"), 400),
    "fragment in the query": (get(first=b"GET /a?b#c HTTP/1.1"), 400),
    "backslash": (get(first=b"GET /a\\b HTTP/1.1"), 400),
    "above the root": (get(first=b"GET /../etc HTTP/1.1"), 400),
    "encoded slash": (get(first=b"GET /a%2fb HTTP/1.1"), 400),
    "broken triplet": (get(first=b"GET /a%zz HTTP/1.1"), 400),
    "asterisk with GET": (get(first=b"GET * HTTP/1.1"), 400),
    "absolute form with userinfo": (get(first=b"GET http://u:p@a.example/ HTTP/1.1"), 400),
    "absolute form of ftp": (get(first=b"GET ftp://a.example/ HTTP/1.1"), 400),
    "absolute form without host": (get(first=b"GET http:///x HTTP/1.1"), 400),
    "three leading empty lines": (CRLF * 3 + GET, 400),
    "leading CR": (b"\rGET / HTTP/1.1\r\nHost: a\r\n\r\n", 400),
    "TLS on a plain port": (b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\r\n\r\n", 400),
    # -- Host
    "no Host": (get(host=b""), 400),
    "two Hosts": (get(b"Host: b.example"), 400),
    "empty Host": (get(host=b"Host:"), 400),
    "Host with path": (get(host=b"Host: a/b"), 400),
    "Host with userinfo": (get(host=b"Host: a@b"), 400),
    "Host list": (get(host=b"Host: a,b"), 400),
    "Host with control": (get(host=b"Host: a\x01b"), 400),
    "Host with blank": (get(host=b"Host: a b"), 400),
    "Host with odd port": (get(host=b"Host: a:8o"), 400),
    # -- what fields say together
    "Authorization twice": (get(b"Authorization: a", b"authorization: b"), 400),
    "Content-Type twice": (get(b"Content-Type: a/b", b"Content-Type: a/c"), 400),
    "Idempotency-Key twice": (get(b"Idempotency-Key: 1", b"Idempotency-Key: 2"), 400),
    "X-Api-Key twice": (get(b"X-Api-Key: 1", b"x-api-key: 1"), 400),
    "Connection names Authorization": (get(b"Connection: close, Authorization"), 400),
    "Connection names X-Forwarded-For": (get(b"Connection: X-Forwarded-For"), 400),
    "unknown expectation": (post(b"Expect: 200-ok", b"Content-Length: 1"), 417),
    # -- WebSocket handshakes that are none
    "WebSocket version 8": (
        get(b"Connection: Upgrade", b"Upgrade: websocket", b"Sec-WebSocket-Version: 8"),
        426,
    ),
    "WebSocket without key": (
        get(b"Connection: Upgrade", b"Upgrade: websocket", b"Sec-WebSocket-Version: 13"),
        400,
    ),
    "WebSocket with body": (
        get(
            b"Connection: Upgrade",
            b"Upgrade: websocket",
            b"Sec-WebSocket-Version: 13",
            b"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==",
            b"Content-Length: 1",
        )
        + b"x",
        400,
    ),
    # -- sizes
    "request line too long": (get(first=b"GET /" + b"a" * 17_000 + b" HTTP/1.1"), 414),
    "target too long": (get(first=b"GET /" + b"a" * 9_000 + b" HTTP/1.1"), 414),
    "field too long": (get(b"X: " + b"a" * 65_536), 431),
    "fields too long": (get(*[b"X-%d: %b" % (n, b"a" * 8000) for n in range(9)]), 431),
    "too many fields": (get(*[b"X-%d: a" % n for n in range(100)]), 431),
    "head without end": (get(first=b"GET / HTTP/1.1")[:-2] + b"X: a\r\n" * 20_000, 431),
    "line without end": (b"GET /" + b"a" * 20_000, 414),
}

SERVED = {
    "plain": (GET, b"GET /? a.example "),
    "one leading empty line": (CRLF + GET, b"GET /? a.example "),
    "two leading empty lines": (CRLF * 2 + GET, b"GET /? a.example "),
    "query": (get(first=b"GET /a?b=c&d HTTP/1.1"), b"GET /a?b=c&d a.example "),
    "two marks in the query": (get(first=b"GET /a?b?c HTTP/1.1"), b"GET /a?b?c a.example "),
    "path normalised": (get(first=b"GET /a/./b//c/%7Ed HTTP/1.1"), b"GET /a/b/c/~d? a.example "),
    "asterisk with OPTIONS": (get(first=b"OPTIONS * HTTP/1.1"), b"OPTIONS *? a.example "),
    "absolute form": (get(first=b"GET http://B.example:80/x?y HTTP/1.1"), b"GET /x?y b.example "),
    "absolute form, bad Host": (
        get(first=b"GET http://b.example/x HTTP/1.1", host=b"Host: a/b"),
        b"GET /x? b.example ",
    ),
    "absolute form, no path": (get(first=b"GET http://b.example HTTP/1.1"), b"GET /? b.example "),
    "absolute form, only query": (
        get(first=b"GET http://b.example?y HTTP/1.1"),
        b"GET /?y b.example ",
    ),
    "Host with port": (get(host=b"Host: A.Example:8080"), b"GET /? a.example "),
    "Host IPv6": (get(host=b"Host: [::1]:8080"), b"GET /? [::1] "),
    "Host with blanks around": (get(host=b"Host: \t a.example \t "), b"GET /? a.example "),
    "name with underscore is dropped": (get(b"Transfer_Encoding: chunked"), b"GET /? a.example "),
    "one field of almost all": (get(b"X: " + b"a" * 65_000), b"GET /? a.example "),
    "99 fields": (get(*[b"X-%d: a" % n for n in range(99)]), b"GET /? a.example "),
    "body": (post(b"Content-Length: 3", body=b"abc"), b"POST /p? a.example abc"),
    "body of nothing": (post(b"Content-Length: 0"), b"POST /p? a.example "),
    "body in chunks": (
        post(CHUNKED, body=b"1\r\na\r\n2;x=y\r\nbc\r\n0\r\n\r\n"),
        b"POST /p? a.example abc",
    ),
    "chunk size of 17 digits": (
        post(CHUNKED, body=b"0" * 16 + b"1\r\na\r\n0\r\n\r\n"),
        b"POST /p? a.example a",
    ),
    "coding in capitals": (
        post(b"Transfer-Encoding: CHUNKED", body=b"1\r\na\r\n0\r\n\r\n"),
        b"POST /p? a.example a",
    ),
    "trailers are no headers": (
        post(CHUNKED, body=b"1\r\na\r\n0\r\nX-Admin: 1\r\n\r\n"),
        b"POST /p? a.example a",
    ),
    "line ends as data of a chunk": (
        post(CHUNKED, body=b"4\r\n\r\n\r\n\r\n0\r\n\r\n"),
        b"POST /p? a.example \r\n\r\n",
    ),
    "GET with body": (get(b"Content-Length: 3") + b"abc", b"GET /? a.example abc"),
    "HEAD-like text in a body": (
        post(b"Content-Length: %d" % len(GET), body=GET),
        b"POST /p? a.example " + GET,
    ),
}

SERVED_THEN_CLOSED = {
    "close": (get(b"Connection: close"), b"GET /? a.example "),
    "close among others": (get(b"Connection: foo, Close"), b"GET /? a.example "),
    "HTTP/1.0": (get(first=b"GET / HTTP/1.0"), b"GET /? a.example "),
    "HTTP/1.0 without Host": (get(first=b"GET / HTTP/1.0", host=b""), b"GET /?  "),
    "h2c": (
        get(b"Connection: Upgrade, HTTP2-Settings", b"Upgrade: h2c", b"HTTP2-Settings: AA"),
        b"GET /? a.example ",
    ),
    "h2c with a length": (
        post(b"Connection: Upgrade", b"Upgrade: h2c", b"Content-Length: 3", body=b"abc"),
        b"POST /p? a.example abc",
    ),
    "h2c with chunks": (
        post(b"Connection: Upgrade", b"Upgrade: h2c", CHUNKED, body=b"1\r\na\r\n0\r\n\r\n"),
        b"POST /p? a.example a",
    ),
    "upgrade to anything, with a request as body": (
        post(
            b"Connection: Upgrade",
            b"Upgrade: x",
            b"Content-Length: %d" % len(GET),
            body=GET,
        ),
        b"POST /p? a.example " + GET,
    ),
}

PIECES = [pytest.param(None, id="whole"), pytest.param(1, id="byte by byte")]


@pytest.mark.parametrize("piece", PIECES)
@pytest.mark.parametrize(("request_bytes", "status"), REFUSED.values(), ids=REFUSED.keys())
def test_refused_with_its_status_and_closed(house, request_bytes, status, piece):
    house.body_at = 0
    client = house.client().send(request_bytes + GET, piece)
    assert client.statuses == [status]
    assert client.answers[0][1]["connection"] == "close"
    assert client.ended
    assert [ex.status for ex in house.logged] == [status]
    assert house.client().send(GET).statuses == [200]


@pytest.mark.parametrize("piece", PIECES)
@pytest.mark.parametrize(("request_bytes", "body"), SERVED.values(), ids=SERVED.keys())
def test_served_and_the_next_one_too(house, request_bytes, body, piece):
    house.body_at = 0
    client = house.client().send(request_bytes + GET, piece)
    assert [answer[2] for answer in client.answers] == [body, b"GET /? a.example "]
    assert not client.ended
    assert [ex.status for ex in house.logged] == [200, 200]


@pytest.mark.parametrize("piece", PIECES)
@pytest.mark.parametrize(
    ("request_bytes", "body"), SERVED_THEN_CLOSED.values(), ids=SERVED_THEN_CLOSED.keys()
)
def test_served_then_closed_dropping_what_follows(house, request_bytes, body, piece):
    house.body_at = 0
    client = house.client().send(request_bytes + GET, piece)
    assert [answer[2] for answer in client.answers] == [body]
    assert client.answers[0][1]["connection"] == "close"
    assert client.ended
    assert len(house.entered) == 1
