"""Whatever is asked of a Journal, in whatever order and over crashes: each answers as memory does."""

import pytest
from hypothesis import strategies as st
from hypothesis.stateful import rule

from frontdesk.base.errors import FrontdeskError
from frontdesk.ports.journal import Append, Filter, Start, Status
from tests.conformance.machines import NOW, BothStores, check_as_memory
from tests.live.journals import ADAPTERS

LEASE = 10.0

NAMES = st.sampled_from(["a", "b", "c", "d"])
KEYS = st.sampled_from(["k", "l", "m"])
DOCUMENTS = st.fixed_dictionaries({"n": st.integers(0, 99)})
STATUSES = st.sampled_from(
    [Status("RUNNING"), Status("WAITING"), Status("DONE", NOW), Status("DONE", NOW + 50)]
)
OWNERS = st.integers(0, 3)
TIMES = st.integers(0, 60).map(lambda seconds: NOW + seconds)


class Machine(BothStores):
    """Both journals, and who has joined them. Names stand for ids, which may differ."""

    adapters = ADAPTERS

    def __init__(self):
        super().__init__()
        self.ids = {}
        self.owners = [(0, 0)]
        self.join()

    def both_say(self, question):
        """Ask both; `question` gets a journal and which of both it is. Returns what they say, which is the same."""
        said = []
        for index, opened in enumerate(self.both):
            try:
                said.append((self.run(question(opened.store, index)), None))
            except FrontdeskError as error:
                said.append((None, (type(error), getattr(error, "found", None))))
        names = [{ids[index]: name for name, ids in self.ids.items()} for index in (0, 1)]
        assert _named(said[0], names[0]) == _named(said[1], names[1])
        return said

    def owner(self, which):
        return self.owners[which % len(self.owners)]

    @rule()
    def join(self):
        until = self.now + LEASE
        self.owners.append(tuple(self.run(opened.store.join(until=until)) for opened in self.both))

    @rule(which=OWNERS, lasts=st.integers(-1, 20))
    def renew(self, which, lasts):
        owner = self.owner(which)
        self.both_say(lambda journal, index: journal.renew(owner[index], until=self.now + lasts))

    @rule(seconds=st.integers(1, 15))
    def pass_time(self, seconds):
        self.now += seconds

    @rule(
        name=NAMES,
        which=OWNERS,
        digest=st.sampled_from([b"f", b"g"]),
        status=STATUSES,
        events=st.lists(DOCUMENTS, min_size=1, max_size=3),
        snapshot=st.none() | DOCUMENTS,
        timers=st.dictionaries(KEYS, TIMES),
        commands=st.dictionaries(KEYS, DOCUMENTS, max_size=2),
    )
    def start(self, name, which, **fields):
        owner = self.owner(which)
        said = self.both_say(
            lambda journal, index: _start(
                journal, kind="f", name=name, time=self.now, owner=owner[index], **fields
            )
        )
        if said[0][0] is not None and said[0][0].state == "started":
            self.ids[name] = tuple(answer.stream.id for answer, _ in said)

    @rule(
        name=NAMES,
        which=OWNERS,
        holder=st.booleans(),
        off=st.sampled_from([0, 0, 0, 0, 1]),
        events=st.lists(DOCUMENTS, min_size=1, max_size=3),
        snapshot=st.none() | DOCUMENTS,
        timers=st.dictionaries(KEYS, st.none() | TIMES),
        commands=st.dictionaries(KEYS, DOCUMENTS, max_size=2),
        done=st.lists(KEYS),
        taken=st.integers(0, 3),
        status=st.none() | STATUSES,
        hold=st.booleans(),
    )
    def append(self, name, which, holder, off, **fields):
        ids = self.ids.get(name, (999_999, 999_999))
        owner = self.owner(which)
        if holder:  # mostly it is who may
            held = self.held(name)
            owner = next((each for each in self.owners if each[0] == held), owner)
        seq = len(self.run(self.both[0].store.read(ids[0], 1, 999))) + off

        self.both_say(
            lambda journal, index: journal.append(
                Append(stream=ids[index], owner=owner[index], expect_seq=seq, **fields)
            )
        )

    def held(self, name):
        record = self.both[0].store._records.get(self.ids.get(name, (0,))[0])
        return record.head.owner if record else None

    @rule(name=NAMES, document=DOCUMENTS)
    def post(self, name, document):
        ids = self.ids.get(name, (999_999, 999_999))
        self.both_say(lambda journal, index: journal.post(ids[index], document))

    @rule(which=OWNERS)
    def due(self, which):
        owner = self.owner(which)
        self.both_say(lambda journal, index: _due(journal, owner[index], self.now))

    @rule(which=OWNERS)
    def posted(self, which):
        owner = self.owner(which)
        names = [{ids[index]: name for name, ids in self.ids.items()} for index in (0, 1)]
        self.both_say(lambda journal, index: _posted(journal, owner[index], names[index]))

    @rule(name=NAMES, before=st.integers(0, 12))
    def trim(self, name, before):
        ids = self.ids.get(name, (999_999, 999_999))
        self.both_say(lambda journal, index: journal.trim(ids[index], before))

    @rule(name=NAMES, first=st.integers(0, 9), last=st.integers(0, 9))
    def read(self, name, first, last):
        ids = self.ids.get(name, (999_999, 999_999))
        self.both_say(lambda journal, index: _listed(journal.read(ids[index], first, last)))
        self.both_say(lambda journal, index: journal.load(ids[index]))
        self.both_say(lambda journal, index: journal.find("f", name))

    @rule(
        status=st.sampled_from([None, "RUNNING", "DONE"]),
        newest_first=st.booleans(),
        most=st.integers(1, 3),
        since=TIMES,
    )
    def list(self, status, newest_first, most, since):
        what = Filter(kind="f", status=status, since=since)
        self.both_say(
            lambda journal, _: _pages(journal, what, most=most, newest_first=newest_first)
        )
        self.both_say(lambda journal, _: journal.counts("RUNNING", now=self.now))

    @rule(before=TIMES)
    def forget(self, before):
        self.both_say(lambda journal, _: journal.forget("f", before, most=9))


async def _start(journal, **fields):
    return await journal.start(Start(**fields))


async def _due(journal, owner, now):
    found = await journal.due(owner, now=now, most=99)
    return sorted(found, key=lambda each: each.stream.name)


async def _posted(journal, owner, names):
    found = await journal.posted(owner, most=99)
    return sorted(
        [(names[stream], *message) for stream, message in found], key=lambda each: each[:2]
    )


async def _listed(awaitable):
    return list(await awaitable)


async def _pages(journal, what, **other):
    pages, token = [], ""
    while token or not pages:
        page = await journal.list(what, token=token, **other)
        pages.append([*page.streams, bool(page.token)])
        token = page.token
    return pages


def _named(said, names):
    """Put names for ids, wherever they stand."""
    if isinstance(said, list):
        return [_named(each, names) for each in said]
    if isinstance(said, tuple):
        if hasattr(said, "digest"):
            return said._replace(id=names.get(said.id, "new"))
        return tuple(_named(each, names) for each in said)
    return said


@pytest.mark.parametrize("kind", ["sqlite", "postgres"])
def test_every_adapter_does_as_memory_does(kind):
    check_as_memory(Machine, kind, examples=20, steps=30)
