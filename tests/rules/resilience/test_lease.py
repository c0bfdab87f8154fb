"""Leases against a store of exact buckets and counts, with time that is made here."""

from math import inf
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from frontdesk.rules.resilience.bucket import SECOND, Rule
from frontdesk.rules.resilience.lease import HOLD, REMEMBERED, Leases, Receipt
from frontdesk.rules.resilience.quota import Quota

MIDNIGHT = 1_796_169_600.0


class Store:
    """What the script does at the server: exact, one order after the other."""

    def __init__(self):
        self.numbers = {}
        self.issued = 0
        self.round_trips = 0

    def serve(self, orders, now):
        self.round_trips += bool(orders)
        return [(order, self.receipt(order, int(now * SECOND))) for order in orders]

    def receipt(self, order, instant):
        limit, key = order.lease.limit, order.lease.key
        of = self.of_rule if isinstance(limit, Rule) else self.of_quota
        receipt = of(key, limit, order, instant)
        self.issued += receipt.granted - order.back
        return receipt

    def of_rule(self, key, limit, order, instant):
        tat = max(self.numbers.get(key, 0) - order.back * limit.interval, instant)
        granted = max(0, min(order.want, (limit.span - (tat - instant)) // limit.interval))
        self.numbers[key] = tat = tat + granted * limit.interval
        left = (limit.span - (tat - instant)) // limit.interval
        wait = 0.0 if left > 0 else limit.wait(tat, instant, 1) / SECOND
        return Receipt(granted, max(left, 0), (tat - instant) / SECOND, wait)

    def of_quota(self, key, limit, order, _instant):
        count = max(0, self.numbers.get(key, 0) - order.back)
        left = max(0, limit.limit - count)
        granted = min(order.want, left, max(1, left // 4))
        self.numbers[key] = count + granted
        return Receipt(granted, left - granted, inf, 0.0 if left > granted else inf)


class Node:
    """One gateway: asks the store when it has to, and decides then."""

    def __init__(self, store):
        self.store = store
        self.leases = Leases(1000)
        self.admitted = 0
        self.decisions = 0

    def decide(self, claims, now):
        self.decisions += 1
        while (answer := self.leases.try_take_all(claims, now)) is None:
            self.leases.want(claims, now)
            self.serve(now)
        if self.leases.wanted:
            self.serve(now)
        self.admitted += answer[1].allowed
        return answer

    def serve(self, now):
        orders = self.leases.orders(now, 500) + self.leases.ending(now)
        for order, receipt in self.store.serve(orders, now):
            self.leases.receive(order, receipt, now)


def load(nodes, claims, *, rate, seconds, seed=1, start=1000.0):
    """Offer `rate` requests a second at random instants to random nodes."""
    random, now = Random(seed), start
    while (now := now + random.expovariate(rate)) < start + seconds:
        random.choice(nodes).decide(claims, now)
    return nodes


@pytest.mark.parametrize("count", [1, 2, 4, 16])
@pytest.mark.parametrize(
    ("limit", "burst"),
    [(20, 20), (200, 200), (1000, 500), (1000, 20)],
    ids=["slow", "middle", "fast", "small-burst"],
)
def test_at_twice_the_plan_all_of_it_is_admitted_and_never_more(count, limit, burst):
    store, seconds = Store(), 8
    plan = limit * seconds
    nodes = [Node(store) for _ in range(count)]
    load(nodes, [("k", Rule("r", limit, 1.0, burst))], rate=2 * limit, seconds=seconds)
    admitted = sum(node.admitted for node in nodes)
    assert 0.98 * plan <= admitted <= plan + burst


@pytest.mark.parametrize("count", [1, 2, 4])
@pytest.mark.parametrize("offered", [0.5, 0.9, 2.0], ids=["half", "nearly", "twice"])
def test_at_load_one_round_trip_is_enough_for_fifty_decisions(count, offered):
    store = Store()
    nodes = [Node(store) for _ in range(count)]
    claims = [("k", Rule("r", 1000, 1.0, 1000))]
    load(nodes, claims, rate=offered * 1000, seconds=2)  # the first batches are small ones
    store.round_trips, before = 0, sum(node.decisions for node in nodes)
    load(nodes, claims, rate=offered * 1000, seconds=8, start=1002.0)
    decisions = sum(node.decisions for node in nodes) - before
    assert store.round_trips <= decisions / 50


def test_who_stays_below_the_plan_is_refused_nothing():
    store = Store()
    nodes = [Node(store) for _ in range(4)]
    load(nodes, [("k", Rule("r", 1000, 1.0, 1000))], rate=800, seconds=8)
    refused = sum(node.decisions - node.admitted for node in nodes)
    assert refused == 0


@settings(deadline=None, max_examples=60)
@given(
    st.lists(
        st.tuples(st.sampled_from([0.0, 0.0, 0.003, 0.2, 1.5]), st.integers(0, 2)), max_size=150
    ),
    st.integers(1, 60),
)
def test_of_a_quota_exactly_its_limit_passes_whoever_asks(attempts, limit):
    store = Store()
    nodes = [Node(store) for _ in range(3)]
    quota, now = [("k 2026-12-01", Quota("daily", limit, MIDNIGHT))], 1000.0
    for pause, at in attempts:
        now += pause
        nodes[at].decide(quota, now)
        assert sum(node.admitted for node in nodes) <= limit
    now += 60.0  # what other nodes held has lapsed
    for node in nodes:
        node.serve(now)
    for _ in range(limit):
        now += REMEMBERED
        nodes[0].decide(quota, now)
    assert sum(node.admitted for node in nodes) == limit


@settings(deadline=None, max_examples=60)
@given(
    st.lists(
        st.tuples(
            st.sampled_from([0.0, 0.0, 0.0, 0.001, 0.05, 1.2]),
            st.integers(0, 3),
            st.sampled_from([("a",), ("b",), ("a", "b")]),
        ),
        max_size=200,
    )
)
def test_nothing_is_admitted_that_has_not_been_paid_for(attempts):
    limits = {"a": Rule("a", 40, 1.0, 12), "b": Rule("b", 7, 1.0, 5)}
    stores = {name: Store() for name in limits}

    class Both(Store):
        def receipt(self, order, instant):
            return stores[order.lease.key].receipt(order, instant)

    nodes = [Node(Both()) for _ in range(4)]
    admitted, now = dict.fromkeys(limits, 0), 1000.0
    for pause, at, names in attempts:
        now += pause
        if nodes[at].decide([(name, limits[name]) for name in names], now)[1].allowed:
            for name in names:
                admitted[name] += 1
    for name, limit in limits.items():
        assert admitted[name] <= stores[name].issued
        assert admitted[name] <= limit.burst + (now - 1000.0) * limit.limit


def test_a_cold_key_costs_one_round_trip():
    store = Store()
    node = Node(store)
    assert node.decide([("a", Rule("r", 10, 1.0, 10)), ("b", Rule("s", 5, 1.0, 5))], 1000.0)[
        1
    ].allowed
    assert store.round_trips == 1


def test_a_flood_that_is_refused_does_not_ask():
    store = Store()
    node = Node(store)
    daily = [("k", Rule("daily", 1, 86400.0, 1))]
    assert node.decide(daily, 1000.0)[1].allowed
    for attempt in range(1000):
        grant = node.decide(daily, 1000.0 + attempt / 1000)[1]
        assert not grant.allowed
        assert grant.retry_after == pytest.approx(86400, abs=2)
    assert store.round_trips <= 2


def test_those_that_wait_together_share_a_round_trip():
    leases, store = Leases(1000), Store()
    claims = [("k", Rule("r", 10, 1.0, 10))]
    for _ in range(50):
        assert leases.try_take_all(claims, 1000.0) is None
        leases.want(claims, 1000.0)
    orders = leases.orders(1000.0, 500)
    for order, receipt in store.serve(orders, 1000.0):
        leases.receive(order, receipt, 1000.0)
    answers = [leases.try_take_all(claims, 1000.0) for _ in range(50)]
    assert [answer[1].allowed for answer in answers] == [True] * 10 + [False] * 40


def test_what_is_left_is_given_back_and_the_key_forgotten():
    store = Store()
    node = Node(store)
    quota = [("k", Quota("daily", 1000, MIDNIGHT))]
    load([node], quota, rate=100, seconds=1)
    assert store.numbers["k"] > node.admitted
    node.serve(1001.0 + 3 * HOLD)
    assert store.numbers["k"] == node.admitted
    node.serve(1001.0 + 20 * HOLD)
    assert len(node.leases) == 0


def test_closing_gives_back_all():
    store = Store()
    node = Node(store)
    quota = [("k", Quota("daily", 1000, MIDNIGHT))]
    load([node], quota, rate=100, seconds=1)
    store.serve(node.leases.close(), 1001.0)
    assert store.numbers["k"] == node.admitted


def test_another_limit_under_the_same_key_is_asked_for_anew():
    store = Store()
    node = Node(store)
    assert node.decide([("k", Rule("r", 1, 60.0, 1))], 1000.0)[1].allowed
    assert not node.decide([("k", Rule("r", 1, 60.0, 1))], 1000.0)[1].allowed
    assert node.decide([("k", Rule("r", 1, 60.0, 2))], 1000.0)[1].allowed


def test_keys_are_bounded():
    store = Store()
    node = Node(store)
    for number in range(3000):
        node.decide([(f"k{number}", Rule("r", 1, 60.0, 1))], 1000.0)
    assert len(node.leases) == 1000
