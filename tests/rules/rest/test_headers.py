"""Which header fields of a REST API keep their name."""

import pytest

from frontdesk.rules.rest.headers import ILLEGAL, response_name


@pytest.mark.parametrize(
    ("name", "shown"),
    [
        ("Date", "x-amzn-Remapped-Date"),
        ("www-authenticate", "x-amzn-Remapped-www-authenticate"),
        ("Transfer-Encoding", ""),
        ("Content-Type", "Content-Type"),
        ("Via", "Via"),
        ("X-Own", "X-Own"),
    ],
)
def test_a_mapped_field_may_get_another_name(name, shown):
    assert response_name(name) == shown


@pytest.mark.parametrize(
    ("kind", "name", "illegal"),
    [
        ("http", "content-length", True),
        ("http", "authorization", False),
        ("http_proxy", "transfer-encoding", True),
        ("aws", "authorization", True),
        ("aws_proxy", "te", True),
        ("mock", "content-length", False),
    ],
)
def test_fields_that_may_not_be_mapped(kind, name, illegal):
    assert (name in ILLEGAL[kind]) is illegal
