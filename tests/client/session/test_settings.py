"""What a user says, as the core takes it."""

from datetime import timedelta

import pytest

from frontdesk.client import Breaker, Bulkhead, Egress, Retry, Throttle
from frontdesk.client.proxies import Identity, Proxy
from frontdesk.client.session.settings import seconds
from frontdesk.rules.resilience.breaker import BreakerSettings
from frontdesk.rules.resilience.retry import RetryPolicy


def test_what_nobody_says_is_what_the_door_does():
    assert Retry().policy == RetryPolicy()
    assert Breaker().settings == BreakerSettings(failures=5, rate=0.0)
    assert Bulkhead(7, wait=timedelta(seconds=2)).settings.wait == 2.0
    assert Throttle(rate=2).settings.rate == 2


@pytest.mark.parametrize(
    ("given", "found"), [(1, 1.0), (0.5, 0.5), (timedelta(minutes=1), 60.0), (0, 0.0)]
)
def test_durations(given, found):
    assert seconds(given) == found


@pytest.mark.parametrize("given", [-1, float("inf"), float("nan"), timedelta(days=-1)])
def test_no_durations(given):
    with pytest.raises(ValueError, match="0 or more"):
        seconds(given)


@pytest.mark.parametrize("settings", [{"attempts": 0}, {"base": -1}, {"on": ["timeuot"]}])
def test_policies_that_cannot_be(settings):
    with pytest.raises(ValueError, match="expected"):
        Retry(**settings)


def test_rates_take_the_place_of_failures_in_a_row():
    settings = Breaker(failure_rate=0.25, window_calls=50, slow_call=2).settings
    assert (settings.failures, settings.rate, settings.calls, settings.slow) == (0, 0.25, 50, 2.0)


def test_identities_are_addresses_and_proxies():
    egress = Egress(["203.0.113.10", "http://ada:s3cret@proxy.example:3128", "http://p:1"])
    assert egress.settings.identities == (
        Identity("203.0.113.10"),
        Identity(proxy=Proxy("http://proxy.example:3128", "Basic YWRhOnMzY3JldA==")),
        Identity(proxy=Proxy("http://p:1")),
    )
    assert "s3cret" not in repr(egress)
    assert egress.settings.failover


@pytest.mark.parametrize("identities", [[], ["http://"], ["socks5h://p:1"]], ids=str)
def test_identities_that_cannot_be(identities):
    with pytest.raises(ValueError, match="expected"):
        _ = Egress(identities).settings
