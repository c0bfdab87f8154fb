"""The grammar of parameter mapping: what is read, and how mistakes are told."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from frontdesk.rules.rest.expressions import (
    REQUEST_SOURCES,
    REQUEST_TARGETS,
    RESPONSE_SOURCES,
    RESPONSE_TARGETS,
    ExpressionError,
    Source,
    Target,
    parse_source,
    parse_target,
)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("'a ''b'", Source("static", "a ''b")),
        ("''", Source("static", "")),
        ("method.request.header.X-Practice", Source("method.request.header", "X-Practice")),
        ("method.request.multivalueheader.a", Source("method.request.multivalueheader", "a")),
        ("method.request.querystring.a.b", Source("method.request.querystring", "a.b")),
        ("method.request.path.id", Source("method.request.path", "id")),
        ("method.request.body", Source("method.request.body", "")),
        ("method.request.body.a.b[0]", Source("method.request.body", "$.a.b[0]")),
        ("method.request.body.$.a", Source("method.request.body", "$.a")),
        ("context.identity.sourceIp", Source("context", "identity.sourceIp")),
        ("stageVariables.backend", Source("stageVariables", "backend")),
    ],
)
def test_sources_of_a_request(text, expected):
    assert parse_source(text, REQUEST_SOURCES) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("integration.response.header.ETag", Source("integration.response.header", "ETag")),
        ("integration.response.body.id", Source("integration.response.body", "$.id")),
        (
            "integration.response.multivalueheader.Set-Cookie",
            Source("integration.response.multivalueheader", "Set-Cookie"),
        ),
        ("'*'", Source("static", "*")),
    ],
)
def test_sources_of_a_response(text, expected):
    assert parse_source(text, RESPONSE_SOURCES) == expected


@pytest.mark.parametrize(
    ("text", "kinds", "expected"),
    [
        ("integration.request.header.A", REQUEST_TARGETS, ("integration.request.header", "A")),
        ("integration.request.path.id", REQUEST_TARGETS, ("integration.request.path", "id")),
        (
            "integration.request.querystring.q",
            REQUEST_TARGETS,
            ("integration.request.querystring", "q"),
        ),
        ("method.response.header.A", RESPONSE_TARGETS, ("method.response.header", "A")),
    ],
)
def test_targets(text, kinds, expected):
    assert parse_target(text, kinds) == Target(*expected)


@pytest.mark.parametrize(
    ("text", "message", "hint"),
    [
        ("plain", "unknown mapping expression: plain", "a text in single quotes"),
        ("'open", "unknown mapping expression: 'open", "a text in single quotes"),
        ("'", "unknown mapping expression: '", "a text in single quotes"),
        ("method.request.heder.X", "unknown mapping", "did you mean method.request.header.X?"),
        ("method.request.header", "without a usable name", "a name has letters"),
        ("method.request.header.a b", "without a usable name", "a name has letters"),
        ("context.identity.sourceIP", "unknown context", "did you mean context.identity.sourceIp?"),
        ("integration.response.header.A", "unknown mapping expression", ""),
        ("method.request.body.$..[", "JSON path not supported", ""),
    ],
)
def test_a_mistake_is_told_with_a_hint(text, message, hint):
    with pytest.raises(ExpressionError) as caught:
        parse_source(text, REQUEST_SOURCES)
    assert message in caught.value.message
    assert hint in caught.value.hint


def test_a_target_is_no_source():
    with pytest.raises(ExpressionError, match="unknown mapping expression"):
        parse_target("'static'", REQUEST_TARGETS)


@given(st.text(max_size=60))
def test_any_text_is_read_or_refused(text):
    for kinds in (REQUEST_SOURCES, RESPONSE_SOURCES):
        try:
            source = parse_source(text, kinds)
        except ExpressionError:
            continue
        assert source.kind in kinds
