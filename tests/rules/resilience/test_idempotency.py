"""Idempotency keys: their forms, their fingerprints, the answers that are kept."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from frontdesk.rules.resilience.idempotency import Malformed, fingerprint, kept, read_key


@pytest.mark.parametrize(
    ("values", "key"),
    [
        ([], None),
        ([None, None], None),
        ([b"8e03978e-40d5"], "8e03978e-40d5"),
        ([b'"8e03978e-40d5"'], "8e03978e-40d5"),
        ([b'"a b"'], "a b"),
        ([b'"a\\"b"'], 'a"b'),
        ([None, b"k"], "k"),
        ([b"k", b'"k"'], "k"),
        ([b"x" * 255], "x" * 255),
    ],
)
def test_a_key_is_a_quoted_string_or_bare(values, key):
    assert read_key(values) == key


@pytest.mark.parametrize(
    "values",
    [
        [b""],
        [b'""'],
        [b"a b"],
        [b'"a'],
        [b'"a"b'],
        [b"x" * 256],
        [b'"' + b"x" * 256 + b'"'],
        [b"\xe4"],
        [b'"\xe4"'],
        [b"a", b"b"],
        [b"a", b""],
    ],
)
def test_anything_else_is_malformed(values):
    assert isinstance(read_key(values), Malformed)


ORDER = ("POST", "/orders", "a=1&b=2", b"application/json", b"{}")


@pytest.mark.parametrize(
    ("other", "same"),
    [
        (("POST", "/orders", "b=2&a=1", b"application/json", b"{}"), True),
        (("POST", "/orders", "a=1&b=2", b"Application/JSON; charset=utf-8", b"{}"), True),
        (("PATCH", "/orders", "a=1&b=2", b"application/json", b"{}"), False),
        (("POST", "/order", "a=1&b=2", b"application/json", b"{}"), False),
        (("POST", "/orders", "a=1", b"application/json", b"{}"), False),
        (("POST", "/orders", "a=1&b=2", b"text/plain", b"{}"), False),
        (("POST", "/orders", "a=1&b=2", b"application/json", b"{ }"), False),
        (("POST", "/orders", "a=1&b=2", b"application/json", b"{", b"}"), False),
    ],
)
def test_a_fingerprint_tells_requests_apart(other, same):
    assert (fingerprint(*ORDER) == fingerprint(*other)) is same


@given(st.lists(st.binary(max_size=3), max_size=3), st.lists(st.binary(max_size=3), max_size=3))
def test_parts_cannot_lend_each_other_bytes(one, other):
    same = fingerprint("POST", "/", "", b"", *one) == fingerprint("POST", "/", "", b"", *other)
    assert same is (one == other)


@pytest.mark.parametrize(
    ("status", "is_kept"),
    [
        *((status, True) for status in (200, 201, 204, 302, 400, 404, 422)),
        *((status, False) for status in (101, 408, 409, 425, 429, 500, 502, 503)),
    ],
)
def test_final_answers_are_kept(status, is_kept):
    assert kept(status) is is_kept


def test_server_errors_are_kept_on_demand():
    assert kept(503, server_errors=True)
    assert not kept(429, server_errors=True)
