"""What HTTP tasks ask for and what they give, without a socket."""

import json
from urllib.parse import parse_qsl

import pytest
from hypothesis import given
from hypothesis import strategies as st

from frontdesk.rules.asl.data.errors import StateError
from frontdesk.rules.asl.http_tasks import (
    MOST_BYTES,
    NOTHING,
    Additions,
    read_http_task,
    redirected,
    result,
    write_request,
)

URL = "https://api.vendor.example/v1/charges"


def read(**arguments):
    return read_http_task({"ApiEndpoint": URL, "Method": "GET", **arguments})


def written(added=NOTHING, key="k", **arguments):
    return write_request(read(**arguments), added, "eu-west-1", key)


def fields(request):
    line, *lines = request.head.decode().removesuffix("\r\n").split("\r\n")
    return line, dict(each.split(": ", 1) for each in lines)


def test_what_is_sent_where_nothing_is_said():
    assert fields(written()) == (
        "GET /v1/charges HTTP/1.1",
        {
            "User-Agent": "Amazon|StepFunctions|HttpInvoke|eu-west-1",
            "Range": "bytes=0-262144",
            "Accept-Encoding": "identity",
        },
    )


def test_a_body_is_json_by_default():
    request = written(Method="PUT", RequestBody={"amount": 12.5, "to": "ä"})
    assert fields(request)[1]["Content-Type"] == "application/json; charset=UTF-8"
    assert json.loads(request.body) == {"amount": 12.5, "to": "ä"}


def test_a_text_is_sent_as_it_is():
    request = written(Method="PUT", RequestBody="a,b\n", Headers={"content-type": "text/csv"})
    assert request.body == b"a,b\n"
    assert fields(request)[1]["content-type"] == "text/csv"
    assert "Content-Type" not in fields(request)[1]


@pytest.mark.parametrize(
    ("headers", "sent"),
    [
        ({"X-A": "b"}, {"X-A": "b"}),
        ({"X-A": 5, "X-B": True}, {"X-A": "5", "X-B": "true"}),
        ({"X-A": ["b", 1]}, {"X-A": "b, 1"}),
        ({"user-agent": "me", "Range": None}, {"user-agent": "me"}),
    ],
)
def test_headers(headers, sent):
    got = fields(written(Headers=headers))[1]
    assert {**got, **sent} == got
    assert not (None in headers.values() and "Range" in got)


FORBIDDEN = """
    X-Forwarded-For X-Amz-Date X-Amzn-Trace-Id Authorization Connection Content-Encoding Content-MD5
    Date Expect Forwarded From Host HTTP2-Settings If-Match If-None-Match Max-Forwards Origin Pragma
    Proxy-Authorization Referer Server TE Trailer Transfer-Encoding Upgrade Via Warning A-IM
    Accept-Charset Accept-Datetime Accept-Encoding Cache-Control Content-Length
"""


@pytest.mark.parametrize("name", [*FORBIDDEN.split(), "authorization", "X Y", ""])
def test_a_header_that_may_not_be_set(name):
    with pytest.raises(StateError, match="may not be set") as caught:
        read(Headers={name: "x"})
    assert caught.value.name == "States.Runtime"


@pytest.mark.parametrize(
    "arguments",
    [
        {"ApiEndpoint": None},
        {"ApiEndpoint": "ftp://x"},
        {"ApiEndpoint": "https://[x"},
        {"Method": "get"},
        {"Method": ["GET"]},
        {"Headers": ["a"]},
        {"Headers": {"A": {"b": 1}}},
        {"Headers": {"A": "b\r\nC: d"}},
        {"QueryParameters": "a=b"},
        {"QueryParameters": {"a": {"b": 1}}},
        {"Transform": {"RequestBodyEncoding": "XML"}},
        {
            "Transform": {
                "RequestBodyEncoding": "URL_ENCODED",
                "RequestEncodingOptions": {"ArrayFormat": "DOTS"},
            }
        },
    ],
)
def test_arguments_that_are_wrong(arguments):
    with pytest.raises(StateError) as caught:
        read(**arguments)
    assert caught.value.name == "States.Runtime"


def test_arguments_that_are_no_object():
    with pytest.raises(StateError):
        read_http_task([])


@pytest.mark.parametrize(
    ("endpoint", "query", "target"),
    [
        ("https://v.example", {}, "/"),
        ("https://v.example/a b/ü", {}, "/a%20b/%C3%BC"),
        ("https://v.example/%7Ea?b=%20c", {}, "/%7Ea?b=%20c"),
        ("https://v.example/a?b=1", {"c": "d e", "b": 2}, "/a?b=1&c=d%20e&b=2"),
        ("https://v.example/a", {"id": [1, "x&y", True], "no": None}, "/a?id=1&id=x%26y&id=true"),
        ("https://v.example/a#b", {}, "/a"),
    ],
)
def test_the_target(endpoint, query, target):
    line, _ = fields(written(ApiEndpoint=endpoint, QueryParameters=query))
    assert line == f"GET {target} HTTP/1.1"


FORM = {"a": [1, "b c"], "d": {"e": "f", "g": None}, "h": True}


@pytest.mark.parametrize(
    ("options", "body"),
    [
        ({}, "a[0]=1&a[1]=b%20c&d[e]=f&d[g]=&h=true"),
        ({"ArrayFormat": "INDICES"}, "a[0]=1&a[1]=b%20c&d[e]=f&d[g]=&h=true"),
        ({"ArrayFormat": "REPEAT"}, "a=1&a=b%20c&d[e]=f&d[g]=&h=true"),
        ({"ArrayFormat": "COMMAS"}, "a=1,b%20c&d[e]=f&d[g]=&h=true"),
        ({"ArrayFormat": "BRACKETS"}, "a[]=1&a[]=b%20c&d[e]=f&d[g]=&h=true"),
    ],
)
def test_a_form(options, body):
    transform = {"RequestBodyEncoding": "URL_ENCODED", "RequestEncodingOptions": options}
    request = written(Method="POST", RequestBody=FORM, Transform=transform)
    assert request.body.decode() == body
    kind = fields(request)[1]["Content-Type"]
    assert kind == "application/x-www-form-urlencoded; charset=UTF-8"


@given(st.dictionaries(st.text(min_size=1), st.text()))
def test_a_flat_form_is_what_every_reader_of_forms_reads(form):
    transform = {"RequestBodyEncoding": "URL_ENCODED"}
    body = written(Method="POST", RequestBody=form, Transform=transform).body
    assert dict(parse_qsl(body.decode(), keep_blank_values=True)) == form


def test_a_list_is_no_form():
    with pytest.raises(StateError, match="URL-encoded"):
        written(Method="POST", RequestBody=[1], Transform={"RequestBodyEncoding": "URL_ENCODED"})


ADDED = Additions({"X-Api-Key": "s3cret", "x-a": "ours"}, {"tenant": "7"}, {"account": "acme"})


def test_what_the_connection_adds_wins():
    request = written(
        ADDED,
        ApiEndpoint=f"{URL}?tenant=1&q=2",
        Method="POST",
        Headers={"X-A": "theirs", "X-B": "b"},
        QueryParameters={"tenant": "2", "r": "3"},
        RequestBody={"account": "other", "amount": 1},
    )
    line, sent = fields(request)
    assert line == "POST /v1/charges?q=2&r=3&tenant=7 HTTP/1.1"
    assert (sent["x-a"], sent["X-B"], sent["X-Api-Key"]) == ("ours", "b", "s3cret")
    assert "X-A" not in sent
    assert json.loads(request.body) == {"account": "acme", "amount": 1}


def test_what_the_connection_adds_to_the_body_makes_one():
    assert written(ADDED, Method="POST").body == b'{"account":"acme"}'
    assert written(ADDED, Method="GET").body == b""


def test_the_connection_cannot_add_to_a_list():
    with pytest.raises(StateError, match="not an object"):
        written(ADDED, Method="POST", RequestBody=[1])


@pytest.mark.parametrize("method", ["POST", "PATCH"])
def test_a_request_that_is_not_idempotent_gets_a_key(method):
    key = fields(written(Method=method))[1]["Idempotency-Key"]
    assert len(key) == 32
    assert key == fields(written(Method=method))[1]["Idempotency-Key"]
    assert key != fields(written(Method=method, key="other"))[1]["Idempotency-Key"]
    assert written(Method=method).has_key


@pytest.mark.parametrize(
    ("arguments", "added", "key"),
    [
        ({"Method": "PUT"}, NOTHING, None),
        ({"Method": "POST", "Headers": {"idempotency-key": "o-1"}}, NOTHING, "o-1"),
        ({"Method": "POST", "Headers": {"Idempotency-Key": None}}, NOTHING, None),
        ({"Method": "POST", "Headers": {"X-Idempotency-Key": "o-1"}}, NOTHING, None),
        ({"Method": "POST"}, Additions({"Idempotency-Key": "c"}), "c"),
    ],
    ids=["idempotent", "own", "left-out", "other-name", "connection"],
)
def test_the_key_that_a_request_has_of_its_own(arguments, added, key):
    sent = {name.lower(): value for name, value in fields(written(added, **arguments))[1].items()}
    assert sent.get("idempotency-key") == key


@pytest.mark.parametrize(
    ("place", "arn", "name"),
    [
        (
            "Authentication",
            "arn:aws:events:us-east-1:123456789012:connection/stripe/0a-1b",
            "stripe",
        ),
        ("InvocationConfig", "arn:aws:events:us-east-1:123456789012:connection/own", "own"),
        ("Authentication", "arn:aws:events::connection/stripe", "stripe"),
        ("Authentication", "connection/stripe/0a", "stripe"),
        ("Authentication", "stripe", "stripe"),
    ],
)
def test_the_name_of_a_connection(place, arn, name):
    assert read(**{place: {"ConnectionArn": arn}}).connection == name


# -- redirects --------------------------------------------------------------------------------------

FULL = {
    "Headers": {"Cookie": "c", "X-Vendor-Token": "t", "X-A": "b"},
    "QueryParameters": {"q": "1"},
    "RequestBody": {"a": 1},
}


@pytest.mark.parametrize(
    ("status", "method", "after", "has_body"),
    [
        (301, "POST", "GET", False),
        (302, "POST", "GET", False),
        (303, "POST", "GET", False),
        (303, "PUT", "GET", False),
        (303, "HEAD", "HEAD", False),
        (302, "PUT", "PUT", True),
        (307, "POST", "POST", True),
        (308, "PATCH", "PATCH", True),
    ],
)
def test_a_redirect(status, method, after, has_body):
    task = redirected(read(Method=method, **FULL), status, [(b"Location", b"/v2/x?y=1")])
    assert (task.url, task.method) == ("https://api.vendor.example/v2/x?y=1", after)
    assert (task.body == {"a": 1}) is has_body
    assert task.query == ()
    assert sorted(task.headers) == ["cookie", "x-a", "x-vendor-token"]


def test_another_origin_gets_nothing_that_tells_of_credentials():
    task = redirected(read(**FULL), 307, [(b"location", b"https://other.example/")])
    assert sorted(task.headers) == ["x-a"]


@pytest.mark.parametrize(
    ("status", "location"),
    [
        (200, b"/x"),
        (304, b"/x"),
        (302, b""),
        (302, b"http://api.vendor.example/x"),
        (302, b"ftp://api.vendor.example/x"),
        (302, b"https://[::1/x"),
    ],
)
def test_what_is_not_followed(status, location):
    assert redirected(read(), status, [(b"Location", location)]) is None


# -- answers ----------------------------------------------------------------------------------------


def test_a_result():
    got = result(
        201,
        [(b"Content-Type", b"application/json"), (b"Set-Cookie", b"a"), (b"set-cookie", b"b")],
        b'{"id": 1}',
    )
    assert got == {
        "Headers": {"content-type": ["application/json"], "set-cookie": ["a", "b"]},
        "ResponseBody": {"id": 1},
        "StatusCode": 201,
        "StatusText": "Created",
    }


@pytest.mark.parametrize(
    ("kind", "body", "value"),
    [
        ("application/json; charset=utf-8", b"[1]", [1]),
        ("application/problem+json", b"{}", {}),
        ("application/json", b"{", "{"),
        ("application/json", b"", ""),
        ("text/plain", b"[1]", "[1]"),
        ("text/plain; charset=latin-1", b"\xe4", "ä"),
        ("text/plain; charset=nonsense", "ä".encode(), "ä"),
        ("text/plain; charset=unicode_escape", b"\\ud800", "\\ud800"),
        ("text/plain; charset=Raw_Unicode_Escape", b"\\ud800", "\\ud800"),
        ("text/plain; charset=UTF-7", b"+2AA-", "+2AA-"),
        ("text/plain; charset=idna", b"xn--", "xn--"),
        ("text/plain; charset=punycode", "ä".encode(), "ä"),
        ("text/plain; charset=undefined", b"a", "a"),
        ("text/plain; charset=hex", b"61", "61"),
        ("text/plain; charset=rot13", b"a", "a"),
        ("", "ä".encode(), "ä"),
        ("application/octet-stream", b"", ""),
    ],
)
def test_the_body_of_a_result(kind, body, value):
    assert result(200, [(b"Content-Type", kind.encode())], body)["ResponseBody"] == value


@pytest.mark.parametrize(
    ("status", "kind", "body", "error", "cause"),
    [
        (429, "text/plain", b"slow down", "States.Http.StatusCode.429", "slow down"),
        (500, "image/png", b"\xff", "States.Http.StatusCode.500", "\N{REPLACEMENT CHARACTER}"),
        (304, "", b"", "States.Http.StatusCode.304", ""),
        (503, "text/plain", b"x" * MOST_BYTES, "States.Http.StatusCode.503", "x" * 32_768),
        (200, "text/plain", b"x" * (MOST_BYTES + 1), "States.DataLimitExceeded", "larger"),
        (200, "application/octet-stream", b"x", "States.Runtime", "octet-stream"),
        (200, "image/png", b"x", "States.Runtime", "image/png"),
        (200, "video/mp4", b"x", "States.Runtime", "video/mp4"),
        (200, "audio/mp4", b"x", "States.Runtime", "audio/mp4"),
        (200, "text/plain", b"\xff", "States.Runtime", "cannot be read as text"),
        (200, "application/json", b'"\xff"', "States.Runtime", "cannot be read as text"),
    ],
)
def test_answers_that_fail(status, kind, body, error, cause):
    with pytest.raises(StateError) as caught:
        result(status, [(b"Content-Type", kind.encode())], body)
    assert caught.value.name == error
    assert cause in caught.value.cause


def test_an_answer_in_a_coding_that_was_not_asked_for():
    with pytest.raises(StateError, match="content encoding"):
        result(200, [(b"Content-Encoding", b"gzip")], b"\x1f\x8b")
