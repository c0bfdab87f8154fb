import pytest
from hypothesis import given
from hypothesis import strategies as st

from frontdesk.rules.http import forwarding
from frontdesk.rules.http.forwarding import TrustedProxies, network_of

PROXIES = TrustedProxies(["10.0.0.0/8", "fd00::/8", "192.0.2.7"])

WALKS = {
    "untrusted peer is the client": ("203.0.113.9", b"198.51.100.1", "203.0.113.9"),
    "no field": ("10.0.0.1", b"", "10.0.0.1"),
    "one entry": ("10.0.0.1", b"198.51.100.1", "198.51.100.1"),
    "the forged left is ignored": ("10.0.0.1", b"1.1.1.1, 198.51.100.1", "198.51.100.1"),
    "trusted entries are skipped": (
        "10.0.0.1",
        b"1.1.1.1,198.51.100.1, 10.9.9.9,fd00::5",
        "198.51.100.1",
    ),
    "all trusted: the first": ("10.0.0.1", b"10.0.0.3, 10.0.0.2", "10.0.0.3"),
    "malformed ends the walk": ("10.0.0.1", b"198.51.100.1, unknown, 10.0.0.2", "10.0.0.2"),
    "malformed nearest": ("10.0.0.1", b"198.51.100.1, <script>", "10.0.0.1"),
    "empty entry is malformed": ("10.0.0.1", b"198.51.100.1,,10.0.0.2", "10.0.0.2"),
    "port": ("10.0.0.1", b"198.51.100.1:4711", "198.51.100.1"),
    "IPv6 with brackets and port": ("10.0.0.1", b"[2001:DB8::1]:4711", "2001:db8::1"),
    "IPv6 zone": ("fd00::1", b"fe80::1%eth0", "fe80::1"),
    "mapped IPv4": ("10.0.0.1", b"::ffff:198.51.100.1", "198.51.100.1"),
    "mapped trusted peer": ("::ffff:10.0.0.1", b"198.51.100.1", "198.51.100.1"),
    "single address": ("192.0.2.7", b"198.51.100.1", "198.51.100.1"),
    "latin-1 rubbish": ("10.0.0.1", b"\xff\xfe", "10.0.0.1"),
}


@pytest.mark.parametrize(("peer", "field", "client"), WALKS.values(), ids=WALKS)
def test_client_address_is_found_from_the_right(peer, field, client):
    assert PROXIES.client(peer, field) == client


def test_nobody_is_trusted_by_default():
    nobody = TrustedProxies([])
    assert not nobody
    assert nobody.client("127.0.0.1", b"198.51.100.1") == "127.0.0.1"


def test_a_wrong_network_is_refused():
    with pytest.raises(ValueError):
        TrustedProxies(["10.0.0.0/40"])


@given(st.binary(max_size=60))
def test_any_field_gives_some_address(field):
    assert forwarding.read_address(PROXIES.client("10.0.0.1", field)) is not None


@pytest.mark.parametrize(
    ("address", "network"),
    [
        ("198.51.100.1", "198.51.100.1"),
        ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"),
        ("::ffff:198.51.100.1", "198.51.100.1"),
        ("fe80::1%eth0", "fe80::/64"),
    ],
)
def test_limits_count_ipv6_by_its_network(address, network):
    assert network_of(address) == network


@pytest.mark.parametrize(
    ("host", "scheme", "port"),
    [
        (b"api.example", "http", b"80"),
        (b"api.example", "https", b"443"),
        (b"api.example:8443", "https", b"8443"),
        (b"api.example:", "http", b"80"),
        (b"[2001:db8::1]", "http", b"80"),
        (b"[2001:db8::1]:81", "http", b"81"),
        (b"", "https", b"443"),
    ],
)
def test_the_port_is_what_host_names_or_the_schemes(host, scheme, port):
    assert forwarding.port_of(host, scheme) == port


def test_forwarded_for_appends_the_peer():
    assert forwarding.forwarded_for(b"", b"10.0.0.1") == b"10.0.0.1"
    assert forwarding.forwarded_for(b"1.2.3.4", b"10.0.0.1") == b"1.2.3.4, 10.0.0.1"


def test_forwarded_quotes_what_is_no_token():
    hop = forwarding.forwarded(b"for=a", b"2001:db8::1", b"api.example:8443", b"https")
    assert hop == b'for=a, for="[2001:db8::1]";host="api.example:8443";proto=https'
    assert forwarding.forwarded(b"", b"10.0.0.1", b"api.example", b"http") == (
        b"for=10.0.0.1;host=api.example;proto=http"
    )


def test_via_appends_our_name():
    assert forwarding.via(b"", b"1.0") == b"1.0 frontdesk"
    assert forwarding.via(b"1.1 cdn") == b"1.1 cdn, 1.1 frontdesk"


@pytest.mark.parametrize(
    ("value", "verdict"),
    [
        (b"1.1 cdn", False),
        (b"1.1 frontdesk", True),
        (b"1.1 cdn, 1.1 frontdesk (x), 1.1 other", True),
        (b"1.1 frontdesk.example", False),
        (b"1.1 cdn (frontdesk)", False),
    ],
)
def test_own_name_in_via_is_a_loop(value, verdict):
    assert forwarding.loops(value) is verdict


def test_nearest_hop_is_the_last_member():
    assert forwarding.nearest(b"http, https ") == b"https"
    assert forwarding.nearest(b"https") == b"https"
