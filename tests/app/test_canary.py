"""The life of a canary: its share, its checks, a restart, an operator."""

import asyncio
import logging

import pytest

from frontdesk.app.canary import KIND, CanaryRefusedError, CanaryRuns
from frontdesk.base.errors import StoreError
from frontdesk.base.metrics import CANARY_REQUESTS
from frontdesk.base.telemetry import Registry
from frontdesk.base.wheel import Wheel
from frontdesk.config.load import load
from frontdesk.gateway.telemetry.canaries import LATENCY
from frontdesk.rules.canary import judge_again
from frontdesk.stores.memory.catalog import MemoryCatalog

JUDGE = "window: 30m, checks: 6"
FILE = """\
name: clinic
functions:
  book: {handler: f.book, versions: {"1": {}, "2": {}}, aliases: {next: {version: "2"}}}
apis:
  desk:
    canary: {percent: 10, alias: next, judge: {JUDGE}}
    routes: {GET /: {function: book}}
"""
CHECK = 300.0
"""Seconds between two checks."""


class Clock:
    def __init__(self):
        self.now = 1000.0

    def monotonic(self):
        return self.now

    def time(self):
        return self.now + 1_700_000_000


class BrokenCatalog(MemoryCatalog):
    broken = False

    async def put(self, *arguments, **keywords):
        if self.broken:
            raise StoreError("the disk is full")
        return await super().put(*arguments, **keywords)


class Desk:
    """What serves, as the canaries see it, and a process that may start again."""

    def __init__(self, folder):
        self.clock = Clock()
        self.folder = folder
        self.catalog = BrokenCatalog(self.clock)
        self.shares = {}
        self.start()

    def start(self):
        self.wheel = Wheel(self.clock.now)
        self.registry = Registry()
        self.runs = CanaryRuns(
            self.catalog, self.clock, self.wheel, self.registry.samples, self.steer
        )

    async def steer(self, shares):
        self.shares = dict(shares)

    @property
    def share(self):
        (share,) = self.shares.values()
        return share

    def config(self, text=FILE, judge=JUDGE):
        path = self.folder / "frontdesk.yaml"
        path.write_text(text.replace("JUDGE", judge))
        return load([path], {}).config

    def serve(self, side, ok=0, error=0, *, seconds=0.01):
        labels = "desk", "$default", side
        for result, count in (("ok", ok), ("error", error)):
            self.registry.counter(CANARY_REQUESTS, *labels, result).value += count
            for _ in range(count):
                self.registry.histogram(LATENCY, *labels).observe(seconds)

    async def check(self, seconds=CHECK):
        """Let time pass, and what it has led to come to its end."""
        self.clock.now += seconds
        self.wheel.advance(self.clock.now + 0.1)
        await asyncio.gather(*self.runs._checks)

    async def state(self):
        (told,) = await self.runs.status()
        return told["state"]


@pytest.fixture
def desk(tmp_path):
    return Desk(tmp_path)


async def test_a_new_canary_gets_its_share(desk):
    await desk.runs.adopt(desk.config())
    assert desk.share == 0.1
    assert await desk.state() == "running"


async def test_a_bad_one_is_rolled_back_at_the_next_check(desk, caplog):
    await desk.runs.adopt(desk.config())
    desk.serve("stable", 900)
    desk.serve("canary", 50, 52)
    with caplog.at_level(logging.WARNING, "frontdesk.canary"):
        await desk.check()
    assert desk.share == 0.0
    assert "canary desk/$default is rolled back: worse: errors 52 of 102" in caplog.text
    (record,) = [each for each in await desk.runs.records("desk", None) if each["record"]]
    assert (record["state"], record["by"]) == ("rolled_back", "judge")
    assert judge_again(record["record"]).decision == "rollback"
    desk.serve("canary", 1000)
    await desk.check(3 * CHECK)
    assert desk.share == 0.0


async def test_a_good_one_is_promoted_at_the_end_of_the_window(desk):
    await desk.runs.adopt(desk.config())
    for _ in range(6):
        assert desk.share == 0.1
        desk.serve("stable", 180, 1)
        desk.serve("canary", 20)
        await desk.check()
    assert desk.share == 1.0
    assert await desk.state() == "promoted"


async def test_a_slow_one_is_rolled_back(desk):
    await desk.runs.adopt(desk.config())
    desk.serve("stable", 5400)
    desk.serve("canary", 600, seconds=0.02)
    await desk.check()
    assert await desk.state() == "rolled_back"


async def test_too_few_requests_are_waited_for_once_then_it_holds(desk):
    await desk.runs.adopt(desk.config())
    desk.serve("stable", 900)
    desk.serve("canary", 50)
    for _ in range(6):
        await desk.check()
    (told,) = await desk.runs.status()
    assert (told["state"], told["check"], told["extended"]) == ("running", 0, True)
    for _ in range(6):
        await desk.check()
    assert await desk.state() == "held"
    assert desk.share == 0.1


async def test_what_was_counted_before_it_began_is_not_its_fault(desk):
    desk.serve("stable", 900)
    desk.serve("canary", 0, 100)
    await desk.runs.adopt(desk.config())
    desk.serve("stable", 900)
    desk.serve("canary", 100)
    await desk.check()
    (told,) = await desk.runs.status()
    assert told["counted"]["canary"]["errors"] == 0
    assert told["state"] == "running"


async def test_a_restart_goes_on_with_the_counts_and_checks(desk):
    await desk.runs.adopt(desk.config())
    desk.serve("stable", 900)
    desk.serve("canary", 90, 9)  # one too few to judge
    await desk.check()
    desk.runs.stop()
    desk.start()
    await desk.runs.adopt(desk.config())
    (told,) = await desk.runs.status()
    assert (told["check"], told["counted"]["canary"]["requests"]) == (1, 99)
    desk.serve("canary", 0, 9)
    await desk.check()
    assert await desk.state() == "rolled_back"
    (told,) = await desk.runs.status()
    assert told["counted"]["canary"]["errors"] == 18


@pytest.mark.parametrize(("action", "share"), [("promote", 1.0), ("rollback", 0.0)])
async def test_a_restart_keeps_what_came_of_it(desk, action, share):
    await desk.runs.adopt(desk.config())
    await desk.runs.act(action, "desk", None)
    desk.runs.stop()
    desk.start()
    await desk.runs.adopt(desk.config())
    assert desk.share == share


async def test_a_decision_by_hand_keeps_what_was_counted_until_then(desk):
    await desk.runs.adopt(desk.config())
    desk.serve("canary", 7, 3)
    told = await desk.runs.act("rollback", "desk", None)
    [kept, *_] = await desk.runs.records("desk", None)
    for each in (told, kept, *await desk.runs.status()):
        assert each["counted"]["canary"]["requests"] == 10
        assert each["counted"]["canary"]["errors"] == 3


@pytest.mark.parametrize(
    "changed",
    [
        FILE.replace("percent: 10", "percent: 20"),
        FILE.replace('next: {version: "2"}', 'next: {version: "1"}'),
    ],
    ids=["share", "what is behind the alias"],
)
async def test_another_canary_in_the_file_starts_anew(desk, changed):
    await desk.runs.adopt(desk.config())
    await desk.runs.act("rollback", "desk", None)
    await desk.runs.adopt(desk.config(changed))
    assert await desk.state() == "running"
    assert desk.share > 0.0


async def test_a_reload_that_leaves_it_alone_does_not_begin_it_again(desk):
    await desk.runs.adopt(desk.config())
    await desk.check()
    await desk.runs.adopt(desk.config(FILE + "    throttle: 10/s\n"))
    (told,) = await desk.runs.status()
    assert told["check"] == 1
    await desk.check()
    (told,) = await desk.runs.status()
    assert told["check"] == 2


async def test_a_canary_that_has_left_the_file_is_checked_no_more(desk):
    await desk.runs.adopt(desk.config())
    await desk.runs.adopt(desk.config("name: clinic\n"))
    assert desk.shares == {}
    await desk.check()
    assert await desk.runs.status() == []


async def test_an_operator_starts_it_again(desk):
    await desk.runs.adopt(desk.config())
    desk.serve("stable", 900)
    desk.serve("canary", 0, 100)
    await desk.check()
    told = await desk.runs.act("start", "desk", "$default")
    assert (told["state"], told["by"], told["check"]) == ("running", "operator", 0)
    assert told["counted"]["canary"]["requests"] == 0
    assert desk.share == 0.1
    await desk.check()
    assert await desk.state() == "running"


async def test_what_an_operator_wants_is_kept_before_it_is_done(desk):
    await desk.runs.adopt(desk.config())
    desk.catalog.broken = True
    with pytest.raises(StoreError):
        await desk.runs.act("promote", "desk", None)
    assert desk.share == 0.1
    assert await desk.state() == "running"


async def test_a_full_disk_does_not_keep_a_bad_one_alive(desk, caplog):
    await desk.runs.adopt(desk.config())
    desk.serve("stable", 900)
    desk.serve("canary", 0, 100)
    desk.catalog.broken = True
    await desk.check()
    assert desk.share == 0.0
    assert "the state of canary desk/$default is not kept: the disk is full" in caplog.text


async def test_without_a_judge_only_an_operator_decides(desk):
    await desk.runs.adopt(desk.config(FILE.replace("{JUDGE}", "off")))
    desk.serve("canary", 0, 1000)
    desk.serve("stable", 1000)
    await desk.check(3600)
    assert await desk.state() == "running"


STAGES = FILE.replace("    routes", "    stages: {prod: {}, beta: {}}\n    routes")


@pytest.mark.parametrize(
    ("api", "stage", "told"),
    [
        ("desq", None, "no such canary: desq"),
        ("desk", "alpha", "no such canary: desk/alpha"),
        ("desk", None, "several stages have a canary: prod, beta"),
    ],
)
async def test_what_cannot_be_done_is_told(desk, api, stage, told):
    await desk.runs.adopt(desk.config(STAGES))
    with pytest.raises(CanaryRefusedError, match=told) as refused:
        await desk.runs.act("promote", api, stage)
    assert refused.value.hint


async def test_each_check_is_kept_as_a_version(desk):
    await desk.runs.adopt(desk.config())
    for _ in range(3):
        await desk.check()
    kept = await desk.catalog.history(KIND, "desk/$default")
    assert [record.document["check"] for record in kept] == [3, 2, 1, 0]
