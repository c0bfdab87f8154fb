"""What a redirect makes of a request."""

import pytest

from frontdesk.rules.http.redirects import Redirect, redirect, same_origin

HERE = "https://api.example.com/v1/a?b=c"
THERE = "https://other.example/x"


@pytest.mark.parametrize(
    ("method", "status", "location", "after"),
    [
        ("GET", 302, "/z", Redirect("https://api.example.com/z", "GET", True, True)),
        ("GET", 301, "z", Redirect("https://api.example.com/v1/z", "GET", True, True)),
        ("POST", 301, "/z", Redirect("https://api.example.com/z", "GET", False, True)),
        ("POST", 302, THERE, Redirect(THERE, "GET", False, False)),
        ("POST", 303, THERE, Redirect(THERE, "GET", False, False)),
        ("HEAD", 303, THERE, Redirect(THERE, "HEAD", False, False)),
        ("PUT", 302, "/z", Redirect("https://api.example.com/z", "PUT", True, True)),
        ("POST", 307, THERE, Redirect(THERE, "POST", True, False)),
        ("POST", 308, "/z", Redirect("https://api.example.com/z", "POST", True, True)),
        ("GET", 302, "", None),
        ("GET", 304, "/z", None),
        ("GET", 200, "/z", None),
        ("GET", 302, "http://api.example.com/z", None),
        ("GET", 302, "ftp://api.example.com/z", None),
        ("GET", 302, "file:///etc/passwd", None),
        ("GET", 302, "https://[::1", None),
    ],
)
def test_redirects(method, status, location, after):
    assert redirect(HERE, method, status, location) == after


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ("https://a/x", "https://A/y", True),
        ("https://a/x", "http://a/x", False),
        ("https://a:1/x", "https://a:2/x", False),
        ("https://a/x", "https://u@a/x", False),
    ],
)
def test_origins(one, other, same):
    assert same_origin(one, other) is same
