"""Addresses of backends."""

import pytest

from frontdesk.client.target import parse_target


@pytest.mark.parametrize(
    ("url", "authority", "address"),
    [
        ("http://h", b"h", "h:80"),
        ("http://H:80/base", b"h", "h:80"),
        ("https://h", b"h", "h:443"),
        ("https://h:80", b"h:80", "h:80"),
        ("http://[::1]:9000", b"[::1]:9000", "[::1]:9000"),
        ("http://bücher.example", b"xn--bcher-kva.example", "xn--bcher-kva.example:80"),
    ],
)
def test_authority_and_address(url, authority, address):
    target = parse_target(url)
    assert (target.authority, target.address) == (authority, address)
