"""What every Journal must do."""

import ast
import asyncio
import inspect
import re
import textwrap
from itertools import chain

import pytest

from frontdesk.ports import journal as port
from frontdesk.ports.journal import (
    Append,
    FencedError,
    Filter,
    Message,
    SequenceError,
    Start,
    Status,
    TokenError,
)
from tests.live.journals import ADAPTERS

NOW = 1_700_000_000.25
RUNNING = Status("RUNNING")


@pytest.fixture(params=ADAPTERS.values(), ids=ADAPTERS)
async def opened(request):
    async with request.param() as opened:
        yield opened


@pytest.fixture
def journal(opened):
    return opened.store


@pytest.fixture
async def owner(journal):
    return await journal.join(until=NOW + 10)


async def start(journal, owner, name="e-1", **other):
    fields = {
        "kind": "charge",
        "digest": b"\x00input",
        "time": NOW,
        "status": RUNNING,
        "events": [{"type": "Started"}],
    }
    return await journal.start(Start(name=name, owner=owner, **fields | other))


async def begun(journal, owner, name="e-1", **other):
    return (await start(journal, owner, name, **other)).stream


async def append(journal, stream, owner, **other):
    fields = {"expect_seq": stream.seq, "events": [{"type": "More"}]}
    return await journal.append(Append(stream=stream.id, owner=owner, **fields | other))


async def names(journal, owner, now, most=100):
    return [each.stream.name for each in await journal.due(owner, now=now, most=most)]


async def test_a_start_is_loaded_with_all_that_it_was_given(journal, owner):
    events = [{"type": "Started", "input": {"n": [1, 2.5, None, "é\0"]}}, {"type": "Entered"}]
    commands = {"A:2": {"invoke": "pay"}, "A:1": {"invoke": "log"}}
    started = await start(journal, owner, events=events, commands=commands, timers={"t": NOW + 60})
    assert started.state == "started"
    assert started.stream == (started.stream.id, "charge", "e-1", b"\x00input", NOW, RUNNING, 2)
    loaded = await journal.load(started.stream.id)
    assert loaded == (started.stream, None, events, {"t": NOW + 60}, commands, [])
    assert list(loaded.commands) == ["A:2", "A:1"]
    assert await journal.find("charge", "e-1") == started.stream


async def test_what_was_never_started_is_none(journal, owner):
    assert await journal.load(7) is None
    assert await journal.find("charge", "e-1") is None
    assert list(await journal.read(7, 1, 10)) == []
    assert await journal.post(7, {}) is False
    with pytest.raises(FencedError):
        await journal.append(Append(stream=7, owner=owner, expect_seq=0, events=[]))


@pytest.mark.parametrize(("digest", "state"), [(b"\x00input", "same"), (b"another", "other")])
async def test_a_second_start_of_a_name_changes_nothing_and_tells(journal, owner, digest, state):
    first = await begun(journal, owner)
    await append(journal, first, owner, status=Status("FAILED", NOW + 1))
    again = await start(journal, owner, digest=digest, events=[{"type": "Other"}], time=NOW + 9)
    assert again.state == state
    assert again.stream == first._replace(status=Status("FAILED", NOW + 1), seq=2)
    assert len((await journal.load(first.id)).events) == 2


async def test_a_name_belongs_to_its_kind(journal, owner):
    await start(journal, owner)
    assert (await start(journal, owner, kind="refund")).state == "started"


async def test_of_many_starts_of_one_name_one_starts(journal, owner):
    states = [
        each.state for each in await asyncio.gather(*(start(journal, owner) for _ in "x" * 20))
    ]
    assert sorted(states) == ["same"] * 19 + ["started"]


async def test_an_append_adds_events_moves_timers_and_acknowledges_commands(journal, owner):
    stream = await begun(
        journal, owner, timers={"a": NOW + 1, "b": NOW + 2}, commands={"x": {"n": 1}, "y": {"n": 2}}
    )
    seq = await append(
        journal,
        stream,
        owner,
        events=[{"n": 2}, {"n": 3}],
        timers={"a": None, "b": NOW + 5, "c": NOW + 3},
        commands={"z": {"n": 3}},
        done=["x", "never was"],
        status=Status("WAITING"),
    )
    assert seq == 3
    loaded = await journal.load(stream.id)
    assert loaded.stream == stream._replace(seq=3, status=Status("WAITING"))
    assert loaded.events == [{"type": "Started"}, {"n": 2}, {"n": 3}]
    assert loaded.timers == {"b": NOW + 5, "c": NOW + 3}
    assert loaded.commands == {"y": {"n": 2}, "z": {"n": 3}}


async def test_an_append_may_have_no_events(journal, owner):
    stream = await begun(journal, owner, commands={"x": {}})
    assert await append(journal, stream, owner, events=[], done=["x"]) == 1
    assert await append(journal, stream, owner, events=[{"n": 2}]) == 2
    assert (await journal.load(stream.id)).commands == {}


async def test_a_command_given_again_replaces_the_one_of_its_key(journal, owner):
    stream = await begun(journal, owner, commands={"x": {"n": 1}})
    await append(journal, stream, owner, commands={"x": {"n": 2}})
    assert (await journal.load(stream.id)).commands == {"x": {"n": 2}}


async def test_after_a_snapshot_only_what_came_later_is_loaded_and_all_can_be_read(journal, owner):
    stream = await begun(journal, owner, commands={"x": {"n": 1}})
    for number in range(2, 6):
        snapshot = {"at": number} if number in (2, 4) else None
        await append(
            journal,
            stream._replace(seq=number - 1),
            owner,
            events=[{"n": number}],
            snapshot=snapshot,
        )
    loaded = await journal.load(stream.id)
    assert (loaded.snapshot, loaded.events, loaded.commands) == (
        {"at": 4},
        [{"n": 5}],
        {"x": {"n": 1}},
    )
    assert len(await journal.read(stream.id, 1, 5)) == 5


@pytest.mark.parametrize(
    ("first", "last", "expected"),
    [(1, 7, [1, 2, 3, 4, 5, 6, 7]), (2, 3, [2, 3]), (4, 4, [4]), (6, 99, [6, 7]), (8, 9, []), (0, 1, [1]), (3, 2, [])],
)  # fmt: skip
async def test_events_are_read_in_parts_whatever_appends_they_came_with(
    journal, owner, first, last, expected
):
    stream = await begun(journal, owner, events=[{"n": 1}])
    for numbers in ([2, 3, 4], [5], [6, 7]):
        events = [{"n": number} for number in numbers]
        await append(journal, stream._replace(seq=numbers[0] - 1), owner, events=events)
    assert [each["n"] for each in await journal.read(stream.id, first, last)] == expected


@pytest.mark.parametrize("expected", [0, 2, 99])
async def test_an_append_that_expects_another_number_of_events_is_refused(journal, owner, expected):
    stream = await begun(journal, owner)
    with pytest.raises(SequenceError) as raised:
        await append(journal, stream, owner, expect_seq=expected, snapshot={}, commands={"x": {}})
    assert raised.value.found == 1
    assert (await journal.load(stream.id))[1:4] == (None, [{"type": "Started"}], {})


async def test_of_appends_that_race_one_wins_and_the_others_spoil_nothing(journal, owner):
    stream, other = await begun(journal, owner), await begun(journal, owner, "e-2")
    results = await asyncio.gather(
        *(append(journal, stream, owner, events=[{"n": n}]) for n in range(5)),
        append(journal, other, owner),
        *(append(journal, stream, owner, events=[{"n": n}]) for n in range(5)),
        return_exceptions=True,
    )
    assert sum(isinstance(each, SequenceError) for each in results) == 9
    assert results[5] == 2
    assert len((await journal.load(stream.id)).events) == 2


async def test_what_cannot_be_written_is_refused_alone(journal, owner):
    stream, other = await begun(journal, owner), await begun(journal, owner, "e-2")
    results = await asyncio.gather(
        start(journal, owner, "e\0"),
        start(journal, owner, "e\ud800"),
        append(journal, stream, owner, events=[], commands={"x": {}}),
        append(journal, stream, owner, events=[{"set": {1}}]),
        append(journal, stream._replace(id=2**70), owner),
        append(journal, other, owner),
        return_exceptions=True,
    )
    assert all(isinstance(each, Exception) for each in results[:5])
    assert results[5] == 2
    assert (await journal.load(stream.id)).stream.seq == 1


async def test_documents_given_do_not_change_what_was_written_when_they_change_later(
    journal, owner
):
    event = {"list": [1]}
    stream = await begun(journal, owner, events=[event])
    event["list"].append(2)
    assert (await journal.load(stream.id)).events == [{"list": [1]}]


async def test_a_stream_let_go_is_leased_when_its_first_timer_is_due_and_once(journal, owner):
    stream = await begun(journal, owner)
    await append(journal, stream, owner, timers={"late": NOW + 90, "soon": NOW + 60}, hold=False)
    await journal.renew(owner, until=NOW + 999)
    other = await journal.join(until=NOW + 999)
    assert await names(journal, other, NOW + 59) == []
    (leased,) = await journal.due(other, now=NOW + 60, most=10)
    assert leased == await journal.load(stream.id)
    assert await names(journal, owner, NOW + 60) == []
    assert await append(journal, leased.stream, other) == 3


async def test_the_longest_overdue_come_first_and_no_more_than_asked_for(journal, owner):
    for number in (3, 1, 2):
        await start(journal, 0, f"e-{number}", timers={"t": NOW + number})
    assert await names(journal, owner, NOW + 9, most=2) == ["e-1", "e-2"]
    assert await names(journal, owner, NOW + 9, most=2) == ["e-3"]


async def test_a_stream_of_nobody_with_commands_is_due_at_once(journal, owner):
    await start(journal, 0, "e-1", commands={"x": {}}, timers={"t": NOW + 99})
    await start(journal, 0, "e-2")
    assert await names(journal, owner, NOW) == ["e-1"]


async def test_who_has_let_go_cannot_append(journal, owner):
    stream = await begun(journal, owner)
    await append(journal, stream, owner, hold=False, timers={"t": NOW + 1})
    for number in (owner, 0):
        with pytest.raises(FencedError):
            await append(journal, stream, number, expect_seq=2)


async def test_streams_of_a_lapsed_owner_are_taken_over_and_it_is_fenced(journal, owner):
    held = await begun(journal, owner)
    other = await journal.join(until=NOW + 99)
    assert other > owner
    assert await names(journal, other, NOW + 9.9) == []
    assert await names(journal, other, NOW + 10) == ["e-1"]
    with pytest.raises(FencedError):
        await append(journal, held, owner)
    assert await append(journal, held, other) == 2


async def test_an_owner_that_has_nothing_left_is_none_any_more(journal, owner):
    await start(journal, owner)
    other = await journal.join(until=NOW + 99)
    await names(journal, other, NOW + 10)
    for refused in (
        journal.renew(owner, until=NOW + 99),
        start(journal, owner, "e-2"),
        journal.due(owner, now=NOW, most=1),
    ):
        with pytest.raises(FencedError):
            await refused
    assert await journal.find("charge", "e-2") is None


async def test_a_takeover_in_parts_leaves_the_rest_to_the_former_owner(journal, owner):
    for number in range(3):
        await start(journal, owner, f"e-{number}")
    other = await journal.join(until=NOW + 99)
    assert len(await names(journal, other, NOW + 10, most=2)) == 2
    await journal.renew(owner, until=NOW + 99)
    assert await names(journal, other, NOW + 20) == []
    left = (await journal.list(Filter(kind="charge"), most=9)).streams
    outcomes = await asyncio.gather(
        *(append(journal, each, owner) for each in left), return_exceptions=True
    )
    assert sorted(map(str, outcomes)).count("2") == 1


async def test_an_owner_that_renews_keeps_its_streams(journal, owner):
    await start(journal, owner)
    await journal.renew(owner, until=NOW + 20)
    other = await journal.join(until=NOW + 99)
    assert await names(journal, other, NOW + 15) == []
    await journal.renew(owner, until=NOW)
    assert await names(journal, other, NOW) == ["e-1"]


async def test_nobody_takes_its_own_streams_over(journal, owner):
    await start(journal, owner)
    assert await names(journal, owner, NOW + 99) == []


async def test_many_who_look_at_once_are_given_each_stream_once(journal, owner):
    for number in range(30):
        await start(journal, owner if number % 2 else 0, f"e-{number}", timers={"t": NOW})
    others = [await journal.join(until=NOW + 99) for _ in range(5)]
    given, more = [], True
    while more:
        found = await asyncio.gather(*(names(journal, each, NOW + 10, most=4) for each in others))
        more = list(chain.from_iterable(found))
        given += more
    assert sorted(given) == sorted(f"e-{number}" for number in range(30))


async def test_a_message_wakes_a_stream_of_nobody_until_it_is_taken(journal, owner):
    stream = await begun(journal, 0)
    assert await names(journal, owner, NOW) == []
    assert await journal.post(stream.id, {"stop": True})
    (leased,) = await journal.due(owner, now=NOW, most=9)
    assert leased.messages == [Message(1, {"stop": True})]
    await append(journal, stream, owner, hold=False)
    (leased,) = await journal.due(owner, now=NOW, most=9)
    await append(journal, leased.stream, owner, taken=1, hold=False)
    assert await names(journal, owner, NOW) == []
    assert (await journal.load(stream.id)).messages == []


async def test_the_owner_of_a_stream_finds_its_messages_and_nobody_else_does(journal, owner):
    stream, other = await begun(journal, owner), await journal.join(until=NOW + 99)
    for number in range(3):
        await journal.post(stream.id, {"n": number})
    found = await journal.posted(owner, most=2)
    assert found == [(stream.id, Message(1, {"n": 0})), (stream.id, Message(2, {"n": 1}))]
    assert list(await journal.posted(other, most=9)) == []
    assert await names(journal, other, NOW) == []
    await append(journal, stream, owner, taken=2)
    assert [message.number for _, message in await journal.posted(owner, most=9)] == [3]


async def test_messages_of_some_streams_are_left_out(journal, owner):
    sick, well = await begun(journal, owner), await begun(journal, owner, name="well")
    for stream in (sick, sick, well):
        await journal.post(stream.id, {})
    found = await journal.posted(owner, most=1, without={sick.id})
    assert [stream for stream, _ in found] == [well.id]
    assert len(await journal.posted(owner, most=9, without=())) == 3


async def test_what_ended_with_a_command_left_still_wakes_somebody(journal, owner):
    stream = await begun(journal, owner)
    ended = Status("SUCCEEDED", NOW + 1)
    await append(journal, stream, owner, status=ended, commands={"tell": {}}, hold=False)
    assert await journal.forget("charge", NOW + 9, most=9) == 0
    (leased,) = await journal.due(owner, now=NOW, most=9)
    assert (leased.stream.status, leased.commands) == (ended, {"tell": {}})


async def listed(journal, what, **other):
    pages, token = [], ""
    while token or not pages:
        page = await journal.list(what, token=token, **other)
        pages.append([stream.name for stream in page.streams])
        token = page.token
    return pages


@pytest.mark.parametrize(
    ("what", "newest_first", "pages"),
    [
        pytest.param({}, True, [["e", "d"], ["c", "b"], ["a"]], id="newest-first"),
        pytest.param({}, False, [["a", "b"], ["c", "d"], ["e"]], id="oldest-first"),
        pytest.param({"status": "RUNNING"}, True, [["e", "c"], ["a"]], id="status"),
        pytest.param({"status": "FAILED"}, False, [["b", "d"]], id="status-oldest-first"),
        pytest.param({"since": NOW + 1, "until": NOW + 1}, True, [["c", "b"]], id="time"),
        pytest.param({"kind": "nothing"}, True, [[]], id="nothing"),
    ],
)
async def test_streams_are_listed_in_pages(journal, owner, what, newest_first, pages):
    for at, name in enumerate("abcde"):
        status = Status("FAILED", NOW) if name in "bd" else RUNNING
        await start(journal, owner, name, time=NOW + at // 2 * 1.0 + at % 2, status=status)
        await start(journal, owner, name, kind="refund")
    filter_ = Filter(**{"kind": "charge"} | what)
    assert await listed(journal, filter_, most=2, newest_first=newest_first) == pages


@pytest.mark.parametrize(
    "token", ["x", "00", "5b315d", b"[[],1]".hex(), b"[1,9223372036854775808]".hex(), "é"]
)
async def test_a_token_that_was_not_given_is_refused(journal, token):
    with pytest.raises(TokenError):
        await journal.list(Filter(kind="charge"), most=1, token=token)


async def test_forgetting_a_kind_forgets_the_kinds_below_it_and_no_others(journal, owner):
    kinds = ["charge", "charge/items", "charge/items/9", "charge-back", "chargeable", "charge0"]
    for kind in kinds:
        stream = await begun(journal, owner, "e", kind=kind)
        await append(journal, stream, owner, status=Status("DONE", NOW), hold=False)
    assert await journal.forget("charge", NOW + 9, most=9) == 3
    left = [await journal.find(kind, "e") for kind in kinds]
    assert [one.kind for one in left if one is not None] == kinds[3:]


async def test_what_ended_long_ago_is_forgotten_in_slices_the_oldest_first(journal, owner):
    for number in (3, 1, 2, 9):
        stream = await begun(journal, owner, f"e-{number}", snapshot={})
        await append(journal, stream, owner, status=Status("DONE", NOW + number), hold=False)
    running = await begun(journal, owner, "running")
    assert await journal.forget("charge", NOW + 9, most=2) == 2
    assert await listed(journal, Filter(kind="charge"), most=9) == [["running", "e-9", "e-3"]]
    assert await journal.forget("refund", NOW + 9, most=2) == 0
    assert await journal.forget("charge", NOW + 9, most=2) == 1
    assert await journal.forget("charge", NOW + 9, most=2) == 0
    again = await start(journal, owner, "e-1")
    assert again.state == "started"
    assert again.stream.id > running.id
    assert (await journal.load(again.stream.id)).snapshot is None


async def several(journal, owner, count, **last):
    """Begin a stream and append to it, one event at a time; the last append may say more."""
    stream = await begun(journal, owner)
    for seq in range(1, count):
        more = last if seq == count - 1 else {}
        await append(journal, stream, owner, expect_seq=seq, events=[{"n": seq + 1}], **more)
    return stream


async def test_events_that_a_snapshot_has_are_trimmed_and_the_stream_goes_on(journal, owner):
    stream = await several(journal, owner, 6, snapshot={"n": 6})
    await journal.trim(stream.id, 4)
    assert [each["n"] for each in await journal.read(stream.id, 1, 9)] == [4, 5, 6]
    assert await journal.read(stream.id, 5, 5) == [{"n": 5}]
    assert await journal.read(stream.id, 1, 3) == []
    await journal.trim(stream.id, 3)
    assert [each["n"] for each in await journal.read(stream.id, 2, 4)] == [4]
    await append(journal, stream, owner, expect_seq=6, events=[{"n": 7}])
    loaded = await journal.load(stream.id)
    assert (loaded.stream.seq, loaded.snapshot, loaded.events) == (7, {"n": 6}, [{"n": 7}])


async def test_what_no_snapshot_has_is_not_trimmed(journal, owner):
    stream = await several(journal, owner, 4)
    await journal.trim(stream.id, 4)
    assert len(await journal.read(stream.id, 1, 9)) == 4
    await journal.trim(stream.id + 1000, 4)


async def test_commands_that_are_not_done_are_not_trimmed(journal, owner):
    stream = await begun(journal, owner)
    await append(journal, stream, owner, events=[{"n": 2}], commands={"A": {"do": 1}})
    await append(journal, stream, owner, expect_seq=2, events=[{"n": 3}], snapshot={"n": 3})
    await journal.trim(stream.id, 4)
    assert (await journal.load(stream.id)).commands == {"A": {"do": 1}}
    assert await journal.read(stream.id, 1, 1) == []
    await append(journal, stream, owner, expect_seq=3, events=[{"n": 4}], snapshot={}, done=["A"])
    await journal.trim(stream.id, 4)
    assert await journal.read(stream.id, 1, 9) == [{"n": 4}]


async def test_streams_are_counted_by_kind(journal, owner):
    assert await journal.counts("RUNNING", now=NOW) == ({}, 0)
    for number in range(3):
        await start(journal, 0, f"e-{number}", timers={"t": NOW + number})
    await start(journal, owner, kind="refund")
    await start(journal, owner, "done", status=Status("DONE", NOW))
    assert await journal.counts("RUNNING", now=NOW + 1) == ({"charge": 3, "refund": 1}, 2)


async def test_what_was_acknowledged_is_there_after_a_crash(opened, owner):
    stream = await begun(opened.store, owner, commands={"x": {}})
    await append(opened.store, stream, owner, timers={"t": NOW}, snapshot={"n": 1})
    await opened.store.post(stream.id, {})
    before = await opened.store.load(stream.id)
    await opened.crash()
    assert await opened.store.load(stream.id) == before
    assert await append(opened.store, before.stream, owner) == 3


async def test_the_example_of_the_port_runs(journal):
    text = re.search(r"A driver uses it so:\n\n(.*)\Z", port.__doc__, re.DOTALL)[1]
    names_ = vars(port) | {"journal": journal, "now": NOW}
    code = compile(textwrap.dedent(text), "port", "exec", ast.PyCF_ALLOW_TOP_LEVEL_AWAIT)
    result = eval(code, names_)
    if inspect.iscoroutine(result):
        await result
    stream = await journal.find("charge", "order-7")
    assert (stream.status, stream.seq) == (Status("SUCCEEDED", NOW + 3600), 3)
