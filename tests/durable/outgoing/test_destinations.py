"""Which URLs messages may be sent to."""

from ipaddress import ip_network

import pytest

from frontdesk.durable.outgoing.destinations import Reach

WIDE = Reach(
    http=True,
    ports=frozenset({9000}),
    hosts=frozenset({"hooks.internal"}),
    networks=(ip_network("10.0.0.0/8"), ip_network("fd00::/8")),
)


@pytest.mark.parametrize(
    "url",
    [
        "https://hooks.example.com/x?y=1",
        "https://hooks.example.com:8443/",
        "https://hooks.example.com:80/",
        "https://93.184.216.34/",
        "https://[2606:2800:220:1::1]/",
        "https://bücher.example/",
        "https://1and1.example/",
    ],
)
def test_public_places_are_good(url):
    assert Reach().problem(url) == ""


@pytest.mark.parametrize(
    ("url", "problem"),
    [
        ("", "expected a URL with http:// or https://"),
        ("ftp://hooks.example.com/", "expected a URL with http:// or https://"),
        ("http://hooks.example.com/", "expected an https:// URL"),
        ("https://user@hooks.example.com/", "expected a URL without user name"),
        ("https://hooks.example.com:22/", "not a port that may be called: 22"),
        ("https://hooks.example.com:99999/", "expected a URL with a host"),
        ("https://hooks.example.com/#x", "expected a URL without a fragment"),
        ("https:///x", "expected a URL with a host"),
        ("https://hooks.example.com/a b", "expected a URL without spaces"),
        ("https://hooks.example.com/\r\nX: y", "expected a URL without spaces"),
        ("https://hooks.example.com\\@127.0.0.1/", "expected a URL without spaces"),
        ("https://hooks.example.com/" + "a" * 2048, "expected a URL without spaces"),
        ("https://127.0.0.1/", "not a public address"),
        ("https://169.254.169.254/latest", "not a public address"),
        ("https://[::1]/", "not a public address"),
        ("https://[::ffff:127.0.0.1]/", "not a public address"),
        ("https://[64:ff9b::7f00:1]/", "not a public address"),
        ("https://100.64.0.1/", "not a public address"),
        ("https://2130706433/", "expected a host name or an IP address"),
        ("https://0x7f.1/", "expected a host name or an IP address"),
        ("https://127.1/", "expected a host name or an IP address"),
        ("https://127.0.0.1./", "expected a host name or an IP address"),
        ("https://hooks%2eexample.com/", "expected a host name or an IP address"),
    ],
)
def test_other_places_are_refused(url, problem):
    assert Reach().problem(url).startswith(problem)


@pytest.mark.parametrize(
    ("url", "good"),
    [
        ("http://hooks.example.com:9000/", True),
        ("https://10.1.2.3/", True),
        ("https://[fd00::1]/", True),
        ("https://127.0.0.1/", False),
        ("https://hooks.internal/", True),
        ("https://HOOKS.internal./", True),
        ("https://hooks.internal:22/", False),
    ],
)
def test_the_operator_may_allow_more(url, good):
    assert (WIDE.problem(url) == "") is good
