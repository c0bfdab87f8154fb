"""Which media types are bytes, and which template is for whom."""

import pytest

from frontdesk.rules.rest.media import (
    BinaryTypes,
    media_type,
    passes_without,
    request_template,
    response_template,
    wished_type,
)


@pytest.mark.parametrize(
    ("field", "expected"),
    [
        ("", "application/json"),
        ("text/html", "text/html"),
        ("Text/HTML ; charset=utf-8", "text/html"),
        (";charset=utf-8", "application/json"),
    ],
)
def test_a_media_type_has_no_parameters(field, expected):
    assert media_type(field) == expected


@pytest.mark.parametrize(
    ("accept", "expected"),
    [
        ("", "application/json"),
        ("image/png,image/*;q=0.8", "image/png"),
        ("text/plain;q=0.1, image/png", "text/plain"),
        ("*/*", "*/*"),
    ],
)
def test_the_first_of_an_accept_counts_whatever_its_quality(accept, expected):
    assert wished_type(accept) == expected


@pytest.mark.parametrize(
    ("types", "found", "binary"),
    [
        ((), "image/png", False),
        (("image/png",), "image/png", True),
        (("image/png",), "image/*", False),
        (("image/png",), "*/*", False),
        (("image/*",), "image/png", True),
        (("image/*",), "image/*", True),
        (("image/*",), "imagery/png", False),
        (("*/png",), "image/png", False),
        (("*/png",), "*/png", False),
        (("*/*",), "application/json", True),
        (("Image/PNG",), "image/png", True),
        (("image/png",), "image", False),
    ],
    ids=lambda value: value if isinstance(value, str) else None,
)
def test_what_is_binary(types, found, binary):
    assert (found in BinaryTypes(types)) is binary


@pytest.mark.parametrize(
    ("found", "keys", "expected"),
    [
        ("text/xml", ["text/xml", "$default"], "text/xml"),
        ("text/xml", ["$default"], "$default"),
        ("text/xml", ["application/json"], None),
        ("text/xml", [], None),
    ],
)
def test_a_request_has_the_template_of_its_type_or_the_default(found, keys, expected):
    assert request_template(found, keys) == expected


@pytest.mark.parametrize(
    ("passthrough", "keys", "passes"),
    [
        ("when_no_match", ["text/xml"], True),
        ("when_no_match", [], True),
        ("when_no_templates", ["text/xml"], False),
        ("when_no_templates", [], True),
        ("never", [], False),
        ("never", ["text/xml"], False),
    ],
)
def test_when_a_body_passes_without_a_template(passthrough, keys, passes):
    assert passes_without(passthrough, keys) is passes


@pytest.mark.parametrize(
    ("wished", "keys", "expected"),
    [
        ("text/xml", ["application/json", "text/xml"], "text/xml"),
        ("*/*", ["application/json", "text/xml"], "application/json"),
        ("text/xml", [], None),
    ],
)
def test_an_answer_has_the_wished_template_or_the_first(wished, keys, expected):
    assert response_template(wished, keys) == expected
