import pytest
from hypothesis import given
from hypothesis import strategies as st

from frontdesk.gateway.server.heads import (
    HELD_FROM_ANYONE,
    LONGEST_SHOWN,
    HeadReader,
    Request,
)
from frontdesk.gateway.server.limits import Limits
from frontdesk.rules.http.forwarding import TrustedProxies
from frontdesk.rules.http.hop_by_hop import is_held

CLIENT, PROXY = "192.0.2.1", "10.0.0.1"

LINES = (
    b"GET /a HTTP/1.1",
    b"POST /a%2e/../b?c=d HTTP/1.1",
    b"OPTIONS * HTTP/1.1",
    b"GET /a HTTP/1.0",
    b"GET http://b.example/c HTTP/1.1",
    b"GET  /a HTTP/1.1",
    b"GET /a\x01 HTTP/1.1",
    b"GET /a?\x01 HTTP/1.1",
    b"GET /a?\x7f HTTP/1.1",
    b"GET /a?\xff HTTP/1.1",
    b"GET /a?b#c HTTP/1.1",
    b"GET /" + 9000 * b"a" + b" HTTP/1.1",
    b"GET a HTTP/1.1",
    b"CONNECT a:1 HTTP/1.1",
    b"PRI * HTTP/2.0",
    b"GET /a HTTP/1.1\n",
    b"GET /a HTTP/1.1\r",
    b"GET /a",
    b"Get /a HTTP/1.1",
    b"",
)

FIELDS = (
    b"Host: a.example:80",
    b"Host: b.example",
    b"Accept: */*\t ",
    b"Cookie: a=b",
    b"Cookie: c=d",
    b"X-Forwarded-For: 203.0.113.9",
    b"X_Underscored: a",
    b"Connection: close",
    b"Content-Length: 0",
    b"Transfer-Encoding: chunked",
    b"Bad : a",
)


def reader() -> HeadReader:
    return HeadReader(Limits(), TrustedProxies(["10.0.0.0/8"]))


def seen(request: Request) -> dict[str, object]:
    names = (
        *("method", "raw_path", "path", "query", "version", "host", "scheme", "authority"),
        *("headers", "fields", "held", "peer", "client_ip", "request_length"),
        *("length", "keep_alive", "expects_continue", "upgrade"),
    )
    said = {name: getattr(request, name) for name in names}
    said["refused"] = request.refusal and (request.refusal.status, request.refusal.cause)
    return said


@pytest.mark.parametrize(
    ("authority", "host"),
    [
        (b"Api.X.example", "api.x.example"),
        (b"api.x.example.", "api.x.example"),
        (b"api.x.example.:8443", "api.x.example"),
        (b"api.x.example..", "api.x.example."),
        (b"127.0.0.1:80", "127.0.0.1"),
        (b"[::1]:80", "[::1]"),
    ],
)
def test_a_host_is_a_name_in_lower_case_without_port_and_root(authority, host):
    assert reader().read(b"GET / HTTP/1.1\r\nHost: " + authority + b"\r\n\r\n", CLIENT).host == host
    absolute = b"GET http://" + authority + b"/ HTTP/1.1\r\nHost: other\r\n\r\n"
    assert reader().read(absolute, CLIENT).host == host
    forwarded = b"GET / HTTP/1.1\r\nHost: other\r\nX-Forwarded-Host: " + authority + b"\r\n\r\n"
    assert reader().read(forwarded, PROXY).host == host


@pytest.mark.parametrize("authority", [b".", b".:80", b"[::1]."])
def test_a_host_without_a_name_is_refused(authority):
    refused = reader().read(b"GET / HTTP/1.1\r\nHost: " + authority + b"\r\n\r\n", CLIENT).refusal
    assert refused is not None
    assert refused.cause == "host"


@pytest.mark.parametrize(
    ("line", "shown"),
    [
        (b"GET /a/%zz?b=c HTTP/1.1", "/a/%zz"),
        (rb"GET /a\..\b HTTP/1.1", r"/a\\..\\b"),
        (b"GET /caf\xe9\x07\x1b[2J HTTP/1.1", r"/caf\xe9\x07\x1b[2J"),
        (b"GET /<script>alert(1)</script>\x7f HTTP/1.1", r"/<script>alert(1)</script>\x7f"),
        (b"GET /a#b HTTP/1.1", "/a#b"),
        (b"GET index.html?a=b HTTP/1.1", "index.html"),
        (b"GET * HTTP/1.1", "*"),
        (b"CONNECT a.example:443 HTTP/1.1", "a.example:443"),
        (b"GET ftp://ada:pass@a.example/b HTTP/1.1", "ftp://***@a.example/b"),
        (b"GET http:///b HTTP/1.1", "http:///b"),
        (b"BREW /pots HTTP/1.1", "/pots"),
        (b"GET /a HTTP/3.0", "/a"),
        (b"GET /a", "/a"),
        (b"GET  /a HTTP/1.1", ""),
        (b"nonsense", ""),
        (b"GET /eyJhbGciOi.eyJzdWIi.c2ln/%00 HTTP/1.1", "/***/%00"),
        (b"GET /" + b"%0a" * 2000 + b" HTTP/1.1", ("/" + "%0a" * 2000)[:LONGEST_SHOWN] + "…"),
        (b"GET /" + b"\xff" * 2000 + b" HTTP/1.1", ("/" + r"\xff" * 2000)[:LONGEST_SHOWN] + "…"),
        (b"GET /" + b"a" * 9000 + b" HTTP/1.1", ("/" + "a" * 9000)[:LONGEST_SHOWN] + "…"),
        (b"GET /" + b"a" * 70_000 + b" HTTP/1.1", ("/" + "a" * 9000)[:LONGEST_SHOWN] + "…"),
    ],
    ids=lambda value: value[:40].decode("latin-1") if isinstance(value, bytes) else "",
)
def test_a_target_that_is_refused_is_shown_as_it_was_sent(line, shown):
    request = reader().read(line + b"\r\nHost: a.example\r\n\r\n", CLIENT)
    assert request.refusal is not None
    assert request.path == shown


def test_a_path_that_is_fine_is_shown_in_its_normal_form_whatever_else_is_refused():
    head = b"GET http://ada:pass@a.example/%61 HTTP/1.1\r\nHost: a\r\n\r\n"
    request = reader().read(head, CLIENT)
    assert request.refusal is not None
    assert request.path == "/a"


def test_what_ends_at_the_door_is_never_forwarded():
    assert [name for name in HELD_FROM_ANYONE if not is_held(name)] == []


@given(
    st.lists(
        st.tuples(
            st.sampled_from(LINES),
            st.lists(st.sampled_from(FIELDS), max_size=4),
            st.sampled_from((CLIENT, PROXY)),
        ),
        max_size=8,
    )
)
def test_a_remembered_field_section_means_what_it_means_when_it_is_new(heads):
    warm = reader()
    warm.read(b"GET / HTTP/1.1\r\nHost: a.example:80\r\n\r\n", CLIENT)
    for line, fields, peer in heads:
        head = b"\r\n".join((line, *fields, b"", b""))
        known = warm.recall(head, peer) or warm.read(head, peer)
        assert seen(known) == seen(reader().read(head, peer))


PLAIN = b"Host: a.example\r\nAccept: */*\r\n\r\n"


@pytest.mark.parametrize("line", LINES[:3])
def test_a_section_that_came_before_is_not_read_again(line):
    heads = reader()
    first = heads.read(b"GET / HTTP/1.1\r\n" + PLAIN, CLIENT)
    again = heads.recall(line + b"\r\n" + PLAIN, PROXY)
    assert again is not None
    assert again.fields is first.fields
    assert again.section is first.section


@pytest.mark.parametrize(
    "more",
    [
        b"X-Forwarded-For: 203.0.113.9",
        b"X_Forwarded_For: 203.0.113.9",
        b"Connection: close",
        b"Content-Length: 0",
        b"Transfer-Encoding: chunked",
        b"Upgrade: websocket",
        b"Filler: " + 5000 * b"a",
    ],
)
def test_a_section_that_is_more_than_plain_is_not_remembered(more):
    heads = reader()
    head = b"GET / HTTP/1.1\r\n" + more + b"\r\n" + PLAIN
    heads.read(head, CLIENT)
    assert heads.recall(head, CLIENT) is None


def test_nothing_behind_a_remembered_section_is_taken_for_part_of_it():
    heads = reader()
    heads.read(b"GET / HTTP/1.1\r\n" + PLAIN, CLIENT)
    assert heads.recall(b"GET / HTTP/1.1\r\n" + PLAIN + b"GET", CLIENT) is None
    assert heads.recall(b"\r\nGET / HTTP/1.1\r\n" + PLAIN, CLIENT) is None
