"""What every store of an inbox must do."""

import asyncio
from math import inf

import pytest

from frontdesk.ports.inbox import (
    SUPERSEDED,
    Along,
    Claim,
    Claimed,
    Counts,
    Finish,
    Finished,
    Held,
    Lease,
    Search,
)
from frontdesk.ports.journal import NOBODY, FencedError, Start, Status, TokenError
from frontdesk.ports.queue import Outgoing, Queue
from frontdesk.stores.memory.inbox import MemoryInbox
from tests.live.inboxes import ADAPTERS

NOW = 1_700_000_000.25
LEASE = 60.0
JOBS = Queue("jobs")


@pytest.fixture(params=ADAPTERS.values(), ids=ADAPTERS)
async def opened(request):
    async with request.param() as opened:
        yield opened


@pytest.fixture
def store(opened):
    return opened.store


def one(id_="e1", body=b"{}", **other):
    return Claim("shop", id_, body, body[:32], **other)


async def claim(store, *claims, now=NOW, until=None):
    """Claim one after the other; return what became of the last."""
    for each in claims:
        claimed = await store.claim(each, now=now, until=until or now + LEASE)
    return claimed


async def take(store, most=10, now=NOW, sources=("shop",), on_dead="continue"):
    leases = dict.fromkeys(sources, Lease(now + LEASE, on_dead))
    return await store.take(leases, most=most, now=now)


async def ids(store, most=10, now=NOW, **other):
    return [turn.held.id for turn in await take(store, most, now, **other)]


async def state(store, id_="e1"):
    return (await store.find("shop", id_)).entry.state


async def finish(store, held, state="processed", now=NOW, **other):
    return await store.finish(held, Finish(state, **other), now=now)


async def processed(store, *claims, now=NOW):
    for each in claims:
        held = (await claim(store, each._replace(state="processing"), now=now)).held
        assert (await finish(store, held, now=now)).kept


def start(name="run", owner=NOBODY):
    return Start(
        kind="execution/m",
        name=name,
        digest=b"d",
        time=NOW,
        status=Status("RUNNING"),
        owner=owner,
        events=[{"type": "Began"}],
        commands={"c": {"do": "it"}},
    )


async def test_a_delivery_is_taken_with_all_that_it_has_brought(store):
    given = one(
        body=b"\x00\xff body", type="charge.paid", headers=b'[["a","b"]]', key="k2", ordering="o"
    )
    assert await claim(store, given) == Claimed("fresh", "received")
    (turn,) = await take(store, now=NOW + 1)
    assert turn == (
        *(Held("shop", "e1", 1), "charge.paid", b'[["a","b"]]', b"\x00\xff body", NOW),
        *(1, 0, "o", 0),
    )
    assert await finish(store, turn.held, result=b"7", now=NOW + 2) == Finished(kept=True)
    found = await store.find("shop", "e1")
    assert found[1:] == (b'[["a","b"]]', b"\x00\xff body", b"7")
    assert found.entry == (
        *("shop", "e1", "charge.paid", "processed", NOW, 1, None, NOW + 2, "", "k2", "o", 0, 0, 7),
    )
    assert await store.find("shop", "e2") is None


async def test_a_repetition_is_told_from_another_body_and_from_another_source(store):
    await claim(store, one())
    assert await claim(store, one()) == Claimed("duplicate", "received")
    assert await claim(store, one(body=b"other")) == Claimed("collision", "received")
    assert (await claim(store, one()._replace(source="bank"))).outcome == "fresh"
    document = await store.find("shop", "e1")
    assert (document.entry.duplicates, document.body) == (2, b"{}")


async def test_a_repetition_is_told_what_came_of_the_first(store):
    held = (await claim(store, one(state="processing"))).held
    await finish(store, held, result=b'"done"')
    again = await claim(store, one(state="processing"), now=NOW + 5)
    assert again == Claimed("duplicate", "processed", b'"done"', None, 1)


async def test_a_nonce_is_good_once_in_its_source(store):
    await claim(store, one(nonce="n"))
    assert await claim(store, one("e2", nonce="n")) == Claimed("replayed", "ignored")
    assert await store.find("shop", "e2") is None
    assert (await claim(store, one(nonce="n"))).outcome == "duplicate"
    assert (await claim(store, one("e3", nonce="m"))).outcome == "fresh"
    assert (await claim(store, one("e2", nonce="n")._replace(source="bank"))).outcome == "fresh"


async def test_of_many_claims_at_once_one_is_fresh(opened):
    stores = [opened.store, opened.beside()]
    claims = [
        each.claim(one(state="processing"), now=NOW, until=NOW + LEASE)
        for _ in range(50)
        for each in stores
    ]
    outcomes = [claimed.outcome for claimed in await asyncio.gather(*claims)]
    assert sorted(outcomes) == ["duplicate"] * 99 + ["fresh"]
    assert (await opened.store.find("shop", "e1")).entry.duplicates == 99


async def test_a_claim_may_take_the_lease_and_then_nobody_else_has_it(store):
    claimed = await claim(store, one(state="processing"))
    assert claimed == Claimed("fresh", "processing", b"", Held("shop", "e1", 1), 1)
    assert await ids(store, now=NOW + LEASE - 0.1) == []
    (turn,) = await take(store, now=NOW + LEASE)
    assert (turn.held, turn.attempts, turn.crashes) == (Held("shop", "e1", 2), 2, 1)
    assert await finish(store, claimed.held) == Finished(kept=False)
    assert await store.renew([claimed.held, turn.held], until=NOW + 999) == [False, True]
    assert await ids(store, now=NOW + 998) == []
    assert (await finish(store, turn.held, now=NOW + 998)).kept
    assert not (await finish(store, turn.held, now=NOW + 998)).kept


async def test_what_is_only_recorded_is_nobodys_turn(store):
    ignored = await claim(store, one(state="ignored", reason="no target for a.b"))
    assert ignored == Claimed("fresh", "ignored")
    assert await ids(store, now=NOW + 1e6) == []
    assert (await store.find("shop", "e1")).entry.error == "no target for a.b"


async def test_deliveries_are_taken_by_who_has_waited_longest_and_no_more_than_asked_for(store):
    for number in range(5):
        await claim(store, one(f"e{number}"), now=NOW + number % 2)
    assert await ids(store, 3, now=NOW + 1) == ["e0", "e2", "e4"]
    assert await ids(store, 3, now=NOW + 1) == ["e1", "e3"]
    assert await ids(store, 3, now=NOW + 1) == []


async def test_only_sources_that_are_asked_for_are_taken_each_with_its_lease(store):
    for source in ("a", "b", "c"):
        await claim(store, one()._replace(source=source))
    turns = await store.take({"a": Lease(NOW + 5), "b": Lease(NOW + 50)}, most=10, now=NOW)
    assert sorted(turn.held.source for turn in turns) == ["a", "b"]
    assert [
        turn.held.source for turn in await take(store, now=NOW + 5, sources=["a", "b", "c"])
    ] == ["c", "a"]


async def test_what_has_failed_is_tried_again_when_it_is_time(store):
    held = (await claim(store, one(state="processing"))).held
    await finish(store, held, "failed", again=NOW + 30, error="no answer")
    entry = (await store.find("shop", "e1")).entry
    assert (entry.state, entry.next, entry.error) == ("failed", NOW + 30, "no answer")
    assert await ids(store, now=NOW + 29.9) == []
    (turn,) = await take(store, now=NOW + 30)
    assert (turn.attempts, turn.crashes) == (2, 0)


async def test_an_error_that_holds_a_nul_ends_its_turn(store):
    held = (await claim(store, one(state="processing"))).held
    await finish(store, held, "dead", error="a\0b")
    assert (await store.find("shop", "e1")).entry.error == "a\ufffdb"


async def test_a_turn_that_is_given_back_was_no_attempt(store):
    held = (await claim(store, one(state="processing"))).held
    await finish(store, held, "received", again=NOW + 1)
    assert await ids(store) == []
    (turn,) = await take(store, now=NOW + 1)
    assert (turn.attempts, turn.held.epoch) == (1, 2)


async def test_crashes_are_counted_until_a_turn_is_finished(store):
    await claim(store, one(state="processing"))
    now = NOW
    for crashes in (1, 2, 3):
        now += LEASE
        (turn,) = await take(store, now=now)
        assert turn.crashes == crashes
    await finish(store, turn.held, "failed", again=now)
    (turn,) = await take(store, now=now)
    assert (turn.attempts, turn.crashes) == (5, 0)


async def test_the_dead_are_taken_no_more(store):
    held = (await claim(store, one(state="processing"))).held
    await finish(store, held, "dead", error="poison")
    assert await ids(store, now=NOW + 1e9) == []
    assert await state(store) == "dead"
    assert (await claim(store, one(retake=True))).outcome == "duplicate"


async def test_a_repetition_may_take_what_has_failed_once(store):
    held = (await claim(store, one(state="processing"))).held
    await finish(store, held, "failed")
    assert await ids(store, now=NOW + 1e9) == []  # until somebody asks
    assert (await claim(store, one())).outcome == "duplicate"
    assert (await claim(store, one(body=b"x", retake=True))).outcome == "collision"
    again = await claim(store, one(retake=True), now=NOW + 9)
    assert again == Claimed("again", "processing", b"", Held("shop", "e1", 2), 2)
    assert (await claim(store, one(retake=True), now=NOW + 9)).outcome == "duplicate"


# -- what is committed along ------------------------------------------------------------------------


async def test_what_a_claim_sends_is_sent_with_it_and_once(opened):
    sent = Outgoing("m1", b"hello")
    sending = one(state="processed", along=Along([(JOBS, sent)]))
    assert await claim(opened.store, sending) == Claimed("fresh", "processed")
    assert (await claim(opened.store, sending)).outcome == "duplicate"
    assert (await claim(opened.store, one(body=b"x")._replace(along=sending.along))).held is None
    (message,) = (await opened.queues.receive(JOBS, most=9, now=NOW)).messages
    assert (message.id, message.body) == ("m1", b"hello")


async def test_what_a_claim_starts_is_started_with_it_and_once(opened):
    owner = await opened.journal.join(until=NOW + 5)
    starting = one(state="processed", along=Along(start=start(owner=owner)))
    claimed = await claim(opened.store, starting)
    assert claimed.started.state == "started"
    loaded = await opened.journal.load(claimed.started.stream.id)
    assert (loaded.events, loaded.commands) == ([{"type": "Began"}], {"c": {"do": "it"}})
    assert (await claim(opened.store, starting)).started is None
    other = await claim(opened.store, one("e2", state="processed", along=starting.along))
    assert (other.outcome, other.started.state) == ("fresh", "same")


async def test_a_claim_whose_start_nobody_owns_any_more_changes_nothing(opened):
    along = Along([(JOBS, Outgoing("m1", b""))], start(owner=99))
    claims = [one("e1"), one("e2", state="processed", along=along), one("e3")]
    results = await asyncio.gather(
        *(opened.store.claim(each, now=NOW, until=NOW) for each in claims), return_exceptions=True
    )
    assert isinstance(results[1], FencedError)
    assert [each.outcome for each in (results[0], results[2])] == ["fresh", "fresh"]
    assert await opened.store.find("shop", "e2") is None
    assert await opened.journal.find("execution/m", "run") is None
    assert not (await opened.queues.receive(JOBS, most=9, now=NOW)).messages


async def test_effects_of_the_store_happen_once_with_the_end_of_a_turn(opened):
    claimed = await claim(opened.store, one(state="processing"))
    (turn,) = await take(opened.store, now=NOW + LEASE)
    along = Along([(JOBS, Outgoing("m1", b""))], start())
    late = await finish(opened.store, claimed.held, along=along)
    assert late == Finished(kept=False)
    done = await finish(opened.store, turn.held, along=along)
    assert (done.kept, done.started.state) == (True, "started")
    assert len((await opened.queues.receive(JOBS, most=9, now=NOW)).messages) == 1
    again = (await claim(opened.store, one("e2", state="processing"))).held
    with pytest.raises(FencedError):
        await finish(opened.store, again, along=Along(start=start("other", owner=99)))
    assert await state(opened.store, "e2") == "processing"


# -- order -------------------------------------------------------------------------------------------


def ordered(id_, version=-inf, ordering="a", **other):
    return one(id_, ordering=ordering, version=version, **other)


async def test_of_one_ordering_one_is_dealt_with_at_a_time_in_order(store):
    await claim(store, ordered("a1"), ordered("a2"), ordered("b1", ordering="b"), one("c1"))
    first, *others = await take(store)
    assert [turn.held.id for turn in (first, *others)] == ["a1", "b1", "c1"]
    assert await ids(store) == []
    await finish(store, first.held, "failed", again=NOW + 30)
    assert await ids(store, now=NOW + 29) == []  # the one that has failed holds up what follows it
    (first,) = await take(store, now=NOW + 30)
    assert first.held.id == "a1"
    await finish(store, first.held)
    assert await ids(store, now=NOW + 30) == ["a2"]


async def test_the_dead_hold_up_nobody(store):
    held = (await claim(store, ordered("a1", state="processing"))).held
    await claim(store, ordered("a2"))
    await finish(store, held, "dead")
    assert await ids(store) == ["a2"]


async def test_a_dead_one_holds_up_what_follows_it_where_that_is_asked_for(store):
    held = (await claim(store, ordered("a2", 2, state="processing"))).held
    await claim(store, ordered("a1", 1), ordered("a3", 3), ordered("b", ordering="b"), one("c"))
    await finish(store, held, "dead")
    assert await ids(store, on_dead="block") == ["a1", "b", "c"]
    await finish(store, Held("shop", "a1", 1))
    assert await ids(store, on_dead="block") == []
    waits = await claim(store, ordered("a4", 4, state="processing", on_dead="block"))
    assert (waits.state, waits.held) == ("received", None)
    assert await store.replay(Search(id="a2"), most=1, now=NOW, apart=0) == 1
    assert await ids(store, on_dead="block") == ["a2"]
    await finish(store, Held("shop", "a2", 2))
    assert await ids(store, on_dead="block") == ["a3"]


async def test_many_that_wait_for_one_are_passed_over(store):
    for number in range(60):
        await claim(store, ordered(f"a{number:02}"), now=NOW + number / 100)
    await claim(store, ordered("b", ordering="b"), one("c"), now=NOW + 1)
    assert await ids(store, most=3, now=NOW + 2) == ["a00", "b", "c"]
    assert await ids(store, most=3, now=NOW + 2) == []


async def test_the_first_of_an_ordering_is_found_although_it_came_after_others(store):
    for number in range(9):
        await claim(store, ordered(f"v{9 - number}", 9 - number), now=NOW + number)
        await claim(store, one(f"x{number}"), now=NOW + number)
    assert await ids(store, most=4, now=NOW + 9) == ["x0", "x1", "x2", "x3"]
    assert await ids(store, most=9, now=NOW + 9) == ["x4", "x5", "x6", "x7", "v1", "x8"]


async def test_a_claim_that_is_not_the_first_of_its_ordering_waits_for_its_turn(opened):
    store = opened.store
    along = Along([(JOBS, Outgoing("m1", b""))])
    held = (await claim(store, ordered("a1", state="processing"))).held
    assert (await claim(store, ordered("a2", state="processing"))).state == "received"
    waits = await claim(store, ordered("a3", state="processed", along=along))
    assert (waits.outcome, waits.state, waits.held) == ("fresh", "received", None)
    assert not (await opened.queues.receive(JOBS, most=9, now=NOW)).messages
    await finish(store, held)
    assert await ids(store) == ["a2"]


async def test_of_one_ordering_the_lower_version_goes_first_whoever_came_first(store):
    await claim(store, ordered("v3", 3), ordered("v1", 1), ordered("v2", 2))
    for expected in ("v1", "v2", "v3"):
        (turn,) = await take(store)
        assert turn.held.id == expected
        await finish(store, turn.held)


async def test_the_one_in_processing_stays_first_when_a_lower_version_comes(store):
    await claim(store, ordered("v3", 3, state="processing"))
    await claim(store, ordered("v1", 1))
    assert await ids(store, now=NOW + LEASE) == ["v3"]  # its lease is over


async def test_what_is_older_than_what_was_processed_counts_no_more(store):
    await processed(store, ordered("v5", 5))
    await claim(store, ordered("v4", 4), ordered("v6", 6), ordered("x", 1, ordering="x"))
    assert await ids(store) == ["v6", "x"]
    old = (await store.find("shop", "v4")).entry
    assert (old.state, old.error) == ("ignored", SUPERSEDED)
    at_once = await claim(store, ordered("v3", 3, state="processing"))
    assert (at_once.outcome, at_once.state, at_once.held) == ("fresh", "ignored", None)
    assert (await claim(store, ordered("same", 5, state="processing"))).state == "received"


async def test_an_operator_may_ask_for_what_is_superseded(store):
    await processed(store, ordered("v5", 5))
    await claim(store, ordered("v4", 4, state="processing"))
    assert await store.replay(Search(id="v4"), most=1, now=NOW + 1, apart=0) == 1
    assert await ids(store, now=NOW + 1) == ["v4"]


async def test_an_ordering_is_with_one_process_at_a_time(opened):
    stores = [opened.store, opened.beside()]
    for number in range(12):
        await claim(opened.store, ordered(f"{number % 2}-{number:02}", ordering=f"{number % 2}"))
    at_work, done = set(), []

    async def work_off(store):
        while len(done) < 12:
            for turn in await take(store, most=2):
                assert turn.ordering not in at_work
                at_work.add(turn.ordering)
                await asyncio.sleep(0)
                done.append(turn.held.id)
                at_work.remove(turn.ordering)
                await finish(store, turn.held)
            await asyncio.sleep(0)

    await asyncio.gather(*map(work_off, stores))
    assert sorted(done) == sorted(done, key=lambda id_: id_[0])


# -- looking, replaying, forgetting -------------------------------------------------------------------


async def listed(store, most=10, token="", **what):
    page = await store.list(Search(**what), most=most, token=token)
    return [entry.id for entry in page.entries], page.token


async def test_deliveries_are_listed_newest_first_in_parts(store):
    for number in range(5):
        await claim(store, one(f"e{number}"), now=NOW + number)
    await claim(store, one("b")._replace(source="bank"), now=NOW + 5)
    first, token = await listed(store, 2, source="shop")
    second, token = await listed(store, 2, token, source="shop")
    third, token = await listed(store, 2, token, source="shop")
    assert first + second + third == ["e4", "e3", "e2", "e1", "e0"]
    assert token == ""
    all_, token = await listed(store, 4)
    assert all_ + (await listed(store, 4, token))[0] == ["b", "e4", "e3", "e2", "e1", "e0"]
    with pytest.raises(TokenError):
        await listed(store, token="none")


@pytest.mark.parametrize(
    ("what", "expected"),
    [
        pytest.param({"type": "charge.paid"}, ["e1"], id="type"),
        pytest.param({"type": "charge.*"}, ["e2", "e1"], id="types"),
        pytest.param({"type": "*"}, ["e3", "e2", "e1", "e0"], id="all-types"),
        pytest.param({"state": "dead"}, ["e2"], id="dead"),
        pytest.param({"state": "processed"}, ["e1"], id="processed"),
        pytest.param({"state": "received", "source": "shop"}, ["e3", "e0"], id="received"),
        pytest.param({"id": "e3"}, ["e3"], id="id"),
        pytest.param({"since": NOW + 1, "until": NOW + 2}, ["e2", "e1"], id="times"),
        pytest.param({"source": "bank"}, [], id="source"),
    ],
)
async def test_deliveries_are_searched(store, what, expected):
    held = {}
    for number, type_ in enumerate(["", "charge.paid", "charge.%", "chargeback"]):
        state = "processing" if number in (1, 2) else "received"
        claimed = await claim(store, one(f"e{number}", type=type_, state=state), now=NOW + number)
        held[number] = claimed.held
    await finish(store, held[1])
    await finish(store, held[2], "dead")
    assert (await listed(store, **what))[0] == expected


async def test_a_replay_begins_anew_one_after_the_other(store):
    await processed(store, one("e1"), one("e2"), one("e3"))
    held = (await claim(store, one("e4", state="processing"))).held
    await finish(store, held, "dead", error="poison")
    await claim(store, one("e5", state="processing"), one("e6"), now=NOW + 500)
    assert await store.replay(Search(source="shop"), most=3, now=NOW + 10, apart=0.5) == 3
    assert await ids(store, now=NOW + 10) == ["e1"]
    turns = await take(store, now=NOW + 11)
    assert [turn.held.id for turn in turns] == ["e2", "e3"]
    assert {(turn.attempts, turn.replays, turn.held.epoch) for turn in turns} == {(1, 1, 2)}
    assert await store.replay(Search(state="dead"), most=3, now=NOW + 12, apart=0.5) == 1
    assert (await store.find("shop", "e4")).entry.error == ""
    assert await store.replay(Search(), most=3, now=NOW + 12, apart=0.5) == 0


async def test_old_ones_at_rest_are_forgotten_and_bodies_before_them(store):
    await processed(store, one("e1"), now=NOW)
    await processed(store, one("e2"), now=NOW + 10)
    await claim(store, one("waits"))
    await claim(store, one("e3", state="ignored"), now=NOW + 10)
    await claim(store, one("other", state="ignored")._replace(source="bank"))
    held = (await claim(store, one("dead", state="processing"), now=NOW + 10)).held
    await finish(store, held, "dead")
    when = {"before": NOW + 5, "bodies_before": NOW + 11}
    assert await store.forget("shop", most=1, **when) == 2
    assert await store.forget("shop", most=1, **when) == 1
    assert await store.forget("shop", most=1, **when) == 0
    assert (await listed(store, source="shop"))[0] == ["dead", "e3", "e2", "waits"]
    bodies = {id_: (await store.find("shop", id_)).body for id_ in ("dead", "e2", "e3", "waits")}
    assert bodies == {"dead": b"{}", "e2": None, "e3": None, "waits": b"{}"}
    assert (await claim(store, one("e2"))).outcome == "duplicate"
    assert (await claim(store, one("e1"))).outcome == "fresh"
    assert await store.replay(Search(id="e2"), most=9, now=NOW + 20, apart=0) == 0


async def test_what_waits_is_forgotten_only_where_that_is_asked_for(store):
    await claim(store, one("waits"), one("works", state="processing"))
    await claim(store, one("new"), now=NOW + 10)
    when = {"before": NOW + 5, "bodies_before": NOW + 20, "most": 9}
    assert await store.forget("shop", **when) == 0
    assert await store.forget("shop", **when, waiting=True) == 2
    assert (await listed(store))[0] == ["new"]
    assert (await store.find("shop", "new")).body == b"{}"


async def test_sources_are_those_that_have_deliveries(store):
    assert await store.sources() == []
    for source in ("shop", "bank", "shop", "Zoo"):
        await claim(store, one(f"{source} 1")._replace(source=source, state="ignored"))
    assert await store.sources() == ["Zoo", "bank", "shop"]


async def test_what_is_not_done_with_is_counted(store):
    await processed(store, one("e1"))
    await claim(store, one("e2", state="ignored"))
    await claim(store, one("e3"), one("e4"), now=NOW + 1)
    await claim(store, one("e5", state="processing"), now=NOW + 2)
    held = (await claim(store, one("e6", state="processing"), now=NOW + 3)).held
    await finish(store, held, "dead")
    await claim(store, one("e7")._replace(source="bank"), now=NOW + 4)
    assert sorted(await store.counts()) == [
        Counts("bank", "received", 1, NOW + 4),
        Counts("shop", "dead", 1, NOW + 3),
        Counts("shop", "processing", 1, NOW + 2),
        Counts("shop", "received", 2, NOW + 1),
    ]


async def test_what_is_acknowledged_survives_a_crash(opened):
    if isinstance(opened.store, MemoryInbox):
        pytest.skip("memory is gone with the process")
    along = Along([(JOBS, Outgoing("m1", b""))], start())
    await claim(opened.store, one("e1", state="processed", along=along), one("e2"))
    await opened.crash()
    assert await state(opened.store, "e1") == "processed"
    assert await ids(opened.store) == ["e2"]
    assert await opened.journal.find("execution/m", "run") is not None
    assert len((await opened.queues.receive(JOBS, most=9, now=NOW)).messages) == 1
