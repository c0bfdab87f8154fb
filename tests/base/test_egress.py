from ipaddress import ip_network

import pytest

from frontdesk.base.egress import is_public, is_reachable

PUBLIC = ["93.184.216.34", "8.8.8.8", "2606:4700::1111", "64:ff9b::808:808", "::ffff:8.8.8.8"]
NOT_PUBLIC = [
    *("127.0.0.1", "10.0.0.1", "172.16.0.1", "192.168.1.1", "169.254.169.254", "100.64.0.1"),
    *("0.0.0.0", "255.255.255.255", "224.0.0.1", "240.0.0.1", "192.88.99.1", "168.63.129.16"),
    *("100.100.100.200", "::1", "::", "fe80::1%eth0", "fc00::1", "fd00:ec2::254", "ff02::1"),
    *("::ffff:127.0.0.1", "::127.0.0.1", "64:ff9b::7f00:1", "64:ff9b:1::808:808"),
    *("2002:7f00:1::", "2002:a00:1::1", "2001:0:0:0:0:0:80ff:fffe", "3fff::1", "5f00::1"),
    *("localhost", "", "0x7f.1", "2130706433", "127.1"),
]


@pytest.mark.parametrize("address", PUBLIC)
def test_public(address):
    assert is_public(address)


@pytest.mark.parametrize("address", NOT_PUBLIC)
def test_not_public(address):
    assert not is_public(address)


@pytest.mark.parametrize(
    ("address", "reachable"),
    [
        ("8.8.8.8", True),
        ("10.1.2.3", True),
        ("11.1.2.3", True),
        ("192.168.1.1", False),
        ("fd00::1", True),
        ("fd00::1%eth0", True),
        ("fc00::1", False),
        ("::ffff:10.1.2.3", False),
    ],
)
def test_public_or_inside_of_what_is_allowed(address, reachable):
    inside = [ip_network("10.0.0.0/8"), ip_network("fd00::/8")]
    assert is_reachable(address, inside) is reachable
