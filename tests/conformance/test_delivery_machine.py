"""Whatever is asked of outgoing webhooks, in whatever order and over crashes: each store answers as memory does."""

from dataclasses import replace

import pytest
from hypothesis import strategies as st
from hypothesis.stateful import initialize, invariant, rule

from frontdesk.base.durations import Rate
from frontdesk.ports.deliveries import (
    Application,
    Attempt,
    Endpoint,
    Held,
    Message,
    Settlement,
)
from frontdesk.rules.webhooks.keys import WebhookSecret
from tests.conformance.machines import NOW, BothStores, check_as_memory
from tests.live.deliveries import ADAPTERS

APPS = st.sampled_from(["a", "b"])
IDS = ["ep_1", "ep_2", "ep_3"]
ENDPOINTS = st.sampled_from(IDS)
TYPES = st.sampled_from(["x.one", "x.two", "y"])
SECONDS = st.sampled_from([0.0, 4.0, 40.0])


class Machine(BothStores):
    """Both stores, and the leases that each has given for the same delivery."""

    adapters = ADAPTERS

    def __init__(self):
        super().__init__()
        self.made = 0
        self.held = [(Held(10**9, 1), Held(10**9, 1))]

    @initialize()
    def begin(self):
        for app in "ab":
            self.put_application(app)
        self.put_endpoint("a", "ep_1", (), 2, None)
        self.put_endpoint("a", "ep_2", ("x.*",), 1, Rate(1, 5.0))

    @rule(seconds=st.integers(1, 12) | st.sampled_from([70, 90_000]))
    def pass_time(self, seconds):
        self.now += seconds

    @rule(app=APPS)
    def put_application(self, app):
        self.asked_alike(lambda store: store.put_application(Application(app, app, self.now)))

    @rule(app=APPS)
    def drop_application(self, app):
        self.asked_alike(lambda store: store.drop_application(app))
        self.put_application(app)

    @rule(
        app=APPS,
        id_=ENDPOINTS,
        types=st.sampled_from([(), ("x.*",), ("y",)]),
        concurrency=st.integers(1, 3),
        rate=st.sampled_from([None, Rate(1, 5.0), Rate(4, 1.0)]),
    )
    def put_endpoint(self, app, id_, types, concurrency, rate):
        given = {"types": types, "concurrency": concurrency, "rate": rate}
        former = self.asked_alike(lambda store: store.endpoint(app, id_))
        if former is None:
            secrets = (WebhookSecret("whsec_a"),)
            url = "https://a.example"
            new = Endpoint(id=id_, app=app, url=url, secrets=secrets, created=NOW, **given)
        else:
            new = replace(former.endpoint, **given)
        self.asked_alike(lambda store: store.put_endpoint(new))

    @rule(app=APPS, id_=ENDPOINTS)
    def drop_endpoint(self, app, id_):
        self.asked_alike(lambda store: store.drop_endpoint(app, id_))

    @rule(app=APPS, id_=ENDPOINTS)
    def disable(self, app, id_):
        self.asked_alike(lambda store: store.disable(app, id_))

    @rule(app=APPS, id_=ENDPOINTS)
    def enable(self, app, id_):
        self.asked_alike(lambda store: store.enable(app, id_))

    @rule(
        app=APPS,
        type_=TYPES,
        event=st.sampled_from(["", "", "e", "f"]),
        only=ENDPOINTS | st.just(""),
    )
    def publish(self, app, type_, event, only):
        self.made += 1
        body = b"%d" % (self.made % 2)
        message = Message(f"m{self.made:03}", app, type_, body, self.now, event)
        self.asked_alike(lambda store: store.publish(message, only=only))

    @rule(
        wishes=st.dictionaries(ENDPOINTS, st.integers(1, 3), max_size=3),
        lease=st.sampled_from([3.0, 30.0]),
    )
    def lease(self, wishes, lease):
        ours, theirs = self.ask(
            lambda store: store.lease(wishes, now=self.now, until=self.now + lease)
        )
        assert [turn[1:] for turn in ours] == [turn[1:] for turn in theirs]
        self.held += [(one.held, other.held) for one, other in zip(ours, theirs, strict=True)]

    @rule(
        which=st.integers(0, 4),
        state=st.sampled_from(["delivered", "waiting", "exhausted"]),
        wait=SECONDS,
        pause=SECONDS,
        gone=st.sampled_from([False, False, False, True]),
    )
    def settle(self, which, state, wait, pause, gone):
        self.made += 1
        error = "" if state == "delivered" else "status 500"
        made = Settlement(
            Attempt(self.made, self.now, 0.5, 500 if error else 200, error),
            state,
            self.now + wait,
            self.now + pause if pause else 0.0,
            gone and state == "exhausted",
            100.0,
        )
        self.with_held(which, lambda store, held: store.settle(held, made, now=self.now))

    @rule(which=st.integers(0, 4))
    def renew(self, which):
        self.with_held(which, lambda store, held: store.renew([held], until=self.now + 20))

    @rule(which=st.integers(0, 4), wait=SECONDS)
    def put_back(self, which, wait):
        self.with_held(which, lambda store, held: store.put_back(held, due=self.now + wait))

    def with_held(self, which, question):
        """Ask with one of the last leases."""
        pair = self.held[-1 - min(which, len(self.held) - 1)]
        ours, theirs = [
            self.run(question(opened.store, held))
            for opened, held in zip(self.both, pair, strict=True)
        ]
        assert ours == theirs

    @rule(app=APPS, id_=ENDPOINTS, back=st.integers(0, 5))
    def resend(self, app, id_, back):
        name = f"m{max(self.made - back, 0):03}"
        self.asked_alike(lambda store: store.resend(app, name, id_, now=self.now))

    @rule(app=APPS, id_=ENDPOINTS, most=st.integers(1, 3))
    def recover(self, app, id_, most):
        since, until = self.now - 50, self.now
        ours, theirs = self.ask(
            lambda store: store.recover(app, id_, since=since, until=until, now=self.now, most=most)
        )
        assert ours.number == theirs.number

    @rule(back=st.sampled_from([0, 100]), most=st.integers(1, 4))
    def forget(self, back, most):
        self.asked_alike(lambda store: store.forget(self.now - back, most=most))
        self.asked_alike(lambda store: store.forget_events(self.now - back))

    @rule(app=APPS, id_=ENDPOINTS | st.just(""))
    def look(self, app, id_):
        ours, theirs = self.ask(lambda store: store.deliveries(app, endpoint=id_, most=50))
        assert ours.entries == theirs.entries
        for message in {each.message for each in ours.entries}:
            self.asked_alike(lambda store, message=message: store.attempts(app, message))
        self.asked_alike(lambda store: store.endpoints(app, most=9))

    @invariant()
    def the_same_is_to_be_done(self):
        self.asked_alike(lambda store: store.counts())
        self.asked_alike(lambda store: store.ready(now=self.now))


@pytest.mark.parametrize("kind", ["sqlite", "postgres"])
@pytest.mark.parametrize(
    "examples", [5, pytest.param(200, marks=[pytest.mark.soak, pytest.mark.timeout(900)])]
)
def test_every_adapter_does_as_memory_does(kind, examples):
    check_as_memory(Machine, kind, examples=examples, steps=30)
