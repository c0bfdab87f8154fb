"""Whatever is asked of queues, in whatever order and over crashes: each store answers as memory does."""

from math import inf

import pytest
from hypothesis import strategies as st
from hypothesis.stateful import rule

from frontdesk.ports.queue import Outgoing, Queue, Receipt
from tests.conformance.machines import BothStores, check_as_memory
from tests.live.queues import ADAPTERS

QUEUES = [
    Queue("plain", visibility=10.0, retention=200.0, max_receives=2, dead_letter="dead"),
    Queue("dead", visibility=5.0, retention=200.0, max_receives=3, dead_letter="deader"),
    Queue("deader", delay=3.0, retention=300.0),
    Queue("line", visibility=10.0, fifo=True, max_receives=2, dead_letter="dead-line"),
    Queue("dead-line", visibility=5.0, fifo=True, per_group=True),
]
ANY = st.sampled_from(QUEUES)
MOST = st.integers(1, 4)


class Machine(BothStores):
    """Both stores, and the receipts that each has given for the same message."""

    adapters = ADAPTERS

    def __init__(self):
        super().__init__()
        self.made = 0
        self.receipts = [(Receipt(10**9, 1), Receipt(10**9, 1))]

    @rule(seconds=st.integers(1, 12) | st.just(150))
    def pass_time(self, seconds):
        self.now += seconds

    @rule(
        queue=ANY,
        given=st.lists(
            st.tuples(
                st.sampled_from("ab"), st.sampled_from("xyz"), st.sampled_from([None, 0, 4.0])
            ),
            max_size=4,
        ),
    )
    def send(self, queue, given):
        messages = []
        for group, same, delay in given:
            self.made += 1
            own = None if queue.fifo else delay
            messages.append(Outgoing(f"m{self.made}", b"body", b"", group, same, own))
        ours, theirs = self.ask(lambda store: store.send(queue, messages, now=self.now))
        assert [(sent.id, sent.again) for sent in ours] == [
            (sent.id, sent.again) for sent in theirs
        ]

    @rule(queue=ANY, most=MOST, visibility=st.sampled_from([None, None, 0, 3.0]))
    def receive(self, queue, most, visibility):
        ours, theirs = self.ask(
            lambda store: store.receive(queue, most=most, now=self.now, visibility=visibility)
        )
        assert ours[1:] == theirs[1:]
        assert [each[1:] for each in ours.messages] == [each[1:] for each in theirs.messages]
        self.receipts += [
            (one.receipt, other.receipt)
            for one, other in zip(ours.messages, theirs.messages, strict=True)
        ]

    @rule(queue=ANY, which=st.lists(st.integers(0, 6), min_size=1, max_size=3, unique=True))
    def delete(self, queue, which):
        self.with_receipts(
            which, lambda store, receipts: store.delete(queue, receipts, now=self.now)
        )

    @rule(
        queue=ANY,
        which=st.lists(st.integers(0, 6), min_size=1, max_size=3, unique=True),
        visibility=st.sampled_from([0, 2.0, 30.0]),
    )
    def change(self, queue, which, visibility):
        self.with_receipts(
            which,
            lambda store, receipts: store.change(
                queue, receipts, visibility=visibility, now=self.now
            ),
        )

    @rule(queue=ANY, which=st.integers(0, 6), seconds=st.sampled_from([0, 2.0, 30.0]))
    def postpone(self, queue, which, seconds):
        self.made += 1
        attributes = str(self.made).encode()

        async def postponed(store, receipts):
            return [
                await store.postpone(
                    queue, each, attributes=attributes, visibility=seconds, now=self.now
                )
                for each in receipts
            ]

        self.with_receipts([which], postponed)

    def with_receipts(self, which, question):
        """Ask with some of the last receipts."""
        chosen = list(
            dict.fromkeys(self.receipts[-1 - min(each, len(self.receipts) - 1)] for each in which)
        )
        answers = [
            self.run(question(opened.store, [pair[index] for pair in chosen]))
            for index, opened in enumerate(self.both)
        ]
        assert list(answers[0]) == list(answers[1])

    @rule(queue=ANY, to=ANY, source=st.sampled_from([None, "plain", "line"]), most=MOST)
    def move(self, queue, to, source, most):
        if queue.fifo == to.fifo:
            self.asked_alike(
                lambda store: store.move(
                    queue.name, to.name, source=source, most=most, now=self.now
                )
            )

    @rule(queue=ANY, to=ANY, first=st.integers(0, 3), many=MOST)
    def peek_and_move_or_drop(self, queue, to, first, many):
        ours, theirs = self.ask(lambda store: store.peek(queue.name, after=0, most=100))
        assert [(each.message[1:], each.visible) for each in ours] == [
            (each.message[1:], each.visible) for each in theirs
        ]
        counts = []
        for opened, seen in zip(self.both, (ours, theirs), strict=True):
            store, some = opened.store, seen[first : first + many]
            numbers = [each.message.receipt.number for each in some]
            if queue.fifo != to.fifo:
                done = store.drop(queue.name, numbers)
            else:
                done = store.move(
                    queue.name, to.name, source=None, most=3, now=self.now, numbers=numbers
                )
            counts.append(self.run(done))
        assert counts[0] == counts[1]

    @rule(queue=ANY, back=st.sampled_from([0, 50, -inf]), most=MOST)
    def forget(self, queue, back, most):
        self.asked_alike(lambda store: store.forget(queue.name, self.now - back, most=most))

    @rule(back=st.sampled_from([0, 100]))
    def forget_known(self, back):
        self.asked_alike(lambda store: store.forget_known(self.now - back))

    @rule(queue=ANY)
    def count(self, queue):
        self.asked_alike(lambda store: store.counts(queue.name, now=self.now))
        self.asked_alike(lambda store: store.sources(queue.name))
        self.asked_alike(lambda store: store.names("de"))


@pytest.mark.parametrize("kind", ["sqlite", "postgres"])
def test_every_adapter_does_as_memory_does(kind):
    check_as_memory(Machine, kind, examples=25, steps=40)
