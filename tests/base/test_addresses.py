"""Addresses: forms, refusals, loopback."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from frontdesk.base.addresses import Address, parse_address


@pytest.mark.parametrize(
    ("text", "address"),
    [
        ("127.0.0.1:8080", Address("127.0.0.1", 8080)),
        ("localhost:0", Address("localhost", 0)),
        ("[::1]:65535", Address("::1", 65535)),
        (":8080", Address("0.0.0.0", 8080)),
    ],
)
def test_forms_of_an_address(text, address):
    assert parse_address(text) == address


@pytest.mark.parametrize(
    ("value", "message"),
    [
        ("8080", "expected an address such as 127.0.0.1:8080"),
        ("localhost:", "expected an address such as 127.0.0.1:8080"),
        ("localhost:http", "expected an address such as 127.0.0.1:8080"),
        (8080, "expected an address such as 127.0.0.1:8080"),
        ("a:65536", "expected a port of at most 65535"),
        ("::1:80", "expected a host name or IP address before the port"),
        ("a b:80", "expected a host name or IP address before the port"),
        ("[x]:80", "expected an IPv6 address between the brackets"),
    ],
    ids=str,
)
def test_other_texts_are_refused(value, message):
    with pytest.raises(ValueError, match=message):
        parse_address(value)


@pytest.mark.parametrize(
    ("host", "loopback"),
    [
        ("127.0.0.1", True),
        ("127.9.9.9", True),
        ("::1", True),
        ("LOCALHOST", True),
        ("0.0.0.0", False),
        ("::", False),
        ("example.com", False),
    ],
)
def test_loopback_is_recognised(host, loopback):
    assert Address(host, 1).is_loopback is loopback


@given(st.one_of(st.ip_addresses().map(str), st.just("localhost")), st.integers(0, 65535))
def test_written_addresses_are_read_back(host, port):
    assert parse_address(str(Address(host, port))) == Address(host, port)


@pytest.mark.parametrize(
    ("listening", "reached"),
    [
        ("127.0.0.1:80", "127.0.0.1:80"),
        (":80", "127.0.0.1:80"),
        ("[::]:80", "[::1]:80"),
        ("10.0.0.5:80", "10.0.0.5:80"),
    ],
)
def test_this_machine_reaches_what_listens_everywhere_at_loopback(listening, reached):
    assert str(parse_address(listening).from_here) == reached
