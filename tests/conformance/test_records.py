"""What every store of records must do."""

import asyncio

import pytest

from frontdesk.ports.records import REMEMBERED, Name, Publication, Query, Row, Subscriber
from frontdesk.rules.records.spans import Span
from tests.live.records import ADAPTERS

NOW = 1_700_000_000.25
ORDER = Name("orders", "ORDER#acme", "1")
LEDGER = Subscriber("orders/ledger", "orders", "handler")
HOOK = Subscriber("desk/change", "orders", "hook")
STATUS = Subscriber("desk/status", "orders", "status")


@pytest.fixture(params=ADAPTERS.values(), ids=ADAPTERS)
async def opened(request):
    async with request.param() as opened:
        yield opened


@pytest.fixture
def store(opened):
    return opened.store


def row(version, name=ORDER, **other):
    return Row(name.pk, name.sk, version, f'{{"v":{version}}}', **other)


def publication(version, name=ORDER, *, ttl=None, status="", **other):
    written = row(version, name, ttl=ttl, status=status)
    return Publication(name.module, written, f'{{"d":{version}}}', **other)


async def publish(store, *versions, name=ORDER, now=NOW, **other):
    return [await store.publish(publication(each, name, **other), now=now) for each in versions]


async def data(store, name=ORDER, now=NOW):
    return await store.get("data", name, now=now)


async def versions(store, name=ORDER, before=10**6, most=10, now=NOW):
    found = await store.versions(name, before=before, most=most, now=now)
    return [each.version for each in found]


async def take(store, subscriber=HOOK, most=10, now=NOW, until=NOW + 30):
    return await store.take(subscriber.name, most=most, now=now, until=until)


async def test_a_version_is_command_data_and_history_at_once(store):
    assert await publish(store, 1, 2, status="s") == [True, True]
    assert await store.get("command", ORDER, 1, now=NOW) == row(1, status="s")
    assert await store.get("command", ORDER, now=NOW) == row(2, status="s")
    assert await data(store) == Row(ORDER.pk, ORDER.sk, 2, '{"d":2}')
    assert await store.get("history", ORDER, 1, now=NOW) == Row(ORDER.pk, ORDER.sk, 1, '{"d":1}')
    assert await store.get("history", ORDER, 2, now=NOW) is None
    assert await versions(store) == [2, 1]


async def test_nothing_is_there_before(store):
    assert await data(store) is None
    assert await store.get("command", ORDER, 1, now=NOW) is None
    assert await versions(store) == []
    assert await store.modules() == []
    assert await store.archive(ORDER, ttl=None, now=NOW) is None


@pytest.mark.parametrize("version", [1, 2, 4, 9], ids=["first", "same", "gap", "far"])
async def test_a_version_that_does_not_follow_is_refused_and_changes_nothing(store, version):
    await store.subscribe(HOOK, now=NOW)
    await publish(store, 1, 2)
    told = len(await take(store))
    assert await publish(store, version) == [False]
    assert (await data(store)).version == 2
    assert await versions(store) == [2, 1]
    assert await store.waiting(HOOK.name) == (2, NOW)
    assert told == 1


async def test_of_many_writers_of_one_version_exactly_one_wins(store):
    for version in (1, 2, 3):
        outcomes = await asyncio.gather(
            *(store.publish(publication(version), now=NOW) for _ in range(50))
        )
        assert sorted(outcomes) == [False] * 49 + [True]
    assert await versions(store) == [3, 2, 1]


async def test_records_of_other_modules_and_keys_are_apart(store):
    others = [Name("other", *ORDER[1:]), ORDER._replace(pk="ORDER#b"), ORDER._replace(sk="2")]
    await publish(store, 1, 2)
    for other in others:
        assert await data(store, other) is None
        assert await publish(store, 1, name=other) == [True]
    assert (await data(store)).version == 2
    assert await store.modules() == ["orders", "other"]


SORTED = ["A", "a", "a#1", "a#2", "b", "é", "\uffff", "😀"]


@pytest.mark.parametrize(
    ("span", "expected"),
    [
        (Span(), SORTED),
        (Span("a", "b"), SORTED[1:4]),
        (Span("a", "b", with_low=False, with_high=True), SORTED[2:5]),
        (Span("a#1", "a#1", with_high=True), ["a#1"]),
        (Span(None, "a", with_high=True), ["A", "a"]),
        (Span(None, "a"), ["A"]),
        (Span("é", with_low=False), SORTED[6:]),
        (Span("z", "a"), []),
    ],
)
async def test_data_of_a_pk_is_found_by_spans_of_sort_keys(store, span, expected):
    for sk in reversed(SORTED):
        await publish(store, 1, name=ORDER._replace(sk=sk))
    await publish(store, 1, name=ORDER._replace(pk="ORDER#b", sk="a"))

    async def found(**other):
        rows = await store.query(Query("orders", ORDER.pk, span, **other), now=NOW)
        return [each.sk for each in rows]

    assert await found() == expected
    assert await found(descending=True) == expected[::-1]
    assert await found(most=2) == expected[:2]


async def test_data_of_a_module_is_browsed_in_order(store):
    for pk in ("B#t", "A#t"):
        await publish(store, 1, name=Name("orders", pk, "1"))
        await publish(store, 1, name=Name("orders", pk, "2"))
    await publish(store, 1, name=Name("other", "A#t", "3"))

    async def browse(after, most=10):
        rows = await store.browse("orders", after=after, most=most, now=NOW)
        return [(each.pk, each.sk) for each in rows]

    assert await browse(("", ""), 3) == [("A#t", "1"), ("A#t", "2"), ("B#t", "1")]
    assert await browse(("B#t", "1")) == [("B#t", "2")]


async def test_versions_are_paged_newest_first(store):
    await publish(store, 1, 2, 3, 4)
    assert await versions(store, most=2) == [4, 3]
    assert await versions(store, before=3, most=1) == [2]


async def test_data_may_be_kept_in_the_history_without_a_new_version(store):
    await publish(store, 1)
    kept = Row(ORDER.pk, ORDER.sk, 1, '{"d":1}', NOW + 9)
    ttl = int(NOW) + 9
    kept = kept._replace(ttl=ttl)
    assert await store.archive(ORDER, ttl=ttl, now=NOW) == kept
    assert await store.archive(ORDER, ttl=ttl + 5, now=NOW) == kept
    assert await publish(store, 2) == [True]
    assert await store.get("history", ORDER, 1, now=NOW) == kept


# -- what goes ------------------------------------------------------------------------------------


async def test_what_has_a_ttl_is_not_there_any_more_and_its_version_free_again(store):
    ttl = int(NOW) + 10
    await publish(store, 1, ttl=ttl)
    assert (await data(store, now=NOW + 9)).version == 1
    late = NOW + 10
    assert await data(store, now=late) is None
    assert await store.get("command", ORDER, now=late) is None
    assert await versions(store, now=late) == []
    assert await store.query(Query("orders", ORDER.pk), now=late) == []
    assert await store.browse("orders", after=("", ""), most=9, now=late) == []
    assert await publish(store, 1, now=late) == [True]
    assert await data(store, now=late) == Row(ORDER.pk, ORDER.sk, 1, '{"d":1}')


async def test_what_is_over_is_removed_in_slices(store):
    ttl = int(NOW) + 10
    for sk in "abc":
        await publish(store, 1, name=ORDER._replace(sk=sk), ttl=ttl)
    await publish(store, 1, name=ORDER._replace(sk="d"))
    assert await store.forget(NOW + 9, most=9) == 0
    assert await store.forget(NOW + 10, most=2) == 4
    assert await store.forget(NOW + 10, most=2) == 2
    assert await store.forget(NOW + 10, most=2) == 0
    assert len(await store.query(Query("orders", ORDER.pk), now=NOW)) == 1


async def test_former_versions_may_be_given_a_ttl_by_the_next(store):
    ttl = int(NOW) + 10
    await publish(store, 1)
    await publish(store, 2, command_ttl=ttl, history_ttl=ttl + 1)
    assert (await store.get("command", ORDER, 1, now=NOW)).ttl == ttl
    assert (await store.get("command", ORDER, 2, now=NOW)).ttl is None
    assert (await store.get("history", ORDER, 1, now=NOW)).ttl == ttl + 1
    assert (await data(store)).ttl is None


async def test_the_ttl_of_the_last_version_is_also_that_of_data(store):
    await publish(store, 1, 2)
    assert await store.set_ttl(ORDER, 1, int(NOW) + 5)
    assert (await data(store)).ttl is None
    assert await store.set_ttl(ORDER, 2, int(NOW) + 6)
    assert (await data(store)).ttl == int(NOW) + 6
    assert await store.set_ttl(ORDER, 2, None)
    assert (await data(store, now=NOW + 9)).ttl is None
    assert not await store.set_ttl(ORDER, 3, None)


async def test_old_versions_are_trimmed_but_never_the_last_command(store):
    await publish(store, 1)
    await publish(store, 2, now=NOW + 1)
    await publish(store, 3, now=NOW + 2)
    await publish(store, 1, name=Name("other", "A#t", "1"))
    assert await store.trim("command", "orders", NOW, most=9) == 1
    assert await versions(store) == [3, 2]
    assert await store.trim("command", "orders", NOW + 9, most=9) == 1
    assert await versions(store) == [3]
    assert await store.trim("history", "orders", NOW + 9, most=1) == 1
    assert await store.trim("history", "orders", NOW + 9, most=9) == 1
    assert await publish(store, 4) == [True]


# -- who is told --------------------------------------------------------------------------------------


async def test_a_change_is_told_with_what_was_before(store):
    await publish(store, 1)
    await store.subscribe(HOOK, now=NOW)
    await publish(store, 2, now=NOW + 1)
    (change,) = await take(store, now=NOW + 1)
    assert change[1:] == (HOOK.name, ORDER, 2, '{"d":1}', '{"d":2}', NOW + 1, 1)
    assert await take(store, now=NOW + 29) == []


async def test_changes_of_a_record_come_one_after_the_other_those_of_others_meanwhile(store):
    await store.subscribe(HOOK, now=NOW)
    other = ORDER._replace(sk="2")
    await publish(store, 1, 2)
    await publish(store, 1, name=other)
    first, of_other = await take(store)
    assert (first.version, of_other.name) == (1, other)
    await store.settle([of_other])
    assert await take(store) == []
    await store.settle([first])
    (second,) = await take(store)
    assert second.version == 2
    await store.settle([second])
    assert await store.waiting(HOOK.name) == (0, None)


async def test_what_is_not_settled_comes_again_and_its_former_taker_has_nothing_to_say(store):
    await store.subscribe(HOOK, now=NOW)
    await publish(store, 1)
    (first,) = await take(store)
    (again,) = await take(store, now=NOW + 30, until=NOW + 60)
    assert (again.number, again.tries) == (first.number, 2)
    await store.settle([first])
    await store.postpone(first, until=NOW)
    assert await take(store, now=NOW + 31) == []
    await store.postpone(again, until=NOW + 40)
    assert await take(store, now=NOW + 39) == []
    assert [each.tries for each in await take(store, now=NOW + 40)] == [3]


async def test_no_more_are_taken_than_asked_for(store):
    await store.subscribe(HOOK, now=NOW)
    for sk in "abc":
        await publish(store, 1, name=ORDER._replace(sk=sk))
    assert [each.name.sk for each in await take(store, most=2)] == ["a", "b"]
    assert [each.name.sk for each in await take(store, most=2)] == ["c"]


async def test_each_subscriber_is_told_for_itself_and_of_its_module_only(store):
    other = Subscriber("desk/change", "other", "hook")
    for each in (HOOK, LEDGER, STATUS, other):
        await store.subscribe(each, now=NOW)
    assert await store.subscribers() == sorted([HOOK, LEDGER, STATUS, other])
    await publish(store, 1)
    await store.settle(await take(store))
    assert [each.version for each in await take(store, LEDGER)] == [1]
    assert await take(store, STATUS) == []


async def test_handlers_are_not_told_of_what_the_writer_does_by_hand(store):
    await store.subscribe(HOOK, now=NOW)
    await store.subscribe(LEDGER, now=NOW)
    await publish(store, 1, by_hand=True)
    assert len(await take(store)) == 1
    assert await take(store, LEDGER) == []


async def test_a_status_is_written_and_told(store):
    for each in (HOOK, STATUS):
        await store.subscribe(each, now=NOW)
    await publish(store, 1, by_hand=True)
    assert await store.set_status(ORDER, 1, "finish:FINISHED", '{"s":1}', now=NOW)
    assert not await store.set_status(ORDER, 2, "finish:FINISHED", '{"s":2}', now=NOW)
    assert (await store.get("command", ORDER, now=NOW)).status == "finish:FINISHED"
    (notice,) = await take(store, STATUS)
    assert (notice.version, notice.before, notice.after) == (1, None, '{"s":1}')
    assert await store.waiting(HOOK.name) == (1, NOW)


async def test_who_is_gone_is_told_nothing_and_leaves_nothing(store):
    for each in (HOOK, LEDGER):
        await store.subscribe(each, now=NOW)
    await publish(store, 1)
    await store.unsubscribe(HOOK.name, "orders")
    await publish(store, 2)
    assert await store.waiting(HOOK.name) == (0, None)
    assert (await store.waiting(LEDGER.name))[0] == 2
    await publish(store, 3, now=NOW + REMEMBERED)
    assert (await store.waiting(LEDGER.name))[0] == 2
    await store.subscribe(HOOK, now=NOW + REMEMBERED)
    await store.forget(NOW + REMEMBERED, most=1)
    assert await store.subscribers() == [HOOK]
    assert await store.waiting(LEDGER.name) == (0, None)


async def test_counters_give_each_number_once(store):
    numbers = await asyncio.gather(*(store.count("SEQ#a", "x") for _ in range(20)))
    assert sorted(numbers) == list(range(1, 21))
    assert await store.count("SEQ#a", "y") == 1


MARK = '"attributes":"blob:'


def with_blob(version, letter, name=ORDER, **other):
    document = f'{{"name":"é","attributes":"blob:{letter * 64}","more":1}}'
    return Publication(name.module, Row(name.pk, name.sk, version, document), document, **other)


async def mentioned(store, where, most=2):
    """Look through a table in slices."""
    found, after = set(), ()
    while after is not None:
        seen = await store.mentions(where, MARK, after=after, most=most)
        found |= seen.found
        after = seen.last
    return {each[0] for each in found if each == each[0] * 64}


async def test_what_texts_mention_is_found_wherever_they_are(store):
    await store.subscribe(HOOK, now=NOW)
    assert await mentioned(store, "data") == set()
    for version, letter in enumerate("abc", 1):
        assert await store.publish(with_blob(version, letter), now=NOW)
    other = ORDER._replace(sk="2")
    assert await store.publish(with_blob(1, "d", other), now=NOW)
    await publish(store, 1, name=ORDER._replace(sk="3"))
    expected = {"command": "abcd", "data": "cd", "history": "ab", "changes": "abcd"}
    for where, letters in expected.items():
        assert await mentioned(store, where) == set(letters)
        assert await mentioned(store, where, most=100) == set(letters)
