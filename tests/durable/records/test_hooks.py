"""Whom changes of records are told to: functions and queues, again after a failure, in order, over reloads."""

import json

import pytest

from frontdesk.base import metrics
from frontdesk.base.wheel import Wheel
from frontdesk.config.models.record import RecordModule
from frontdesk.durable.records.hooks import Hooks
from frontdesk.durable.records.keeping import Keeping
from frontdesk.ports.invoker import Outcome
from frontdesk.records import Records, UserContext
from frontdesk.rules.events.records import LARGEST
from frontdesk.stores.memory.records import MemoryRecords
from tests.durable.queues.playing import NOW, World, settled

ADA = UserContext("ada", "", "acme")
UNHANDLED = Outcome(b"{}", error="Unhandled")


class Desk(World):
    """A gateway's hooks, and whoever writes records."""

    def __init__(self):
        super().__init__()
        self.store = self.records_store = MemoryRecords()
        self.opened = Records(self.records_store, None, self.clock)
        self.orders = self.opened.commands("orders")
        self.hooks = self.new_hooks("desk")

    def new_hooks(self, name):
        return Hooks(
            self.records_store,
            name,
            self.clock,
            queues=self.queues,
            functions=self.function,
            registry=self.registry,
        )

    async def adopt(self, hooks=None, **modules):
        models = {name: RecordModule.model_validate(entry) for name, entry in modules.items()}
        await (hooks or self.hooks).adopt(models)

    async def write(self, sk, version=0, **values):
        key = {"pk": "ORDER#acme", "sk": sk, "version": version}
        return await self.orders.publish_async({**key, **values}, ADA)

    def look(self):
        for _, drain in self.hooks._drains.values():
            drain.wake()

    async def idle(self):
        """Wait until nothing waits, with time going on."""

        def nothing_waits():
            self.clock.now += 0.5
            self.look()
            return not self.records_store._changes

        await settled(nothing_waits)

    def told(self):
        return [(each["key"]["sk"], each["version"]) for call in self.calls for each in call]


@pytest.fixture
async def desk():
    desk = Desk()
    yield desk
    await desk.hooks.stop(0.1)


FUNCTION = {"on_change": {"function": "see"}}


async def test_a_function_is_told_what_has_changed(desk):
    await desk.adopt(orders=FUNCTION)
    await desk.write("1", name="tea", attributes={"sum": 1})
    await desk.idle()
    await desk.write("1", 1, name="tea", isDeleted=True)
    await desk.idle()
    await desk.write("1", 2, name="tea")
    await desk.idle()
    await desk.write("1", 3, name="milk")
    await desk.idle()
    first, deleted, again, changed = [record for (record,) in desk.calls]
    names = [each["eventName"] for each in (first, deleted, again, changed)]
    assert names == ["INSERT", "REMOVE", "INSERT", "MODIFY"]
    assert first["eventSource"] == "frontdesk:records"
    assert (first["module"], first["key"]) == ("orders", {"pk": "ORDER#acme", "sk": "1"})
    assert first["oldImage"] is None
    assert first["newImage"]["attributes"] == {"sum": 1}
    assert first["newImage"]["csk"] == "1@1"
    assert (deleted["oldImage"]["version"], deleted["newImage"]["version"]) == (1, 2)
    assert len({each["eventID"] for each in (first, deleted, again, changed)}) == 4


async def test_a_call_has_changes_of_several_records_and_one_of_each(desk):
    await desk.adopt(orders=FUNCTION)
    for _, drain in desk.hooks._drains.values():
        drain._concurrency = 0
    for sk in "abc":
        await desk.write(sk)
        await desk.write(sk, 1, name="x")
    for _, drain in desk.hooks._drains.values():
        drain._concurrency = 1
    await desk.idle()
    assert desk.told() == [(sk, version) for version in (1, 2) for sk in "abc"]
    assert [len(call) for call in desk.calls] == [3, 3]


@pytest.mark.parametrize("failure", [UNHANDLED, Outcome(b'{"batchItemFailures": [{"x": 1}]}')])
async def test_what_fails_comes_again_before_what_follows_it(desk, failure):
    desk.answers = [failure, failure]
    await desk.adopt(orders=FUNCTION)
    await desk.write("1")
    await desk.write("1", 1, name="x")
    await desk.idle()
    assert desk.told() == [("1", 1), ("1", 1), ("1", 1), ("1", 2)]
    ids = [record["eventID"] for (record,) in desk.calls]
    assert ids[0] == ids[1] == ids[2] != ids[3]


async def test_a_function_that_fails_with_no_text_is_told_of(desk, caplog):
    desk.answers = [Outcome(b"\xff", error="Unhandled")]
    await desk.adopt(orders=FUNCTION)
    await desk.write("1")
    await desk.idle()
    assert [record.error for record in caplog.records] == ["Unhandled: \ufffd"]


async def test_a_function_may_fail_with_some_of_a_batch(desk):
    await desk.adopt(orders=FUNCTION)
    desk.hold = True
    await desk.write("1")
    await desk.write("2")
    desk.look()
    await settled(lambda: sum(map(len, desk.calls)) == 2)
    desk.hold = False
    for call, done in zip(list(desk.calls), desk.waiting, strict=True):
        failed = [each["eventID"] for each in call if each["key"]["sk"] == "1"]
        answer = {"batchItemFailures": [{"itemIdentifier": id_} for id_ in failed]}
        done(Outcome(json.dumps(answer).encode()))
    await desk.idle()
    assert desk.told().count(("1", 1)) == 2
    assert desk.told().count(("2", 1)) == 1
    samples = {each.labels: each.value for each in desk.registry.samples()}
    assert samples["orders", "hook", "delivered"] == 2
    assert samples["orders", "hook", "failed"] == 1


@pytest.mark.parametrize(
    "hook", [{"function": "missing"}, {"queue": "missing"}], ids=["function", "queue"]
)
async def test_what_nobody_takes_is_given_up_when_its_time_is_over(desk, hook, caplog):
    await desk.adopt(orders={"on_change": {**hook, "max_age": "1m"}})
    await desk.write("1")
    await desk.idle()
    assert desk.clock.now >= NOW + 60
    assert "a change is given up" in caplog.text


async def test_a_queue_gets_a_message_for_each_that_it_knows_again(desk):
    line = await desk.queue("line", fifo=True)
    await desk.adopt(orders={"on_change": {"queue": "line"}})
    await desk.write("1")
    await desk.write("2")
    await desk.write("1", 1, name="x")
    taken = []
    settle = desk.records_store.settle

    async def dies_once(changes):
        if not taken:
            taken.append(changes)
            return
        await settle(changes)

    desk.records_store.settle = dies_once
    await desk.idle()
    messages = [each.message for each in desk.queues._store._records.values()]
    told = [json.loads(each.body) for each in messages]
    assert sorted((each["key"]["sk"], each["version"]) for each in told) == [
        ("1", 1),
        ("1", 2),
        ("2", 1),
    ]
    groups = {
        (each["key"]["sk"], message.group) for each, message in zip(told, messages, strict=True)
    }
    assert len(groups) == 2
    assert [each["eventID"] for each in told] == [each.id for each in messages]
    assert taken
    assert len(await desk.queues.receive(line, most=10)) == 3


async def test_images_that_are_too_large_are_left_out(desk):
    await desk.adopt(orders=FUNCTION)
    await desk.write("1", attributes={"text": "x" * LARGEST})
    await desk.idle()
    ((told,),) = desk.calls
    assert (told["newImage"], told["oldImage"], told["version"]) == (None, None, 1)


async def test_statuses_are_told_apart_from_changes(desk):
    await desk.adopt(orders={"on_status": {"function": "see"}})
    await desk.write("1")
    await desk.orders.update_status(("ORDER#acme", "1"), "mail:SENT", ADA, notify_id="n1")
    await desk.idle()
    ((told,),) = desk.calls
    assert told["eventName"] == "STATUS"
    assert told["notice"] == {
        "action": "command-status",
        "pk": "ORDER#acme",
        "sk": "1@1",
        "table": "orders-command",
        "id": "n1",
        "tenantCode": "acme",
        "content": {"status": "mail:SENT", "source": ""},
    }


async def test_a_hook_that_is_gone_is_told_nothing_and_one_that_stays_goes_on(desk):
    await desk.adopt(orders={**FUNCTION, "on_status": {"function": "see"}}, other=FUNCTION)
    await desk.adopt(orders=FUNCTION)
    assert [each.name for each in await desk.records_store.subscribers()] == [
        "desk/orders/on_change"
    ]
    await desk.write("1")
    await desk.idle()
    await desk.adopt()
    await desk.write("2")
    assert await desk.records_store.subscribers() == []
    assert desk.told() == [("1", 1)]


async def test_gateways_of_one_name_share_what_others_are_told_as_well(desk):
    others = [desk.new_hooks("desk"), desk.new_hooks("other")]
    for hooks in (desk.hooks, *others):
        await desk.adopt(hooks, orders=FUNCTION)
    await desk.write("1")
    await desk.idle()
    assert desk.told() == [("1", 1), ("1", 1)]
    for hooks in others:
        await hooks.stop(1.0)


async def test_a_stop_waits_for_calls_and_leaves_the_rest(desk):
    await desk.adopt(orders=FUNCTION)
    desk.hold = True
    await desk.write("1")
    await desk.write("1", 1, name="x")
    desk.look()
    await settled(lambda: desk.waiting)
    desk.waiting.pop()(Outcome(b"null"))
    await desk.hooks.stop(5.0)
    assert desk.told() == [("1", 1)]
    assert len(desk.records_store._changes) == 1


async def test_old_versions_go_and_what_waits_is_counted(desk):
    keeping = Keeping(desk.records_store, lambda: desk.hooks.subscribers, desk.clock, Wheel(NOW))
    await keeping.go_round()
    retention = {"retention": {"command": "1m", "history": "2m"}}
    modules = {"orders": RecordModule.model_validate({**FUNCTION, **retention})}
    desk.hold = True
    await desk.hooks.adopt(modules)
    keeping.adopt(modules)
    for version in range(3):
        await desk.write("1", version, seq=version)
        desk.clock.now += 30
    await desk.write("2", ttl=int(NOW) + 100)
    desk.clock.now += 30
    await keeping.go_round()
    versions = await desk.records_store.versions(
        ("orders", "ORDER#acme", "1"), before=9, most=9, now=desk.clock.now
    )
    assert [each.version for each in versions] == [3]
    assert len(desk.records_store._tables.history) == 1
    assert ("orders", "ORDER#acme", "2") not in desk.records_store._tables.data
    told = {each.name: (each.labels, each.value) for each in keeping.samples()}
    assert told == {
        metrics.RECORD_CHANGES.name: (("orders", "hook"), 4),
        metrics.RECORD_OLDEST.name: (("orders", "hook"), 120),
    }
