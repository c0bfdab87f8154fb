"""What endpoints want, and how they are."""

import pytest

from frontdesk.rules.resilience.bucket import Rule
from frontdesk.rules.webhooks.endpoints import FAILING, HEALTHY, Health, wants

NOW = 1_700_000_000.0
DAY = 86_400.0


@pytest.mark.parametrize(
    ("types", "channels", "fits"),
    [
        ((), (), True),
        (("order.paid",), (), True),
        (("order.*",), (), True),
        (("order",), (), False),
        (("ord.*",), (), False),
        (("order.paid.*",), (), False),
        (("other", "order.paid"), (), True),
        ((), ("eu",), True),
        ((), ("us",), False),
        (("order.*",), ("us", "eu"), True),
        (("other",), ("eu",), False),
    ],
)
def test_an_endpoint_wants_what_it_has_asked_for(types, channels, fits):
    assert wants(types, channels, "order.paid", ("eu", "asia")) is fits


def test_five_days_of_failures_without_a_success_are_too_many():
    health = HEALTHY.after_failure(NOW, FAILING)
    assert (health.failing, health.disabled) == (NOW, "")
    health = health.after_failure(NOW + 5 * DAY - 1, FAILING)
    assert health.disabled == ""
    assert health.after_failure(NOW + 5 * DAY, FAILING).disabled == "failing"
    assert health.after_success().failing is None


def test_failures_far_apart_are_two_troubles():
    health = HEALTHY.after_failure(NOW, FAILING)
    late = NOW + 10 * DAY + 1
    assert health.after_failure(late, FAILING) == Health(failing=late, failed=late)
    assert health.after_failure(late - 1, FAILING).disabled == "failing"


def test_a_reason_to_be_disabled_stays_the_first_one():
    gone = HEALTHY.after_failure(NOW, FAILING, gone=True)
    assert gone.disabled == "gone"
    assert gone.switched_off().disabled == "gone"
    assert HEALTHY.switched_off().after_failure(NOW, FAILING, gone=True).disabled == "operator"


def test_a_pause_is_never_made_shorter():
    assert HEALTHY.until(NOW).until(NOW - 5).paused == NOW


@pytest.mark.parametrize(
    ("health", "room"),
    [(HEALTHY, 7), (Health(paused=NOW), 7), (Health(paused=NOW + 0.1), 0), (Health("gone"), 0)],
)
def test_there_is_room_unless_it_is_paused_or_disabled(health, room):
    assert health.room(None, 7, NOW) == room


def test_a_rate_lets_its_burst_begin_and_then_one_after_the_other():
    rate = Rule("endpoint", 2, 1.0, 2)
    health = HEALTHY
    assert health.room(rate, 9, NOW) == 2
    health = health.began(rate, 2, NOW)
    assert health.room(rate, 9, NOW) == 0
    assert health.room(rate, 9, NOW + 0.49) == 0
    assert health.room(rate, 9, NOW + 0.5) == 1
    assert health.room(rate, 9, NOW + 60) == 2
    assert health.began(None, 5, NOW) is health
