"""Schedules by a real driver: each time once, whoever dies; retries, changes, missed times, clocks that jump."""

import asyncio
import json
import logging

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from frontdesk.base.errors import StoreError
from frontdesk.durable.schedules import retention
from frontdesk.durable.schedules.retention import ScheduleRetention
from frontdesk.ports.executions import ExecutionError
from frontdesk.stores.memory.journal import MemoryJournal
from frontdesk.stores.sqlite.journal import SqliteJournal
from tests.durable.schedules.playing import HOUR, NOON, Stage
from tests.live.stores import Sqlite

HOURLY = {"at": "cron(0 * * * ? *)"}
CALLING = {**HOURLY, "function": "f"}


def hours(*numbers):
    return [f"nightly-20241004T{hour:02}0000" for hour in numbers]


@pytest.fixture
async def stage():
    stage = Stage(MemoryJournal())
    yield stage
    await stage.close()


async def test_an_execution_starts_at_each_time_once(stage):
    gateway = await stage.open()
    await stage.adopt(nightly={**HOURLY, "input": {"at": "<aws.scheduler.scheduled-time>"}})
    await stage.play(HOUR - 5)
    assert stage.machines.started == []
    await stage.play(2 * HOUR)
    assert stage.machines.started == [
        ("charge", "nightly-20241004T130000", '{"at":"2024-10-04T13:00:00Z"}'),
        ("charge", "nightly-20241004T140000", '{"at":"2024-10-04T14:00:00Z"}'),
    ]
    assert gateway.counted() == {("nightly", "started"): 2}
    assert gateway.driver.held == 0


async def test_a_function_gets_awss_event_and_a_key(stage):
    await stage.open()
    await stage.adopt(nightly={**CALLING, "function": "f:live"})
    await stage.play(HOUR)
    (call,) = stage.function.calls
    event = json.loads(call.event)
    assert (event["source"], event["time"]) == ("aws.scheduler", "2024-10-04T13:00:00Z")
    assert json.loads(call.client_context) == {
        "custom": {"idempotency_key": "nightly-20241004T130000"}
    }
    assert (call.trigger, call.trace) == ("timer", "")


async def test_a_rate_begins_at_once_and_an_at_comes_once(stage):
    await stage.open()
    await stage.adopt(
        nightly={"at": "rate(2 hours)"},
        once={"at": "at(2024-10-04T15:30:00)", "timezone": "Europe/Berlin"},
        before={"at": "at(2024-10-04T11:59:00)"},
    )
    await stage.play(5 * HOUR, step=30)
    assert stage.machines.names == [
        "nightly-20241004T120001",
        "once-20241004T133000",
        "nightly-20241004T140001",
        "nightly-20241004T160001",
    ]
    statuses = {name: (await stage.stream(name)).stream.status.name for name in ("once", "before")}
    assert statuses == {"once": "COMPLETED", "before": "COMPLETED"}


async def test_within_a_flexible_window_it_runs_once_at_its_place(stage):
    await stage.open()
    await stage.adopt(nightly={**HOURLY, "flexible": "30m", "catch_up": "none"})
    places = []
    for _ in range(12 * 12 * 6):
        await stage.play(50, step=50)
        if len(stage.machines.names) > len(places):
            places.append(stage.clock.time() % HOUR)
    assert len(places) in (11, 12)
    assert all(place <= 1800 + 50 for place in places)
    assert len({place // 60 for place in places}) > 5


# -- failures --------------------------------------------------------------------------------------


async def test_a_failure_is_tried_again_after_one_and_two_minutes(stage):
    gateway = await stage.open()
    stage.function.errors = ["Unhandled", "Throttled"]
    await stage.adopt(nightly={**CALLING, "input": {"attempt": "<aws.scheduler.attempt-number>"}})
    seen = []
    for _ in range(12):
        await stage.play(30)
        seen.append(len(stage.function.calls))
    assert seen == [0] * 12
    await stage.play(HOUR - 360)
    for _ in range(8):
        seen.append(len(stage.function.calls))
        await stage.play(30)
    assert seen[12:] == [1, 1, 2, 2, 2, 2, 3, 3]
    assert [json.loads(call.event)["attempt"] for call in stage.function.calls] == ["1", "2", "3"]
    assert len({call.client_context for call in stage.function.calls}) == 1
    assert gateway.counted() == {("nightly", "retried"): 2, ("nightly", "started"): 1}


async def test_what_fails_to_the_end_is_lost_and_said_so(stage, caplog):
    gateway = await stage.open()
    stage.function.errors = ["Unhandled"] * 3
    await stage.adopt(nightly=CALLING)
    with caplog.at_level(logging.ERROR):
        await stage.play(HOUR + 600)
    assert "schedule nightly has lost its run of 2024-10-04T13:00:00Z: Unhandled" in caplog.text
    assert gateway.counted()["nightly", "lost"] == 1
    assert (await stage.events("nightly"))[-1]["type"] == "Failed"
    await stage.play(HOUR)
    assert gateway.counted()["nightly", "started"] == 1


@pytest.mark.parametrize(
    ("retry", "calls"), [({"attempts": 1}, 1), ({"attempts": 5}, 5), ({"max_age": "1m"}, 2)]
)
async def test_retry_says_how_often_and_how_long(stage, retry, calls):
    await stage.open()
    stage.function.errors = ["Unhandled"] * 9
    await stage.adopt(nightly={**CALLING, "retry": retry})
    await stage.play(HOUR + 1500)
    assert len(stage.function.calls) == calls


@pytest.mark.parametrize(
    "fault",
    [
        ExecutionError("StateMachineDoesNotExist", "no such machine"),
        StoreError("the disk is full"),
        RuntimeError("a bug"),
    ],
    ids=["refused", "store", "bug"],
)
async def test_an_execution_that_cannot_start_is_tried_again(stage, fault):
    await stage.open()
    stage.machines.faults = [fault]
    await stage.adopt(nightly=HOURLY)
    await stage.play(HOUR + 90)
    assert stage.machines.attempts == hours(13, 13)
    assert stage.machines.names == hours(13)


async def test_a_function_that_is_gone_is_a_failure(stage):
    gateway = await stage.open()
    stage.function_of = None
    gateway.driver._workflows["schedule"]._targets._functions = lambda _name, _qualifier: None
    await stage.adopt(nightly={**CALLING, "retry": {"attempts": 1}})
    await stage.play(HOUR + 60)
    assert gateway.counted() == {("nightly", "lost"): 1}


# -- several gateways, and their ends --------------------------------------------------------------


@pytest.fixture(params=["memory", "sqlite"])
async def shared(request, tmp_path):
    opened = None if request.param == "memory" else Sqlite(SqliteJournal, tmp_path)
    stage = Stage(MemoryJournal() if opened is None else opened.store)
    yield stage
    await stage.close()
    if opened is not None:
        opened.close()


async def test_two_gateways_run_each_time_once(shared):
    await asyncio.gather(
        shared.adopt(nightly=HOURLY, f=CALLING), shared.adopt(nightly=HOURLY, f=CALLING)
    )
    gateways = [await shared.open(), await shared.open()]
    await shared.play(6 * HOUR, step=50)
    assert shared.machines.attempts == hours(*range(13, 19))
    assert len(shared.function.calls) == 6
    await shared.adopt(nightly=HOURLY, f=CALLING)
    await shared.play(50, step=50)
    assert [event["type"] for event in await shared.events("nightly")] == ["Adopted"] + [
        "Fired"
    ] * 6
    started = [gateway.counted().get(("nightly", "started"), 0) for gateway in gateways]
    assert sum(started) == 6


async def test_a_run_whose_gateway_dies_is_taken_over(shared):
    first = await shared.open()
    shared.function.errors = [None]
    await shared.adopt(nightly=CALLING)
    await shared.play(HOUR, step=50)
    assert len(shared.function.calls) == 1
    await shared.crash(first)
    await shared.open()
    await shared.play(120)
    keys = [call.client_context for call in shared.function.calls]
    assert len(keys) == 2
    assert len(set(keys)) == 1
    await shared.play(HOUR, step=50)
    assert len(shared.function.calls) == 3


async def test_an_execution_that_was_started_before_a_crash_is_not_started_again(stage):
    gateway = await stage.open()
    await stage.adopt(nightly=HOURLY)
    start = stage.machines.start

    async def start_and_die(*given, **named):
        await start(*given, **named)
        await asyncio.Event().wait()

    stage.machines.start = start_and_die
    await stage.play(HOUR)
    stage.machines.start = start
    await stage.crash(gateway)
    other = await stage.open()
    await stage.play(120)
    assert stage.machines.attempts == hours(13, 13)
    assert stage.machines.names == hours(13)
    assert other.counted() == {("nightly", "started"): 1}


async def test_retries_survive_a_crash(stage):
    first = await stage.open()
    stage.function.errors = ["Unhandled"]
    await stage.adopt(nightly=CALLING)
    await stage.play(HOUR + 30)
    await stage.crash(first)
    await stage.open()
    await stage.play(30 + 60)
    assert len(stage.function.calls) == 2


@settings(max_examples=25, deadline=None)
@given(
    moves=st.lists(
        st.sampled_from(["open", "crash", "minute", "hour", "back", "adopt", "change"]),
        max_size=25,
    )
)
def test_whatever_happens_no_time_runs_twice(moves):
    async def check():
        stage = Stage(MemoryJournal())
        often, count = {"at": "cron(0/7 * * * ? *)", "catch_up": "all"}, 0
        await stage.adopt(nightly=often)
        for move in moves:
            match move:
                case "open" if len(stage.gateways) < 3:
                    await stage.open()
                case "crash" if stage.gateways:
                    await stage.crash(stage.gateways[0])
                case "back":
                    stage.clock.jumped -= 1800
                case "adopt" | "change":
                    count += move == "change"
                    await stage.adopt(nightly={**often, "input": count})
            await stage.play(HOUR if move == "hour" else 60, step=50)
        await stage.open()
        await stage.play(200, step=50)
        fired = [
            event["instant"] for event in await stage.events("nightly") if event["type"] == "Fired"
        ]
        assert fired == sorted(set(fired))
        assert len(stage.machines.names) == len(set(stage.machines.names)) == len(fired)
        last = stage.clock.time()
        reached = [at for at in range(NOON, int(last) + 1, 60) if at // 60 % 60 % 7 == 0]
        assert set(reached[1:]) <= set(fired)  # with catch_up: all nothing is left out
        await stage.close()

    asyncio.run(check())


# -- changes ---------------------------------------------------------------------------------------


async def test_another_definition_is_in_force_from_then_on(stage):
    await stage.open()
    await stage.adopt(nightly={**HOURLY, "input": 1})
    await stage.play(HOUR + 60, step=50)
    await stage.adopt(nightly={**HOURLY, "input": 2})
    await stage.play(HOUR, step=50)
    await stage.adopt(nightly={"at": "cron(30 * * * ? *)", "input": 3})
    await stage.play(HOUR, step=50)
    assert [(name[-6:], given) for _, name, given in stage.machines.started] == [
        ("130000", "1"),
        ("140000", "2"),
        ("143000", "3"),
    ]


async def test_the_same_definition_posts_nothing(stage):
    await stage.adopt(nightly=HOURLY)
    before = await stage.stream("nightly")
    await stage.adopt(nightly=HOURLY)
    assert await stage.stream("nightly") == before
    await stage.adopt(nightly={**HOURLY, "input": 2})
    await stage.adopt(nightly={**HOURLY, "input": 2})  # while nobody has taken it yet
    assert len((await stage.stream("nightly")).messages) == 1


async def test_a_rate_goes_on_in_its_steps_unless_its_times_change(stage):
    await stage.open()
    await stage.adopt(nightly={"at": "rate(1 hour)"})
    await stage.play(1800, step=50)
    await stage.adopt(nightly={"at": "rate(1 hour)", "input": 1})
    await stage.play(1850, step=50)
    assert [name[-6:] for name in stage.machines.names] == ["120001", "130001"]
    await stage.play(600, step=50)
    await stage.adopt(nightly={"at": "rate(30 minutes)", "input": 1})
    await stage.play(60, step=50)
    assert stage.machines.names[-1] == "nightly-20241004T131141"  # when the driver has looked


async def test_what_leaves_the_file_ends_and_may_come_back(stage):
    await stage.open()
    stage.function.errors = ["Unhandled"]
    await stage.adopt(nightly=HOURLY, f=CALLING)
    await stage.play(HOUR + 10)
    await stage.adopt()
    await stage.play(3 * HOUR, step=50)
    assert len(stage.function.calls) == 1
    assert stage.machines.names == hours(13)
    left = await stage.stream("f")
    assert left.stream.status.name == "REMOVED"
    assert left.timers == {}
    await stage.adopt(nightly=HOURLY)
    await stage.play(HOUR, step=50)
    assert stage.machines.names == hours(13, 17)
    assert (await stage.stream("nightly")).stream.status == ("ENABLED", None)


async def test_what_has_left_is_forgotten_after_a_month(stage):
    await stage.open()
    await stage.adopt(nightly=HOURLY)
    await stage.adopt()
    await stage.play(60)
    stage.clock.jumped += 29 * 86400
    await stage.adopt()
    assert await stage.stream("nightly") is not None
    stage.clock.jumped += 2 * 86400
    await stage.adopt()
    assert await stage.stream("nightly") is None


async def test_what_is_disabled_does_not_come(stage):
    await stage.open()
    await stage.adopt(nightly={**HOURLY, "enabled": False})
    await stage.play(2 * HOUR, step=50)
    assert (await stage.stream("nightly")).stream.status.name == "DISABLED"
    await stage.adopt(nightly=HOURLY)
    await stage.play(HOUR, step=50)
    assert stage.machines.names == hours(15)


# -- missed times, clocks that jump ----------------------------------------------------------------

MISSED = {
    None: hours(13, 16),
    "none": hours(13),
    "last": hours(13, 16),
    "all": hours(13, 14, 15, 16),
}


@pytest.mark.parametrize(("catch_up", "expected"), MISSED.items(), ids=map(str, MISSED))
async def test_missed_times_run_by_their_rule(stage, catch_up, expected, caplog):
    rule = {} if catch_up is None else {"catch_up": catch_up}
    first = await stage.open()
    await stage.adopt(nightly={**HOURLY, **rule})
    await stage.play(HOUR, step=50)
    await stage.crash(first)
    await stage.play(3 * HOUR + 1500, step=600)
    other = await stage.open()
    with caplog.at_level(logging.WARNING):
        await stage.play(60)
    assert stage.machines.names == expected
    assert (("nightly", "missed") in other.counted()) == (catch_up != "all")
    await stage.play(HOUR - 1500, step=50)
    assert stage.machines.names == [*expected, *hours(17)]


async def test_more_than_may_run_at_once_wait_for_others(stage):
    await stage.adopt(nightly={"at": "cron(* * * * ? *)", "function": "f", "catch_up": "all"})
    await stage.play(250 * 60, step=600)
    stage.function.errors = [None] * 100
    await stage.open()
    await stage.play(10)
    assert len(stage.function.calls) == 100
    (gateway,) = stage.gateways
    await stage.crash(gateway)
    await stage.open()
    await stage.play(60)
    keys = {call.client_context for call in stage.function.calls}
    assert len(keys) == 251
    assert len(stage.function.calls) == 351


async def test_a_clock_that_goes_back_repeats_nothing(stage):
    await stage.open()
    await stage.adopt(nightly=HOURLY)
    await stage.play(2 * HOUR + 60, step=50)
    stage.clock.jumped -= 90 * 60
    await stage.play(2 * HOUR, step=50)
    assert stage.machines.attempts == hours(13, 14)
    await stage.play(HOUR, step=50)
    assert stage.machines.attempts == hours(13, 14, 15)


async def test_other_times_after_a_clock_went_back_repeat_nothing(stage):
    await stage.open()
    await stage.adopt(nightly=HOURLY)
    await stage.play(2 * HOUR + 60, step=50)
    stage.clock.jumped -= 90 * 60
    await stage.adopt(nightly={"at": "cron(0/30 * * * ? *)"})
    await stage.play(2 * HOUR, step=50)
    assert stage.machines.names == [*hours(13, 14), "nightly-20241004T143000"]


async def test_a_store_that_fails_for_a_while_delays_it(stage):
    await stage.open()
    await stage.adopt(nightly=HOURLY)
    append, failures = stage.journal.append, iter([StoreError("full")] * 3)

    async def failing(given):
        for error in failures:
            raise error
        return await append(given)

    stage.journal.append = failing
    await stage.play(HOUR + 30)
    assert stage.machines.attempts == hours(13)


async def test_what_has_run_long_ago_is_trimmed_and_it_goes_on(stage, monkeypatch):
    monkeypatch.setattr(retention, "KEPT", 3)
    gateway = await stage.open()
    await stage.adopt(nightly=CALLING)
    await stage.play(5 * HOUR, step=300)
    rounds = ScheduleRetention(stage.journal, stage.clock, gateway.wheel)
    await rounds.go_round()
    assert [each["type"] for each in await stage.events("nightly")] == ["Fired"] * 3
    await stage.play(HOUR, step=300)
    assert len(stage.function.calls) == 6
    await stage.crash(gateway)
    await stage.open()
    await stage.play(HOUR, step=300)
    assert len(stage.function.calls) == 7
