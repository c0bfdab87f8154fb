"""URLs, fields and bodies as they are sent."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from frontdesk.client.session.requests import Base, Common, Request, encoded, field_lines

V1 = "https://api.example.com/v1/"


@pytest.mark.parametrize(
    ("base", "url", "path", "params", "located"),
    [
        (V1, "/charges", None, None, ("https://api.example.com", "/v1/charges")),
        (V1, "charges", None, None, ("https://api.example.com", "/v1/charges")),
        (V1, "", None, None, ("https://api.example.com", "/v1/")),
        ("https://A.example:443", "/x", None, None, ("https://a.example", "/x")),
        ("http://a:81/", "/x?y=1", None, {"z": 2}, ("http://a:81", "/x?y=1&z=2")),
        ("", "https://b.example", None, None, ("https://b.example", "/")),
        (V1, "http://b.example:8080/x?y", None, None, ("http://b.example:8080", "/x?y")),
        (V1, "/a b/é", None, None, ("https://api.example.com", "/v1/a%20b/%C3%A9")),
        (V1, "/a%20b", None, None, ("https://api.example.com", "/v1/a%20b")),
        (V1, "/x#frag ment", None, None, ("https://api.example.com", "/v1/x")),
        (V1, "/x\r\nX: y", None, None, ("https://api.example.com", "/v1/x%0D%0AX:%20y")),
        (
            V1,
            "/c/{id}/x/{n}",
            {"id": "a/../b?", "n": 7},
            None,
            ("https://api.example.com", "/v1/c/a%2F..%2Fb%3F/x/7"),
        ),
        (
            V1,
            "/x",
            None,
            {"a": [1, 2], "b": True, "c": "ä&"},
            ("https://api.example.com", "/v1/x?a=1&a=2&b=true&c=%C3%A4%26"),
        ),
    ],
)
def test_urls(base, url, path, params, located):
    assert Base(base).locate(url, path, params)[:2] == located


@pytest.mark.parametrize(
    ("base", "url", "path", "message"),
    [
        ("", "/x", None, "has no base"),
        ("", "ftp://a/x", None, "http"),
        ("", "https://u:p@a/x", None, "user name"),
        (V1, "/c/{id}", {}, "no value for the place"),
        (V1, "/c/{id}", {"id": ".."}, "no segment"),
        (V1, "/c/{id}", {"id": ""}, "no segment"),
    ],
)
def test_urls_that_cannot_be(base, url, path, message):
    with pytest.raises(ValueError, match=message):
        Base(base).locate(url, path, None)


@pytest.mark.parametrize(
    ("url", "template"),
    [
        ("/c/{id}", "https://api.example.com/v1/c/{id}"),
        ("c/{id}", "https://api.example.com/v1/c/{id}"),
        ("https://b.example/c/{id}", "https://b.example/c/{id}"),
    ],
)
def test_templates_are_what_is_told(url, template):
    assert Base(V1).locate(url, {"id": 7}, None)[2] == template


@given(st.text(max_size=50), st.text(max_size=20))
def test_a_target_is_always_one_line(url, value):
    try:
        _, target, _ = Base(V1).locate(f"/{url}", {"id": value}, {"q": value})
    except ValueError:
        return
    assert target.isascii()
    assert target.isprintable()
    assert " " not in target


@pytest.mark.parametrize(
    ("given", "written"),
    [
        ({"json": {"a": 1}}, (b'{"a":1}', "application/json")),
        ({"json": False}, (b"false", "application/json")),
        (
            {"form": {"a": "b c", "d": [1, 2]}},
            (b"a=b+c&d=1&d=2", "application/x-www-form-urlencoded"),
        ),
        ({"content": "é"}, ("é".encode(), "text/plain; charset=utf-8")),
        ({"content": b"x"}, (b"x", "")),
        ({}, (b"", "")),
    ],
    ids=str,
)
def test_bodies(given, written):
    assert encoded(given.get("json"), given.get("form"), given.get("content")) == written


def test_own_fields_win():
    common = Common({"Accept": "*/*", "X-A": "a"})
    request = Request("GET", "http://a", "/x", {"accept": "text/csv"})
    assert request.head(common) == "GET /x HTTP/1.1\r\nX-A: a\r\naccept: text/csv\r\n"


@pytest.mark.parametrize(
    "fields",
    [{"A\r\nB": "c"}, {"A": "b\r\nC: d"}, {"A": "b\x00"}, {"": "a"}, {"A:": "b"}, {"A": "\n"}],
)
def test_fields_cannot_smuggle_others(fields):
    with pytest.raises(ValueError, match="header field"):
        field_lines(fields)


@pytest.mark.parametrize("token", ["s3cret-\u201c", "s3cret-\ud800", "s3cret-\n"])
def test_what_cannot_be_sent_is_not_shown(token):
    with pytest.raises(ValueError, match="field: Authorization") as caught:
        field_lines({"Authorization": token})
    assert "s3cret" not in repr(caught.value)
