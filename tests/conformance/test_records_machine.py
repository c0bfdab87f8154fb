"""Whatever is asked of records, in whatever order and over crashes: each store answers as memory does."""

import pytest
from hypothesis import strategies as st
from hypothesis.stateful import rule

from frontdesk.ports.records import REMEMBERED, Name, Publication, Query, Row, Subscriber
from frontdesk.rules.records.spans import Span
from tests.conformance.machines import BothStores, check_as_memory
from tests.live.records import ADAPTERS

NAMES = st.builds(
    Name, st.sampled_from(["m", "n"]), st.sampled_from(["A#t", "B#t"]), st.sampled_from("xyé")
)
SUBSCRIBERS = [
    Subscriber("one", "m", "hook"),
    Subscriber("one", "n", "status"),
    Subscriber("two", "m", "handler"),
]
ENDS = st.none() | st.sampled_from(["x", "y", "z", "é"])
TTLS = st.sampled_from([None, None, 5, 60])
TABLES = st.sampled_from(["command", "data", "history"])
MOST = st.integers(1, 4)


class Machine(BothStores):
    """Both stores, and the changes that each has given at the same time."""

    adapters = ADAPTERS

    def __init__(self):
        super().__init__()
        self.versions = {}
        self.taken = []

    def ttl(self, seconds):
        return None if seconds is None else int(self.now) + seconds

    @rule(seconds=st.sampled_from([1, 7, 31]) | st.just(int(REMEMBERED)))
    def pass_time(self, seconds):
        self.now += seconds

    @rule(
        name=NAMES,
        skip=st.sampled_from([0, 0, 0, 0, -1, 1]),
        ttls=st.tuples(TTLS, TTLS, TTLS),
        by_hand=st.booleans(),
    )
    def publish(self, name, skip, ttls, by_hand):
        version = max(1, self.versions.get(name, 0) + 1 + skip)
        ttl, *others = map(self.ttl, ttls)
        row = Row(name.pk, name.sk, version, f"c{version}", ttl, "s")
        publication = Publication(name.module, row, f"d{version}", *others, by_hand)
        if self.asked_alike(lambda store: store.publish(publication, now=self.now)):
            self.versions[name] = version

    @rule(name=NAMES, table=TABLES, version=st.none() | st.integers(1, 3))
    def get(self, name, table, version):
        self.asked_alike(lambda store: store.get(table, name, version, now=self.now))

    @rule(name=NAMES, low=ENDS, high=ENDS, ends=st.tuples(*[st.booleans()] * 3), most=MOST)
    def query(self, name, low, high, ends, most):
        *withs, descending = ends
        query = Query(name.module, name.pk, Span(low, high, *withs), most, descending)
        self.asked_alike(lambda store: store.query(query, now=self.now))

    @rule(name=NAMES, most=MOST)
    def look(self, name, most):
        after = name.pk, name.sk
        self.asked_alike(
            lambda store: store.browse(name.module, after=after, most=most, now=self.now)
        )
        self.asked_alike(lambda store: store.versions(name, before=9, most=most, now=self.now))
        self.asked_alike(lambda store: store.modules())

    @rule(name=NAMES, ttl=TTLS)
    def archive(self, name, ttl):
        self.asked_alike(lambda store: store.archive(name, ttl=self.ttl(ttl), now=self.now))

    @rule(name=NAMES, version=st.integers(1, 3), ttl=TTLS)
    def change(self, name, version, ttl):
        self.asked_alike(lambda store: store.set_ttl(name, version, self.ttl(ttl)))
        self.asked_alike(lambda store: store.set_status(name, version, "x", "notice", now=self.now))

    @rule(subscriber=st.sampled_from(SUBSCRIBERS))
    def subscribe(self, subscriber):
        self.asked_alike(lambda store: store.subscribe(subscriber, now=self.now))
        self.asked_alike(lambda store: store.subscribers())

    @rule(subscriber=st.sampled_from(SUBSCRIBERS))
    def unsubscribe(self, subscriber):
        self.asked_alike(lambda store: store.unsubscribe(subscriber.name, subscriber.module))

    @rule(name=st.sampled_from(["one", "two"]), most=MOST)
    def take(self, name, most):
        until = self.now + 30
        ours, theirs = [
            self.run(opened.store.take(name, most=most, now=self.now, until=until))
            for opened in self.both
        ]
        assert [each[1:] for each in ours] == [each[1:] for each in theirs]
        self.taken += zip(ours, theirs, strict=True)

    @rule(which=st.integers(0, 5))
    def settle(self, which):
        for opened, change in self.one_of(which):
            self.run(opened.store.settle([change]))

    @rule(which=st.integers(0, 5), wait=st.sampled_from([0, 10, 100]))
    def postpone(self, which, wait):
        for opened, change in self.one_of(which):
            self.run(opened.store.postpone(change, until=self.now + wait))

    def one_of(self, which):
        """Choose one of the last changes that were taken, with the store that it is of."""
        if not self.taken:
            return []
        return list(zip(self.both, self.taken[-1 - which % len(self.taken)], strict=True))

    @rule()
    def count(self):
        for name in ("one", "two"):
            self.asked_alike(lambda store, name=name: store.waiting(name))
        self.asked_alike(lambda store: store.count("SEQ#t", "x"))

    @rule()
    def forget(self):
        self.asked_alike(lambda store: store.forget(self.now, most=100))

    @rule(table=st.sampled_from(["command", "history"]), back=st.sampled_from([0, 10]))
    def trim(self, table, back):
        self.asked_alike(lambda store: store.trim(table, "m", self.now - back, most=100))


@pytest.mark.parametrize("kind", ["sqlite", "postgres"])
def test_every_adapter_does_as_memory_does(kind):
    check_as_memory(Machine, kind, examples=8, steps=40)
