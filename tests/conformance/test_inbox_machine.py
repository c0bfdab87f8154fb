"""Whatever is asked of an inbox, in whatever order and over crashes: each store answers as memory does."""

from math import inf

import pytest
from hypothesis import strategies as st
from hypothesis.stateful import rule

from frontdesk.ports.inbox import Along, Claim, Finish, Held, Lease, Search
from frontdesk.ports.queue import Outgoing, Queue
from tests.conformance.machines import BothStores, check_as_memory
from tests.live.inboxes import ADAPTERS

JOBS = Queue("jobs", visibility=1e9)

SOURCES = st.sampled_from(["shop", "bank"])
IDS = st.sampled_from([f"e{number}" for number in range(12)])
MOST = st.integers(1, 4)
ON_DEAD = st.sampled_from(["continue", "block"])
SEARCHES = st.builds(
    Search,
    source=st.sampled_from(["", "shop"]),
    state=st.sampled_from([None, "failed", "dead", "processed", "received"]),
    type=st.sampled_from(["", "a.b", "a.*"]),
    id=st.sampled_from(["", "", "e1"]),
)


class Machine(BothStores):
    """Both stores; what is held of one is held of the other."""

    adapters = ADAPTERS

    def __init__(self):
        super().__init__()
        self.sent = 0
        self.held = [Held("shop", "e0", 1)]

    def along(self, does):
        self.sent += 1
        return Along([(JOBS, Outgoing(f"m{self.sent}", b""))]) if does else Along()

    @rule(seconds=st.integers(1, 12) | st.just(150))
    def pass_time(self, seconds):
        self.now += seconds

    @rule(
        source=SOURCES,
        id_=IDS,
        body=st.sampled_from([b"a", b"a", b"a", b"b"]),
        state=st.sampled_from(["received", "processing", "processed", "ignored"]),
        ordering=st.sampled_from(["", "x", "y"]),
        version=st.sampled_from([-inf, -inf, 1, 2, 3]),
        nonce=st.sampled_from(["", "", "n", "m"]),
        type_=st.sampled_from(["a.b", "a.c", ""]),
        retake=st.booleans(),
        on_dead=ON_DEAD,
    )
    def claim(self, source, id_, body, **other):
        claim = Claim(
            source,
            id_,
            body,
            body,
            type=other["type_"],
            nonce=other["nonce"],
            ordering=other["ordering"],
            version=other["version"] if other["ordering"] else -inf,
            state=other["state"],
            along=self.along(other["state"] == "processed"),
            retake=other["retake"],
            on_dead=other["on_dead"],
        )
        claimed = self.asked_alike(
            lambda store: store.claim(claim, now=self.now, until=self.now + 20)
        )
        if claimed.held:
            self.held.append(claimed.held)

    @rule(sources=st.sampled_from([["shop"], ["shop", "bank"]]), most=MOST, on_dead=ON_DEAD)
    def take(self, sources, most, on_dead):
        leases = dict.fromkeys(sources, Lease(self.now + 10, on_dead))
        turns = self.asked_alike(lambda store: store.take(leases, most=most, now=self.now))
        self.held += [turn.held for turn in turns]

    @rule(which=st.lists(st.integers(0, 6), min_size=1, max_size=3, unique=True))
    def renew(self, which):
        held = [self.held[-1 - min(each, len(self.held) - 1)] for each in which]
        self.asked_alike(lambda store: store.renew(list(set(held)), until=self.now + 30))

    @rule(
        which=st.integers(0, 6),
        state=st.sampled_from(["processed", "processed", "failed", "dead", "ignored", "received"]),
        again=st.sampled_from([0, 5.0, inf]),
        does=st.booleans(),
    )
    def finish(self, which, state, again, does):
        held = self.held[-1 - min(which, len(self.held) - 1)]
        again = 0 if state == "received" and again == inf else again
        finish = Finish(state, self.now + again, "why", b"result", self.along(does))
        self.asked_alike(lambda store: store.finish(held, finish, now=self.now))

    @rule(what=SEARCHES, most=MOST)
    def replay(self, what, most):
        self.asked_alike(lambda store: store.replay(what, most=most, now=self.now, apart=1.5))

    @rule(
        source=SOURCES,
        back=st.integers(0, 100),
        most=MOST,
        waiting=st.sampled_from([False, False, True]),
    )
    def forget(self, source, back, most, waiting):
        when = {"before": self.now - 2 * back, "bodies_before": self.now - back}
        self.asked_alike(lambda store: store.forget(source, **when, most=most, waiting=waiting))
        self.asked_alike(lambda store: store.sources())

    @rule(what=SEARCHES, most=MOST)
    def look(self, what, most):
        def entries(store):
            return store.list(what, most=most)

        pages = [self.run(entries(opened.store)) for opened in self.both]
        assert pages[0].entries == pages[1].entries
        assert bool(pages[0].token) == bool(pages[1].token)
        if pages[0].token:
            rest = [
                self.run(opened.store.list(what, most=most, token=page.token)).entries
                for opened, page in zip(self.both, pages, strict=True)
            ]
            assert rest[0] == rest[1]

    @rule(source=SOURCES, id_=IDS)
    def find(self, source, id_):
        self.asked_alike(lambda store: store.find(source, id_))

    @rule()
    def count(self):
        ours, theirs = [self.run(opened.store.counts()) for opened in self.both]
        assert sorted(ours) == sorted(theirs)

    @rule()
    def sent_along(self):
        ours, theirs = [
            {message.id for message in self.run(_received(opened.queues, self.now))}
            for opened in self.both
        ]
        assert ours == theirs


async def _received(queues, now):
    return (await queues.receive(JOBS, most=100, now=now)).messages


@pytest.mark.parametrize("kind", ["sqlite", "postgres"])
def test_every_adapter_does_as_memory_does(kind):
    check_as_memory(Machine, kind, examples=25, steps=40)
