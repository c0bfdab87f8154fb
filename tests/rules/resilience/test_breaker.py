"""The circuit breaker: when it opens, who probes, what closes it."""

from copy import copy

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from frontdesk.rules.resilience.breaker import REFUSED, Breaker, BreakerSettings

ROW = BreakerSettings(failures=3, reset=30.0)
RATE = BreakerSettings(failures=0, rate=0.5, minimum=4, window=10.0, reset=30.0, slow=2.0)


def call(breaker: Breaker, now: float, *, failed: bool, took: float = 0.1, asked=0.0) -> int:
    permit = breaker.admit(now)
    if permit != REFUSED:
        breaker.record(permit, now, failed=failed, took=took, asked=asked)
    return permit


def opened(settings: BreakerSettings = ROW, **more) -> Breaker:
    breaker = Breaker(settings)
    while breaker.state == "closed":
        call(breaker, 100.0, failed=True, **more)
    return breaker


def test_failures_in_a_row_open_it():
    breaker = Breaker(ROW)
    states = []
    for failed in (True, True, False, True, True, True):
        call(breaker, 100.0, failed=failed)
        states.append(breaker.state)
    assert states == ["closed"] * 5 + ["open"]


def test_open_it_refuses_and_tells_how_long():
    breaker = opened()
    assert [breaker.admit(now) for now in (100.0, 129.9)] == [REFUSED, REFUSED]
    assert (breaker.wait(110.0), breaker.wait(200.0), breaker.refused) == (20.0, 0.0, 2)


def test_it_stays_open_as_long_as_the_server_asks():
    breaker = opened(asked=45.0)
    assert breaker.admit(144.0) == REFUSED
    assert breaker.admit(145.0) != REFUSED


def test_one_call_probes_while_the_others_are_refused():
    breaker = opened()
    permits = [breaker.admit(130.0) for _ in range(5)]
    assert [permit == REFUSED for permit in permits] == [False, True, True, True, True]
    assert breaker.state == "half_open"


def test_a_good_probe_closes_and_forgets():
    breaker = opened()
    call(breaker, 130.0, failed=False)
    assert breaker.state == "closed"
    call(breaker, 130.0, failed=True)
    assert breaker.state == "closed"


def test_a_bad_probe_opens_again_at_once():
    breaker = opened()
    call(breaker, 130.0, failed=True)
    assert (breaker.state, breaker.wait(130.0)) == ("open", 30.0)


def test_each_opening_in_a_row_may_last_longer():
    breaker = opened(BreakerSettings(failures=1, reset=100.0, growth=3.0))
    waits, now = [], 100.0
    for _ in range(4):
        waits.append(breaker.wait(now))
        now += breaker.wait(now)
        call(breaker, now, failed=True)
    assert waits == [100.0, 300.0, 600.0, 600.0]


def test_calls_from_before_the_opening_change_nothing():
    breaker = Breaker(ROW)
    early = [breaker.admit(100.0) for _ in range(2)]
    for _ in range(3):
        call(breaker, 100.0, failed=True)
    probe = breaker.admit(130.0)
    for permit, failed in zip(early, (False, True), strict=True):
        breaker.record(permit, 130.0, failed=failed, took=30.0)
    assert breaker.state == "half_open"
    breaker.record(probe, 130.0, failed=False, took=0.1)
    assert breaker.state == "closed"


def test_a_probe_that_says_nothing_makes_room_for_another():
    breaker = opened()
    breaker.release(breaker.admit(130.0))
    assert breaker.admit(130.0) != REFUSED


def test_a_lost_probe_makes_room_for_another_in_the_end():
    breaker = opened()
    breaker.admit(130.0)
    assert breaker.admit(189.0) == REFUSED
    assert breaker.admit(190.0) != REFUSED


def test_a_share_of_failures_opens_it_once_there_are_enough():
    breaker = Breaker(RATE)
    states = []
    for failed in (True, True, False, False):
        call(breaker, 100.0, failed=failed)
        states.append(breaker.state)
    assert states == ["closed"] * 3 + ["open"]


def test_old_failures_do_not_count():
    breaker = Breaker(RATE)
    for now in (100.0, 100.0, 100.0, 111.0):
        call(breaker, now, failed=True)
    assert breaker.state == "closed"


def test_the_last_calls_may_be_the_window():
    breaker = Breaker(BreakerSettings(failures=0, calls=4, minimum=4))
    for now, failed in ((0.0, True), (1e3, False), (2e3, False), (3e3, False), (4e3, True)):
        call(breaker, now, failed=failed)
    assert breaker.state == "closed"
    call(breaker, 5e3, failed=True)
    assert breaker.state == "open"


def test_slow_answers_open_it_although_they_are_good():
    breaker = Breaker(RATE)
    for _ in range(4):
        call(breaker, 100.0, failed=False, took=2.0)
    assert breaker.state == "open"


def test_by_rates_several_probe_and_the_same_rates_decide():
    breaker = opened(RATE)
    permits = [breaker.admit(130.0) for _ in range(6)]
    assert [permit == REFUSED for permit in permits] == [False] * 4 + [True] * 2
    for permit, failed in zip(permits, (True, False, False, False), strict=False):
        breaker.record(permit, 131.0, failed=failed, took=0.1)
    assert breaker.state == "closed"


def test_by_rates_it_opens_again_as_soon_as_that_is_certain():
    breaker = opened(RATE)
    permits = [breaker.admit(130.0) for _ in range(2)]
    for permit in permits:
        breaker.record(permit, 131.0, failed=True, took=0.1)
    assert breaker.state == "open"


def test_calm_is_who_has_no_failure_to_forget():
    breaker = Breaker(ROW)
    seen = [breaker.calm]
    for failed in (True, False, True, True, True):
        call(breaker, 100.0, failed=failed)
        seen.append(breaker.calm)
    assert seen == [True, False, True, False, False, False]
    call(breaker, 130.0, failed=False)
    assert breaker.calm
    assert not Breaker(RATE).calm


def test_changes_are_told():
    told = []
    breaker = Breaker(ROW, told.append)
    for _ in range(3):
        call(breaker, 100.0, failed=True)
    call(breaker, 130.0, failed=False)
    assert told == ["open", "half_open", "closed"]


@pytest.mark.parametrize("settings", [ROW, RATE], ids=["in a row", "rate"])
def test_a_breaker_without_failures_never_opens(settings):
    breaker = Breaker(settings)
    assert all(call(breaker, now / 10, failed=False) != REFUSED for now in range(1000))


@pytest.mark.parametrize("settings", [ROW, RATE], ids=["in a row", "rate"])
def test_an_operator_may_have_it_refuse_until_that_is_taken_back(settings):
    breaker = Breaker(settings)
    before = breaker.admit(100.0)
    breaker.order("isolated")
    breaker.record(before, 100.0, failed=False, took=0.1)
    assert [breaker.admit(now) for now in (100.0, 1e6)] == [REFUSED, REFUSED]
    assert (breaker.state, breaker.why, breaker.wait(100.0)) == ("isolated", "by an operator", 0.0)
    breaker.order("closed")
    assert (breaker.state, breaker.why) == ("closed", "")
    assert breaker.admit(1e6) != REFUSED


@pytest.mark.parametrize("settings", [ROW, RATE], ids=["in a row", "rate"])
def test_an_operator_may_have_it_let_everything_pass(settings):
    breaker = opened(settings)
    breaker.order("disabled")
    assert all(call(breaker, 100.0, failed=True) != REFUSED for _ in range(50))
    assert breaker.state == "disabled"
    breaker.order("closed")
    assert len([1 for _ in range(4) if call(breaker, 100.0, failed=True) != REFUSED]) >= 3
    assert breaker.state == "open"


@pytest.mark.parametrize(
    ("settings", "took", "why"),
    [
        (ROW, 0.1, "failures in a row: 3"),
        (RATE, 0.1, "4 of 4 calls failed, 0 were slow"),
        (RATE, 3.0, "4 of 4 calls failed, 4 were slow"),
    ],
)
def test_it_tells_why_it_has_opened(settings, took, why):
    breaker = Breaker(settings)
    while breaker.state == "closed":
        call(breaker, 100.0, failed=True, took=took)
    assert breaker.why == why
    call(breaker, 130.0, failed=True)
    if settings is ROW:
        assert breaker.why == "the probe has failed"


class BreakerMachine(RuleBasedStateMachine):
    """Calls begin, end and get lost in any order."""

    kind = ROW

    def __init__(self):
        super().__init__()
        self.breaker = Breaker(self.kind)
        self.now = 100
        self.permits = []
        self.probes = {}  # permit to the seconds at which probes with it were let through
        self.opened_at = 0

    @rule(seconds=st.integers(0, 40))
    def time_passes(self, seconds):
        self.now += seconds

    @rule()
    def a_call_begins(self):
        before = self.breaker.state
        permit = self.breaker.admit(self.now)
        if permit != REFUSED:
            self.permits.append(permit)
        if before == "closed":
            assert permit != REFUSED
        elif permit != REFUSED:
            assert self.now >= self.opened_at + self.kind.reset
            self.probes = {permit: [*self.probes.get(permit, []), self.now]}
            assert len(self.probes[permit]) <= self.kind.probes

    @precondition(lambda self: self.permits)
    @rule(data=st.data(), outcome=st.sampled_from(["good", "bad", "cancelled"]))
    def a_call_ends(self, data, outcome):
        permit = self.permits.pop(data.draw(st.integers(0, len(self.permits) - 1)))
        before = self.breaker.state
        if outcome == "cancelled":
            self.breaker.release(permit)
        else:
            self.breaker.record(permit, self.now, failed=outcome == "bad", took=0.1)
        current = before == "half_open" and permit in self.probes
        if current:
            self.probes[permit].pop()
        if self.breaker.state != before:
            assert self.breaker.state == ("open" if outcome == "bad" else "closed")
            assert before == "closed" or current
            self.opened_at = self.now

    @invariant()
    def an_open_breaker_lets_nobody_through_before_its_time(self):
        if self.breaker.state == "open":
            assert self.breaker.wait(self.now) <= self.kind.reset

    @invariant()
    def a_calm_breaker_is_not_changed_by_a_call_that_succeeds(self):
        if self.breaker.calm:
            before = copy(self.breaker)
            self.breaker.record(self.breaker.admit(self.now), self.now, failed=False, took=0.1)
            assert all(
                getattr(before, name) == getattr(self.breaker, name) for name in Breaker.__slots__
            )


TestBreakerInARow = BreakerMachine.TestCase
TestBreakerInARow.settings = settings(max_examples=80, stateful_step_count=40, deadline=None)
