"""Results of functions: what is sent for each, and that nothing breaks out of a header."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from frontdesk.rules.events.response import (
    Malformed,
    Response,
    parse_output,
    parse_v1,
    parse_v2,
)

JSON = [(b"content-type", b"application/json")]
TEXT = [(b"content-type", b"text/plain; charset=utf-8")]


def dump(value):
    return json.dumps(value).encode()


INFERRED = [
    ({"message": "Hello"}, b'{"message":"Hello"}'),
    ("Hello from Lambda!", b"Hello from Lambda!"),
    ("", b""),
    (True, b"true"),
    (3, b"3"),
    (3.1, b"3.1"),
    ([1, {"a": "b"}], b'[1,{"a":"b"}]'),
    ({"a": "ü"}, '{"a":"ü"}'.encode()),
    ({"body": "no status"}, b'{"body":"no status"}'),
    (None, b"null"),
]


@pytest.mark.parametrize(("result", "body"), INFERRED, ids=lambda value: repr(value)[:30])
def test_v2_infers_a_json_response(result, body):
    assert parse_v2(dump(result)) == Response(200, JSON, body)


def test_v2_without_any_result():
    assert parse_v2(b"") == Response(200, JSON, b"null")


FORMED = {
    "status only": ({"statusCode": 201}, Response(201, TEXT, b"")),
    "status as text": ({"statusCode": "404", "body": "x"}, Response(404, TEXT, b"x")),
    "status as float": ({"statusCode": 200.0}, Response(200, TEXT, b"")),
    "no content": ({"statusCode": 204}, Response(204, [], b"")),
    "null parts": ({"statusCode": 200, "headers": None, "body": None}, Response(200, TEXT, b"")),
    "own type": (
        {"statusCode": 200, "headers": {"Content-Type": "image/png"}, "body": ""},
        Response(200, [(b"Content-Type", b"image/png")], b""),
    ),
    "base64": (
        {"statusCode": 200, "body": "iVBORw==", "isBase64Encoded": True},
        Response(200, TEXT, b"\x89PNG"),
    ),
    "base64 not asked for": (
        {"statusCode": 200, "body": "iVBORw==", "isBase64Encoded": False},
        Response(200, TEXT, b"iVBORw=="),
    ),
    "scalar values": (
        {"statusCode": 200, "headers": {"X-A": 1, "X-B": True, "X-C": 1.5, "X-D": " v "}},
        Response(
            200,
            [(b"X-A", b"1"), (b"X-B", b"true"), (b"X-C", b"1.5"), (b"X-D", b"v"), *TEXT],
            b"",
        ),
    ),
    "beyond ASCII": (
        {"statusCode": 200, "headers": {"X-A": "ü", "X-B": "€"}},
        Response(200, [(b"X-A", "ü".encode()), (b"X-B", "€".encode()), *TEXT], b""),
    ),
    "framing and hop-by-hop dropped": (
        {
            "statusCode": 200,
            "headers": {
                "Content-Length": "999",
                "Transfer-Encoding": "chunked",
                "Connection": "close",
                "Upgrade": "x",
                "Apigw-RequestId": "forged",
                "X-A": "1",
            },
        },
        Response(200, [(b"X-A", b"1"), *TEXT], b""),
    ),
}


@pytest.mark.parametrize("parse", [parse_v1, parse_v2, parse_output])
@pytest.mark.parametrize("case", FORMED)
def test_both_formats_read(parse, case):
    result, response = FORMED[case]
    assert parse(dump(result)) == response


BROKEN = {
    "not JSON": b"{",
    "status is no number": dump({"statusCode": "ok"}),
    "status is null": dump({"statusCode": None}),
    "status is a boolean": dump({"statusCode": True}),
    "status is interim": dump({"statusCode": 101}),
    "status is too large": dump({"statusCode": 600}),
    "status is fractional": dump({"statusCode": 200.5}),
    "body is an object": dump({"statusCode": 200, "body": {"a": 1}}),
    "body is a number": dump({"statusCode": 200, "body": 1}),
    "body is not base64": dump({"statusCode": 200, "body": "a", "isBase64Encoded": True}),
    "body is not even ASCII": dump({"statusCode": 200, "body": "ü", "isBase64Encoded": True}),
    "headers is a list": dump({"statusCode": 200, "headers": ["a"]}),
    "header is a list": dump({"statusCode": 200, "headers": {"a": ["b"]}}),
    "header is null": dump({"statusCode": 200, "headers": {"a": None}}),
    "value with CRLF": dump({"statusCode": 200, "headers": {"a": "b\r\nc: d"}}),
    "value with LF": dump({"statusCode": 200, "headers": {"a": "b\nc"}}),
    "value with NUL": dump({"statusCode": 200, "headers": {"a": "b\0"}}),
    "name with a colon": dump({"statusCode": 200, "headers": {"a:": "b"}}),
    "name with CRLF": dump({"statusCode": 200, "headers": {"a\r\nb": "c"}}),
    "empty name": dump({"statusCode": 200, "headers": {"": "c"}}),
    "name beyond ASCII": dump({"statusCode": 200, "headers": {"ä": "c"}}),
}


@pytest.mark.parametrize("parse", [parse_v1, parse_v2])
@pytest.mark.parametrize("case", BROKEN)
def test_a_broken_result_is_malformed(parse, case):
    assert isinstance(parse(BROKEN[case]), Malformed)


@pytest.mark.parametrize("case", sorted(BROKEN.keys() - {"body is an object", "body is a number"}))
def test_a_broken_output_is_malformed(case):
    assert isinstance(parse_output(BROKEN[case]), Malformed)


@pytest.mark.parametrize("body", [{"a": [1, None]}, 1, False, ["ü"]], ids=repr)
def test_an_output_may_have_any_json_as_its_body(body):
    result = parse_output(dump({"statusCode": 402, "body": body, "cookies": ["a=1"]}))
    assert (result.status, result.fields) == (402, [(b"set-cookie", b"a=1"), *JSON])
    assert json.loads(result.body) == body


@pytest.mark.parametrize(
    "payload", [b'"text"', b'{"a": 1.0}', b"null", b"12345678901234567890123"], ids=repr
)
def test_any_other_output_is_sent_as_it_is(payload):
    assert parse_output(payload) == Response(200, JSON, payload)


@pytest.mark.parametrize("result", [None, "text", 3, [1], {}, {"body": "x"}], ids=repr)
def test_v1_demands_a_status(result):
    assert isinstance(parse_v1(dump(result)), Malformed)


def test_v2_cookies_are_lines_of_their_own():
    result = parse_v2(dump({"statusCode": 200, "cookies": ["a=1; Secure", "b=2"]}))
    assert result.fields == [(b"set-cookie", b"a=1; Secure"), (b"set-cookie", b"b=2"), *TEXT]


@pytest.mark.parametrize("cookies", ["a=1", {"a": "1"}, [["a"]], ["a\r\nb"]], ids=repr)
def test_v2_broken_cookies(cookies):
    assert isinstance(parse_v2(dump({"statusCode": 200, "cookies": cookies})), Malformed)


def test_v1_sends_both_maps_lists_first():
    result = parse_v1(
        dump(
            {
                "statusCode": 200,
                "headers": {"x-a": "3", "Content-Type": "text/html"},
                "multiValueHeaders": {"X-A": ["1", "2"]},
                "cookies": ["ignored=1"],
            }
        )
    )
    assert result.fields == [
        (b"X-A", b"1"),
        (b"X-A", b"2"),
        (b"x-a", b"3"),
        (b"Content-Type", b"text/html"),
    ]


@pytest.mark.parametrize("several", [["a"], {"a": "b"}, {"a": [None]}, {"a": ["b\nc"]}], ids=repr)
def test_v1_broken_lists(several):
    assert isinstance(parse_v1(dump({"statusCode": 200, "multiValueHeaders": several})), Malformed)


def test_v2_ignores_the_lists_of_v1():
    result = parse_v2(dump({"statusCode": 200, "multiValueHeaders": {"X-A": ["1"]}}))
    assert result.fields == TEXT


json_values = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**53), 2**53)
    | st.floats(allow_nan=False)
    | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=8,
)
results = json_values | st.fixed_dictionaries(
    {"statusCode": st.integers(90, 700) | json_values},
    optional={
        "headers": st.dictionaries(st.text(max_size=8), st.text() | json_values, max_size=3),
        "cookies": st.lists(st.text(), max_size=2) | json_values,
        "multiValueHeaders": st.dictionaries(st.text(max_size=8), json_values, max_size=2),
        "body": st.text() | json_values,
        "isBase64Encoded": st.booleans(),
    },
)


@given(st.sampled_from([parse_v1, parse_v2]), results)
def test_no_result_breaks_out_of_its_header(parse, result):
    answer = parse(dump(result))
    if isinstance(answer, Response):
        assert 200 <= answer.status <= 599
        for name, value in answer.fields:
            assert name
            assert not set(name) & set(b"\r\n\0: \t")
            assert not set(value) & set(b"\r\n\0")
            assert name.lower() not in (b"content-length", b"transfer-encoding", b"connection")


@given(st.binary())
def test_any_bytes_give_an_answer(payload):
    assert isinstance(parse_v2(payload), Response | Malformed)
