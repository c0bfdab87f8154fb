"""What becomes of webhooks that were taken."""

import asyncio
import json
import sqlite3
from contextlib import closing

import pytest

from frontdesk.base.errors import StoreError
from frontdesk.durable.inbox.turns import AT_ONCE
from frontdesk.ports.inbox import Proven, Search, Settled
from frontdesk.ports.invoker import Outcome
from frontdesk.ports.journal import Filter
from tests.durable.inbox.playing import World, failure
from tests.live.inboxes import ADAPTERS

TO_FUNCTION = {"dispatch": {"default": {"function": "f"}}}


@pytest.fixture
async def play():
    """Start worlds with these webhooks; they end with the test."""
    worlds = []

    async def start(**hooks):
        worlds.append(await World(**hooks).start())
        return worlds[-1]

    yield start
    for world in worlds:
        await world.end()


# -- who deals with it ---------------------------------------------------------------------------------


async def test_a_function_is_given_what_was_sent_and_that_is_the_end_of_it(play):
    world = await play(shop=TO_FUNCTION)
    headers = [("x-a", "1"), ("x-b", "2"), ("x-a", "3")]
    assert await world.take(body=b'{"n":1.0}', headers=headers) == Settled("fresh")
    assert world.calls == [
        {
            "id": "e1",
            "type": "a.b",
            "source": "shop",
            "headers": {"x-a": "1, 3", "x-b": "2"},
            "body": '{"n":1.0}',
            "isBase64Encoded": False,
            "attempt": 1,
            "replay": 0,
        }
    ]
    assert await world.state() == "processed"
    assert world.counted("frontdesk_webhook_turns_total", "shop", "processed") == 1


async def test_bytes_that_are_no_text_come_as_base64(play):
    world = await play(shop=TO_FUNCTION)
    await world.take(body=b"\xff")
    assert (world.calls[0]["body"], world.calls[0]["isBase64Encoded"]) == ("/w==", True)


async def test_a_hundred_repetitions_at_once_are_handled_once(play):
    world = await play(shop=TO_FUNCTION)
    proven = Proven("e1", "a.b", b"{}")
    settled = await asyncio.gather(
        *(world.inbox.settle("shop", proven, within=5.0) for _ in range(100))
    )
    await world.settle()
    assert sorted(each.outcome for each in settled) == ["duplicate"] * 99 + ["fresh"]
    assert world.ids() == ["e1"]
    assert world.counted("frontdesk_webhook_deliveries_total", "shop", "duplicate") == 99


@pytest.mark.parametrize(
    ("type_", "function"),
    [
        pytest.param("charge.paid", "exact", id="exact"),
        pytest.param("charge.failed", "charges", id="pattern"),
        pytest.param("charge", "ends", id="the-first-pattern-that-fits"),
        pytest.param("charge.x.ge", "charges", id="in-the-order-of-the-file"),
        pytest.param("default", "other", id="a-type-called-default"),
        pytest.param("", "other", id="no-type"),
    ],
)
async def test_the_type_chooses_who_deals_with_it(play, type_, function):
    names = {"charge.*": "charges", "charge.paid": "exact", "*ge": "ends", "default": "other"}
    world = await play(shop={"dispatch": {key: {"function": one} for key, one in names.items()}})
    asked = []
    world.function = lambda name, _: asked.append(name) or world
    world.turns._targets._functions = world.function
    await world.take(type_=type_)
    assert asked == [function]


@pytest.mark.parametrize(
    ("dispatch", "error", "warnings"),
    [
        pytest.param({"default": "ignore"}, "", 0, id="ignore"),
        pytest.param({"default": "warn"}, "no target for a.b", 1, id="warn"),
        pytest.param({"other": "ignore"}, "no target for a.b", 1, id="nobody-is-named"),
    ],
)
async def test_what_nobody_deals_with_is_recorded(play, caplog, dispatch, error, warnings):
    world = await play(shop={"dispatch": dispatch})
    assert await world.take() == Settled("fresh")
    await world.take()
    assert (await world.entry()).error == error
    assert await world.state() == "ignored"
    assert len(caplog.records) == warnings


async def test_a_queue_is_sent_the_body_with_the_commit(play):
    world = await play(shop={"dispatch": {"default": {"queue": "jobs"}}})
    await world.queue("jobs")
    news = world.queues.news("jobs")
    await world.take(trace="Root=1-2")
    await world.take()
    assert news.done()
    (message,) = await world.messages("jobs")
    assert message.body == b'{"a":1}'
    told = json.loads(message.attributes)
    values = {name: each["StringValue"] for name, each in told["message"].items()}
    assert values == {"webhook": "shop", "id": "e1", "type": "a.b"}
    assert told["trace"] == "Root=1-2"
    assert await world.state() == "processed"


async def test_a_fifo_queue_keeps_the_order_of_the_webhook(play):
    world = await play(shop={"dispatch": {"default": {"queue": "l.fifo"}}, "order_by": "$body.k"})
    await world.queue("l.fifo", fifo=True)
    for number, key in enumerate("aab"):
        await world.take(f"e{number}", json.dumps({"k": key}).encode())
    assert [each.group for each in await world.messages("l.fifo")] == ["a", "a", "b"]


async def test_a_state_machine_is_started_with_the_commit_and_held_at_once(play):
    world = await play(shop={"dispatch": {"default": {"state_machine": "m"}}})
    await world.take()
    (asked,) = world.at_work.doers.asked  # nobody has looked for what is due since
    assert asked.arguments == {"a": 1}
    assert await world.state() == "processed"
    await world.take()
    page = await world.journal.list(Filter(kind="execution/m"), most=9)
    assert [stream.name for stream in page.streams] == ["shop.e1"]


@pytest.mark.parametrize(
    "id_",
    [
        pytest.param("é/ü:7", id="signs"),
        pytest.param("x" * 200, id="long"),
        pytest.param("sha256:" + "0" * 64, id="digest"),
    ],
)
async def test_any_id_makes_a_name_of_an_execution(play, id_):
    world = await play(shop={"dispatch": {"default": {"state_machine": "m"}}})
    await world.take(id_)
    await world.take(id_ + "'")
    assert len(world.at_work.doers.asked) == 2


async def test_a_waiting_task_is_answered_by_its_token(play):
    world = await play(
        shop={
            "dispatch": {
                "bad": {"task_token": "$body.token", "outcome": "failure"},
                "default": {"task_token": "$body.token"},
            }
        }
    )
    waits = {
        "Type": "Task",
        "Resource": "arn:aws:states:::lambda:invoke.waitForTaskToken",
        "Parameters": {"Token.$": "$$.Task.Token"},
        "End": True,
    }
    world.at_work.definitions["m"] = {"StartAt": "A", "States": {"A": waits}}
    await world.at_work.start()
    ends = []
    for type_ in ("good", "bad"):
        arn = await world.at_work.started()
        token = world.at_work.doers.asked[-1].task.invoke.token
        await world.take(type_, json.dumps({"token": token}).encode(), type_=type_)
        ends.append((await world.at_work.end(arn))[0])
        assert await world.state(type_) == "processed"
    assert ends == ["SUCCEEDED", "FAILED"]
    await world.take("late", json.dumps({"token": token}).encode())
    assert await world.state("late") == "ignored"  # nobody waits any more
    await world.take("none", b"{}")
    assert (await world.entry("none")).error == "there is no token at $body.token"
    assert await world.state("none") == "dead"


# -- what fails ----------------------------------------------------------------------------------------


async def test_what_fails_is_tried_again_by_the_schedule_until_it_is_dead(play, caplog):
    world = await play(shop=TO_FUNCTION)
    world.answers = [failure() for _ in range(8)]
    await world.take()
    for calls, wait in enumerate((5, 30, 120, 600, 1800, 7200, 21_600), 1):
        entry = await world.entry()
        assert (entry.state, entry.error, len(world.calls)) == ("failed", "Error: no", calls)
        assert 0 <= wait - (entry.next - world.clock.time()) <= 1
        world.clock.now += wait - 1
        await world.advance(1.5)
    assert await world.state() == "dead"
    assert [call["attempt"] for call in world.calls] == list(range(1, 9))


async def test_what_will_never_succeed_is_dead_at_once(play):
    world = await play(shop=TO_FUNCTION)
    world.answers = [failure("Permanent", "never")]
    await world.take()
    assert ((await world.entry()).state, (await world.entry()).error) == (
        "dead",
        "Permanent: never",
    )


@pytest.mark.parametrize(
    ("target", "error"),
    [
        pytest.param({"function": "missing"}, "there is no such function: missing", id="function"),
        pytest.param({"queue": "none"}, "there is no such queue: none", id="queue"),
        pytest.param({"state_machine": "none"}, "StateMachineDoesNotExist", id="state-machine"),
    ],
)
async def test_a_target_that_is_not_there_is_a_failure_that_is_tried_again(play, target, error):
    world = await play(shop={"dispatch": {"default": target}})
    assert await world.take() == Settled("fresh")
    assert await world.state() == "failed"
    assert error in (await world.entry()).error
    world.adopt(shop=TO_FUNCTION)
    await world.advance(6)
    assert await world.state() == "processed"


async def test_no_free_concurrency_is_no_attempt(play):
    world = await play(shop=TO_FUNCTION)
    world.answers = [Outcome(b"", "Throttled", "Reserved")]
    await world.take()
    assert await world.state() == "received"
    await world.advance(2)
    assert [call["attempt"] for call in world.calls] == [1, 1]
    assert await world.state() == "processed"


async def test_a_poison_webhook_is_dead_after_three_crashes(play):
    world = await play(shop=TO_FUNCTION)
    world.hold = True
    await world.take()
    others = [world]
    for _ in range(3):
        others[-1].turns._stopped = True  # it dies with the function under way
        world.clock.now += 61
        others.append(await others[-1].beside(hold=True))
    assert [len(each.calls) for each in others] == [1, 1, 1, 0]
    assert ((await world.entry()).state, (await world.entry()).error) == ("dead", "poison")
    for each in others[1:]:
        await each.end()


async def test_a_handler_that_dies_after_its_effect_is_called_again_and_knows(play):
    world = await play(shop=TO_FUNCTION)
    world.answers = [failure("Runtime.ExitError")]
    await world.take()
    await world.advance(6)
    assert [(call["id"], call["attempt"]) for call in world.calls] == [("e1", 1), ("e1", 2)]


async def test_the_lease_lasts_as_long_as_the_function_takes(play):
    world = await play(shop=TO_FUNCTION)
    other = await world.beside()
    world.hold = True
    await world.take()
    for _ in range(5):
        world.clock.now += 25
        await world.at_work.advance(0.5)
        other.turns.look()
        await other.settle()
    assert other.calls == []
    world.held[0](Outcome(b"7"))
    await world.settle()
    assert await world.state() == "processed"
    await other.end()


async def test_a_turn_that_was_lost_changes_nothing(play):
    world = await play(shop=TO_FUNCTION)
    world.hold = True
    await world.take()
    world.clock.now += 61  # it stood still
    other = await world.beside()
    assert other.ids() == ["e1"]
    world.held[0](failure())
    await world.settle()
    assert await world.state() == "processed"
    await other.end()


async def test_what_is_under_way_when_a_gateway_stops_is_given_back(play):
    world = await play(shop=TO_FUNCTION)
    world.hold = True
    await world.take()
    await world.turns.end(0.0)
    entry = await world.entry()
    assert (entry.state, entry.attempts, world.cancelled) == ("received", 0, 1)


async def test_no_more_than_a_few_are_dealt_with_at_once_and_all_in_the_end(play):
    world = await play(shop=TO_FUNCTION)
    world.hold = True
    for number in range(AT_ONCE + 5):
        await world.inbox.settle("shop", Proven(f"e{number}", "t", b"{}"), within=1)
    await world.settle()
    assert len(world.calls) == AT_ONCE
    world.hold = False
    for done in world.held:
        done(Outcome(b"null"))
    await world.settle()
    assert len(world.calls) == AT_ONCE + 5


# -- order ---------------------------------------------------------------------------------------------


async def test_those_of_one_key_are_dealt_with_in_order_although_some_fail(play):
    world = await play(shop={**TO_FUNCTION, "order_by": "$body.k"})
    world.answers = [failure(), Outcome(b""), failure("Permanent"), Outcome(b""), Outcome(b"")]
    for number, key in enumerate(["a", "b", "a", "b", "a"]):
        await world.take(f"{key}{number}", json.dumps({"k": key}).encode())
    assert world.ids() == ["a0", "b1", "b3"]
    await world.advance(6)
    assert world.ids() == ["a0", "b1", "b3", "a0", "a2", "a4"]


async def test_a_dead_one_blocks_its_key_if_the_file_says_so(play):
    world = await play(shop={**TO_FUNCTION, "order_by": "$body.k", "on_dead": "block"})
    world.answers = [failure("Permanent")]
    for number, key in enumerate(["a", "a", "b"]):
        await world.take(f"{key}{number}", json.dumps({"k": key}).encode())
    await world.advance(60)
    assert world.ids() == ["a0", "b2"]
    assert await world.state("a1") == "received"
    await world.inbox.replay(Search(id="a0"), most=1)
    await world.advance(1)
    assert world.ids() == ["a0", "b2", "a0", "a1"]


async def test_a_version_that_is_older_than_what_was_processed_is_passed_over(play):
    world = await play(shop={**TO_FUNCTION, "order_by": "$body.k", "version_by": "$header.x-v"})
    for version in ("2", "1", "3", "none"):
        headers = [("x-v", version)]
        await world.take(f"v{version}", b'{"k":"a"}', headers=headers)
    assert world.ids() == ["v2", "v3", "vnone"]
    assert (await world.entry("v1")).error == "superseded"


# -- sync ------------------------------------------------------------------------------------------------

SYNC = {**TO_FUNCTION, "mode": "sync"}


async def test_a_synchronous_webhook_gets_the_result_and_so_do_its_repetitions(play):
    world = await play(shop=SYNC)
    world.answers = [Outcome(b'{"ok":1}')]
    assert await world.take() == Settled("fresh", b'{"ok":1}')
    assert await world.take() == Settled("duplicate", b'{"ok":1}')
    assert len(world.calls) == 1


async def test_a_repetition_while_the_first_is_under_way_is_told_so(play):
    world = await play(shop=SYNC)
    world.hold = True
    first = asyncio.create_task(world.take())
    await world.settle()
    assert (await world.take()).outcome == "busy"
    world.held[0](Outcome(b"1"))
    assert await first == Settled("fresh", b"1")


async def test_after_a_failure_the_repetition_is_dealt_with_and_nothing_before_it(play):
    world = await play(shop=SYNC)
    world.answers = [failure(), Outcome(b"2")]
    assert await world.take() == Settled("fresh", error="Error: no")
    await world.advance(30)
    assert len(world.calls) == 1
    assert await world.take() == Settled("fresh", b"2")
    assert [call["attempt"] for call in world.calls] == [1, 2]


async def test_a_function_that_takes_too_long_for_the_sender_goes_on(play):
    world = await play(shop=SYNC)
    world.hold = True
    settled = await world.inbox.settle("shop", Proven("e1", "t", b"{}"), within=0.01)
    assert settled.error
    world.held[0](Outcome(b"3"))
    await world.settle()
    assert await world.take(body=b"{}") == Settled("duplicate", b"3")


# -- operators -------------------------------------------------------------------------------------------


async def test_a_replay_is_dealt_with_anew_ten_in_a_second(play):
    world = await play(shop=TO_FUNCTION)
    for number in range(25):
        await world.take(f"e{number:02}")
    world.calls.clear()
    assert await world.inbox.replay(Search(source="shop"), most=20) == 20
    await world.advance(1.0)
    assert 8 <= len(world.calls) <= 12
    await world.advance(2.0)
    assert world.ids() == [f"e{number:02}" for number in range(20)]
    assert {(call["attempt"], call["replay"]) for call in world.calls} == {(1, 1)}


async def test_a_replay_sends_and_starts_anew(play):
    world = await play(
        shop={"dispatch": {"q": {"queue": "l.fifo"}, "default": {"state_machine": "m"}}}
    )
    await world.queue("l.fifo", fifo=True)
    await world.take("e1", type_="q")
    await world.take("e2")
    await world.inbox.replay(Search(), most=9)
    await world.advance(1)
    assert len(world.at_work.doers.asked) == 2
    assert len(await world.messages("l.fifo")) == 2


async def test_webhooks_are_counted_and_old_ones_forgotten(play):
    world = await play(shop={**TO_FUNCTION, "keep_body": "1h", "retention": "2h"})
    world.answers = [Outcome(b""), failure("Permanent"), failure()]
    for number in range(3):
        await world.take(f"e{number}")
    await world.keeping.go_round()
    world.clock.now += 10
    samples = {(each.name, *each.labels): each.value for each in world.keeping.samples()}
    assert samples == {
        ("frontdesk_webhook_depth", "shop", "dead"): 1,
        ("frontdesk_webhook_depth", "shop", "failed"): 1,
        ("frontdesk_webhook_oldest_age_seconds", "shop"): 10,
    }
    world.clock.now += 3600
    await world.keeping.go_round()
    assert (await world.store.find("shop", "e0")).body is None
    world.clock.now += 3600
    await world.keeping.go_round()
    assert await world.store.find("shop", "e0") is None
    assert await world.store.find("shop", "e2") is not None  # it is still tried


async def test_those_of_a_webhook_that_is_named_no_more_are_forgotten_by_the_defaults(play):
    world = await play(
        shop=TO_FUNCTION, bank={**TO_FUNCTION, "keep_body": "60d", "retention": "60d"}
    )
    world.answers = [Outcome(b""), Outcome(b""), failure()]
    for id_, hook in (("e0", "shop"), ("e1", "bank"), ("e2", "shop")):
        await world.take(id_, hook=hook)
    del world.hooks["shop"]
    world.adopt(**world.hooks)
    world.clock.now += 7 * 86_400 + 1
    await world.keeping.go_round()
    bodies = {id_: (await world.store.find("shop", id_)).body for id_ in ("e0", "e2")}
    assert bodies == {"e0": None, "e2": b'{"a":1}'}  # e2 waits still
    world.clock.now += 23 * 86_400
    await world.keeping.go_round()
    assert await world.store.sources() == ["bank"]
    assert (await world.store.find("bank", "e1")).body is not None


# -- the store -------------------------------------------------------------------------------------------


async def test_nothing_is_acknowledged_before_it_is_on_the_disk():
    async with ADAPTERS["sqlite"]() as opened:
        world = await World(shop=TO_FUNCTION).start(opened.store)
        with closing(sqlite3.connect(opened.where, isolation_level=None)) as barrier:
            barrier.execute("BEGIN IMMEDIATE")
            settling = asyncio.create_task(world.take())
            done, _ = await asyncio.wait({settling}, timeout=0.3)
            assert not done
            assert world.calls == []
            barrier.execute("ROLLBACK")
        assert (await settling).outcome == "fresh"
        await world.end()


class Down:
    """A store that cannot do it."""

    def __init__(self, store):
        self._store = store
        self.down = True

    def __getattr__(self, name):
        if self.down:
            raise StoreError("the store did not do it")
        return getattr(self._store, name)


async def test_without_the_store_nothing_is_acknowledged_and_nothing_is_done(play):
    world = await play(shop=TO_FUNCTION)
    world.inbox._store = Down(world.store)
    with pytest.raises(StoreError):
        await world.take()
    assert world.calls == []
    with pytest.raises(StoreError, match="no such webhook"):
        await world.take(hook="gone")


async def test_the_end_of_a_turn_waits_for_the_store_and_nothing_is_done_again(play):
    world = await play(shop=TO_FUNCTION)
    world.hold = True
    await world.take()
    world.turns._store = Down(world.store)
    world.held[0](Outcome(b""))
    await world.advance(5)
    world.turns._store.down = False
    await world.advance(2)
    assert await world.state() == "processed"
    assert len(world.calls) == 1
