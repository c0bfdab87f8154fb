from urllib.parse import unquote_to_bytes

import pytest
from hypothesis import given
from hypothesis import strategies as st

from frontdesk.rules.http.path import normalise

NORMAL = {
    "root": ("/", "/"),
    "plain": ("/practices/p1/slots", "/practices/p1/slots"),
    "trailing slash stays": ("/pets/", "/pets/"),
    "case is significant": ("/ADMIN", "/ADMIN"),
    "sub-delimiters": ("/a;v=1/b:c@d!$&'()*+,=~", "/a;v=1/b:c@d!$&'()*+,=~"),
    "leading dot is a name": ("/.well-known/jwks.json", "/.well-known/jwks.json"),
    "three dots are a name": ("/...", "/..."),
    "hex becomes upper case": ("/caf%c3%a9", "/caf%C3%A9"),
    "unreserved is decoded": ("/%61dm%49n%2D%7e", "/admIn-~"),
    "percent is never decoded": ("/%2561dmin", "/%2561dmin"),
    "double encoded dots stay": ("/%252e%252e/admin", "/%252e%252e/admin"),
    "encoded blank stays": ("/admin%20", "/admin%20"),
    "dot segment": ("/./admin", "/admin"),
    "double dot segment": ("/public/../admin", "/admin"),
    "encoded double dot": ("/public/%2e%2E/admin", "/admin"),
    "half encoded double dot": ("/public/.%2e/admin", "/admin"),
    "dot at the end is a folder": ("/a/.", "/a/"),
    "double dot at the end is a folder": ("/a/b/..", "/a/"),
    "up to the root": ("/a/..", "/"),
    "double slash": ("//admin", "/admin"),
    "slashes inside": ("/a///b//", "/a/b/"),
    "only slashes": ("///", "/"),
    "empty segments count for dot segments": ("/a//../b", "/a/b"),
    "parameters stay": ("/admin;x=1/y", "/admin;x=1/y"),
}

REFUSED = {
    "empty": "",
    "asterisk": "*",
    "relative": "admin",
    "above the root": "/../admin",
    "above the root, encoded": "/%2e%2e/admin",
    "above the root later": "/a/../../admin",
    "dots with parameters": "/public/..;/admin",
    "dots with named parameters": "/public/..;x=1/admin",
    "dot with parameters": "/.;/admin",
    "encoded dots with parameters": "/public/%2e%2e;/admin",
    "dots with encoded semicolon": "/public/..%3b/admin",
    "encoded slash": "/admin%2f",
    "encoded slash, upper case": "/public%2F..%2Fadmin",
    "backslash": "/public\\..\\admin",
    "encoded backslash": "/public/..%5cadmin",
    "encoded NUL": "/admin%00",
    "encoded CR": "/a%0dSet-Cookie:x",
    "encoded LF": "/a%0ASet-Cookie:x",
    "fragment": "/admin#",
    "query mark": "/admin?",
    "blank": "/a b",
    "tab": "/a\tb",
    "newline at the end": "/admin\n",
    "delete": "/a\x7f",
    "raw non-ASCII": "/caf\u00e9",
    "unfinished triplet": "/a%",
    "short triplet": "/a%4",
    "no hex": "/a%zz",
    "sign in hex": "/a%+1",
}


@pytest.mark.parametrize(("raw", "normal"), NORMAL.values(), ids=NORMAL)
def test_path_is_brought_to_its_one_form(raw, normal):
    assert normalise(raw) == normal


@pytest.mark.parametrize("raw", REFUSED.values(), ids=REFUSED)
def test_path_is_refused(raw):
    assert normalise(raw) is None


paths = st.lists(
    st.sampled_from(
        [
            "/",
            "/",
            ".",
            "..",
            "%2e",
            "%2E",
            "a",
            "B",
            "%61",
            "%25",
            "%2f",
            "%c3%a9",
            ";",
            "%3b",
            "~",
            "%",
            "\\",
        ]
    ),
    max_size=12,
).map(lambda parts: "/" + "".join(parts))


@given(paths | st.text(max_size=20).map("/".__add__))
def test_normal_form_is_stable_and_safe(raw):
    normal = normalise(raw)
    if normal is None:
        return
    assert normalise(normal) == normal
    assert normal.startswith("/")
    assert "//" not in normal
    segments = normal.split("/")
    assert "." not in segments
    assert ".." not in segments
    assert not set(unquote_to_bytes(normal)) & set(b"\\\0\r\n")


@given(st.lists(st.text("abcXYZ019-_~.!$&'()*+,;=:@", min_size=1, max_size=5), max_size=6))
def test_the_fast_path_agrees_with_the_slow_one(segments):
    plain = "/" + "/".join(segments)
    # The encoded form of one letter forces the long way round.
    long_way = normalise(plain.rstrip("/") + "/%61")
    short = normalise(plain.rstrip("/") + "/a")
    assert long_way == short
