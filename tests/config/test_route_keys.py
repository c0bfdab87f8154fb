"""Route keys: how they are taken apart, which share a shape, what is refused."""

from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from frontdesk.config.route_keys import METHODS, meant_by, parse_route_key


@pytest.mark.parametrize(
    ("text", "method", "segments", "variables", "shape"),
    [
        ("$default", "ANY", (), (), "$default"),
        ("GET /", "GET", ("",), (), "GET /"),
        ("ANY /pets/", "ANY", ("pets", ""), (), "ANY /pets/"),
        ("GET /pets/{id}", "GET", ("pets", "{id}"), ("id",), "GET /pets/{}"),
        ("ANY /{a}/x/{p+}", "ANY", ("{a}", "x", "{p+}"), ("a", "p"), "ANY /{}/x/{+}"),
        ("GET /a:b@c!%C3%A4", "GET", ("a:b@c!%C3%A4",), (), "GET /a:b@c!%C3%A4"),
    ],
    ids=str,
)
def test_route_keys_are_taken_apart(text, method, segments, variables, shape):
    key = parse_route_key(text)
    assert (key.method, key.segments, key.variables, key.shape) == (
        method,
        segments,
        variables,
        shape,
    )
    assert key.is_greedy is text.endswith("+}")


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "a route key such as"),
        ("/pets", "a route key such as"),
        ("GET pets", "a route key such as"),
        ("GET  /pets", "a route key such as"),
        ("default", "a route key such as"),
        ("get /pets", "expected one of ANY"),
        ("TRACE /pets", "expected one of ANY"),
        ("GET //pets", "without empty segments"),
        ("GET /pets/{id}x", "to be a whole segment"),
        ("GET /pets/{}", "to be a whole segment"),
        ("GET /pets/id}", "URL characters"),
        ("GET /{p+}/x", "only as the last segment"),
        ("GET /{a}/{a}", "each path variable once"),
        ("GET /{a}/{a+}", "each path variable once"),
        ("GET /a b", "URL characters"),
        ("GET /ä", "URL characters"),
        ("GET /a?b", "URL characters"),
        ("GET /%c3", "URL characters"),
        ("GET /..", "URL characters"),
        ("GET /%41", "no percent-encoding of letters"),
        ("GET /a%2Fb", "no percent-encoding of letters"),
        ("GET /%5C", "no percent-encoding of letters"),
    ],
)
def test_other_keys_are_refused(text, message):
    with pytest.raises(ValueError, match=message):
        parse_route_key(text)


_SEGMENT = st.text("abc-._~", min_size=1, max_size=4).filter(lambda text: text.strip("."))


@given(st.sampled_from(METHODS), st.lists(_SEGMENT, min_size=1, max_size=5))
def test_a_static_key_is_its_own_shape(method, segments):
    text = f"{method} /{'/'.join(segments)}"
    key = parse_route_key(text)
    assert key.shape == text
    assert f"{key.method} {key.path}" == text


@given(st.text(max_size=30).filter(lambda text: text != "$default"))
def test_no_text_breaks_the_parser(text):
    with suppress(ValueError):
        assert parse_route_key(text).path.startswith("/")


@pytest.mark.parametrize(
    ("text", "meant"),
    [
        ("GET hello", "GET /hello"),
        ("get /hello", "GET /hello"),
        ("GET  //a//b", "GET /a/b"),
        ("/hello", "ANY /hello"),
        ("default", "$default"),
        ("hello", ""),
        ("TRACE /hello", ""),
        ("GET /a /b", ""),
        ("GET /{a+}/b", ""),
        ("", ""),
    ],
)
def test_a_wrong_key_gives_an_idea_of_the_right_one(text, meant):
    assert meant_by(text) == meant
