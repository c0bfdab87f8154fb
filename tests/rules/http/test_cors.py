import pytest
from hypothesis import given
from hypothesis import strategies as st

from frontdesk.rules.http.cors import CorsPolicy

MATCHES = {
    "exact": ("https://app.example", b"https://app.example", True),
    "other host": ("https://app.example", b"https://evil.example", False),
    "other scheme": ("https://app.example", b"http://app.example", False),
    "other port": ("https://app.example", b"https://app.example:8443", False),
    "case matters": ("https://app.example", b"https://App.example", False),
    "suffix trick": ("https://app.example", b"https://app.example.evil", False),
    "prefix trick": ("https://app.example", b"https://xapp.example", False),
    "null is not listed": ("https://app.example", b"null", False),
    "null": ("null", b"null", True),
    "any": ("*", b"https://whatever.example", True),
    "any has null": ("*", b"null", True),
    "any https": ("https://*", b"https://a.b.example:444", True),
    "any https, IPv6": ("https://*", b"https://[::1]:444", True),
    "any https is not http": ("https://*", b"http://a.example", False),
    "any https is no path": ("https://*", b"https://a.example/x", False),
    "any https is not two origins": ("https://*", b"https://a.example,https://b.example", False),
    "any https is not empty": ("https://*", b"https://", False),
    "any http": ("http://*", b"http://localhost:3000", True),
    "one label": ("https://*.example.com", b"https://a.example.com", True),
    "one label with port": ("https://*.example.com:444", b"https://a.example.com:444", True),
    "no label": ("https://*.example.com", b"https://example.com", False),
    "empty label": ("https://*.example.com", b"https://.example.com", False),
    "two labels": ("https://*.example.com", b"https://a.b.example.com", False),
    "dot is a dot": ("https://*.example.com", b"https://a.exampleXcom", False),
    "label then more": ("https://*.example.com", b"https://a.example.com.evil", False),
    "userinfo trick": ("https://*.example.com", b"https://evil@a.example.com", False),
    "newline at the end": ("https://*.example.com", b"https://a.example.com\n", False),
    "empty": ("https://*", b"", False),
}


@pytest.mark.parametrize(("listed", "origin", "allowed"), MATCHES.values(), ids=MATCHES)
def test_origins(listed, origin, allowed):
    fields = CorsPolicy(allow_origins=[listed]).actual(origin)
    echoed = b"*" if listed == "*" else origin
    assert fields == ([(b"access-control-allow-origin", echoed)] if allowed else None)


FULL = CorsPolicy(
    allow_origins=["https://app.example", "https://*.example.com"],
    allow_methods=["GET", "POST"],
    allow_headers=["Authorization", "X-Practice-Id"],
    expose_headers=["RateLimit", "X-Total"],
    allow_credentials=True,
    max_age=3600.0,
)


@pytest.mark.parametrize("origin", [b"https://app.example", b"https://a.example.com"])
def test_fields_of_an_answer(origin):
    assert FULL.actual(origin) == [
        (b"access-control-allow-origin", origin),
        (b"access-control-allow-credentials", b"true"),
        (b"access-control-expose-headers", b"RateLimit,X-Total"),
    ]


@pytest.mark.parametrize("origin", [b"https://app.example", b"https://a.example.com"])
def test_fields_of_a_preflight(origin):
    assert FULL.preflight(origin) == [
        (b"access-control-allow-origin", origin),
        (b"access-control-allow-methods", b"GET,POST"),
        (b"access-control-allow-headers", b"Authorization,X-Practice-Id"),
        (b"access-control-allow-credentials", b"true"),
        (b"access-control-max-age", b"3600"),
    ]


def test_only_what_is_configured_is_sent():
    assert CorsPolicy(allow_origins=["*"]).preflight(b"https://a.example") == [
        (b"access-control-allow-origin", b"*")
    ]


def test_caches_need_not_tell_origins_apart_when_all_may_read():
    assert not CorsPolicy(allow_origins=["*"]).depends_on_origin
    assert CorsPolicy(allow_origins=["https://*"]).depends_on_origin


@given(st.binary(max_size=40) | st.from_regex(rb"https?://[a-z.]{0,20}(:\d{1,6})?"))
def test_an_echoed_origin_is_a_well_formed_one(origin):
    fields = CorsPolicy(allow_origins=["https://*", "http://*"]).actual(origin)
    if fields is not None:
        assert origin.startswith((b"https://", b"http://"))
        assert not set(origin) & set(b" \r\n\t,\"'<>@?#\\")
